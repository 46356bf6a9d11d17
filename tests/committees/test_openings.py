"""Openings are a number that grows by ones and is told so coarsely that nobody stands out in it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from committees import openings, publishing
from committees.models import Notice, NoticeOpenings
from residents.ages import today_in
from residents.models import Neighborhood
from tests import make
from tests.access.test_enrolment_races import at_once
from tests.committees.notices import draft, happened_at, published

DAY = timedelta(days=1)


def refused(act) -> None:
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        act()
    assert error.value.__cause__.sqlstate == "LM210"


def many(notice: Notice, number: int, *, at) -> None:
    for _ in range(number):
        openings.one_more(notice=notice, at=at)


@pytest.fixture
def made(here, chair, now) -> Notice:
    return published(here, chair, at=now)


def people(here, number: int, *, at) -> None:
    home = make.unit(here)
    for _ in range(number):
        make.resident(here, at=at, lives_in=home, account=False)


def test_what_is_told_is_of_yesterday_and_in_tens(made, here, now):
    people(here, 57, at=now)
    many(made, 23, at=now)
    told = openings.told(notice=made, at=now)
    assert (told.browsers, told.nearly_all) == (None, False)  # today's are not told today
    told = openings.told(notice=made, at=now + DAY)
    assert (told.people, told.browsers) == (50, 20)
    many(made, 9, at=now + DAY)
    assert openings.told(notice=made, at=now + DAY).browsers == 20
    assert openings.told(notice=made, at=now + 2 * DAY).browsers == 30


@pytest.mark.obligation("27", "31")
@pytest.mark.parametrize(
    ("number", "opened", "said"),
    [
        (9, 9, None),
        (19, 19, None),
        (20, 9, (None, False)),
        (20, 10, (10, False)),
        (20, 11, (None, True)),
        (40, 30, (30, False)),
        (40, 31, (None, True)),
        (40, 99, (None, True)),
        (40, 0, (None, False)),
    ],
)
def test_neither_how_few_nor_that_all_have_read_is_told(made, here, now, number, opened, said):
    people(here, number, at=now)
    many(made, opened, at=now)
    told = openings.told(notice=made, at=now + DAY)
    assert (told and (told.browsers, told.nearly_all)) == said


@pytest.mark.obligation("31")
def test_whoever_tells_of_no_fewer_than_thirty_does_so_here_too(made, here, now):
    people(here, 60, at=now)
    many(made, 25, at=now)
    Neighborhood.objects.filter(pk=here.pk).update(fewest_counted=30)
    found = Notice.objects.get(pk=made.pk)
    assert openings.told(notice=found, at=now + DAY).browsers is None


def test_of_two_at_once_none_is_lost(committed, here, chair, now):
    made = published(here, chair, at=now)
    for _ in range(5):
        assert at_once(*[lambda: many(made, 4, at=now)] * 3) == [None] * 3
    assert NoticeOpenings.objects.get().today == 60


@pytest.mark.obligation("31")
def test_it_grows_by_ones_whoever_writes(made, here, chair, now):
    today = today_in(here, now)
    row = {"notice": made, "neighborhood": here, "day": today}
    refused(lambda: NoticeOpenings.objects.create(**row, today=5))
    many(made, 3, at=now)
    kept = NoticeOpenings.objects.filter(notice=made)
    for changed in (
        {"today": 5},
        {"today": 2},
        {"before": 9, "today": 4},
        {"day": today - DAY, "today": 4},
        {"day": today + DAY, "today": 1},
    ):
        refused(lambda changed=changed: kept.update(**changed))
    refused(kept.delete)
    assert kept.update(today=4) == 1


def test_a_draft_and_what_was_taken_down_are_not_counted(made, here, chair, now):
    row = {"neighborhood": here, "day": today_in(here, now), "today": 1}
    hidden = draft(here, chair, at=now)
    refused(lambda: NoticeOpenings.objects.create(notice=hidden, **row))
    assert not openings.one_more(notice=hidden, at=now)
    assert openings.one_more(notice=made, at=now)
    publishing.take_down(notice=made, by=chair, at=now)
    refused(lambda: NoticeOpenings.objects.filter(notice=made).update(today=2))
    assert not openings.one_more(notice=made, at=now)
    assert NoticeOpenings.objects.get().today == 1


@pytest.mark.obligation("20")
def test_it_goes_with_its_notice(made, now):
    many(made, 3, at=now)
    happened_at(made, "published_at", now - timedelta(days=5 * 365))
    made.delete()
    assert not NoticeOpenings.objects.exists()
