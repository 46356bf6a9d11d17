"""Letters: writing, delivering, keeping at the desk, ending and forgetting them. Spending one is `claiming`.

A code is shown on the paper it is printed on and nowhere else, so whoever wants a letter again gets a new code, and the
old one stops working. The person is locked first and their letters after, by every act here.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from ledger.record import Act, record, record_many
from residents import effects, notifying
from residents.models import Letter, LetterBatch, Neighborhood, Resident, User
from residents.scope import may
from vault import blind

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U to misread
LENGTH = 12
LIFE = {Letter.Purpose.OPEN: timedelta(days=60), Letter.Purpose.RECOVER: timedelta(days=14)}
SLIP_LIFE = timedelta(minutes=15)
# How long a letter is remembered after its end, for the person to see who had it printed.
KEPT = timedelta(days=184)


class LetterRefused(Exception):
    """`reason` is one of: account, no_account, staff, closed, over, gone."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Written:
    """A letter and its code, which is known only now."""

    letter: Letter
    code: str


@transaction.atomic
def write(
    *,
    resident: Resident,
    by: User | None,
    at: datetime,
    purpose: Letter.Purpose = Letter.Purpose.OPEN,
    at_desk: bool = False,
) -> Written:
    """One letter. An earlier one for the same purpose that was not used stops working.

    Raises: LetterRefused, PermissionDenied
    """
    resident = _taken(resident, purpose=purpose, by=by, at=at)
    goes = Letter.Goes.DESK if at_desk or resident.keep_at_desk else Letter.Goes.MAILBOX
    return make([resident], purpose=purpose, goes=goes, by=by, at=at)[0]


@transaction.atomic
def hand_slip(*, resident: Resident, by: User, seen: Letter.Seen, at: datetime) -> Written:
    """Who stands at the desk, and is known there, gets a code for a quarter of an hour. They type it themselves.

    Raises: LetterRefused, PermissionDenied
    """
    resident = _taken(resident, purpose=Letter.Purpose.RECOVER, by=by, at=at)
    return make([resident], purpose=Letter.Purpose.RECOVER, goes=Letter.Goes.SLIP, by=by, at=at, seen=seen)[0]


def make(
    residents: Sequence[Resident],
    *,
    purpose: Letter.Purpose,
    goes: Letter.Goes,
    by: User | None,
    at: datetime,
    seen: Letter.Seen | None = None,
    batch: LetterBatch | None = None,
) -> list[Written]:
    """Letters for people who are locked and may have one. The number of queries does not depend on how many.

    Only for `write`, `hand_slip` and `batches`, which have asked.
    """
    slip = goes == Letter.Goes.SLIP
    capacity = capacity_of(by, residents[0].neighborhood, at) if by else ""
    Letter.objects.unspent().filter(resident__in=residents, purpose=purpose).update(replaced_at=at)
    written = []
    for resident in residents:
        code = draw()
        letter = Letter(
            neighborhood_id=resident.neighborhood_id,
            resident=resident,
            batch=batch,
            purpose=purpose,
            goes=goes,
            digest=digest(code),
            made_by=by,
            capacity=capacity,
            made_at=at,
            expires_at=at + (SLIP_LIFE if slip else LIFE[purpose]),
            delivered_at=at if slip else None,
            delivered_by=by if slip else None,
            delivered_how=Letter.Delivered.BY_HAND if slip else "",
            seen=seen or "",
        )
        written.append(Written(letter, spelled(code)))
    Letter.objects.bulk_create([each.letter for each in written])
    record_many(_act("letter.written", each.letter, by) for each in written)
    return written


@transaction.atomic
def put_into_mailboxes(*, letters: Iterable[UUID], neighborhood: Neighborhood, by: User, at: datetime) -> int:
    """Say that these letters are in the mailboxes. Those that are kept at the desk, were delivered or have ended stay out.

    Raises: PermissionDenied
    """
    _insist(by, neighborhood, at)
    waiting = Letter.objects.open(at).filter(
        pk__in=list(letters), neighborhood=neighborhood, goes=Letter.Goes.MAILBOX, delivered_at=None
    )
    _lock(waiting.values_list("resident", flat=True))
    delivered = list(waiting)
    waiting.update(delivered_at=at, delivered_by=by, delivered_how=Letter.Delivered.MAILBOX)
    record_many(_act("letter.delivered", letter, by) for letter in delivered)
    return len(delivered)


