"""Opening an account with the code of a letter. No phone and no e-mail needed.

The code has 60 bits, so guessing is hopeless; attempts are counted per address all the same, and a code is spent only
by an account that was really opened.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import transaction

from ledger.record import record
from residents.models import ClaimCode, Resident, User
from vault import blind

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U to misread
LENGTH = 12
LIFE = timedelta(days=60)
GUESSES, GUESS_WINDOW = 20, timedelta(minutes=10)


class ClaimRefused(Exception):
    """`reason` is one of: wrong, used, expired, replaced, too_many, taken."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def write_letter(*, resident: Resident, by: User | None, at: datetime) -> str:
    """Make a code for a letter, shown this once. An earlier letter that was not used stops working.

    Raises: ClaimRefused("taken") if the resident has an account already
    """
    resident = Resident.objects.select_for_update().get(pk=resident.pk)
    if resident.user_id:
        raise ClaimRefused("taken")
    ClaimCode.objects.filter(resident=resident, used_at=None, replaced_at=None).update(replaced_at=at)
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    ClaimCode.objects.create(
        resident=resident, digest=_digest(code), made_by=by, made_at=at, expires_at=at + LIFE
    )
    record(
        kind="letter.written",
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={"by": str(by.pk) if by else None},
    )
    return "-".join(code[i : i + 4] for i in range(0, LENGTH, 4))


def check(*, code: str, address: str, at: datetime) -> ClaimCode:
    """The open letter with this code. Nothing is spent by asking.

    Raises: ClaimRefused
    """
    counter = f"claim-guesses:{address}"
    if cache.get(counter, 0) >= GUESSES:
        raise ClaimRefused("too_many")
    letter = ClaimCode.objects.select_related("resident").filter(digest=_digest(normalise(code))).first()
    if letter is None:
        cache.add(counter, 0, timeout=int(GUESS_WINDOW.total_seconds()))
        cache.incr(counter)
        raise ClaimRefused("wrong")
    if letter.used_at:
        raise ClaimRefused("used")
    if letter.replaced_at:
        raise ClaimRefused("replaced")
    if letter.is_expired(at):
        raise ClaimRefused("expired")
    return letter


@transaction.atomic
def claim(*, code: str, username: str, password: str, language: str, address: str, at: datetime) -> User:
    """Open the account: the letter is spent and the account made in one act, once even from two tabs.

    Raises: ClaimRefused; django.db.IntegrityError if the sign-in name is taken (forms ask first)
    """
    letter = check(code=code, address=address, at=at)
    # As `write_letter` does: the person first, then their letters.
    Resident.objects.select_for_update(no_key=True).get(pk=letter.resident_id)
    spent = ClaimCode.objects.filter(pk=letter.pk, used_at=None, replaced_at=None).update(used_at=at)
    if not spent:
        raise ClaimRefused("used")
    user = User.objects.create_user(username=username, password=password, language=language)
    if not Resident.objects.living().filter(pk=letter.resident_id, user=None).update(user=user):
        raise ClaimRefused("taken")
    record(
        kind="account.claimed",
        subject=letter.resident_id,
        neighborhood=letter.resident.neighborhood_id,
        payload={"letter": str(letter.pk)},
    )
    return user


def normalise(code: str) -> str:
    """Forgive case, spaces, dashes and the letters that look like digits."""
    kept = "".join(character for character in code.upper()[:64] if character.isalnum())
    return kept.translate(str.maketrans("OILＯ", "0110"))


def _digest(code: str) -> bytes:
    return blind.index(domain="claim-code", value=code)
