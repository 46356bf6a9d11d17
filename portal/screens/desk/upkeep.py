"""How the gates are: for whoever looks after them. Things and counts; nobody who passes is on this page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from access import upkeep
from access.models import DeviceState, Silence
from access.upkeep import Looked, Reader, Trouble
from portal.screens.desk.entrance import StaffRequest, staff_only

# So many gates on a page, and it costs the same however many there are.
PAGE = 20

# What it is called on the list of gates, whether it is urgent, and what to do about it.
WORDS: dict[Trouble, tuple[str | Promise, bool, str | Promise]] = {
    Trouble.NOT_IN_SERVICE: (
        gettext_lazy("Not in service"),
        False,
        gettext_lazy(
            "Its reader is told of cards and opens by nothing else. It is put into service in the full lists."
        ),
    ),
    Trouble.BESIDE: (
        gettext_lazy("Beside the old controller"),
        False,
        gettext_lazy(
            "The old controller opens it. Switch it over under “Cards” when nothing differs any more."
        ),
    ),
    Trouble.NO_READER: (
        gettext_lazy("No reader"),
        True,
        gettext_lazy("Make a code for a new reader in the full lists, and type it on the reader."),
    ),
    Trouble.SILENT: (
        gettext_lazy("Not heard of"),
        True,
        gettext_lazy(
            "Residents’ cards and PINs that it knows go on opening; changes do not reach it. Look at its power, then at its"
            " network cable or router. If it is broken or lost, revoke the reader in the full lists and pair another."
        ),
    ),
    Trouble.ERASURES: (
        gettext_lazy("Has something to erase"),
        True,
        gettext_lazy(
            "It has not confirmed everything that it is to erase, and people wait for that. If it will never be heard of"
            " again, revoke it: what it held is then shown to them as lost, never as gone."
        ),
    ),
    Trouble.BEHIND: (
        gettext_lazy("Copy is behind"),
        True,
        gettext_lazy(
            "It asks and does not get on. Start the reader again; if it stays behind, its disk may be full or worn out."
        ),
    ),
    Trouble.BATTERY: (
        gettext_lazy("On battery"),
        True,
        gettext_lazy(
            "The power there has failed. Look at the fuse today: when the battery is empty, the lock opens or has to be"
            " opened with the key."
        ),
    ),
    Trouble.CLOCK: (
        gettext_lazy("Its clock is wrong"),
        False,
        gettext_lazy(
            "It goes by our time while it hears us. After a power cut without network, hours and codes would be judged"
            " wrongly: replace the battery of its clock."
        ),
    ),
    Trouble.BACKLOG: (
        gettext_lazy("Many events wait there"),
        False,
        gettext_lazy(
            "They are on their way and none is lost. If the number grows from day to day, its line is poor."
        ),
    ),
}


@require_safe
@staff_only("manage_access")
def overview(request: StaffRequest) -> HttpResponse:
    found = Paginator(upkeep.by_place(request.neighborhood), PAGE).get_page(request.GET.get("page"))
    looked = upkeep.look(list(found.object_list), at=request.at)
    silences = Silence.objects.standing().filter(neighborhood=request.neighborhood).count()
    context = {
        "page": found,
        "places": [
            {"place": place, "gates": [_gate(each, request) for each in gates]}
            for place, gates in groupby(looked, key=lambda each: each.gate.get_place_display())
        ],
        "alarms": silences,
    }
    return render(request, "desk/upkeep.html", context)


def _gate(looked: Looked, request: StaffRequest) -> dict[str, Any]:
    return {
        "gate": looked.gate,
        "troubles": [_words(each) for each in looked.troubles],
        "works": not looked.troubles,
        "readers": [_reader(each) for each in looked.readers],
    }


def _words(trouble: Trouble) -> dict[str, Any]:
    name, urgent, what_to_do = WORDS[trouble]
    return {"name": name, "urgent": urgent, "do": what_to_do}


def _reader(reader: Reader) -> dict[str, Any]:
    state = reader.state
    return {
        "number": str(reader.device.pk)[:8],
        "polled_at": reader.device.last_poll_at,
        "clock": _clock(reader.clock_off),
        "waiting": None if state is None else state.waiting,
        "power": DeviceState.Power(state.power if state else DeviceState.Power.UNKNOWN).label,
        "agent": state.agent if state else "",
        "told_at": state.told_at if state else None,
        "behind": _behind(reader.behind),
        "behind_since": reader.behind_since,
        "erasures": _count(reader.erasures),
    }


def _count(number: int) -> str:
    return _("more than %(count)s") % {"count": upkeep.MOST} if number > upkeep.MOST else str(number)


def _behind(number: int) -> str:
    if not number:
        return _("up to date")
    if number > upkeep.MOST:
        return _("more than %(count)s changes behind") % {"count": upkeep.MOST}
    words = ngettext("%(count)s change behind", "%(count)s changes behind", number)
    return words % {"count": number}


def _clock(off: timedelta | None) -> str:
    if off is None:
        return _("not known")
    seconds = round(off.total_seconds())
    if abs(seconds) < 10:
        return _("right")
    size = _span(abs(seconds))
    return _("%(time)s ahead") % {"time": size} if seconds > 0 else _("%(time)s behind") % {"time": size}


def _span(seconds: int) -> str:
    steps: Iterable[tuple[int, Any]] = (
        (86400, lambda n: ngettext("%(count)s day", "%(count)s days", n)),
        (3600, lambda n: ngettext("%(count)s hour", "%(count)s hours", n)),
        (60, lambda n: ngettext("%(count)s minute", "%(count)s minutes", n)),
        (1, lambda n: ngettext("%(count)s second", "%(count)s seconds", n)),
    )
    for size, words in steps:
        if seconds >= size:
            count = seconds // size
            return str(words(count) % {"count": count})
    return ""