@transaction.atomic
def hand_over(*, letter: Letter, seen: Letter.Seen, by: User, at: datetime) -> None:
    """Give a letter to the person it is for, at the desk.

    Raises: LetterRefused("over") if it was delivered or has ended, PermissionDenied
    """
    _insist(by, letter.neighborhood, at)
    _lock([letter.resident_id])
    handed = (
        Letter.objects.open(at)
        .filter(pk=letter.pk, delivered_at=None)
        .update(delivered_at=at, delivered_by=by, delivered_how=Letter.Delivered.BY_HAND, seen=seen)
    )
    if not handed:
        raise LetterRefused("over")
    record_many([_act("letter.delivered", letter, by)])


@transaction.atomic
def keep_at_desk(*, resident: Resident, by: User, at: datetime) -> None:
    """No letter of this person goes into a mailbox any more, those that are printed already included.

    Asked for by themselves, in person or by phone: whoever asks wrongly only sends them a few steps further.

    Raises: PermissionDenied
    """
    resident = _marking(resident, by=by, at=at)
    waiting = Letter.objects.unspent().filter(resident=resident, goes=Letter.Goes.MAILBOX, delivered_at=None)
    waiting.update(goes=Letter.Goes.DESK)
    notifying.no_more_slips(resident)
    _mark(resident, keep=True, by=by)


@transaction.atomic
def send_by_mail_again(*, resident: Resident, by: User, seen: Letter.Seen | None, at: datetime) -> None:
    """The next letter may go into the mailbox. By the resident, or by staff who saw them: a voice on the phone may be
    the one who reads their mail.

    Raises: PermissionDenied
    """
    resident = _marking(resident, by=by, at=at)
    if by.pk != resident.user_id and seen is None:
        raise PermissionDenied
    _mark(resident, keep=False, by=by)


@transaction.atomic
def end(*, resident: Resident, at: datetime) -> int:
    """Open letters stop working: whoever moves out or dies."""
    return _end(Letter.objects.filter(resident=resident), [resident.pk], at)


@transaction.atomic
def end_ways_back(*, resident: Resident, at: datetime) -> int:
    """By who is signed in: they got in another way, or did not ask for a letter.

    Not a slip: somebody was seen at the counter a quarter of an hour ago, and whoever sits in an account that is not
    theirs must not keep its owner out for ever.
    """
    back = Letter.objects.filter(resident=resident, purpose=Letter.Purpose.RECOVER)
    return _end(back.exclude(goes=Letter.Goes.SLIP), [resident.pk], at)


@transaction.atomic
def end_every_way_back(*, at: datetime) -> int:
    """After a backup was put back: what was spent or replaced since is open again, and nobody can say which.

    Slips, too. Not those that open an account: the accounts that were opened since are lost, and these open them anew.
    """
    back = Letter.objects.unspent().filter(purpose=Letter.Purpose.RECOVER)
    return _end(back, back.values_list("resident", flat=True), at)


def _end(letters: QuerySet[Letter], residents: Iterable[UUID], at: datetime) -> int:
    _lock(residents)
    unspent = letters.filter(used_at=None, replaced_at=None)
    ended = list(unspent)
    unspent.update(replaced_at=at)
    record_many(_act("letter.ended", letter, None) for letter in ended)
    return len(ended)


def due(*, at: datetime) -> QuerySet[Letter]:
    """Letters that ended so long ago that nothing needs them: see `forget`."""
    return Letter.objects.ended_before(at - KEPT)


def ended() -> QuerySet[Letter]:
    """With the moment at which each ended or will: used, replaced or expired."""
    return Letter.objects.annotate(ended=Coalesce("used_at", "replaced_at", "expires_at"))


@transaction.atomic
def forget(*, at: datetime, at_once: int = 1000) -> int:
    """Delete what is due, and batches of which nothing is left. That they were written stays in the ledger."""
    return drop(due(at=at).order_by("made_at").values_list("pk", flat=True)[:at_once], at=at)


