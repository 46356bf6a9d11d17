"""A rule is saved as it was foreseen: who gains or loses which gate is shown first, by count and dwelling, and then done."""

from __future__ import annotations

import json
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access import cards, foreseeing, gates, rules
from access.feed import foresee
from access.models import FeedRow, Gate, Rule
from gate.decide import ORDINARY, _outside
from gate.feed import windows_of
from residents.models import Resident, Unit
from tests import make
from tests.cast import settle
from tests.desk.foreseeing import mark_in, removed_as_shown, saved_as_shown

RULES = "/admin/access/rule/"


@pytest.fixture
def gate(here, now) -> Gate:
    return gates.put_up(neighborhood=here, name="柳门", name_en="Willow Gate", at=now)


@pytest.fixture
def home(resident) -> Unit:
    return resident.occupancies.get().unit


@pytest.fixture
def family(here, resident, home, now) -> list[Resident]:
    """Three of them in one dwelling, each with a card."""
    others = [make.resident(here, at=now, lives_in=home) for _ in range(2)]
    for who in (resident, *others):
        make.card(who, at=now)
    return [resident, *others]


def told(gate: Gate) -> dict[str, object]:
    return {
        str(row.credential_id): row.body["windows"] for row in FeedRow.objects.filter(gate=gate, present=True)
    }


def test_it_is_shown_and_not_saved_until_it_is_pressed_again(desk, clerk, gate, home, family):
    client, given = desk(clerk), {"gate": gate.pk, "unit": home.pk, "on_days": ["6", "7"]}
    page = client.post(f"{RULES}add/", given).content.decode()
    assert "Nothing is saved yet" in page
    assert "3 people would gain Willow Gate" in page
    assert "Saturday, Sunday, all day" in page
    assert str(home) in page
    assert not Rule.objects.exists()
    assert told(gate) == {}
    assert client.post(f"{RULES}add/", {**given, "foreseen": mark_in(page)}).status_code == 302
    assert len(told(gate)) == 3


@pytest.mark.obligation("27")
def test_nobody_is_named_on_it(desk, clerk, gate, home, family):
    page = desk(clerk).post(f"{RULES}add/", {"gate": gate.pk, "unit": home.pk}).content.decode()
    for who in family:
        assert who.name not in page


def test_these_people_would_lose_this_gate_on_sundays(desk, clerk, gate, home, family, now):
    rule = rules.add(gate=gate, unit=home, at=now)
    client, weekdays = desk(clerk), {"unit": home.pk, "on_days": ["1", "2", "3", "4", "5", "6"]}
    page = client.post(f"{RULES}{rule.pk}/change/", weekdays).content.decode()
    assert "3 people would lose Willow Gate" in page
    assert "Sunday, all day" in page
    assert "would gain" not in page
    rule.refresh_from_db()
    assert rule.days == []
    assert saved_as_shown(client, f"{RULES}{rule.pk}/change/", weekdays).status_code == 302
    rule.refresh_from_db()
    assert rule.days == [1, 2, 3, 4, 5, 6]


def test_who_would_be_left_without_any_gate_is_said(desk, clerk, gate, home, family, now):
    rule = rules.add(gate=gate, unit=home, at=now)
    page = desk(clerk).get(f"{RULES}{rule.pk}/remove/").content.decode()
    assert "3 of them would have no gate left at all" in page
    other = gates.put_up(neighborhood=gate.neighborhood, name="东门", at=now)
    rules.add(gate=other, unit=home, at=now)
    assert "no gate left" not in desk(clerk).get(f"{RULES}{rule.pk}/remove/").content.decode()


def test_removing_takes_the_mark_of_what_was_shown(desk, clerk, gate, home, family, now):
    rule = rules.add(gate=gate, unit=home, at=now)
    address = f"{RULES}{rule.pk}/remove/"
    for unseen in ({}, {"foreseen": "0" * 32}):
        page = desk(clerk).post(address, unseen)
        assert page.status_code == 200
        assert "Look at what would change first" in page.content.decode()
    assert Rule.objects.filter(pk=rule.pk).exists()
    assert removed_as_shown(desk(clerk), address).status_code == 303
    assert not Rule.objects.exists()


def test_what_changed_meanwhile_is_shown_anew(desk, clerk, gate, home, family, here, now):
    client, given = desk(clerk), {"gate": gate.pk, "unit": home.pk}
    mark = mark_in(client.post(f"{RULES}add/", given).content.decode())
    make.resident(here, at=now, lives_in=home)
    page = client.post(f"{RULES}add/", {**given, "foreseen": mark})
    assert page.status_code == 200
    assert "4 people would gain" in page.content.decode()
    assert not Rule.objects.exists()


def test_a_rule_that_another_says_too_changes_nothing(desk, clerk, gate, home, family, now):
    rules.add(gate=gate, unit=home, at=now)
    page = desk(clerk).post(f"{RULES}add/", {"gate": gate.pk, "unit": home.pk, "on_days": ["1"]})
    assert "Nobody gains or loses anything by it" in page.content.decode()


