"""On how many browsers a notice was opened, and how much of that is told.

The server keeps a number and nothing beside it: whether a browser opened a notice before, the browser itself knows
(`portal/screens/opened.py`). What is told to the body is so coarse that nobody who watches it learns whether a certain person
has read: it is as of the end of yesterday, in tens, and neither how few nor that all have read is told. For fewer than twenty
people nothing is told at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, connection, transaction

from committees import audience
from committees.models import Notice, NoticeOpenings
from residents.ages import today_in
from residents.laws import refused_by_law

# Of so many browsers more or fewer nothing is told, at either end.
COARSE = 10

ONE_MORE = """
INSERT INTO committees_noticeopenings AS o (notice_id, neighborhood_id, day, today, before) VALUES (%s, %s, %s, 1, 0)
ON CONFLICT (notice_id) DO UPDATE SET
    before = CASE WHEN excluded.day > o.day THEN o.before + o.today ELSE o.before END,
    today = CASE WHEN excluded.day > o.day THEN 1 ELSE o.today + 1 END,
    day = greatest(o.day, excluded.day)
"""


@dataclass(frozen=True)
class Told:
    """`browsers` in tens; None: fewer than `fewest`, or so many that it is nearly everybody."""

    people: int
    fewest: int
    browsers: int | None
    nearly_all: bool


def one_more(*, notice: Notice, at: datetime) -> bool:
    """A browser has opened it for the first time. One statement, so that of two at once none is lost. False: it was taken down at
    this very moment, and nothing is counted any more."""
    day = today_in(notice.neighborhood, at)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(ONE_MORE, [notice.pk, notice.neighborhood_id, day])
    except DatabaseError as error:
        if not refused_by_law(error):
            raise
        return False
    return True


def told(*, notice: Notice, at: datetime) -> Told | None:
    """None: it is for so few that nothing is said. Two queries.

    The number of people is of today and in tens, too: who moves in must not stand out in it.
    """
    fewest = max(COARSE, notice.neighborhood.fewest_counted)
    people = audience.people(notice=notice, at=at).count()
    if people < 2 * fewest:
        return None
    count = _until_yesterday(notice, at)
    nearly_all = count > people - fewest
    few = count < fewest
    return Told(_in_tens(people), fewest, None if few or nearly_all else _in_tens(count), nearly_all)


def _until_yesterday(notice: Notice, at: datetime) -> int:
    found = NoticeOpenings.objects.filter(notice=notice).first()
    if found is None:
        return 0
    return found.before + (found.today if found.day < today_in(notice.neighborhood, at) else 0)


def _in_tens(number: int) -> int:
    return number - number % COARSE
