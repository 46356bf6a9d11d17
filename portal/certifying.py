"""What a certificate says of a place beside what the place itself has said, across the rooms, in one visible list.

Each function is given all places of one certificate and answers for those it knows more about, under one name of its own:
codes, numbers and moments, no names. How each name reads, `portal.screens.deletion_words.FURTHER` says; a test holds the
two together. A place that is gone for good needs nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from access.expiring import expired
from access.models import Device
from consent.models import Purpose
from residents.certificates import issue as _issue
from residents.certificates import moment
from residents.models import (
    Closing,
    ErasureCertificate,
    ErasureOrder,
    ErasurePlace,
    Hold,
    Resident,
    User,
)
from sharing.models import Recall
from vault import epochs

Kind, State = ErasurePlace.Kind, ErasurePlace.State
Json = dict[str, Any]
Places = list[ErasurePlace]


def expires_there(place: ErasurePlace) -> bool:
    """Faces have an offline life; a card that a gate was to forget has none."""
    return place.kind == Kind.DEVICE and place.order.purpose == Purpose.FACE_AT_GATE


def ran_out(places: Places, at: datetime) -> dict[UUID, Json]:
    """The copy at a silent gate has expired by its own clock; and what that rests on."""
    open_ = [place for place in places if place.state != State.GONE and expires_there(place)]
    devices = Device.objects.in_bulk([place.device for place in open_ if place.device])
    found: dict[UUID, Json] = {}
    for place in open_:
        device = devices.get(place.device) if place.device else None
        if device is not None and (over := expired(device, at=at)) is not None:
            found[place.pk] = {
                "since": moment(over.since),
                "last_heard": moment(over.last_heard),
                "offline_hours": over.offline_hours,
                "skew_seconds": over.skew_seconds,
            }
    return found


def asked_until(places: Places, at: datetime) -> dict[UUID, Json]:
    """Until when a recipient was to answer."""
    waiting = [place for place in places if place.kind == Kind.RECIPIENT and place.state == State.WAITING]
    due = dict(Recall.objects.filter(pk__in=[each.target for each in waiting]).values_list("pk", "due_at"))
    return {each.pk: {"until": moment(due[each.target])} for each in waiting if each.target in due}


def given_up(places: Places, at: datetime) -> dict[UUID, Json]:
    """Why the staff closed a place. Their words are in the register, and not in here."""
    by = {place.pk: place.evidence.get("closing") for place in places if place.state == State.CLOSED}
    agreed = {
        str(each.pk): {"reason": each.reason, "agreed": moment(each.answered_at)}
        for each in Closing.objects.agreed().filter(pk__in=by.values())
        if each.answered_at is not None
    }
    return {place: agreed[closing] for place, closing in by.items() if closing in agreed}


def ends(places: Places, at: datetime) -> dict[UUID, Json]:
    """By when a set of backups must be gone, wherever it was carried."""
    return {
        place.pk: {"until": moment(place.due_at)}
        for place in places
        if place.kind == Kind.BACKUP and place.state == State.WAITING
    }


def held(places: Places, at: datetime) -> dict[UUID, Json]:
    """When a legal hold is over at the latest. What law it is by, the person reads beside it; it is not in here."""
    kept = {place.pk: place.target for place in places if place.state == State.HELD}
    over = {}
    for hold in Hold.objects.filter(Q(pk__in=kept.values()) | Q(key__in=kept.values())):
        over[hold.pk] = over[hold.key] = moment(hold.ends_at)
    return {place: {"until": over[target]} for place, target in kept.items() if target in over}


def final(places: Places, at: datetime) -> dict[UUID, Json]:
    """Since or from when on no backup opens a destroyed key either: its wrapping epoch has ended as well."""
    destroyed = {
        place.target: place.pk for place in places if place.kind == Kind.KEY and place.state == State.GONE
    }
    found: dict[UUID, Json] = {}
    for key, known in epochs.final_on(list(destroyed)).items() if destroyed else ():
        if known.since is not None:
            found[destroyed[key]] = {"since": moment(known.since)}
        elif known.expected is not None:
            found[destroyed[key]] = {"expected": moment(known.expected)}
        elif known.copies_before is not None:
            found[destroyed[key]] = {"copies_before": moment(known.copies_before)}
    return found


KNOWN: Mapping[str, Callable[[Places, datetime], dict[UUID, Json]]] = {
    "expired": ran_out,
    "asked": asked_until,
    "closed": given_up,
    "ends": ends,
    "held": held,
    "final": final,
}


def further(places: Places, at: datetime) -> dict[UUID, Json]:
    found: dict[UUID, Json] = {}
    for name, known in KNOWN.items():
        for place, what in known(places, at).items():
            found.setdefault(place, {})[name] = what
    return found


def issue(
    *, resident: Resident, order: ErasureOrder | None, by: User | None = None, at: datetime
) -> ErasureCertificate:
    """Raises: residents.certificates.NothingToCertify"""
    return _issue(resident=resident, order=order, further=further, by=by, at=at)
