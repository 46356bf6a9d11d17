"""Days that count as others, and clocks that jump: the wall clock of the gate's time zone decides, whatever UTC does."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.decide import (
    MIDNIGHT,
    Card,
    Contact,
    Match,
    Reason,
    Ticket,
    Today,
    Window,
    decide_card,
    decide_face,
)
from gate.decide import _by_ticket as by_ticket

HANGZHOU = ZoneInfo("Asia/Shanghai")
# With gaps and folds, at midnight too (Beirut, Havana), of half an hour (Lord Howe), and a day left out (Apia, 2011).
ZONES = [
    ZoneInfo(name)
    for name in (
        "Asia/Shanghai",
        "Europe/Berlin",
        "America/New_York",
        "Asia/Beirut",
        "America/Havana",
        "Africa/Cairo",
        "Australia/Lord_Howe",
        "Pacific/Apia",
    )
]
SPRING_FESTIVAL = date(2027, 2, 8)  # a Monday, when hours of a Sunday hold
MADE_UP = date(2027, 2, 20)  # a Saturday on which work is made up: hours of a Monday
CALENDAR = {SPRING_FESTIVAL: 7, MADE_UP: 1}


def opens(window: Window, now: datetime, *, zone: ZoneInfo = HANGZHOU, calendar=None) -> bool:
    today = Today(calendar or {})
    return decide_card(
        digest="d", cards=[Card("c", "d", (window,))], now=now, time_zone=zone, today=today
    ).open


def working_days(since=time(8), until=time(18)) -> Window:
    return Window(days=frozenset({1, 2, 3, 4, 5}), since=since, until=until)


@pytest.mark.obligation("2")
@pytest.mark.parametrize(
    ("day", "opens_then"),
    [(SPRING_FESTIVAL, False), (date(2027, 2, 9), True), (MADE_UP, True), (date(2027, 2, 21), False)],
)
def test_a_special_day_has_the_hours_of_the_day_it_counts_as(day, opens_then):
    noon = datetime.combine(day, time(12), tzinfo=HANGZHOU)
    assert opens(working_days(), noon, calendar=CALENDAR) is opens_then


def test_the_night_belongs_to_the_day_it_began_on_whatever_that_counts_as():
    sunday_night = Window(days=frozenset({7}), since=time(22), until=time(6))
    after = datetime(
        2027, 2, 9, 5, tzinfo=HANGZHOU
    )  # Tuesday morning, after the Monday that counts as a Sunday
    assert opens(sunday_night, after, calendar=CALENDAR)
    assert not opens(sunday_night, after)
    assert not opens(sunday_night, datetime(2027, 2, 8, 23, tzinfo=HANGZHOU))
    assert opens(sunday_night, datetime(2027, 2, 8, 23, tzinfo=HANGZHOU), calendar=CALENDAR)


def test_a_whole_day_counts_as_another():
    sundays = Window(days=frozenset({7}))
    assert opens(sundays, datetime(2027, 2, 8, 0, 0, tzinfo=HANGZHOU), calendar=CALENDAR)
    assert not opens(sundays, datetime(2027, 2, 9, 0, 0, tzinfo=HANGZHOU), calendar=CALENDAR)


def test_an_hour_that_is_left_out_shuts_nobody_out_after_it():
    berlin = ZoneInfo("Europe/Berlin")
    from_half_past_two = Window(days=frozenset({7}), since=time(2, 30), until=time(4))
    assert not opens(
        from_half_past_two, datetime(2027, 3, 28, 0, 59, 59, tzinfo=UTC), zone=berlin
    )  # 01:59:59
    assert opens(
        from_half_past_two, datetime(2027, 3, 28, 1, 0, tzinfo=UTC), zone=berlin
    )  # 03:00, one second later


def test_an_hour_that_comes_twice_opens_twice():
    berlin = ZoneInfo("Europe/Berlin")
    an_hour = Window(days=frozenset({7}), since=time(2, 15), until=time(2, 45))
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert opens(an_hour, first, zone=berlin)
    assert opens(an_hour, first + timedelta(hours=1), zone=berlin)
    assert not opens(an_hour, first + timedelta(minutes=30), zone=berlin)


MOMENTS = st.datetimes(
    min_value=datetime(2011, 12, 1), max_value=datetime(2038, 1, 1), timezones=st.just(UTC)
)
TIMES = st.times().map(lambda each: each.replace(second=0, microsecond=0))
DAYS = st.frozensets(st.integers(1, 7), min_size=1)


def by_the_wall_clock(window: Window, now: datetime, zone: ZoneInfo, calendar) -> bool:
    """The same said by listing: every minute of the wall clock is a day and a time, and a night goes on after midnight."""
    wall = now.astimezone(zone).replace(tzinfo=None)
    for began in (wall.date(), wall.date() - timedelta(days=1)):
        counts_as = calendar.get(began, began.isoweekday())
        start = datetime.combine(began, window.since)
        end = datetime.combine(began, window.until)
        if window.until <= window.since:
            end += timedelta(days=1)
        if counts_as in window.days and start <= wall < end:
            return True
    return False


@settings(max_examples=400, deadline=None)
@given(
    now=MOMENTS,
    zone=st.sampled_from(ZONES),
    days=DAYS,
    since=TIMES,
    until=TIMES,
    counts_as=st.dictionaries(st.integers(-2, 2), st.integers(1, 7)),
)
def test_every_window_is_what_the_wall_clock_says(now, zone, days, since, until, counts_as):
    if since == until != MIDNIGHT:
        until = since.replace(minute=(since.minute + 1) % 60)
    window = Window(days=days, since=since, until=until)
    here = now.astimezone(zone).date()
    calendar = {here + timedelta(days=off): day for off, day in counts_as.items()}
    assert opens(window, now, zone=zone, calendar=calendar) == by_the_wall_clock(window, now, zone, calendar)


@settings(max_examples=100, deadline=None)
@given(year=st.integers(2024, 2036), zone=st.sampled_from(ZONES), days=DAYS, since=TIMES, until=TIMES)
def test_around_every_change_of_the_clocks_too(year, zone, days, since, until):
    if since == until:
        return
    window = Window(days=days, since=since, until=until)
    for jump in _jumps(year, zone):
        for minutes in range(-150, 151, 10):
            now = jump + timedelta(minutes=minutes)
            assert opens(window, now, zone=zone) == by_the_wall_clock(window, now, zone, {})


def _jumps(year: int, zone: ZoneInfo):
    hour = datetime(year, 1, 1, tzinfo=UTC)
    while hour.year == year:
        after = hour + timedelta(hours=12)
        if hour.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            yield after
        hour = after


@pytest.mark.obligation("2", "3")
@settings(max_examples=200, deadline=None)
@given(
    now=MOMENTS, zone=st.sampled_from(ZONES), days=DAYS, since=TIMES, until=TIMES, counts_as=st.integers(1, 7)
)
def test_all_ways_in_have_the_same_hours(now, zone, days, since, until, counts_as):
    windows = (Window(days=days, since=since, until=until),)
    today = Today({now.astimezone(zone).date(): counts_as})
    fresh = Contact(now, 24)
    by_card = decide_card(digest="d", cards=[Card("c", "d", windows)], now=now, time_zone=zone, today=today)
    by_pin = by_ticket(Ticket("p", "pin", windows), now, zone, fresh, today)
    by_qr = by_ticket(Ticket("q", "qr", windows), now, zone, fresh, today)
    by_face = decide_face(
        near=[Match(0.1, "f", windows)],
        now=now,
        time_zone=zone,
        faces_used_here=True,
        last_sync=now,
        offline_hours=24,
        today=today,
    )
    assert by_card.open == by_pin.open == by_qr.open == by_face.open
    assert by_card.reason == by_face.reason


def test_a_gate_that_is_cut_off_knows_the_day(site, agent):
    card = site.give_card("04A2B3C4", windows=[_sent(days=[1, 2, 3, 4, 5])])
    here = datetime.fromtimestamp(site.now(), UTC).astimezone(HANGZHOU).date()
    site.says = {"calendar": {here.isoformat(): 1}}
    agent.sync()
    site.mischief = "silence"
    assert agent.show_card("04A2B3C4").credential == card
    site.mischief = None
    site.says = {"calendar": {here.isoformat(): 7}}
    agent.sync()
    site.mischief = "silence"
    assert agent.show_card("04A2B3C4").reason is Reason.OUTSIDE_HOURS


def _sent(*, days):
    return {"valid_from": None, "valid_until": None, "days": days, "from": "00:00", "to": "00:00"}