@transaction.atomic
def drop(found: Iterable[UUID], *, at: datetime) -> int:
    """These letters. How many there were."""
    gone = Letter.objects.filter(pk__in=list(found)).delete()[1].get(Letter._meta.label, 0)
    # A batch that was printed again goes after the one that names it.
    named = LetterBatch.objects.exclude(again=None).values("again")
    LetterBatch.objects.filter(letters=None, made_at__lt=at - KEPT).exclude(pk__in=named).delete()
    return gone


def erase(*, resident: Resident) -> int:
    """Delete every letter of somebody who is a tombstone by now (the database refuses before)."""
    return Letter.objects.filter(resident=resident).delete()[0]


def capacity_of(by: User, neighborhood: Neighborhood, at: datetime) -> str:
    found: str = effects.call("capacity", user=by, neighborhood=neighborhood, perm="manage_register", at=at)
    return found


def draw() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def spelled(code: str) -> str:
    return "-".join(code[i : i + 4] for i in range(0, LENGTH, 4))


def normalise(code: str) -> str:
    """Forgive case, spaces, dashes and the letters that look like digits."""
    kept = "".join(character for character in code.upper()[:64] if character.isalnum())
    return kept.translate(str.maketrans("OILＯ", "0110"))


def digest(code: str) -> bytes:
    # The name of the domain is older than the word: another one would make every code on paper worthless.
    return blind.index(domain="claim-code", value=code)


def of_staff(resident: Resident) -> bool:
    """Whether their account opens the desk too."""
    return resident.user is not None and (resident.user.is_staff or resident.user.is_superuser)


def _taken(resident: Resident, *, purpose: Letter.Purpose, by: User | None, at: datetime) -> Resident:
    """The person, locked, if they may get such a letter.

    Whoever prints a letter could read its code. For an account that opens the desk, that would be a way to another's
    rights there: only who runs the system, and makes such accounts anyway, writes that letter.
    """
    _insist(by, resident.neighborhood, at)
    resident = (
        Resident.objects.select_for_update(of=("self",))
        .select_related("neighborhood", "user")
        .get(pk=resident.pk)
    )
    if resident.erased_at or resident.left_because == Resident.Left.DIED:
        raise LetterRefused("gone")
    if purpose == Letter.Purpose.OPEN and resident.user:
        raise LetterRefused("account")
    if purpose == Letter.Purpose.RECOVER:
        if resident.user is None:
            raise LetterRefused("no_account")
        if not resident.user.is_active:
            raise LetterRefused("closed")
        if of_staff(resident) and not (by and by.is_superuser):
            raise LetterRefused("staff")
    return resident


def _marking(resident: Resident, *, by: User, at: datetime) -> Resident:
    resident = (
        Resident.objects.select_for_update(of=("self",))
        .select_related("neighborhood")
        .get(pk=resident.pk, erased_at=None)
    )
    if by.pk != resident.user_id:
        _insist(by, resident.neighborhood, at)
    return resident


def _mark(resident: Resident, *, keep: bool, by: User) -> None:
    changed = Resident.objects.filter(pk=resident.pk, keep_at_desk=not keep).update(keep_at_desk=keep)
    if changed:
        # As any correction: the kind of an entry stands open for ever, and must not say this of anybody.
        record(
            kind="register.corrected",
            subject=resident.pk,
            neighborhood=resident.neighborhood_id,
            payload={"fields": ["mail"], "by": by.pk},
        )


def _lock(residents: Iterable[UUID]) -> None:
    found = Resident.objects.select_for_update(no_key=True).filter(pk__in=residents).order_by("pk")
    list(found.values_list("pk", flat=True))


def _insist(by: User | None, neighborhood: Neighborhood, at: datetime) -> None:
    if by is not None and not may(by, "manage_register", neighborhood, at):
        raise PermissionDenied


def _act(kind: str, letter: Letter, by: User | None) -> Act:
    """Not how it goes: a letter that is kept at the desk may say something of a home."""
    payload: dict[str, object] = {
        "letter": str(letter.pk),
        "purpose": str(letter.purpose),
        "by": str(by.pk) if by else None,
    }
    if letter.seen:
        payload["seen"] = str(letter.seen)
    return Act(kind=kind, subject=letter.resident_id, neighborhood=letter.neighborhood_id, payload=payload)
