"""What happens when somebody lives nowhere here any more: ways in and consents end at once, the rest after a grace.

During the grace they may sign in, see their record and what was deleted, and have a mistake put right. Then they become
a tombstone: name, phone, account and dates of residence go, and an erasure order says of each place whether it has gone.
Who owns a dwelling here stays on the register as its owner, for as long as they own it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Greatest

from ledger.record import record
from residents import effects, letters, notifying, one_time_codes
from residents.ages import today_in
from residents.erasure import Place, open_order
from residents.models import (
    Archive,
    Death,
    Departure,
    ErasureOrder,
    ErasurePlace,
    Guardianship,
    Helper,
    Hold,
    Instruction,
    Letter,
    MailAddress,
    Message,
    MoveOut,
    Neighborhood,
    Occupancy,
    Ownership,
    Passkey,
    RecoveryCode,
    RequestWords,
    Resident,
    RightsRequest,
    SecondStep,
    User,
    Wish,
)

# Obligation 20. The dead have longer: their relatives may ask (obligation 34).
GRACE = {Resident.Left.MOVED_OUT: timedelta(days=30), Resident.Left.DIED: timedelta(days=90)}
CAUSE = {
    Resident.Left.MOVED_OUT: ErasureOrder.Cause.MOVED_OUT,
    Resident.Left.DIED: ErasureOrder.Cause.DIED,
}
WAYS_IN, PERSON = "ways_in", "person"  # what the two orders are about, beside those of consents

# Tables whose deleted versions hold a name, or what an account was opened with: their files are rewritten.
NAMES = tuple(
    model._meta.db_table
    for model in (
        Resident,
        User,
        Archive,
        RequestWords,
        Instruction,
        MailAddress,
        SecondStep,
        RecoveryCode,
        Passkey,
        Hold,
    )
)

ADDRESSES = MailAddress._meta.db_table


@dataclass(frozen=True, kw_only=True)
class WayIn:
    """What opens the gates for somebody who comes, or comes back. `pin` is known this once."""

    credential: UUID | None = None
    number: str = ""
    pin: str = ""


def todays(at: datetime) -> Iterator[tuple[Neighborhood, date]]:
    for neighborhood in Neighborhood.objects.all():
        yield neighborhood, today_in(neighborhood, at)


def close(*, resident: Resident, because: Resident.Left, at: datetime) -> bool:
    """They live nowhere here. False if that was seen to before. Inside a transaction that holds the resident."""
    left = Resident.objects.filter(pk=resident.pk, left_at=None)
    if not left.update(left_at=at, left_because=because):
        return False
    resident.left_at, resident.left_because = at, because
    end_what_they_had(resident=resident, because=because, at=at)
    record(
        kind="residence.left",
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={"because": str(because)},
    )
    return True


def end_what_they_had(*, resident: Resident, because: Resident.Left, at: datetime) -> None:
    """What ends with a residence: powers, letters, consents, ways in. Inside a transaction that holds the resident; by `close`,
    and by a restore, which finds that they have left and what they had still there."""
    today = today_in(resident.neighborhood, at)
    standing = Q(until=None) | Q(until__gt=today)
    ended = Greatest(Value(today), F("since"))
    # The children first, as whoever decides for one does.
    wards = Guardianship.objects.filter(standing, guardian=resident).values("child")
    children = list(Resident.objects.select_for_update(no_key=True).filter(pk__in=wards).order_by("pk"))
    Guardianship.objects.filter(Q(child=resident) | Q(guardian=resident), standing).update(until=ended)
    Helper.objects.filter(Q(resident=resident) | Q(helper=resident), standing).update(until=ended)
    letters.end(resident=resident, at=at)
    if because == Resident.Left.DIED and resident.user_id:
        User.objects.filter(pk=resident.user_id).update(is_active=False)
    effects.call("keep_person", resident=resident, erased=False, at=at)
    effects.call("end_consents", resident=resident, cause=CAUSE[because], at=at)
    # A child whose guardian goes and who stays: what only that guardian had agreed to ends.
    for child in children:
        effects.call("end_unheld", child=child, at=at)
    places: list[Place] = effects.call("end_ways", resident=resident, at=at)
    if keys := notifying.end(resident):
        places += [Place(kind=ErasurePlace.Kind.KEY, target=key) for key in keys]
        places.append(Place(kind=ErasurePlace.Kind.PAGES, target=resident.pk))
    if places:
        order = open_order(resident=resident, purpose=WAYS_IN, cause=CAUSE[because], places=places, at=at)
        transaction.on_commit(lambda: effects.call("erase_soon", order=order.pk), robust=True)


def come_back(*, resident: Resident, ends: list[MoveOut], at: datetime) -> WayIn:
    """Put right what was a mistake: they live where they lived, from today, and their cards open again at once.

    Consents do not come back: what was made from a photo is gone, and a new yes is theirs to give. Inside a transaction
    that holds the resident.
    """
    today = today_in(resident.neighborhood, at)
    left_at = resident.left_at
    Resident.objects.filter(pk=resident.pk).update(left_at=None, left_because="")
    resident.left_at, resident.left_because = None, ""
    if resident.user_id:
        User.objects.filter(pk=resident.user_id).update(is_active=True)
    back = []
    for end in ends:
        lived = end.occupancy
        back.append(
            Occupancy.objects.create(
                neighborhood_id=lived.neighborhood_id,
                resident=resident,
                unit_id=lived.unit_id,
                tenure=lived.tenure,
                since=max(today, lived.since),
                until=end.until_before if end.until_before and end.until_before > today else None,
            )
        )
    way_in: WayIn = effects.call("restore_ways", resident=resident, left_at=left_at, at=at)
    record(
        kind="residence.put_right",
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={"occupancies": [each.pk for each in back]},
    )
    return way_in


def grace_ends(resident: Resident) -> datetime | None:
    """From when they may be erased."""
    if resident.left_at is None:
        return None
    return resident.left_at + GRACE[Resident.Left(resident.left_because)]


def belonged_until(*, resident: Resident, at: datetime) -> datetime | None:
    """Up to when they were of those who live or own here; None while they are. One query for who has left, none for others.

    Who moves within the neighborhood never left, and who came back is as if they had not. Who still owns a dwelling is one
    of its owners wherever they live, and stays so until the midnight on which the last one is somebody else's.
    """
    if resident.left_at is None:
        return None
    today = today_in(resident.neighborhood, at)
    owned = Ownership.objects.filter(resident=resident, since__lte=today).values_list("until", flat=True)
    ends = [until or date.max for until in owned]
    if any(end > today for end in ends):
        return None
    zone = ZoneInfo(resident.neighborhood.time_zone)
    return max([resident.left_at, *(datetime.combine(end, time(), tzinfo=zone) for end in ends)])


def due_for_erasure(*, at: datetime, limit: int = 200) -> list[Resident]:
    """For the sweep: the grace is over, nothing is owned here, nothing is open about them."""
    found: list[Resident] = []
    for neighborhood, today in todays(at):
        found += _erasable(neighborhood, today, at)[:limit]
    return found


@transaction.atomic
def erase(*, resident: Resident, at: datetime) -> ErasureOrder | None:
    """What is left of somebody is a tombstone: an opaque id. None if that was done before, or it is not time.

    The key of the phone number and the files of the databases are seen to after commit, and until they are gone.
    """
    resident = Resident.objects.held(resident.pk)
    today = today_in(resident.neighborhood, at)
    if not _erasable(resident.neighborhood, today, at).filter(pk=resident.pk).exists():
        return None
    return _erase(resident, at)


@transaction.atomic
def erase_again(*, resident: Resident, at: datetime) -> ErasureOrder | None:
    """Of a restore: they were erased after the backup, and a request that held it back then had been answered. The database
    looks at all else again (LM034)."""
    resident = Resident.objects.held(resident.pk)
    return None if resident.erased_at is not None else _erase(resident, at)


def _erase(resident: Resident, at: datetime) -> ErasureOrder:
    because = Resident.Left(resident.left_because)
    account = resident.user
    # Before anything goes: what a legal hold wants kept.
    held: list[Place] = effects.call("keep_person", resident=resident, erased=True, at=at)
    resident.name, resident.born, resident.user, resident.keep_at_desk = "", None, None, False
    resident.phone_sealed = resident.phone_index = None
    resident.erased_at = at
    resident.save()
    keys = _close_account(account, at) if account is not None else []
    _delete_rows(resident)
    _end_requests(resident, at)
    effects.call("forget_given", resident=resident)
    places = [
        Place(kind=ErasurePlace.Kind.ROWS, target=resident.pk),
        *(Place(kind=ErasurePlace.Kind.KEY, target=key) for key in (resident.contact_key, *keys)),
        Place(kind=ErasurePlace.Kind.PAGES, target=resident.pk),
        *held,
        *effects.call("forget_ways", resident=resident, at=at),
        *effects.call("forget_requests", resident=resident, at=at),
        *effects.call("ask_back_erased", resident=resident, at=at),
    ]
    order = open_order(resident=resident, purpose=PERSON, cause=CAUSE[because], places=places, at=at)
    transaction.on_commit(lambda: effects.call("erase_soon", order=order.pk), robust=True)
    return order


def _erasable(neighborhood: Neighborhood, today: date, at: datetime) -> QuerySet[Resident]:
    graces = Q()
    for because, grace in GRACE.items():
        graces |= Q(left_because=because, left_at__lte=at - grace)
    # Asked of each person and not of the whole register, which one erasure must not have to read.
    what_holds = (
        Ownership.objects.filter(Q(until=None) | Q(until__gt=today)),
        Occupancy.objects.standing(today),
        Departure.objects.open(),
        RightsRequest.objects.holding_back(at),
        # They could not be told any more. Until then nobody looks at them: see `holds.restricts`.
        Hold.objects.untold(),
    )
    found = Resident.objects.living().filter(graces, neighborhood=neighborhood)
    for rows in what_holds:
        found = found.exclude(Exists(rows.filter(resident=OuterRef("pk"))))
    return found.order_by("left_at")


def rows_left(target: UUID) -> int:
    """Rows that still say who somebody was or where they lived."""
    left: int = sum(rows.count() for rows in _rows(target))
    return left + Resident.objects.living().filter(pk=target).count()


def _rows(resident: UUID) -> list[Any]:
    """In the order in which they can go."""
    gone = Resident.objects.filter(pk=resident, erased_at__isnull=False).values("pk")
    return [
        Letter.objects.filter(resident__in=gone),
        Wish.objects.filter(resident__in=gone),
        Message.objects.filter(resident__in=gone),
        MailAddress.objects.filter(resident__in=gone),
        Archive.objects.filter(resident__in=gone),
        RequestWords.objects.filter(request__resident__in=gone),
        Instruction.objects.filter(resident__in=gone),
        MoveOut.objects.filter(resident__in=gone),
        Departure.objects.filter(resident__in=gone),
        Death.objects.filter(resident__in=gone),
        # One by which a guardian decided stays, as the decision does: two numbers, one of which leads to nobody.
        _that_nothing_names(Guardianship.objects.filter(Q(child__in=gone) | Q(guardian__in=gone))),
        Helper.objects.filter(Q(resident__in=gone) | Q(helper__in=gone)),
        # One that stands goes when it has ended: its own place of the order says so.
        Hold.objects.filter(Q(ended_at__isnull=False) | Q(held_until=None), resident__in=gone),
        Occupancy.objects.filter(resident__in=gone),
        Ownership.objects.filter(resident__in=gone),
    ]


def _that_nothing_names(powers: QuerySet[Guardianship]) -> QuerySet[Guardianship]:
    return powers.exclude(effects.call("decided_by_guardianship") | effects.call("answered_by_guardianship"))


def forget_guardians(child: UUID) -> None:
    """Of a child that was erased: the powers that were kept for a decision, once that has gone too."""
    _that_nothing_names(Guardianship.objects.filter(child=child, child__erased_at__isnull=False)).delete()


def _delete_rows(resident: Resident) -> None:
    for rows in _rows(resident.pk):
        rows.delete()


def _end_requests(resident: Resident, at: datetime) -> None:
    """Nothing is left that could be asked for, and nobody who asks."""
    for each in RightsRequest.objects.open().filter(resident=resident):
        RightsRequest.objects.filter(pk=each.pk).update(state=RightsRequest.State.LAPSED, closed_at=at)
        record(
            kind="rights.closed",
            subject=resident.pk,
            neighborhood=resident.neighborhood_id,
            payload={"request": each.pk, "state": str(RightsRequest.State.LAPSED)},
        )


def _close_account(account: User, at: datetime) -> list[UUID]:
    """The row stays, for others point to what it did; nothing in it says whose it was. Staff keep theirs for work.

    The keys to destroy: of the secrets of one-time codes, which go with passkeys and all.
    """
    if effects.call("has_office", user=account, at=at) or account.is_superuser:
        return []
    account.username = f"gone-{account.pk.hex}"
    account.is_active = False
    account.set_unusable_password()  # and with it, every session
    account.save()
    Passkey.objects.filter(user=account).delete()
    return one_time_codes.forget(account)
