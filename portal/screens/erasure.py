"""What was deleted: every place it was, and what each of them has said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from access.models import Device
from consent import deciding, stopping
from consent.models import Purpose
from portal.screens import finality, ways
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.purposes import WORDS
from residents import leaving
from residents.models import ErasureOrder, ErasurePlace
from sharing import recalls
from sharing.models import Recall
from vault import epochs

Kind, State = ErasurePlace.Kind, ErasurePlace.State
SHOWN = 100
# Looked at often while it is fresh, then as often as a gate may take.
FRESH = timedelta(minutes=5)
FRESH_SECONDS, LATER_SECONDS = 3, 30

# Icon, name, and what it means that it is gone from there. In the order in which they are shown.
PLACES = {
    Kind.ROWS: (
        "row",
        gettext_lazy("The entries in our database"),
        gettext_lazy("The face data itself, and every mark that a gate may have a copy."),
    ),
    Kind.PHOTOS: (
        "file",
        gettext_lazy("Photos on our disk"),
        gettext_lazy("They are deleted right after use; here we look again whether any is left."),
    ),
    Kind.KEY: (
        "key",
        gettext_lazy("The key that could read it"),
        gettext_lazy("Without the key, whatever might be left somewhere cannot be read."),
    ),
    Kind.PAGES: (
        "backup",
        gettext_lazy("The files of our databases"),
        gettext_lazy("We rewrite them, because a deleted entry can stay in the file for a while."),
    ),
    Kind.DEVICE: ("device", gettext_lazy("A gate's reader"), ""),
    Kind.RECIPIENT: ("send", gettext_lazy("Whom it was given to"), ""),
}
# Of the server's copy alone: its key is the one of face entry, and stays as long as that.
SERVER_COPY = gettext_lazy(
    "The server's copy of your face data. The key it was under is destroyed when face entry is stopped; until then, that"
    " key could still read an old backup."
)
# What the entries in our database were, where it was not the face data.
ROWS_OF = {
    str(Purpose.TEMPLATE_ON_SERVER): SERVER_COPY,
    stopping.PAPER: gettext_lazy("The picture of the paper that you signed."),
    leaving.WAYS_IN: gettext_lazy("That you had these ways to get in. They open nothing any more."),
    leaving.PERSON: gettext_lazy("Your name, when you lived where, and who helped you."),
}


@require_safe
@resident_only
def erasures(request: ResidentRequest) -> HttpResponse:
    orders = request.resident.erasure_orders.order_by("-opened_at")[:SHOWN]
    return render(request, "erasures.html", {"erasures": lines(orders)})


@require_safe
@resident_only
def erasure(request: ResidentRequest, order: UUID) -> HttpResponse:
    at = timezone.now()
    found = get_object_or_404(request.resident.erasure_orders.prefetch_related("places"), pk=order)
    overview = deciding.overview(resident=request.resident, at=at)
    held = ways.held(request.resident)
    left = ways.ways_in(resident=request.resident, held=held, lines=overview, at=at)
    return render(request, "erasure.html", {"ways": left, **told(found, at)})


def lines(orders: QuerySet[ErasureOrder]) -> list[dict[str, Any]]:
    """One line for each order. Two queries."""
    return [
        {
            "icon": _look(places)[1],
            "url": reverse("erasure", args=[order.pk]),
            "headline": headline(places),
            "subject": WORDS[order.purpose].erased,
            "requested_at": order.opened_at,
            "number": order.pk,
        }
        for order in orders.prefetch_related("places")
        for places in [list(order.places.all())]
    ]


def headline(places: Sequence[ErasurePlace]) -> str:
    """What has happened so far, and no more than that (law 12)."""
    ours = [place for place in places if place.kind not in (Kind.DEVICE, Kind.RECIPIENT)]
    waiting = {p.device for p in places if p.kind == Kind.DEVICE and p.state == State.WAITING}
    lost = {p.device for p in places if p.kind == Kind.DEVICE and p.state == State.LOST}
    if not places or any(place.state != State.GONE for place in ours):
        return _("Stopped; being deleted now")
    if waiting:
        count = len(waiting)
        words = ngettext(
            "Deleted; %(count)s gate still to confirm", "Deleted; %(count)s gates still to confirm", count
        )
        return words % {"count": count}
    if asked := sum(p.kind == Kind.RECIPIENT and p.state == State.WAITING for p in places):
        words = ngettext(
            "Deleted here; %(count)s recipient still to confirm",
            "Deleted here; %(count)s recipients still to confirm",
            asked,
        )
        return words % {"count": asked}
    if lost:
        count = len(lost)
        words = ngettext(
            "Deleted; %(count)s gate cannot confirm any more",
            "Deleted; %(count)s gates cannot confirm any more",
            count,
        )
        return words % {"count": count}
    return _("Deleted everywhere")


def told(order: ErasureOrder, at: datetime) -> dict[str, Any]:
    places = list(order.places.all())
    tone, icon = _look(places)
    fresh = at - order.opened_at < FRESH
    waiting = not places or any(place.state == State.WAITING for place in places)
    return {
        "headline": headline(places),
        "subject": WORDS[order.purpose].erased,
        "tone": tone,
        "icon": icon,
        "refresh": (FRESH_SECONDS if fresh else LATER_SECONDS) if waiting else None,
        "has_lost": any(place.state == State.LOST for place in places),
        "requested_at": order.opened_at,
        "cause": order.get_cause_display(),
        "completed_at": max(p.changed_at for p in places) if order.is_complete else None,
        "number": order.pk,
        "places": _shown(places, order.purpose, at),
    }


def _look(places: Sequence[ErasurePlace]) -> tuple[str, str]:
    """Tone and icon."""
    states = {place.state for place in places}
    if states == {State.GONE}:
        return "success", "check"
    return ("warning", "question") if states <= {State.GONE, State.LOST} and states else ("info", "clock")


def _shown(places: Iterable[ErasurePlace], purpose: str, at: datetime) -> list[dict[str, Any]]:
    """One line for each kind, and one for each device: a reader need not know that there were three keys."""
    order = list(PLACES)

    def line(place: ErasurePlace) -> tuple[int, str, str]:
        apart = place.target if place.kind == Kind.RECIPIENT else place.device
        return order.index(Kind(place.kind)), place.label, str(apart)

    grouped = [list(group) for _key, group in groupby(sorted(places, key=line), key=line)]
    ids = [group[0].device for group in grouped if group[0].device]
    devices = Device.objects.filter(pk__in=ids).select_related("gate").in_bulk()
    asked = [group[0].target for group in grouped if group[0].kind == Kind.RECIPIENT]
    asked_back = Recall.objects.in_bulk(asked) if asked else {}
    shown = [_line(group, devices, asked_back) for group in grouped]
    ended = [place.target for group in grouped for place in group if place.kind == Kind.KEY]
    final = epochs.final_on(ended) if ended else {}
    for group, told in zip(grouped, shown, strict=True):
        if group[0].kind == Kind.ROWS and purpose in ROWS_OF:
            told["detail"] = str(ROWS_OF[purpose])
        if group[0].kind == Kind.KEY:
            keys = [final[place.target] for place in group if place.target in final]
            told["final"] = finality.words(keys, at=at)
    return shown


def _line(
    group: Sequence[ErasurePlace], devices: dict[UUID, Device], asked_back: dict[UUID, Recall]
) -> dict[str, Any]:
    first, states = group[0], {place.state for place in group}
    state = next(each for each in (State.WAITING, State.LOST, State.GONE) if each in states)
    icon, name, detail = PLACES[Kind(first.kind)]
    if first.device:
        device = devices.get(first.device)
        gate = device.gate.display_name if device else first.label
        told = _("Reader at %(gate)s") % {"gate": gate}, _of_device(state, device)
    elif first.kind == Kind.RECIPIENT:
        told = first.label, _of_recipient(state, asked_back.get(first.target))
    else:
        told = str(name), str(detail)
    return {
        "icon": icon,
        "name": told[0],
        "state": state,
        "detail": told[1],
        "at": max(place.changed_at for place in group) if state == State.GONE else None,
    }


def _of_recipient(state: ErasurePlace.State, recall: Recall | None) -> str:
    if state == State.GONE:
        return _("They signed that they have deleted it, and keep no copy. We cannot look there ourselves.")
    if recall is None:
        return _("They have not answered yet.")
    due = date_format(timezone.localtime(recall.due_at), "DATE_FORMAT")
    if recalls.is_late(recall, timezone.now()):
        return _("They were to confirm by %(day)s that they have deleted it, and have not answered.") % {
            "day": due
        }
    return _("They have until %(day)s to confirm that they have deleted it.") % {"day": due}


def _of_device(state: ErasurePlace.State, device: Device | None) -> str:
    if state == State.GONE:
        return _("It deleted its copy, and looked again that it is gone.")
    if state == State.LOST:
        return _("This reader was lost or removed before it could answer.")
    if device is None or device.last_poll_at is None:
        return _("It has not been heard from yet.")
    heard = date_format(timezone.localtime(device.last_poll_at), "DATETIME_FORMAT")
    return _("Last heard from: %(at)s") % {"at": heard}
