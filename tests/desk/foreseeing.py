"""Pressing through the page that shows what a rule would change."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client


def mark_in(page: str) -> str:
    found = re.search(r'name="foreseen" value="([0-9a-f]{32})"', page)
    assert found, "nothing was foreseen on this page"
    return found[1]


def saved_as_shown(client: Client, address: str, given: dict[str, Any]) -> Any:
    """The form, the page of what it would change, and the press there."""
    shown = client.post(address, given)
    assert shown.status_code == 200
    return client.post(address, {**given, "foreseen": mark_in(shown.content.decode())})


def removed_as_shown(client: Client, address: str) -> Any:
    return client.post(address, {"foreseen": mark_in(client.get(address).content.decode())})
