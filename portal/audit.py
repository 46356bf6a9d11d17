"""What auditors read, composed from every room (obligations 23, 37 and 39): one visible list of whose numbers there are.

What is taken along (`sheet`) holds codes, numbers and the opaque numbers of accounts: no name, no word that anybody wrote, and
nothing by which a resident could be found. A test looks for everything that somebody marked could be known by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

import access.audited
import committees.audited
import consent.audited
import residents.audited
import sharing.audited
from committees import rights_changes
from consent.admin.counts import papers_by_clerk
from consent.second_reading import FEWEST_COUNTED, rounded
from portal import retention
from residents.audited import Figure, Span
from residents.keeping import Rule
from residents.models import Neighborhood

FIRST_YEAR = 2020  # nothing here is older; and no address makes us count through all time


@dataclass(frozen=True)
class Section:
    code: str
    title: str | Promise
    of: Callable[[Span], list[Figure]]


# In the order in which people read them.
SECTIONS: Sequence[Section] = (
    Section("people", _("Who looked, who asked, what was deleted"), residents.audited.figures),
    Section("consent", _("Papers and decisions"), consent.audited.figures),
    Section("sharing", _("What was given to others"), sharing.audited.figures),
    Section("access", _("Gates"), access.audited.figures),
    Section("committees", _("Offices, and what residents asked of them"), committees.audited.figures),
)
OF_MINORS: Sequence[Callable[[Span], list[Figure]]] = (
    residents.audited.minors,
    consent.audited.minors,
    sharing.audited.minors,
)


class NoSuchMonth(ValueError):
    """Not written as 2026-11, or still to come."""


def month_of(text: str, *, neighborhood: Neighborhood, at: datetime) -> Span:
    """Empty: this one.

    Raises: NoSuchMonth
    """
    today = at.astimezone(ZoneInfo(neighborhood.time_zone)).date()
    try:
        first = datetime.strptime(f"{text}-01", "%Y-%m-%d").date() if text else today.replace(day=1)  # noqa: DTZ007  (a date)
    except ValueError:
        raise NoSuchMonth(text) from None
    if first > today or first.year < FIRST_YEAR:
        raise NoSuchMonth(text)
    return _span(neighborhood, first, _next(first), at)


def year_of(year: int, *, neighborhood: Neighborhood, at: datetime) -> Span:
    return _span(neighborhood, date(year, 1, 1), date(year + 1, 1, 1), at)


def months(span: Span, count: int = 13) -> list[date]:
    """The newest first, as far as today."""
    first = span.at.astimezone(ZoneInfo(span.neighborhood.time_zone)).date().replace(day=1)
    found = []
    for _each in range(count):
        found.append(first)
        first = (
            first.replace(year=first.year - 1, month=12)
            if first.month == 1
            else first.replace(month=first.month - 1)
        )
    return found


def first_day(span: Span) -> date:
    return span.since.astimezone(ZoneInfo(span.neighborhood.time_zone)).date()


def named(span: Span) -> str:
    return f"{first_day(span):%Y-%m}"


def told(figure: Figure) -> str:
    """As it is printed and taken along: a small number that could point at somebody is not told."""
    if figure.untold:
        return gettext("not told: of one of them only few asked")
    return rounded(figure.number) if figure.points else str(figure.number)


def figures(span: Span) -> list[tuple[Section, list[Figure]]]:
    return [(section, section.of(span)) for section in SECTIONS]


def minors(span: Span) -> list[Figure]:
    return [figure for of in OF_MINORS for figure in of(span)]


def papers(span: Span) -> list[dict[str, str]]:
    """What each clerk did with papers in this month, rounded."""
    month = named(span)
    return [each for each in papers_by_clerk([span.neighborhood.pk]) if each["month"] == month]


def late_rules(span: Span) -> list[Rule]:
    return retention.late(at=span.at, where=[span.neighborhood.pk])


def sheet(span: Span) -> list[dict[str, Any]]:
    """Lines to take along: section, code, account, capacity, number. An account is the beginning of its own number."""
    lines = [
        _line(section.code, each.code, _plain(each)) for section, found in figures(span) for each in found
    ]
    lines += [
        _line("looks_by_staff", what, str(row[what]), row["by"], row["capacity"])
        for row in residents.audited.looks_by_staff(span)
        for what in ("count", "minors", "emergencies")
    ]
    lines += [
        _line("papers_by_clerk", what, _small(paper[what]), paper["account"])
        for paper in papers(span)
        for what in ("handed_out", "received", "confirmed", "unreadable")
    ]
    lines += [
        _line("disclosures", str(each["request"].kind), _few(each["people"]))
        for each in sharing.audited.disclosures(sharing.audited.handed(span))
    ]
    changed = rights_changes.between(neighborhood=span.neighborhood, since=span.since, until=span.until)
    lines += [_line("rights_changes", each.what, "1", each.user_id, each.capacity) for each in changed]
    lines += [_line("overdue_rules", rule.code, "1") for rule in late_rules(span)]
    return lines


def _plain(figure: Figure) -> str:
    if figure.untold:
        return "few"
    return _few(figure.number) if figure.points else str(figure.number)


def _few(number: int) -> str:
    return str(number) if number >= FEWEST_COUNTED else f"<{FEWEST_COUNTED}"


def _small(told: str) -> str:
    """What `rounded` told in words, as a code."""
    return told if told.isdigit() else f"<{FEWEST_COUNTED}"


def _line(section: str, code: str, number: str, account: Any = "", capacity: str = "") -> dict[str, Any]:
    return {
        "section": section,
        "code": code,
        "account": str(account)[:8],
        "capacity": capacity,
        "number": number,
    }


def _next(first: date) -> date:
    return (
        first.replace(year=first.year + 1, month=1)
        if first.month == 12
        else first.replace(month=first.month + 1)
    )


def _span(neighborhood: Neighborhood, first: date, end: date, at: datetime) -> Span:
    zone = ZoneInfo(neighborhood.time_zone)
    return Span(
        neighborhood=neighborhood,
        since=datetime.combine(first, time(), tzinfo=zone),
        until=datetime.combine(end, time(), tzinfo=zone),
        at=at,
    )
