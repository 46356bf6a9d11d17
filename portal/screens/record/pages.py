"""The record itself: the newest of each kind, a list of all of it that can be sifted, and the same on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from portal.screens import again
from portal.screens.codes import in_local_time
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.record import paging
from portal.screens.record.lines import Line
from portal.screens.record.paging import PAGE, Span
from portal.screens.record.sifting import EntriesForm, SiftForm
from portal.screens.record.sources import ENTRIES, Kind, Source, of
from residents.models import Resident

NEWEST = 5
# As many as weigh less than a page may, with long reasons too.
PRINTED = 60
EMPTY: Mapping[Kind, Promise] = {
    Kind.VIEWED: gettext_lazy("Nobody has viewed your information."),
    Kind.GIVEN: gettext_lazy("Nothing about you has been given to anybody."),
    Kind.DECIDED: gettext_lazy("You have decided nothing so far, so every answer is no."),
    Kind.LETTERS: gettext_lazy("No letter was written to you in the last six months."),
}
LEADS: Mapping[Kind, Promise] = {
    Kind.DESK: gettext_lazy(
        "If you did not ask for one of these, tell the property office, or whoever is named with it: somebody may have rung in your name."
    )
}


@dataclass(frozen=True)
class Band:
    kind: Kind
    lines: Sequence[Line]
    lead: Promise | str
    empty: Promise | str
    url: str


@require_safe
@resident_only
@in_local_time
def record(request: ResidentRequest) -> HttpResponse:
    """One query for each source."""
    bands = [_band(kind, request.resident) for kind in Kind]
    return render(
        request,
        "record.html",
        {
            "bands": [band for band in bands if band.lines or band.empty],
            "minutes": settings.SIGNED_IN_AGAIN_MINUTES,
        },
    )


@require_safe
@resident_only
@in_local_time
def everything(request: ResidentRequest) -> HttpResponse:
    form = SiftForm(request.GET)
    context = _listed(request, form, of(*form.kinds()) if form.is_valid() else [])
    return render(request, "record_all.html", context)


@require_safe
@resident_only
@in_local_time
def printed(request: ResidentRequest) -> HttpResponse:
    """As much of it as the form asks for, on paper. Like a file it is carried away: after the password again."""
    at, form = timezone.now(), SiftForm(request.GET)
    if again.open_until(request, at) is None:
        return again.ask(request)
    if not form.is_valid():  # it is put right where the form is
        return redirect(f"{reverse('record_all')}?{request.GET.urlencode()}")
    sources = of(*form.kinds())
    if not form.cleaned_data["kind"]:
        sources.append(ENTRIES)
    context = _listed(request, form, sources, size=PRINTED)
    context |= {"at": at, "name": request.resident.name, "with_entries": ENTRIES in sources}
    return render(request, "record_print.html", context)


@require_safe
@resident_only
@in_local_time
def entries(request: ResidentRequest) -> HttpResponse:
    """When I came and went, by which gate and how: to nobody else, whatever they are to me (law 6)."""
    until = again.open_until(request, timezone.now())
    if until is None:
        return again.ask(request)
    form = EntriesForm(request.GET, resident=request.resident)
    context = _listed(request, form, [form.source()] if form.is_valid() else [])
    context |= {"open_until": until, "days": request.resident.neighborhood.entry_event_days}
    return render(request, "my_entries.html", context)


def recent(*, resident: Resident, since: datetime, limit: int) -> Sequence[Line]:
    """The newest look-ups and disclosures together, for the home page. Two queries."""
    both = of(Kind.VIEWED, Kind.GIVEN)
    return paging.page(both, resident=resident, size=limit, span=Span(since=since)).lines


def look_ups(*, resident: Resident, limit: int) -> Sequence[Line]:
    """The newest, for whoever may see that of them. One query."""
    return paging.page(of(Kind.VIEWED), resident=resident, size=limit).lines


def _band(kind: Kind, resident: Resident) -> Band:
    return Band(
        kind=kind,
        lines=paging.page(of(kind), resident=resident, size=NEWEST).lines,
        lead=LEADS.get(kind, ""),
        empty=EMPTY.get(kind, ""),
        url=f"{reverse('record_all')}?{urlencode({'kind': kind.value})}",
    )


def _listed(
    request: ResidentRequest, form: SiftForm | EntriesForm, sources: Sequence[Source], *, size: int = PAGE
) -> dict[str, Any]:
    """A form with something to put right has no list under it. A place that is none is said to be none."""
    after, lost = None, False
    try:
        after = paging.place(request.GET.get("after", ""))
    except paging.NoSuchPlace:
        lost = True
    span = form.span() if form.is_valid() else None
    page = paging.page(sources, resident=request.resident, size=size, after=after, span=span)
    asked = {name: form.data[name] for name in form.fields if form.data.get(name)} if span else {}
    return {
        "form": form,
        "lines": page.lines,
        "asked": urlencode(asked),
        "older": urlencode({**asked, "after": page.older}) if page.older else "",
        "further": after is not None,
        "lost": lost,
    }
