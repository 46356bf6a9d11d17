"""How long things are kept, as data (laws 8 and 9, obligations 20 and 41): what, why, how long, since when, and how it ends.

Each room lists its rules in its own `retention.py`: `RULES` for what ends, `KEPT` for what stays and the reason it does.
`portal/retention.py` sees to them all and shows them to everybody. A rule without a period cannot be written down.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, models, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from residents.ages import years_before
from residents.models import Neighborhood

Words = str | Promise
Rows = QuerySet[Any, Any]


class NoPeriod(ValueError):
    """A rule that does not say how long, or says nothing at all: nothing is kept for an unknown time."""


class End(models.TextChoices):
    DELETE = "delete", _("deleted")
    ANONYMISE = "anonymise", _("wiped")


@dataclass(frozen=True)
class Years:
    """By the calendar, for dates; on the day itself it is over."""

    number: int


@dataclass(frozen=True)
class Setting:
    """A setting that holds days, for whoever runs the system."""

    name: str


@dataclass(frozen=True)
class ByNeighborhood:
    """A column of the neighborhood that holds days."""

    column: str


@dataclass(frozen=True)
class AsWritten:
    """The row's own date is the end: somebody agreed to it, or was told."""


Life = timedelta | Years | Setting | ByNeighborhood | AsWritten
Claim = Callable[[Rows, int], list[Any]]


# About as many entries lie on one page of a file, so that a stretch of it is about a batch.
ROWS_A_PAGE = 50


def rows_themselves(due: Rows, limit: int) -> list[Any]:
    """Claim rows for this transaction. One that somebody else holds at this moment is left for the next sweep."""
    claimed = due.select_for_update(skip_locked=True, no_key=True, of=("self",)).only("pk")[:limit]
    return [row.pk for row in claimed]


class Gone(NamedTuple):
    rows: int
    page: int  # of the table's file, up to which they lay


def delete_at_once(due: Rows, limit: int) -> Gone:
    """Claims and deletes up to `limit` rows in one statement, found by where they lie; for what comes by the million and
    nothing hangs on. Locking each row first would cost as much again, so that is done only where somebody else is at work on
    the same rows: a second sweep then takes others, and what is held for something else is left for the next.
    """
    try:
        with transaction.atomic():
            found, gone = _delete(due, limit)
    except OperationalError:  # a row was held for longer than a sweep waits
        found, gone = limit, Gone(0, 0)
    if gone.rows == found:
        return gone
    more = _delete(due.select_for_update(skip_locked=True), limit - gone.rows)[1]
    return Gone(gone.rows + more.rows, max(gone.page, more.page))


def delete_along(due: Rows, page: int, pages: int) -> int:
    """Deletes what is due in a stretch of the table's file, in one statement. Where whole stretches are due this costs what one
    `DELETE` of them all would: nothing is looked for twice, and what earlier batches left is not read again.
    """
    places = ("ctid >= %s::tid AND ctid < %s::tid",)
    here = due.order_by().extra(where=places, params=(f"({page},0)", f"({page + pages},0)"))  # noqa: S610  (fixed text)
    try:
        with transaction.atomic():
            return here.delete()[0]
    except OperationalError:  # a row was held for longer than a sweep waits
        return _delete(here.select_for_update(skip_locked=True), pages * ROWS_A_PAGE)[1].rows


def _delete(due: Rows, limit: int) -> tuple[int, Gone]:
    """How many were found, and which of them went: fewer where somebody else was quicker."""
    table = connection.ops.quote_name(due.model._meta.db_table)
    where = RawSQL(f"{table}.ctid", ())  # noqa: S611  (a model's own name)
    places = due.order_by().annotate(place=where).values_list("place")[:limit]
    try:
        found, params = places.query.sql_with_params()
    except EmptyResultSet:  # nobody lives anywhere yet, so nothing can be due
        return 0, Gone(0, 0)
    # A row that changed meanwhile lies elsewhere, and is left alone.
    at_once = f"""
        WITH found (place) AS MATERIALIZED ({found}),
            gone AS (DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT place FROM found)) RETURNING 1)
        SELECT (SELECT count(*) FROM found), (SELECT count(*) FROM gone), (SELECT (max(place)::text::point)[0]::int FROM found)
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(at_once, params)
        count, gone, page = cursor.fetchone()
        return count, Gone(gone, page or 0)


def as_they_are(rows: Rows) -> Iterator[tuple[UUID, UUID, dict[str, Any]]]:
    """What a hold copies of each row, with its own number and its person's."""
    for row in rows.values():
        yield row["id"], row.pop("held_of"), row


def of_person(path: str) -> Callable[[Rows, Collection[UUID]], Rows]:
    """Rows that name their person, by this path."""
    return lambda rows, people: rows.filter(**{f"{path}__in": people}).annotate(held_of=F(path))


