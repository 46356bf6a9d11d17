"""Carrying out again what the journal says was erased, in a database of before.

Each order of erasure is opened again under its own number, with every place that it had, and what it was opened for is done
again by the acts of every day, under all their laws: a consent ends, a way in ends, a picture or a person goes. What the
backup never held needs nothing more than its key destroyed. Then every place is asked, as after any erasure.

Gates are told all of it anew: versions go on from far above whatever they have seen, and each begins with a snapshot, which
lists whom to keep.
"""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from access import emptying, losing, residence
from access.models import Credential, Device, FeedCounter, FeedRow, Gate
from committees import said
from committees.models import ServiceRequest
from consent import stopping, withdrawal
from consent.models import Decision, Paper, Standing
from ledger.record import record
from portal import erasure, putting_back
from portal.journal import Line
from residents import leaving
from residents.erasure import Place, list_places, mark_gone, opened_again
from residents.models import ErasureOrder, ErasurePlace, Resident, Restoration
from vault import keys

Kind, State, Cause = ErasurePlace.Kind, ErasurePlace.State, ErasureOrder.Cause
# More than any neighborhood gives out between two backups; and a counter takes nine thousand million such steps.
FAR_ABOVE = 1_000_000_000
AT_ONCE = 500
log = logging.getLogger(__name__)


class NotCarriedOut(Exception):
    """Something that was erased may still be here."""


# By what a consent ended; the clock says it again, whoever said it then.
ENDED_BY = {
    Cause.EXPIRED: Decision.Kind.EXPIRED,
    Cause.MOVED_OUT: Decision.Kind.ENDED,
    Cause.DIED: Decision.Kind.ENDED,
}


def numbers(lines: list[Line]) -> list[str]:
    """Of the orders whose people are in this database: the others have nothing here."""
    wanted = {line["id"]: UUID(line["resident"]) for line in _orders(lines)}
    there = set(Resident.objects.filter(pk__in=set(wanted.values())).values_list("pk", flat=True))
    return sorted(order for order, who in wanted.items() if who in there)


def run(lines: list[Line], *, restoration: Restoration, at: datetime) -> list[str]:
    """Safe to repeat. What could not be done again, in words."""
    _destroy_keys(lines)
    wanted = set(restoration.orders)
    due = [line for line in sorted(_orders(lines), key=_turn) if line["id"] in wanted]
    failed = [line["id"] for line in due if not _went_through(line, at=at)]
    if failed:
        raise NotCarriedOut(f"Not carried out again, for reasons in the log: {', '.join(failed)}")
    blocked = _block_lost_cards(lines, at=at)
    _confirm(lines, at=at)
    _ask_every_place(restoration, at=at)
    _tell_gates_anew(at=at)
    return [
        *_lost(lines),
        *([f"{blocked} cards were reported lost since, and are blocked again."] if blocked else []),
    ]


def tell(restoration: Restoration, *, at: datetime) -> None:
    """The ledger holds that a backup was put back: once, as the last thing before it is finished."""
    with transaction.atomic():
        record(
            kind="backup.restored",
            subject=None,
            neighborhood=None,
            payload={
                "restoration": restoration.pk,
                "data": restoration.data,
                "vault": restoration.vault,
                "orders": len(restoration.orders),
            },
        )


def _orders(lines: list[Line]) -> list[Line]:
    """Each once; the last word on it counts."""
    return list({line["id"]: line for line in lines if line["kind"] == "order"}.values())


def _turn(line: Line) -> tuple[int, int]:
    """Consents end before the ways in that they are part of, and the person goes last."""
    return {leaving.WAYS_IN: 1, leaving.PERSON: 2}.get(line["purpose"], 0), int(line["n"])


def _destroy_keys(lines: list[Line]) -> None:
    """First of all, and of all orders there are: whatever else happens, nothing of it can be read."""
    ids = set(putting_back.ids(lines, "keys"))
    ids |= {UUID(target) for line in _orders(lines) for kind, target, _ in line["places"] if kind == Kind.KEY}
    gone = ErasurePlace.objects.filter(kind=Kind.KEY, state=State.GONE).values_list("target", flat=True)
    ordered = sorted(ids | set(gone))
    for first in range(0, len(ordered), AT_ONCE):
        keys.destroy_many(ids=ordered[first : first + AT_ONCE])


def _went_through(line: Line, *, at: datetime) -> bool:
    """One that fails keeps no other from its turn, and the restore from its end."""
    try:
        _again(line, at=at)
    except Exception as error:  # noqa: BLE001  (told, and nothing serves until it went through)
        # By name only: the message of a database error can hold the row.
        log.error("an erasure was not carried out again: %s", type(error).__name__)
        return False
    return True


@transaction.atomic
def _again(line: Line, *, at: datetime) -> None:
    resident = Resident.objects.held(UUID(line["resident"]))
    order, new = ErasureOrder.objects.get_or_create(
        pk=line["id"],
        defaults={
            "neighborhood_id": resident.neighborhood_id,
            "resident": resident,
            "purpose": line["purpose"],
            "cause": line["cause"],
            "opened_at": datetime.fromisoformat(line["opened_at"]),
            "journalled_at": at,
        },
    )
    ErasureOrder.objects.filter(pk=order.pk, journalled_at=None).update(journalled_at=at)
    if not new:
        return  # what it ended had ended when the backup was made
    record(
        kind="erasure.opened",
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={"order": str(order.pk), "purpose": order.purpose, "cause": order.cause},
    )
    list_places(order=order, places=_places(line), at=at)
    with opened_again(order):
        _do(order, resident, line, at=at)


