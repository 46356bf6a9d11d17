"""Asking a body for something, and what becomes of it: opened, answered, worked on, done, not solved after all, called off.

The database has the last word on each of these (`0005_a_request_goes_its_way`); what is asked here first is asked so that
somebody gets an answer in words. A form that is sent twice carries one token, and does nothing twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q

from committees import said
from committees.models import ALLOWED, Committee, ServiceRequest, ServiceStep
from committees.models.service import BY_STAFF, HELPER, MOST_STEPS, OVER, RESIDENT, Kind, Status
from committees.models.service import REOPEN as REOPEN
from committees.retention import WORDS
from committees.roles import capacities, in_office
from residents import notifying
from residents.ages import today_in
from residents.models import Helper, Neighborhood, Occupancy, Ownership, Resident, Unit, User
from vault import keys

ANSWER = "answer_service"
MOST_OPEN = 20
KEPT = WORDS
LONGEST, LONGEST_PLACE = 2000, 200
# A lamp and a noisy night are the property company's, where there is one. Whom a complaint is for its writer says.
WHOSE = {Kind.REPAIR: Committee.Kind.PROPERTY, Kind.NOISE: Committee.Kind.PROPERTY}


class ServiceRefused(Exception):
    """Nothing was written. `reason` is one of: lives_not_here, nobody_answers, too_many, not_theirs, moved, not_now, own,
    forgotten, noted, full."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def asked(*, kind: Kind, neighborhood: Neighborhood, at: datetime) -> list[Committee.Kind]:
    """Which bodies can be asked for this: those with somebody in office who answers. One query."""
    there = in_office(neighborhood=neighborhood, perm=ANSWER, at=at)
    meant = WHOSE.get(kind)
    return [meant] if meant in there else there


def dwellings(*, resident: Resident, at: datetime) -> list[Unit]:
    """Where they live or own. One query."""
    today = today_in(resident.neighborhood, at)
    lived = Occupancy.objects.current(today).filter(resident=resident).values("unit")
    owned = Ownership.objects.filter(Q(until=None) | Q(until__gt=today), resident=resident, since__lte=today)
    units = Unit.objects.filter(Q(pk__in=lived) | Q(pk__in=owned.values("unit")))
    return list(units.select_related("building").order_by("building__name", "number", "pk"))


def open_(
    *,
    resident: Resident,
    kind: Kind,
    body: Committee.Kind,
    unit: Unit | None,
    place: str,
    words: str,
    pictures: Sequence[bytes],
    token: UUID,
    by: User,
    at: datetime,
    helper: Helper | None = None,
) -> ServiceRequest:
    """Ask. Sent twice, it is the same request.

    Raises: ServiceRefused, committees.said.PhotoRefused
    """
    known = ServiceRequest.objects.filter(resident=resident, token=token).first()
    if known is not None:
        return known
    photos = said.plain(pictures)
    key = uuid4()
    keys.ensure(id=key, subject=resident.pk, purpose=said.PURPOSE)
    made = None
    try:
        sealed = said.seal(key=key, words=words, place=place, photos=photos)
        with transaction.atomic():
            made = _open(resident, kind, body, unit, key, token, by, at, helper, sealed)
        return made
    finally:
        if made is None or made.key != key:
            keys.destroy(id=key)  # it sealed nothing that stays


def _open(
    resident: Resident,
    kind: Kind,
    body: Committee.Kind,
    unit: Unit | None,
    key: UUID,
    token: UUID,
    by: User,
    at: datetime,
    helper: Helper | None,
    sealed: said.Sealed,
) -> ServiceRequest:
    resident = (
        Resident.objects.select_for_update(no_key=True, of=("self",))
        .select_related("neighborhood")
        .get(pk=resident.pk)
    )
    theirs = ServiceRequest.objects.filter(resident=resident)
    if known := theirs.filter(token=token).first():
        return known
    if resident.left_at is not None or resident.erased_at is not None:
        raise ServiceRefused("lives_not_here")
    if body not in asked(kind=kind, neighborhood=resident.neighborhood, at=at):
        raise ServiceRefused("nobody_answers")
    if unit is not None and unit not in dwellings(resident=resident, at=at):
        raise ServiceRefused("not_theirs")
    if theirs.open().count() >= MOST_OPEN:
        raise ServiceRefused("too_many")
    if helper is not None and not _named(helper, resident, by, at):
        raise ServiceRefused("not_theirs")
    request = ServiceRequest.objects.create(
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        unit=unit,
        kind=kind,
        body=body,
        key=key,
        token=token,
        opened_at=at,
        reply_due_at=at,
        done_due_at=at,
    )
    capacity = HELPER if helper is not None else RESIDENT
    _write(request, 1, Status.RECEIVED, sealed, token=token, by=by, capacity=capacity, at=at)
    request.refresh_from_db()
    return request