@dataclass(frozen=True, kw_only=True)
class Holdable:
    """That a legal hold may keep a sealed copy when such rows go (see `residents.holds`). What has none of this goes all the
    same, and what was made from a face is one of those."""

    scope: str  # a column of `Hold`
    # Those of these people, each with its person as `held_of`.
    of: Callable[[Rows, Collection[UUID]], Rows]
    copies: Callable[[Rows], Iterator[tuple[UUID, UUID, dict[str, Any]]]] = as_they_are
    # What is copied opens with a key that ends as it goes: the copies are committed before, for no rollback brings a key back.
    under_a_key: bool = False


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One kind of thing that ends. `clock` names the column that its life is counted from."""

    code: str  # room.subject, as reports name it
    what: Words
    why: Words
    life: Life
    since: Words  # the clock, in words: "after it was received"
    end: End
    covers: tuple[str, ...]  # `room.Model`, or `room.Model.field` where only that goes
    rows: Callable[[], Rows]
    clock: str
    # Ends these rows, in the transaction that claimed them; how many really went.
    forget: Callable[[list[Any], datetime], int]
    claim: Claim = rows_themselves
    at_once: bool = False  # by `delete_at_once`; a batch that fails is claimed row by row all the same
    batch: int = 500  # so many in one transaction
    grace: timedelta = timedelta(hours=6)  # due for longer than this is late, and the alarm sounds
    when: Callable[[datetime], Q] | None = None  # instead of clock and life, where they do not say it all
    holdable: Holdable | None = None

    def __post_init__(self) -> None:
        """Raises: NoPeriod"""
        if isinstance(self.life, timedelta) and self.life <= timedelta(0):
            raise NoPeriod(self.code)
        if isinstance(self.life, Years) and self.life.number < 1:
            raise NoPeriod(self.code)
        if not isinstance(self.life, timedelta | Years | Setting | ByNeighborhood | AsWritten):
            raise NoPeriod(self.code)
        if not (self.code and self.what and self.why and self.since and self.covers):
            raise NoPeriod(self.code)

    def due(self, at: datetime) -> Rows:
        """What is to be gone by `at`, oldest first. Asked for an earlier time, what has been due since then."""
        over = self.when(at) if self.when else self._over(at)
        return self.rows().filter(over).order_by(self.clock, "pk")

    def late(self, at: datetime) -> Rows:
        """What should have gone long ago. Asked of the rows, so that it is true whatever a sweep says of itself."""
        return self.due(at - self.grace)

    def how_long(self, neighborhood: Neighborhood | None = None) -> str:
        """The period in words; where a neighborhood sets it, that one's."""
        return in_words(self.life, neighborhood)

    def _over(self, at: datetime) -> Q:
        before = f"{self.clock}__lte"
        match self.life:
            case ByNeighborhood(column):
                return _by_neighborhood(self.clock, column, at)
            case Years(number):
                return _by_calendar(self.clock, number, at)
            case Setting(name):
                return Q(**{before: at - timedelta(days=getattr(settings, name))})
            case AsWritten():
                return Q(**{before: at})
            case timedelta():
                return Q(**{before: at - self.life})


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One kind of thing that no clock ends, and why it must stay."""

    what: Words
    why: Words
    until: Words
    covers: tuple[str, ...]


def deleted(model: type[models.Model]) -> Callable[[list[Any], datetime], int]:
    """`forget` for rows that nothing else hangs on."""

    def forget(claimed: list[Any], at: datetime) -> int:
        return model._default_manager.filter(pk__in=claimed).delete()[1].get(model._meta.label, 0)

    return forget


def in_words(life: Life, neighborhood: Neighborhood | None = None) -> str:
    match life:
        case AsWritten():
            return str(_("as long as was said"))
        case Years(number):
            return ngettext("%(count)d year", "%(count)d years", number) % {"count": number}
        case Setting(name):
            return _days(getattr(settings, name))
        case ByNeighborhood(column):
            field = Neighborhood._meta.get_field(column)
            if neighborhood is None:
                return str(_("at most %(days)s; your neighborhood may set less")) % {
                    "days": _days(field.get_default())  # type: ignore[union-attr]
                }
            return _days(getattr(neighborhood, column))
        case timedelta(days=0, seconds=seconds) if seconds % 3600:
            minutes = seconds // 60
            return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
        case timedelta(days=0, seconds=seconds):
            hours = seconds // 3600
            return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
        case timedelta(days=days):
            return _days(days)


def _days(number: int) -> str:
    if number >= 730 and number % 365 == 0:
        return in_words(Years(number // 365))
    return ngettext("%(count)d day", "%(count)d days", number) % {"count": number}


def _by_neighborhood(clock: str, column: str, at: datetime) -> Q:
    """Named one by one, so that an index on neighborhood and clock finds what is due and passes over the rest."""
    over = Q(pk__in=[])
    groups: dict[int, list[Any]] = {}
    for pk, days in Neighborhood.objects.values_list("pk", column):
        groups.setdefault(days, []).append(pk)
    for days, neighborhoods in sorted(groups.items()):
        over |= Q(**{"neighborhood__in": neighborhoods, f"{clock}__lte": at - timedelta(days=days)})
    return over


def _by_calendar(clock: str, years: int, at: datetime) -> Q:
    """A date that was so many years ago, by the calendar of the row's neighborhood."""
    over = Q(pk__in=[])
    for zone in Neighborhood.objects.order_by().values_list("time_zone", flat=True).distinct():
        today = at.astimezone(ZoneInfo(zone)).date()
        over |= Q(**{"neighborhood__time_zone": zone, f"{clock}__lte": years_before(today, years)})
    return over
