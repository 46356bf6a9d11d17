"""How well each body answered: counted by month from the steps, and told of nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from committees import answered, service, service_days
from committees.answered import Month
from committees.models import Committee, ServiceRequest
from committees.models.service import Kind
from residents.ages import today_in
from tests import make
from tests.committees import service as asking
from tests.committees.signed import Kind as Body


@pytest.fixture
def last(here, now) -> datetime:
    """The eighth of last month, at ten in the morning."""
    first = today_in(here, now).replace(day=1) - timedelta(days=1)
    return datetime(first.year, first.month, 8, 10, tzinfo=ZoneInfo(here.time_zone))


@pytest.fixture
def asked(here, clerk, last, now):
    """One of last month, by somebody each, answered after so many days, and done after so many; None: never."""

    def made(
        *, replied: int | None, done: int | None, again: int | None = None, by=None, **also
    ) -> ServiceRequest:
        resident = by or make.resident(here, at=now)
        found = asking.asked(resident, at=now, **also)
        if replied is not None:
            asking.done(found, clerk, at=now, status="replied")
        if done is not None:
            asking.done(found, clerk, at=now)
        if again is not None:
            service.reopen(request=found, words="又坏了", token=uuid4(), by=resident.user, at=now)
        found = asking.days_pass(found, now - last)
        moments = [last + timedelta(days=days) for days in (replied, done, again) if days is not None]
        for number, moment in enumerate([last, *moments], start=1):
            asking.step_was_at(found, number, moment)
        return found

    return made


def month_of(here, now, body=Body.PROPERTY) -> Month:
    return answered.months(neighborhood=here, at=now)[body][0]


@pytest.mark.obligation("27", "31")
def test_it_counts_what_was_in_time_what_was_late_and_what_never_was(here, asked, now):
    asked(replied=1, done=10)
    asked(replied=3, done=14)
    asked(replied=1, done=16)
    asked(replied=2, done=None)
    asked(replied=None, done=None)
    found = month_of(here, now)
    assert (found.asked, found.replied_in_time, found.replied_late, found.never_replied) == (5, 3, 1, 1)
    assert (found.done_in_time, found.done_late, found.never_done) == (2, 1, 2)


@pytest.mark.obligation("27", "31")
def test_of_a_month_in_which_few_asked_nothing_is_told_but_that(here, asked, now):
    for _number in range(here.fewest_counted - 1):
        asked(replied=1, done=2)
    found = month_of(here, now)
    assert found == Month(found.first, few=True)


@pytest.mark.obligation("27", "31")
def test_few_people_are_few_however_often_each_of_them_asked(here, asked, resident, now):
    for _number in range(here.fewest_counted):
        asked(replied=1, done=2, by=resident)
    assert month_of(here, now).few
    for _number in range(here.fewest_counted - 1):
        asked(replied=1, done=2)
    assert month_of(here, now).asked == 2 * here.fewest_counted - 1


def test_what_was_called_off_after_an_answer_was_answered_and_waits_for_nothing(here, asked, resident, now):
    for _number in range(4):
        asked(replied=1, done=2)
    off = asked(replied=1, done=None, by=resident)
    service.call_off(request=off, token=uuid4(), by=resident.user, at=now)
    found = month_of(here, now)
    assert (found.asked, found.replied_in_time, found.done_in_time, found.never_done) == (5, 5, 4, 0)


@pytest.mark.obligation("27")
def test_it_is_counted_by_the_days_it_was_asked_under(here, asked, chair_of_company, now):
    for _number in range(4):
        asked(replied=2, done=10)
    body = Committee.objects.get(neighborhood=here, kind=Body.PROPERTY)
    service_days.say(committee=body, kind=Kind.REPAIR, reply_days=1, done_days=5, by=chair_of_company, at=now)
    asked(replied=2, done=10)
    found = month_of(here, now)
    assert (found.replied_in_time, found.replied_late, found.done_in_time, found.done_late) == (4, 1, 4, 1)


def test_what_was_called_off_before_an_answer_counts_for_nobody(here, asked, resident, now):
    for _number in range(5):
        asked(replied=1, done=2)
    off = asking.asked(resident, at=now)
    service.call_off(request=off, token=uuid4(), by=resident.user, at=now)
    asking.days_pass(off, timedelta(days=31))
    assert month_of(here, now).asked == 5


def test_an_answer_that_was_late_stays_late_when_it_is_opened_again(here, asked, now):
    for again in (None, None, None, None, 8):
        asked(replied=5, done=6, again=again)
    found = month_of(here, now)
    assert (found.replied_late, found.done_in_time, found.reopened) == (5, 5, 1)


def test_each_body_has_its_own_and_this_month_is_not_told_yet(here, asked, resident, clerk, now):
    for _number in range(5):
        asked(replied=1, done=2)
    asking.asked(resident, at=now)
    owners = asking.answers(here, Body.OWNERS, at=now)
    asking.asked(resident, at=now, kind=Kind.COMPLAINT, body=Body.OWNERS)
    found = answered.months(neighborhood=here, at=now)
    assert list(found) == [Body.OWNERS, Body.PROPERTY]
    assert owners
    assert [month.asked for month in found[Body.PROPERTY]] == [5, 0, 0, 0, 0, 0]
    assert not any(month.asked or month.few for month in found[Body.OWNERS])


def test_it_asks_two_queries_however_many_there_are(here, asked, now, django_assert_num_queries):
    for _number in range(5):
        asked(replied=1, done=2)
    with django_assert_num_queries(2):
        answered.months(neighborhood=here, at=now)


@pytest.mark.parametrize(
    ("day", "firsts"),
    [("2026-03-15", ("2026-02-01", "2025-09-01")), ("2026-01-01", ("2025-12-01", "2025-07-01"))],
)
def test_the_months_are_the_calendars_own(day, firsts):
    found = answered._firsts(datetime.fromisoformat(day).date())
    assert (found[0].isoformat(), found[-1].isoformat()) == firsts
    assert len(found) == answered.MONTHS
