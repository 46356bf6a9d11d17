"""Notices, meetings and documents to read, with their files. Who read what is written down nowhere; what is for others is not
there (`committees.audience`).

Whoever has left goes on reading what was published while they lived or owned here, as long as they can sign in: a bill or a
rule of that time still concerns them. What is published later is for those who live here, and so are the words of a later
correction; that there is one is said, so that nobody goes by words that no longer hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from committees import audience, handing_out
from committees.models import Committee, Notice, NoticeFile
from committees.models.notices import NoticeQuerySet
from portal.screens import made_public, opened
from portal.screens.entrance import ResidentRequest, resident_only
from residents.ages import today_in
from residents.models import Neighborhood, Resident

PAGE = 20
ICONS = {Notice.Kind.NOTICE: "bell", Notice.Kind.MEETING: "people", Notice.Kind.DOCUMENT: "file"}
Shown = dict[str, Any]


@require_safe
@resident_only
def notices(request: ResidentRequest) -> HttpResponse:
    """Newest first, a page at a time; what is on top stands on the first page only."""
    here, at = request.resident.neighborhood, timezone.now()
    reader = audience.reader(resident=request.resident, at=at)
    readable = reader.readable()
    on_top = Q(pinned=True) & (Q(until=None) | Q(until__gte=today_in(here, at)))
    before = _named(reader, request.GET.get("before", ""))
    # What there is no room for on top stands where its day is, like everything else.
    pinned = readable.filter(on_top).newest_first()[:PAGE]
    found = _page(readable.exclude(pk__in=pinned.values("pk")), before)
    context = {
        "pinned": [] if before else [line(each, here, at) for each in pinned],
        "notices": [line(each, here, at) for each in found[:PAGE]],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "later": before is not None,
    }
    return render(request, "notices.html", context)


@require_safe
@resident_only
def notice(request: ResidentRequest, news: UUID) -> HttpResponse:
    """What is not published here, or was taken down, is not there."""
    here, at = request.resident.neighborhood, timezone.now()
    reader = audience.reader(resident=request.resident, at=at)
    readable = reader.readable()
    found = get_object_or_404(readable, pk=news)
    found.neighborhood = here
    papers = list(readable.filter(meeting=found).order_by("published_at", "pk"))
    files = _files([found, *papers])
    linked = Q(pk__in=[found.corrects_id, found.meeting_id]) | Q(corrects=found)
    around = list(readable.filter(linked).order_by("published_at", "pk"))
    put_right_by = next((each for each in around if each.corrects_id == found.pk), None)
    of_meeting = next((each for each in around if each.pk == found.meeting_id), None)
    puts_right = next((each for each in around if each.pk == found.corrects_id), None)
    context = {
        "notice": found,
        "line": line(found, here, at),
        "files": files.get(found.pk, []),
        "papers": [line(each, here, at) | {"files": files.get(each.pk, [])} for each in papers],
        "of_meeting": of_meeting and line(of_meeting, here, at),
        "fingerprint": bytes(found.hash).hex() if found.hash else "",
        "puts_right": puts_right and line(puts_right, here, at),
        "put_right_by": put_right_by and line(put_right_by, here, at),
        # It reached all who could read this one then; who has left since is told that there is one.
        "put_right_later": put_right_by is None and found.corrections.published().exists(),
    }
    return opened.count(request, render(request, "notice.html", context), notice=found, at=at)


@require_safe
@resident_only
def file(request: ResidentRequest, news: UUID, number: int) -> HttpResponse:
    """It is there as long as its notice is, and for the same people."""
    reader = audience.reader(resident=request.resident, at=timezone.now())
    readable = reader.said().published().filter(pk=news)
    return handing_out.answer(get_object_or_404(NoticeFile, notice__in=readable, number=number))


@require_safe
@resident_only
def documents(request: ResidentRequest) -> HttpResponse:
    """What must be public and where it is; below it all documents, or those of one kind of body and one sort, a page at a time.
    What means nothing sifts nothing."""
    here, at = request.resident.neighborhood, timezone.now()
    chosen = {
        name: asked
        for name, known in (("body", Committee.Kind.values), ("sort", Notice.Sort.values))
        if (asked := request.GET.get(name, "")) in known
    }
    columns = {"body": "committee__kind", "sort": "sort"}
    reader = audience.reader(resident=request.resident, at=at)
    of_these = reader.readable().filter(
        kind=Notice.Kind.DOCUMENT, **{columns[n]: asked for n, asked in chosen.items()}
    )
    before = _named(reader, request.GET.get("before", ""))
    found = _page(of_these, before)
    context = {
        "duties": [] if chosen or before else made_public.shown(reader=reader, at=at),
        "bodies": _choices("body", Committee.Kind.choices, chosen),
        "sorts": _choices("sort", Notice.Sort.choices, chosen),
        "notices": [line(each, here, at) for each in found[:PAGE]],
        "older": urlencode(chosen | {"before": found[PAGE - 1].pk}) if len(found) > PAGE else "",
        "newest": f"?{urlencode(chosen)}" if before else "",
    }
    return render(request, "documents.html", context)


def _choices(name: str, known: list[tuple[str, Any]], chosen: dict[str, str]) -> list[Shown]:
    """Links, with the one that is chosen; the other choice stays as it is."""
    others = {each: value for each, value in chosen.items() if each != name}
    return [
        {
            "words": capfirst(words),
            "url": "?" + urlencode(others | ({name: value} if value else {})),
            "on": chosen.get(name, "") == value,
        }
        for value, words in [("", _("all")), *known]
    ]


def _page(found: NoticeQuerySet, before: Notice | None) -> list[Notice]:
    """One more than is shown: then there is a page after."""
    if before is not None:
        found = found.filter(
            Q(published_at__lt=before.published_at) | Q(published_at=before.published_at, pk__lt=before.pk)
        )
    return list(found.newest_first()[: PAGE + 1])


def _files(notices: Iterable[Notice]) -> dict[UUID, list[Shown]]:
    """By notice, without their contents. One query."""
    found: dict[UUID, list[Shown]] = {}
    for each in NoticeFile.objects.listed().filter(notice__in=[notice.pk for notice in notices]):
        shown = {
            "number": each.number,
            "headline": each.headline,
            "is_picture": each.is_picture,
            "told": each.told,
            "format": capfirst(each.get_format_display()),
            "size": each.length,
            "lang": _lang(each),
        }
        found.setdefault(each.notice_id, []).append(shown)
    return found


def _lang(said: Notice | NoticeFile) -> str:
    """Chinese words on an English page say that they are Chinese, for whoever has it read aloud."""
    return "zh-Hans" if (get_language() or "").startswith("en") and not said.in_english else ""


def newest(*, resident: Resident, at: datetime, limit: int) -> list[Shown]:
    """For the home page: what counts today, what is on top first. Two queries, and one more for who has
    left."""
    here = resident.neighborhood
    found = audience.reader(resident=resident, at=at).readable().current(today_in(here, at))
    return [line(each, here, at) for each in found.order_by("-pinned", "-published_at", "-pk")[:limit]]


def line(notice: Notice, here: Neighborhood, at: datetime) -> Shown:
    """One notice in a list."""
    return {
        "pk": notice.pk,
        "icon": ICONS[Notice.Kind(notice.kind)],
        "kind": capfirst(notice.get_sort_display() or notice.get_kind_display()),
        "headline": notice.headline,
        "lang": _lang(notice),
        "by": f"{capfirst(notice.committee.get_kind_display())} · {notice.committee.name}",
        "at": notice.published_at,
        "for_whom": for_whom(notice),
        "meets_at": notice.meets_at,
        "place": notice.place,
        "puts_right": notice.corrects_id is not None,
        "met": notice.meets_at is not None and notice.meets_at < at,
        "over": notice.until is not None and notice.until < today_in(here, at),
    }


def for_whom(notice: Notice) -> str:
    """Nothing where it is for everybody. Of buildings their names, as `with_buildings` brought them."""
    if notice.audience == Notice.Audience.BUILDINGS:
        return _(", ").join(notice.building_names)  # type: ignore[attr-defined]
    return "" if notice.audience == Notice.Audience.ALL else capfirst(notice.get_audience_display())


def _named(reader: audience.Reader, asked: str) -> Notice | None:
    """The notice that a page goes on from, taken down or not; anything else is the first page."""
    try:
        pk = UUID(asked)
    except ValueError:
        return None
    return reader.said().filter(pk=pk).first()
