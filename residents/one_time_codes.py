"""One-time codes as a second step of signing in, and the recovery codes for when the phone is gone.

Switched on by choice and by nobody else. The secret is sealed under a key of its own, which ends with it; a code counts
once, and a few seconds early or late. Whoever gets back in by a letter has them switched off by it (`claiming`).
The account is locked first and its codes after, by every act here.
"""

from __future__ import annotations

import base64
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import transaction
from django.db.models import Q

from residents import accounts, letters
from residents.models import RecoveryCode, SecondStep, User
from vault import blind, keys, sealing

PURPOSE = "one_time_codes"
ISSUER = "Linmen"
# What every app for such codes takes: RFC 6238 with SHA-1, six digits, half a minute.
SECONDS, DIGITS, SECRET_BYTES = 30, 6, 20
EARLY_OR_LATE = 1  # steps
RECOVERY_CODES = 10
# For how long a set-up that was begun waits for its first code.
SETUP_LIFE = timedelta(hours=1)


class CodeRefused(Exception):
    """`reason` is one of: wrong, used, over (begin again), on (they are on already), off, unreadable."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Setup:
    """What the phone has to learn, shown until the first code was right."""

    step: UUID  # which only the session that began it is told
    uri: str
    key: str  # in groups of four, to be typed


def is_on(user: User) -> bool:
    return SecondStep.objects.on().filter(user=user).exists()


def begin(*, user: User, at: datetime, known: UUID | None = None) -> Setup:
    """A secret for the phone. Twice is once for who began it (`known`). One that waited too long, or that somebody else
    began, is replaced by another: whoever put the first into their own phone would show the same codes for ever.

    Raises: CodeRefused("on")
    """
    with transaction.atomic():
        accounts.hold(user)
        step = SecondStep.objects.standing().filter(user=user).first()
        if step and step.confirmed_at:
            raise CodeRefused("on")
        setup = _setup(step) if step and step.pk == known and not _waited_too_long(step, at) else None
        if step and setup is None:
            _drop([step])
        return setup or _begin(user, at)


def _begin(user: User, at: datetime) -> Setup:
    step = SecondStep(user=user, begun_at=at)
    keys.ensure(id=step.key, subject=user.pk, purpose=PURPOSE)
    secret = secrets.token_bytes(SECRET_BYTES)
    step.secret_sealed = sealing.encrypt(key=step.key, plaintext=secret, context=_context(step))
    step.save(force_insert=True)
    return _spelled(step, secret)


def begun(*, user: User, at: datetime, known: UUID | None) -> Setup | None:
    """For who began it, and nobody else. Where its key is gone (a backup came back without it), as if it were over."""
    if known is None:
        return None
    step = SecondStep.objects.standing().filter(user=user, confirmed_at=None, pk=known).first()
    return None if step is None or _waited_too_long(step, at) else _setup(step)


@transaction.atomic
def confirm(*, user: User, code: str, at: datetime, known: UUID | None) -> list[str]:
    """The phone shows the right code: from now on each sign-in asks for one. The recovery codes, known only now.

    Every other session ends: it came in without a code.

    Raises: CodeRefused
    """
    accounts.hold(user)
    step = SecondStep.objects.standing().filter(user=user).first()
    if step is None or (step.confirmed_at is None and (step.pk != known or _waited_too_long(step, at))):
        raise CodeRefused("over")
    if step.confirmed_at:
        raise CodeRefused("on")
    number = _matching(step, normalise(code), at)
    SecondStep.objects.filter(pk=step.pk).update(confirmed_at=at, last_step=number)
    accounts.end_sessions(user)
    accounts.note(kind="account.codes_on", user=user)
    return _write_recovery_codes(step, at)


@transaction.atomic
def answer(*, user: User, code: str, at: datetime) -> None:
    """Take one code of the phone, or one recovery code. Of two tabs with the same one, one gets in.

    Raises: CodeRefused
    """
    step = SecondStep.objects.on().filter(user=user).first()
    if step is None:
        raise CodeRefused("off")
    accounts.hold(user)
    typed = normalise(code)
    if len(typed) != DIGITS:
        _use_recovery_code(step, typed, at)
        return
    number = _matching(step, typed, at)
    if not SecondStep.objects.on().filter(pk=step.pk, last_step__lt=number).update(last_step=number):
        raise CodeRefused("used")


@transaction.atomic
def renew_recovery_codes(*, user: User, at: datetime) -> list[str]:
    """Ten new ones; those of before are worth nothing. Whoever calls has asked for the proof.

    Raises: CodeRefused("off")
    """
    accounts.hold(user)
    step = SecondStep.objects.on().select_for_update(no_key=True).filter(user=user).first()
    if step is None:
        raise CodeRefused("off")
    RecoveryCode.objects.filter(step=step, used_at=None).delete()
    accounts.note(kind="account.recovery_codes_made", user=user)
    return _write_recovery_codes(step, at)


@transaction.atomic
def drop_begun(*, user: User) -> None:
    """The person thought again before the first code."""
    accounts.hold(user)
    _drop(list(SecondStep.objects.standing().filter(user=user, confirmed_at=None)))


@transaction.atomic
def switch_off(*, user: User, because: SecondStep.Ended, at: datetime) -> bool:
    """From now on the password is enough again. False if they were off. Twice is once.

    Every session ends, and what waits for a code with it: whoever knows the password came that far, too.
    """
    accounts.hold(user)
    _drop(list(SecondStep.objects.standing().filter(user=user, confirmed_at=None)))
    step = SecondStep.objects.on().filter(user=user).first()
    if step is None:
        return False
    SecondStep.objects.filter(pk=step.pk).update(ended_at=at, ended_because=because, secret_sealed=None)
    RecoveryCode.objects.filter(step=step, used_at=None).delete()
    # Right after commit; and once more by the rule that drops the row, if that was prevented.
    transaction.on_commit(partial(keys.destroy_many, ids=[step.key]), robust=True)
    accounts.end_sessions(user)
    accounts.note(kind="account.codes_off", user=user, because=str(because))
    return True


def is_of_phone(code: str) -> bool:
    """Six digits, which can be guessed; a recovery code cannot."""
    typed = normalise(code)
    return len(typed) == DIGITS and typed.isascii() and typed.isdigit()


def tell_of_wrong_ones(*, user: User, at: datetime) -> None:
    """Somebody knows the password and types one wrong code after another: the owner hears of it."""
    # Clocks of two machines may differ: it is never before they were switched on.
    on = SecondStep.objects.on().filter(user=user, confirmed_at__lte=at)
    on.filter(Q(wrong_at=None) | Q(wrong_at__lt=at)).update(wrong_at=at)


def left(user: User) -> int:
    """How many recovery codes are unused."""
    return RecoveryCode.objects.filter(
        step__user=user, step__ended_at=None, step__confirmed_at__isnull=False, used_at=None
    ).count()


@transaction.atomic
def drop(found: list[UUID]) -> int:
    """What ended long ago, or was begun and never confirmed. How many there were.

    Looked at once more under the lock: the first code may have come in the meantime, and a key is not to be had again.
    """
    asked = SecondStep.objects.filter(pk__in=found)
    accounts.hold_all(asked.values("user"))
    return _drop(list(asked.exclude(confirmed_at__isnull=False, ended_at=None)))


def forget(user: User) -> list[UUID]:
    """Of an account that was erased, in that transaction: rows go, and the keys to destroy are answered."""
    steps = SecondStep.objects.filter(user=user)
    named = list(steps.values_list("key", flat=True))
    RecoveryCode.objects.filter(step__in=steps).delete()
    steps.delete()
    return named


def normalise(code: str) -> str:
    """Forgive spaces, dashes, full-width digits, and the letters that look like digits."""
    return letters.normalise(unicodedata.normalize("NFKC", code[:64]))


def _matching(step: SecondStep, typed: str, at: datetime) -> int:
    """The half minute that this is the code of. All are looked at, so that the time taken tells nothing.

    Raises: CodeRefused
    """
    if len(typed) != DIGITS or not typed.isascii() or not typed.isdigit():
        raise CodeRefused("wrong")
    now, shown = int(at.timestamp()) // SECONDS, _shows(_secret(step))
    nearby = range(now - EARLY_OR_LATE, now + EARLY_OR_LATE + 1)
    found = [each for each in nearby if bytes_eq(shown.generate(each * SECONDS), typed.encode())]
    if not found:
        raise CodeRefused("wrong")
    return max(found)


def _secret(step: SecondStep) -> bytes:
    """Raises: CodeRefused"""
    sealed = bytes(step.secret_sealed or b"")
    try:
        return sealing.decrypt(key=step.key, ciphertext=sealed, context=_context(step))
    except (keys.KeyDestroyed, keys.KeyMissing):  # a backup came back without it
        raise CodeRefused("unreadable") from None


def _use_recovery_code(step: SecondStep, typed: str, at: datetime) -> None:
    if not SecondStep.objects.on().select_for_update(no_key=True).filter(pk=step.pk):
        raise CodeRefused("off")
    found = RecoveryCode.objects.filter(step=step, digest=_digest(step, typed))
    if not found.exists():
        raise CodeRefused("wrong")
    if not found.filter(used_at=None).update(used_at=at):
        raise CodeRefused("used")
    accounts.note(kind="account.recovery_code_used", user=step.user)


def _write_recovery_codes(step: SecondStep, at: datetime) -> list[str]:
    codes = [letters.draw() for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(step=step, digest=_digest(step, each), made_at=at) for each in codes
    )
    return [letters.spelled(each) for each in codes]


def _drop(steps: list[SecondStep]) -> int:
    # Before the rows: a key that nothing names any more would be there for ever.
    keys.destroy_many(ids=[each.key for each in steps])
    RecoveryCode.objects.filter(step__in=steps).delete()
    return SecondStep.objects.filter(pk__in=[each.pk for each in steps]).delete()[0]


def _setup(step: SecondStep) -> Setup | None:
    try:
        return _spelled(step, _secret(step))
    except CodeRefused:
        return None


def _spelled(step: SecondStep, secret: bytes) -> Setup:
    typed = base64.b32encode(secret).decode().rstrip("=")
    return Setup(
        step=step.pk,
        uri=_shows(secret).get_provisioning_uri(step.user.username, ISSUER),
        key=" ".join(typed[i : i + 4] for i in range(0, len(typed), 4)),
    )


def _shows(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), SECONDS)  # noqa: S303  (HMAC-SHA-1, as RFC 6238 and the apps have it)


def _waited_too_long(step: SecondStep, at: datetime) -> bool:
    return at >= step.begun_at + SETUP_LIFE


def _context(step: SecondStep) -> str:
    return f"residents.second_step|{step.pk}"


def _digest(step: SecondStep, code: str) -> bytes:
    return blind.index(domain=f"recovery-code|{step.pk}", value=code)
