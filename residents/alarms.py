"""Alarms to the auditor: that something unusual was done with people's data, or was tried (obligation 23).

An alarm belongs to the act it is about, so `sound` writes in the caller's transaction: done together, or not at all. Where the
act is refused nothing of it stays, and the alarm must: around such an act goes `if_refused`, which holds the act's transaction
and writes after it was rolled back, in another. It insists on being outermost, for within another it might be rolled back too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from ledger.record import record
from residents import effects, notifying
from residents.models import Alarm, AlarmRead, Neighborhood, Resident, User
from residents.scope import may

PERM = "audit"
Kind = Alarm.Kind
# Whoever goes on with the same is one alarm: what rings all the time is not heard.
SAME_WITHIN = timedelta(hours=1)


@transaction.atomic
def sound(
    *,
    kind: Alarm.Kind,
    neighborhood: Neighborhood,
    at: datetime,
    by: User | None = None,
    subject: UUID | None = None,
    perms: Iterable[str] = (PERM,),
) -> Alarm:
    """Write it down, in the caller's transaction, and let the auditors know that something waits, or whoever holds one of
    `perms`. `subject` is the number of a row: nothing that names a person goes into an alarm."""
    same = Alarm.objects.filter(
        neighborhood=neighborhood, kind=kind, by=by, subject=subject, at__gt=at - SAME_WITHIN, at__lte=at
    )
    if (sounding := same.first()) is not None:
        return sounding
    made = Alarm.objects.create(neighborhood=neighborhood, kind=Kind(kind), by=by, subject=subject, at=at)
    record(
        kind="alarm",
        subject=None,
        neighborhood=neighborhood.pk,
        payload={"alarm": made.pk, "kind": made.kind, "by": made.by_id, "about": subject},
    )
    told: set[UUID] = set()
    for perm in perms:
        told.update(
            effects.call("holders", neighborhood=neighborhood, perm=perm, at=at).values_list("pk", flat=True)
        )
    notifying.tell(
        neighborhood=neighborhood,
        residents=Resident.objects.filter(user__in=told).values("pk"),
        topic=notifying.Topic.DECIDE,
        at=at,
    )
    return made


@contextmanager
def if_refused(
    kinds: Mapping[type[Exception], Alarm.Kind],
    *,
    neighborhood: Neighborhood,
    at: datetime,
    by: User | None = None,
    subject: UUID | None = None,
) -> Iterator[None]:
    """Around an act, as its transaction: if one of these comes out of it, the alarm sounds, and it goes on to the caller.

    Raises: RuntimeError within another transaction
    """
    try:
        with transaction.atomic(durable=True):
            yield
    except tuple(kinds) as refused:
        kind = next(kinds[each] for each in type(refused).__mro__ if each in kinds)
        sound(kind=kind, neighborhood=neighborhood, at=at, by=by, subject=subject)
        raise


def unread(*, neighborhood: Neighborhood, by: User) -> QuerySet[Alarm]:
    """What this auditor has not read yet, newest first."""
    read = AlarmRead.objects.filter(alarm=OuterRef("pk"), by=by)
    return Alarm.objects.filter(~Exists(read), neighborhood=neighborhood).order_by("-at", "pk")


def read(*, alarm: Alarm, by: User, at: datetime) -> AlarmRead:
    """By an auditor, for themself: the others are shown it still. Twice is once.

    Raises: PermissionDenied
    """
    if not may(by, PERM, alarm.neighborhood, at):
        raise PermissionDenied
    done, _new = AlarmRead.objects.get_or_create(
        alarm=alarm, by=by, defaults={"neighborhood_id": alarm.neighborhood_id, "at": at}
    )
    return done
