"""Where a device is in its feed, as a word that only this server can write and only this device can use.

`f120.…` follows changes: everything up to 120 is known. `s120-250.…` is within a snapshot that began when the feed stood
at 250: of what was present then, everything up to 120 is known. A snapshot ends by following on from where it began, so
whatever a writer changed meanwhile comes as a change and nothing is missed.

`f120~9x_Qd3kA.…` says besides which facts of its gate (`access.facts`) the device was told with that page.
"""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from vault import blind

_FORM = re.compile(
    r"(?:f(?P<follows>0|[1-9][0-9]{0,18})|s(?P<known>0|[1-9][0-9]{0,18})-(?P<began>0|[1-9][0-9]{0,18}))"
    r"(?:~(?P<told>[A-Za-z0-9_-]{8}))?\.(?P<mac>[A-Za-z0-9_-]{22})"
)
_MAC_BYTES = 16


class CursorRefused(Exception):
    """`code`, `status` and `says` are for the answer; the device can always begin anew, without a cursor."""

    code = ""
    status = 400
    says = ""


class CursorMalformed(CursorRefused):
    code = "cursor-malformed"
    says = "This is no cursor."


class CursorNotYours(CursorRefused):
    code = "cursor-not-yours"
    says = "This cursor was not given to this device."


class CursorAhead(CursorRefused):
    code = "cursor-ahead"
    status = 409
    says = "This cursor is ahead of the feed. Begin a snapshot."


class CursorTooOld(CursorRefused):
    code = "cursor-too-old"
    status = 410
    says = "What changed since this cursor is no longer kept one by one. Begin a snapshot."


@dataclass(frozen=True)
class Cursor:
    version: int  # everything up to here is known
    began: int | None = None  # within a snapshot: where the feed stood when it began
    told: str | None = None  # which facts of the gate came with it

    @property
    def highest(self) -> int:
        return self.version if self.began is None else self.began

    def written(self, device: UUID) -> str:
        body = f"f{self.version}" if self.began is None else f"s{self.version}-{self.began}"
        body += "" if self.told is None else f"~{self.told}"
        return f"{body}.{_mac(device, body)}"


@lru_cache(maxsize=4096)  # an idle device presents the same one again and again
def read(text: str, *, device: UUID) -> Cursor:
    """Raises: CursorMalformed, CursorNotYours"""
    match = _FORM.fullmatch(text)
    if match is None:
        raise CursorMalformed
    if not hmac.compare_digest(match["mac"], _mac(device, text.partition(".")[0])):
        raise CursorNotYours
    if match["follows"] is not None:
        return Cursor(int(match["follows"]), told=match["told"])
    return Cursor(int(match["known"]), int(match["began"]), match["told"])


@lru_cache(maxsize=1)
def _key() -> bytes:
    return blind.derived_key("access.cursor")


def _mac(device: UUID, body: str) -> str:
    digest = hmac.digest(_key(), device.bytes + body.encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:_MAC_BYTES]).decode().rstrip("=")