def _do(order: ErasureOrder, resident: Resident, line: Line, *, at: datetime) -> None:
    rows = [UUID(target) for kind, target, _ in line["places"] if kind == Kind.ROWS]
    if order.purpose == leaving.PERSON:
        leaving.erase_again(resident=resident, at=at)
        return
    if order.purpose == leaving.WAYS_IN:
        if resident.left_at is not None:
            leaving.end_what_they_had(resident=resident, because=Resident.Left(resident.left_because), at=at)
        else:  # they came back since: what ended then has ended all the same
            residence.end_again(credentials=rows, resident=resident, at=at)
        return
    _end_consents(rows, resident, order, at)
    for paper in Paper.objects.filter(pk__in=rows, scan__isnull=False):
        stopping.stop(paper=paper, because=Paper.Stopped.NOT_NOW, at=at)
    faces = Credential.objects.active().filter(pk__in=rows, kind=Credential.Kind.FACE)
    if faces.exists():
        emptying.empty_again(faces=list(faces), at=at)
    said.forget(ServiceRequest.objects.filter(pk__in=rows), at=at)


def _end_consents(rows: list[UUID], resident: Resident, order: ErasureOrder, at: datetime) -> None:
    for standing in Standing.objects.filter(pk__in=rows, resident=resident).select_related("decision__form"):
        if Standing.objects.filter(pk=standing.pk).exists():  # or it went with the one that it served
            kind = ENDED_BY.get(Cause(order.cause), Decision.Kind.SUPERSEDED)
            if kind == Decision.Kind.ENDED and resident.left_at is None:
                kind = Decision.Kind.SUPERSEDED
            withdrawal.end_again(standing=standing, kind=kind, cause=Cause(order.cause), at=at)


def _places(line: Line) -> list[Place]:
    labels = dict(Device.objects.filter(pk__in=_devices(line)).values_list("pk", "gate__name"))
    revoked = set(
        Device.objects.filter(pk__in=_devices(line), revoked_at__isnull=False).values_list("pk", flat=True)
    )
    found = []
    for kind, target, device in line["places"]:
        which = UUID(device) if device else None
        found.append(
            Place(
                kind=Kind(kind),
                target=UUID(target),
                device=which,
                label=labels.get(which, "") if which else "",
                lost=which in revoked,
            )
        )
    return found


def _devices(line: Line) -> list[UUID]:
    return [UUID(device) for _, _, device in line["places"] if device]


def _block_lost_cards(lines: list[Line], *, at: datetime) -> int:
    """As when they were reported: whoever has no other way in gets a PIN, which the desk makes known or makes anew."""
    ids = putting_back.ids(lines, "lost")
    found = (
        Credential.objects.active().filter(pk__in=ids, kind=Credential.Kind.CARD).select_related("resident")
    )
    for card in found:
        losing.report_lost(resident=card.resident, card=card, by=None, at=at)
    return len(found)


def _confirm(lines: list[Line], *, at: datetime) -> None:
    """What gates and recipients had said by then: nobody asks them twice."""
    for line in lines:
        if line["kind"] == "confirmed":
            open_ = ErasurePlace.objects.open().filter(
                order=line["order"], kind=line["place"], target=line["target"], device=line["device"]
            )
            for place in open_:
                mark_gone(place=place.pk, evidence=line["evidence"], at=at)


def _ask_every_place(restoration: Restoration, *, at: datetime) -> None:
    """Those of the two databases. The photos' folder is not the owner's to look into: the worker does, as after any erasure."""
    for number in restoration.orders:
        ErasurePlace.objects.filter(order=number, state=State.WAITING).exclude(kind=Kind.BACKUP).update(
            due_at=at
        )
        erasure.run(order=UUID(number), at=at, kinds=(Kind.ROWS, Kind.KEY, Kind.PAGES))


@transaction.atomic
def _tell_gates_anew(*, at: datetime) -> None:
    """A gate that had seen version 900 takes nothing of 850 for news, and a tombstone is no use to a snapshot."""
    FeedRow.objects.filter(present=False).delete()
    FeedCounter.objects.update(last=F("last") + FAR_ABOVE)
    for counter in FeedCounter.objects.order_by("pk"):
        last = counter.last
        for pk in (
            FeedRow.objects.filter(neighborhood=counter.pk).order_by("version").values_list("pk", flat=True)
        ):
            last += 1
            FeedRow.objects.filter(pk=pk).update(version=last, changed_at=at)
        FeedCounter.objects.filter(pk=counter.pk).update(last=last + 1)
        Gate.objects.filter(neighborhood=counter.pk).update(feed_floor=Greatest(F("feed_floor"), last + 1))


def _lost(lines: list[Line]) -> list[str]:
    wanted = {UUID(line["resident"]) for line in _orders(lines)}
    known = Resident.objects.filter(pk__in=wanted).count()
    strangers = len(wanted) - known
    return (
        [f"{strangers} people were registered and erased since the backup: nothing of them is here."]
        if strangers
        else []
    )