def test_a_rule_that_moves_to_another_dwelling_shows_both(gate, home, family, here, now):
    rule = rules.add(gate=gate, unit=home, at=now)
    neighbor = settle(here, number="909", name="柳九", phone="0571 8801 0909", at=now)
    rule.unit = neighbor.occupancies.get().unit
    found = foreseeing.of(rule=rule, at=now)
    assert [(line.lost, line.people) for line in found.lines] == [(True, 3), (False, 1)]


def test_who_moves_in_later_counts_too(gate, home, family, here, now):
    make.resident(here, at=now, lives_in=home, since=now.date() + timedelta(days=20))
    found = foreseeing.of(rule=Rule(neighborhood=here, gate=gate, unit=home), at=now)
    assert sum(line.people for line in found.lines) == 4


def test_hours_past_midnight_are_of_two_days(gate, home, family, here, now):
    rule = Rule(neighborhood=here, gate=gate, unit=home, days=[7], from_time=time(22), to_time=time(2))
    (line,) = foreseeing.of(rule=rule, at=now).lines
    assert [(each.days, each.spans) for each in line.hours] == [
        ((1,), ((time(0), time(2)),)),
        ((7,), ((time(22), time(0)),)),
    ]


def test_it_asks_no_more_when_more_people_live_there(gate, home, family, here, now):
    rule = Rule(neighborhood=here, gate=gate, unit=home)
    foreseeing.of(rule=rule, at=now)
    with CaptureQueriesContext(connection) as few:
        foreseeing.of(rule=rule, at=now)
    for _ in range(12):
        cards.issue(resident=make.resident(here, at=now, lives_in=home), number=f"0488{_:06}", at=now)
    with CaptureQueriesContext(connection) as many:
        foreseeing.of(rule=rule, at=now)
    assert len(many) == len(few)


RULE = st.tuples(
    st.lists(st.integers(1, 7), max_size=4),
    st.none() | st.tuples(st.integers(0, 23), st.integers(0, 23)),
    st.booleans(),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(before=st.lists(RULE, max_size=2), change=RULE, what=st.sampled_from(["add", "change", "remove"]))
def test_what_is_foreseen_is_what_the_gate_is_told(gate, home, family, here, now, before, change, what):
    """The hours of everybody before and after the saving differ by exactly what was foreseen."""
    Rule.objects.all().delete()
    for each in before:
        rule_of(each, gate, home, family[0]).save()
    rule = Rule.objects.first() if what != "add" else None
    if rule is None:
        what, rule = "add", rule_of(change, gate, home, family[0])
    elif what == "change":
        days, hours, _whose = change
        rule.days = sorted(set(days))
        rule.from_time, rule.to_time = (time(hours[0]), time(hours[1])) if hours else (None, None)
    then = weeks(gate, now)
    foreseen = foreseeing.of(rule=rule, at=now, gone=what == "remove")
    if what == "remove":
        foreseeing.remove(rule=rule, seen=foreseen.mark, at=now)
    else:
        foreseeing.save(rule=rule, seen=foreseen.mark, at=now)
    after = weeks(gate, now)
    changed = sum(then.get(who) != after.get(who) for who in {*then, *after})
    lost = sum(bool(then.get(who, set()) - after.get(who, set())) for who in {*then, *after})
    gained = sum(bool(after.get(who, set()) - then.get(who, set())) for who in {*then, *after})
    assert sum(line.people for line in foreseen.lines if line.lost) == lost
    assert sum(line.people for line in foreseen.lines if not line.lost) == gained
    assert bool(foreseen.lines) == bool(changed)
    assert foreseen.without == sum(bool(then.get(who)) and not after.get(who) for who in then)


def rule_of(said, gate, home, who) -> Rule:
    days, hours, for_one = said
    since, until = (time(hours[0]), time(hours[1])) if hours else (None, None)
    whose = {"resident": who} if for_one else {"unit": home}
    return Rule(
        neighborhood=gate.neighborhood,
        gate=gate,
        days=sorted(set(days)),
        from_time=since,
        to_time=until,
        **whose,
    )


def weeks(gate: Gate, now) -> dict[object, set[tuple[int, int]]]:
    """Every hour of the week in which each may pass, by what the gate is told: the door's own reading of it."""
    zone = ZoneInfo(gate.neighborhood.time_zone)
    monday = (now.astimezone(zone) - timedelta(days=now.astimezone(zone).weekday())).replace(
        hour=0, minute=30, second=0, microsecond=0
    )
    found: dict[object, set[tuple[int, int]]] = {}
    for who, windows in foresee(gate=gate, at=now).hours.items():
        read = windows_of(json.dumps(windows))
        found[who] = {
            (day, hour)
            for day in range(7)
            for hour in range(24)
            if any(
                _outside(each, monday + timedelta(days=day, hours=hour), zone, ORDINARY) is None
                for each in read
            )
        }
    return found
