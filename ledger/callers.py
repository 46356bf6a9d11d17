"""Who calls, as far as guesses and gifts are counted: by address, and by line where one line has many."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings


def address(meta: Any) -> str:
    """Of a request's META. Behind our own proxy, what that proxy saw; never what the caller says."""
    seen = ""
    if getattr(settings, "SECURE_PROXY_SSL_HEADER", None):
        seen = meta.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    return line(str(seen or meta.get("REMOTE_ADDR", "")))


def line(sender: str) -> str:
    """One line of IPv6 has 2^64 addresses to call from."""
    try:
        parsed = ip_address(sender)
    except ValueError:
        return sender[:64]
    return str(ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)
