"""Spending the code of a letter: to open an account, or to get back into one. No phone and no e-mail needed.

The code has 60 bits, so guessing is hopeless; attempts are counted per address all the same. A code may be shown first
(typed, or scanned) and spent afterwards: between the two, a browser remembers the letter and never the code.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.db import transaction

from ledger.record import record
from residents import accounts, letters, one_time_codes, passkeys, vouching
from residents.models import Letter, Resident, SecondStep, User

GUESSES, GUESS_WINDOW = 20, timedelta(minutes=10)


class ClaimRefused(Exception):
    """`reason` is one of: wrong, used, expired, replaced, too_many, taken, other, staff."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def check(*, code: str, address: str, at: datetime) -> Letter:
    """The open letter with this code. Nothing is spent by asking.

    Raises: ClaimRefused
    """
    digest = letters.digest(letters.normalise(code))
    letter = Letter.objects.select_related("resident__user").filter(digest=digest).first()
    if letter is None:
        raise ClaimRefused("too_many" if guessed_too_often(address) else "wrong")
    return _open(letter, at)


def shown(*, letter: UUID, at: datetime) -> Letter:
    """A letter whose code was shown before.

    Raises: ClaimRefused
    """
    found = Letter.objects.select_related("resident__user").filter(pk=letter).first()
    if found is None:
        raise ClaimRefused("wrong")
    return _open(found, at)


def claim(*, code: str, username: str, password: str, language: str, address: str, at: datetime) -> User:
    """Show a code and open the account with it.

    Raises: as `check` and `open_account`
    """
    letter = check(code=code, address=address, at=at)
    return open_account(letter=letter.pk, username=username, password=password, language=language, at=at)


@transaction.atomic
def open_account(*, letter: UUID, username: str, password: str, language: str, at: datetime) -> User:
    """The letter is spent and the account made in one act, once even from two tabs.

    Raises: ClaimRefused; django.db.IntegrityError if the sign-in name is taken (forms ask first)
    """
    found = _taken(letter, Letter.Purpose.OPEN, at)
    if found.resident.user_id:
        raise ClaimRefused("taken")
    _spend(found, at)
    user = User.objects.create_user(username=username, password=password, language=language)
    Resident.objects.filter(pk=found.resident_id).update(user=user)
    _record("account.claimed", found)
    return user


def recover(*, letter: UUID, password: str, at: datetime) -> User:
    """A new password for the account there is. The old one stops, and every session with it (`User` says how).

    One-time codes are switched off and passkeys removed: the phone may be gone, or somebody else may have put them there.

    Raises: ClaimRefused
    """
    hashed = make_password(password)  # slow, so before any lock
    with transaction.atomic():
        found = _taken(letter, Letter.Purpose.RECOVER, at)
        user = found.resident.user
        if user is None or not user.is_active:
            raise ClaimRefused("other")
        # They may have been appointed since it was written: see `letters`.
        if letters.of_staff(found.resident) and not (found.made_by and found.made_by.is_superuser):
            raise ClaimRefused("staff")
        _spend(found, at)
        user.password = hashed
        user.save(update_fields=["password"])
        user.refresh_from_db(
            fields=["sessions_ended"]
        )  # held by now: somebody in it may have ended sessions since
        one_time_codes.switch_off(user=user, because=SecondStep.Ended.RECOVERED, at=at)
        passkeys.remove_all(user=user, at=at)
        accounts.lose_step(user)
        vouching.tell_if_lost(user=user, at=at)
        _record("account.recovered", found)
    return user


def guessed_too_often(address: str) -> bool:
    """Counts a code from there that is nobody's. A right code is never refused for it: a whole house may be behind one
    address."""
    counter = f"claim-guesses:{address}"
    cache.add(counter, 0, timeout=int(GUESS_WINDOW.total_seconds()))
    try:
        return int(cache.incr(counter)) > GUESSES
    except ValueError:  # it ran out between the two
        return False


def _taken(letter: UUID, purpose: Letter.Purpose, at: datetime) -> Letter:
    """The letter, its person locked: as `letters` does, the person first."""
    resident = Letter.objects.filter(pk=letter).values("resident")
    list(Resident.objects.select_for_update(no_key=True).filter(pk__in=resident).values_list("pk"))
    found = Letter.objects.select_related("resident__user", "made_by").filter(pk=letter).first()
    if found is None or found.resident.erased_at:
        raise ClaimRefused("wrong")
    if found.purpose != purpose:
        raise ClaimRefused("other")
    return _open(found, at)


def _open(letter: Letter, at: datetime) -> Letter:
    if letter.used_at:
        raise ClaimRefused("used")
    if letter.replaced_at:
        raise ClaimRefused("replaced")
    if letter.is_expired(at):
        raise ClaimRefused("expired")
    return letter


def _spend(letter: Letter, at: datetime) -> None:
    if not Letter.objects.open(at).filter(pk=letter.pk).update(used_at=at):
        raise ClaimRefused("used")


def _record(kind: str, letter: Letter) -> None:
    record(
        kind=kind,
        subject=letter.resident_id,
        neighborhood=letter.neighborhood_id,
        payload={"letter": str(letter.pk)},
    )