def _named(helper: Helper, resident: Resident, by: User, at: datetime) -> bool:
    today = today_in(resident.neighborhood, at)
    return Helper.objects.current(today).filter(pk=helper.pk, resident=resident, helper__user=by).exists()


def add_words(*, request: ServiceRequest, words: str, token: UUID, by: User, at: datetime) -> ServiceStep:
    """The resident says more. Raises: ServiceRefused"""
    return _step(request, None, words, token=token, by=by, capacity=RESIDENT, at=at)


def reopen(*, request: ServiceRequest, words: str, token: UUID, by: User, at: datetime) -> ServiceStep:
    """It is not solved. Raises: ServiceRefused"""
    return _step(request, Status.REOPENED, words, token=token, by=by, capacity=RESIDENT, at=at)


def call_off(*, request: ServiceRequest, token: UUID, by: User, at: datetime) -> ServiceStep:
    """It needs no answer any more. Raises: ServiceRefused"""
    return _step(request, Status.CALLED_OFF, "", token=token, by=by, capacity=RESIDENT, at=at)


def answer(
    *,
    request: ServiceRequest,
    status: Status,
    words: str,
    seen: int,
    token: UUID,
    by: User,
    at: datetime,
    pictures: Sequence[bytes] = (),
) -> ServiceStep:
    """One of the staff of the body that was asked. `seen` is the last step they had read.

    Raises: ServiceRefused, committees.said.PhotoRefused
    """
    held = capacities(user=by, neighborhood=request.neighborhood, perm=ANSWER, at=at)
    capacity = held.get(request.body)
    if capacity is None or status not in BY_STAFF:
        raise ServiceRefused("not_theirs")
    photos = said.plain(pictures)
    return _step(
        request, status, words, token=token, by=by, capacity=capacity, at=at, seen=seen, photos=photos
    )


def _step(
    request: ServiceRequest,
    status: Status | None,
    words: str,
    *,
    token: UUID,
    by: User,
    capacity: str,
    at: datetime,
    seen: int | None = None,
    photos: Sequence[bytes] = (),
) -> ServiceStep:
    """Sealed before, written under the request's own lock: who comes second sees what the first one did."""
    try:
        sealed = said.seal(key=request.key, words=words, photos=photos)
    except keys.KeyDestroyed:
        raise ServiceRefused("forgotten") from None
    with transaction.atomic():
        held = (
            ServiceRequest.objects.select_for_update(no_key=True, of=("self",))
            .select_related("resident", "neighborhood")
            .get(pk=request.pk)
        )
        last = held.steps.order_by("-number")[0]
        if known := held.steps.filter(token=token).first():
            return known
        if held.forgotten_at is not None:
            raise ServiceRefused("forgotten")
        if held.notes.filter(token=token).exists():
            raise ServiceRefused("noted")
        own = held.resident.user_id == by.pk
        if own is not (capacity == RESIDENT):
            raise ServiceRefused("own")
        if seen is not None and seen != last.number:
            raise ServiceRefused("moved")
        wanted = Status(held.status) if status is None else status
        if not may_follow(held, wanted, at):
            raise ServiceRefused("not_now")
        if last.number >= MOST_STEPS and wanted == held.status:
            raise ServiceRefused("full")
        step = _write(held, last.number + 1, wanted, sealed, token=token, by=by, capacity=capacity, at=at)
        if not own:
            notifying.tell(
                neighborhood=held.neighborhood,
                residents=[held.resident_id],
                topic=notifying.Topic.ANSWER,
                at=at,
            )
        return step


def may_follow(request: ServiceRequest, status: Status, at: datetime) -> bool:
    """Whether this status may come next; the same one again only adds words."""
    if status == Status.REOPENED and request.status == Status.DONE:
        return request.may_reopen(at)
    return status in ALLOWED[Status(request.status)] or (status == request.status and status not in OVER)


def _write(
    request: ServiceRequest,
    number: int,
    status: Status,
    sealed: said.Sealed,
    *,
    token: UUID,
    by: User,
    capacity: str,
    at: datetime,
) -> ServiceStep:
    step = ServiceStep.objects.create(
        pk=sealed.step,
        neighborhood_id=request.neighborhood_id,
        request=request,
        number=number,
        status=status,
        by=by,
        capacity=capacity,
        token=token,
        at=at,
    )
    sealed.write(step)
    return step
