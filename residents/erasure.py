"""Opening an erasure order and moving its places forward, one at a time and never back.

What is done at each kind of place spans rooms and stands in one visible list, `portal/erasure.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F

from ledger.record import record
from residents import closing, effects, ending
from residents.models import ErasureOrder, ErasurePlace, Neighborhood, Resident

ANSWER_THEMSELVES = (ErasurePlace.Kind.DEVICE, ErasurePlace.Kind.RECIPIENT)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=2), timedelta(hours=1)

_again: ContextVar[ErasureOrder | None] = ContextVar("an order opened again", default=None)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where something of a person may be: see `ErasurePlace`."""

    kind: ErasurePlace.Kind
    target: UUID
    device: UUID | None = None
    label: str = ""
    lost: bool = False  # a device revoked before: it will never answer, and that is shown
    held: bool = False  # a legal hold keeps it for now: see `residents.holds`

    @property
    def state(self) -> ErasurePlace.State:
        if self.held:
            return ErasurePlace.State.HELD
        return ErasurePlace.State.LOST if self.lost else ErasurePlace.State.WAITING


@transaction.atomic
def open_order(
    *, resident: Resident, purpose: str, cause: ErasureOrder.Cause, places: Iterable[Place], at: datetime
) -> ErasureOrder:
    """Write the order and all its places, in the transaction of the act that caused it."""
    again = _again.get()
    if again is not None and (again.resident_id, again.purpose) == (resident.pk, purpose):
        list_places(order=again, places=places, at=at)
        return again
    order = ErasureOrder.objects.create(
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        purpose=purpose,
        cause=cause,
        opened_at=at,
    )
    list_places(order=order, places=places, at=at)
    record(
        kind="erasure.opened",
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={"order": str(order.pk), "purpose": purpose, "cause": str(cause)},
    )
    closing.close_known(order=order, at=at)
    return order


def _from_when(kind: ErasurePlace.Kind, neighborhood: Neighborhood, at: datetime) -> datetime:
    """A table's file is locked while it is rewritten, for as long as the table is long: by night nobody waits for it."""
    if kind != ErasurePlace.Kind.PAGES or settings.PAGES_HOUR is None:
        return at
    here = at.astimezone(ZoneInfo(neighborhood.time_zone))
    night = here.replace(hour=settings.PAGES_HOUR, minute=0, second=0, microsecond=0)
    return night if night >= here else night + timedelta(days=1)


def list_places(*, order: ErasureOrder, places: Iterable[Place], at: datetime) -> None:
    """A place that is listed already is listed once."""
    ErasurePlace.objects.bulk_create(
        [
            ErasurePlace(
                order=order,
                kind=place.kind,
                target=place.target,
                device=place.device,
                label=place.label,
                state=place.state,
                due_at=_from_when(place.kind, order.neighborhood, at),
                changed_at=at,
            )
            for place in set(places)
        ],
        ignore_conflicts=True,
    )


@contextmanager
def opened_again(order: ErasureOrder) -> Iterator[None]:
    """While a restore does again what this order was opened for: what opens it finds it there, under the number that people
    have on their slips."""
    token = _again.set(order)
    try:
        yield
    finally:
        _again.reset(token)


@transaction.atomic
def mark_gone(*, place: UUID, evidence: dict[str, Any], at: datetime) -> bool:
    """Say that nothing is left at this place. False if it had been said before.

    A lost device that turns up and answers after all counts, and so does one that the staff had given up. The ledger gets
    the order's end when this was the last.
    """
    # One place at a time, so that exactly one is the last.
    order = ErasureOrder.objects.select_for_update(of=("self",), no_key=True).get(places=place)
    if order.journalled_at is None:
        # Or a restore would bring back what nobody would ask about again. Where it cannot be written, nothing is gone yet.
        effects.call("journal_order", order=order.pk, at=at)
    moved = (
        ErasurePlace.objects.open()
        .filter(pk=place)
        .update(state=ErasurePlace.State.GONE, evidence=evidence, changed_at=at)
    )
    if moved:
        ending.end_if_last(order, at=at)
    return bool(moved)


@transaction.atomic
def mark_lost(*, device: UUID, at: datetime) -> int:
    """A device was revoked: what it had not confirmed is shown as lost, never as gone."""
    waiting = ErasurePlace.objects.filter(device=device, state=ErasurePlace.State.WAITING)
    # In the order in which receipts take them, so that a revocation and a receipt never wait for each other.
    list(waiting.select_for_update(no_key=True).order_by("order_id", "pk").values_list("pk", flat=True))
    return waiting.update(state=ErasurePlace.State.LOST, changed_at=at)


def postpone(*, place: ErasurePlace, at: datetime) -> None:
    """Try again later, and later each time, for ever."""
    wait = min(FIRST_WAIT * 2 ** min(place.attempts, 20), LONGEST_WAIT)
    ErasurePlace.objects.open().filter(pk=place.pk).update(attempts=F("attempts") + 1, due_at=at + wait)


def due(*, at: datetime) -> list[UUID]:
    """Orders that have a place to see to. Devices and recipients answer by themselves and are not asked."""
    return list(
        ErasurePlace.objects.filter(state=ErasurePlace.State.WAITING, due_at__lte=at)
        .exclude(kind__in=ANSWER_THEMSELVES)
        .values_list("order_id", flat=True)
        .distinct()
    )
