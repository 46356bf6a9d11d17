"""What was deleted: every place it was, and what each of them has said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from portal import certifying
from portal.screens import deletion_words, finality, ways
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.purposes import WORDS
from residents import holds, leaving
from residents.models import ErasureOrder, ErasurePlace, Hold
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
    Kind.BACKUP: ("backup", gettext_lazy("Our backups"), ""),
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
    holds.PURPOSE: gettext_lazy(
        "Copies of what went from its own place in its time, sealed. They are stored and secured, and used for nothing."
    ),
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


# Of several places in one line, the one that is furthest from gone speaks for all.
STATES = (State.WAITING, State.HELD, State.LOST, State.CLOSED, State.GONE)


def headline(places: Sequence[ErasurePlace]) -> str:
    """What has happened so far, and no more than that (law 12)."""
    ours = [place for place in places if place.kind not in (Kind.DEVICE, Kind.RECIPIENT, Kind.BACKUP)]
    waiting = {p.device for p in places if p.kind == Kind.DEVICE and p.state == State.WAITING}
    lost = {p.device for p in places if p.kind == Kind.DEVICE and p.state == State.LOST}
    if not places or any(place.state not in (State.GONE, State.HELD) for place in ours):
        return _("Stopped; being deleted now")
    held = sum(place.state == State.HELD for place in ours)
    if held == len(places):
        return _("Kept for now, because a law wants it")
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
    if held:
        return _("Deleted, but for what a law wants kept")
    if lost:
        count = len(lost)
        words = ngettext(
            "Deleted; %(count)s gate cannot confirm any more",
            "Deleted; %(count)s gates cannot confirm any more",
            count,
        )
        return words % {"count": count}
    if until := _in_backups_until(places):
        return _("Deleted; in backups until %(day)s") % {"day": until}
    if closed := sum(place.state == State.CLOSED for place in places):
        words = ngettext(
            "Deleted; %(count)s place was closed without an answer",
            "Deleted; %(count)s places were closed without an answer",
            closed,
        )
        return words % {"count": closed}
    return _("Deleted everywhere")


def _in_backups_until(places: Iterable[ErasurePlace]) -> str:
    """The day on which the last set that may hold it must be gone; empty where none may."""
    waiting = [place.due_at for place in places if place.kind == Kind.BACKUP and place.state != State.GONE]
    return date_format(timezone.localtime(max(waiting)), "DATE_FORMAT") if waiting else ""


def told(order: ErasureOrder, at: datetime) -> dict[str, Any]:
    places = list(order.places.all())
    tone, icon = _look(places)
    fresh = at - order.opened_at < FRESH
    # Nobody needs to look again every few seconds for a backup to end.
    waiting = not places or any(p.state == State.WAITING and p.kind != Kind.BACKUP for p in places)
    return {
        "headline": headline(places),
        "subject": WORDS[order.purpose].erased,
        "tone": tone,
        "icon": icon,
        "refresh": (FRESH_SECONDS if fresh else LATER_SECONDS) if waiting else None,
        "has_lost": any(place.state == State.LOST for place in places),
        "has_closed": any(place.state == State.CLOSED for place in places),
        "requested_at": order.opened_at,
        "cause": order.get_cause_display(),
        "completed_at": max(p.changed_at for p in places) if order.is_complete else None,
        "number": order.pk,
        "places": _shown(places, order.purpose, at),
        "hold": _hold(order, places),
    }


def _hold(order: ErasureOrder, places: Sequence[ErasurePlace]) -> Hold | None:
    """Of the order that a legal hold has for itself: what the hold says. None once it is over for so long that it has gone."""
    if order.purpose != holds.PURPOSE:
        return None
    return Hold.objects.told().filter(pk__in=[place.target for place in places]).first()


def _look(places: Sequence[ErasurePlace]) -> tuple[str, str]:
    """Tone and icon."""
    states = {place.state for place in places}
    if states == {State.GONE}:
        return "success", "check"
    if states and {place.state for place in places if place.kind != Kind.BACKUP} == {State.GONE}:
        return "success", "clock"
    return (
        ("warning", "question")
        if states <= {State.GONE, State.LOST, State.CLOSED} and states
        else ("info", "clock")
    )


def _shown(places: Sequence[ErasurePlace], purpose: str, at: datetime) -> list[dict[str, Any]]:
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
    also = certifying.further(list(places), at)
    shown = [_line(group, devices, asked_back, also) for group in grouped]
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
    group: Sequence[ErasurePlace],
    devices: dict[UUID, Device],
    asked_back: dict[UUID, Recall],
    also: Mapping[UUID, Mapping[str, Any]],
) -> dict[str, Any]:
    first, states = group[0], {place.state for place in group}
    state = next(each for each in STATES if each in states)
    icon, name, detail = PLACES[Kind(first.kind)]
    known = next((also[place.pk] for place in group if place.state == state and place.pk in also), {})
    if first.device:
        device = devices.get(first.device)
        gate = device.gate.display_name if device else first.label
        told = _("Reader at %(gate)s") % {"gate": gate}, _of_device(state, device)
    elif first.kind == Kind.BACKUP:
        told = str(name), _of_backups(group)
    elif first.kind == Kind.RECIPIENT:
        told = first.label, _of_recipient(state, asked_back.get(first.target))
    else:
        told = str(name), str(detail)
    # When a recipient was to answer, when a backup ends and when a key is final stand in their lines already.
    further = {name: what for name, what in known.items() if name not in ("asked", "ends", "final")}
    return {
        "icon": icon,
        "name": told[0],
        "state": _shown_state(first.kind, state, known),
        "detail": told[1],
        "further": deletion_words.further(further),
        "at": max(place.changed_at for place in group) if state == State.GONE else None,
    }


def _shown_state(kind: str, state: ErasurePlace.State, known: Mapping[str, Any]) -> str:
    if state != State.WAITING:
        return state
    return "ends" if kind == Kind.BACKUP else "expired" if "expired" in known else state


def _of_backups(group: Sequence[ErasurePlace]) -> str:
    until = _in_backups_until(group)
    if not until:
        return _("Every backup that was made before has ended, and was deleted.")
    return _(
        "It may still be in backups that were made before. They are encrypted, nobody works with them, and the last of"
        " them must be gone by %(day)s. If one is put back before, this deletion is done again before anybody is let in."
    ) % {"day": until}


def _of_recipient(state: ErasurePlace.State, recall: Recall | None) -> str:
    if state in (State.GONE, State.CLOSED):
        return deletion_words.sentence(Kind.RECIPIENT, state)
    if recall is None:
        return _("They have not answered yet.")
    due = date_format(timezone.localtime(recall.due_at), "DATE_FORMAT")
    if recalls.is_late(recall, timezone.now()):
        return _("They were to confirm by %(day)s that they have deleted it, and have not answered.") % {
            "day": due
        }
    return _("They have until %(day)s to confirm that they have deleted it.") % {"day": due}


def _of_device(state: ErasurePlace.State, device: Device | None) -> str:
    if state != State.WAITING:
        return deletion_words.sentence(Kind.DEVICE, state)
    if device is None or device.last_poll_at is None:
        return _("It has not been heard from yet.")
    heard = date_format(timezone.localtime(device.last_poll_at), "DATETIME_FORMAT")
    return _("Last heard from: %(at)s") % {"at": heard}
