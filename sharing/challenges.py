"""What a recipient signs to prove that its key is in its hands: a line that we made for this one act, minutes ago.

The line says itself what it is for and when it was made, under a code that only we can make; so nothing is kept of those
that are never signed, and one that was signed for one act is worth nothing for another.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sharing import signatures
from vault import blind

LIFE = timedelta(minutes=15)
PROVE, OPEN = "prove", "open"


class ChallengeRefused(Exception):
    """`reason` is one of: unreadable, not_signed, stale, not_ours."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def make(*, act: str, about: UUID, account: UUID, at: datetime) -> str:
    """One line that any shell passes on as it is."""
    return _written(act=act, about=about, account=account, second=int(at.timestamp()))


def check(
    *,
    challenge: str,
    signature: str,
    key: signatures.PublicKey,
    act: str,
    about: UUID,
    account: UUID,
    at: datetime,
) -> None:
    """Raises: ChallengeRefused"""
    made_at = _made_at(challenge)
    if made_at is None:
        raise ChallengeRefused("not_ours")
    ours = _written(act=act, about=about, account=account, second=int(made_at.timestamp()))
    if not hmac.compare_digest(ours.encode(), challenge.encode()):
        raise ChallengeRefused("not_ours")
    if not made_at <= at < made_at + LIFE:
        raise ChallengeRefused("stale")
    try:
        signed = signatures.is_signed(text=challenge, signature=signature, key=key)
    except signatures.SignatureUnreadable:
        raise ChallengeRefused("unreadable") from None
    if not signed:
        raise ChallengeRefused("not_signed")


def is_fresh(challenge: str, at: datetime) -> bool:
    """Whether there is time left to sign it; whose it is, `check` asks."""
    made_at = _made_at(challenge)
    return made_at is not None and made_at <= at < made_at + LIFE


def _written(*, act: str, about: UUID, account: UUID, second: int) -> str:
    said = f"linmen {act} {about.hex[:12]} {second}"
    code = blind.index(domain="recipient-challenge", value=f"{said} {about} {account}").hex()[:32]
    return f"{said} {code}"


def _made_at(challenge: str) -> datetime | None:
    parts = challenge.split(" ")
    if len(challenge) > 200 or len(parts) != 5 or not (parts[3].isascii() and parts[3].isdigit()):
        return None
    if len(parts[3]) > 11:
        return None
    return datetime.fromtimestamp(int(parts[3]), tz=UTC)
