"""Random moves of some people between some dwellings: who is let in always equals a model of ten lines (laws 2 and 13).

The model knows days of residence and nothing else; the gate is asked as it asks itself, from the rows it was told.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access import gates, rules
from access.models import Credential, FeedRow
from residents import moving
from residents.ages import today_in
from residents.models import Resident
from residents.register import register
from tests import make

pytestmark = pytest.mark.django_db
HOMES = 3
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["in", "in", "out", "off"]),
        st.integers(0, HOMES - 1),
        st.integers(0, 6),
        st.one_of(st.none(), st.integers(1, 6)),
    ),
    max_size=8,
)


class Undone(Exception):
    """The end of an example: nothing of it stays."""


@pytest.mark.obligation("2", "3")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_who_is_let_in_equals_the_days_of_residence(here, now, acts):
    def and_back() -> None:
        with transaction.atomic():
            _play(here, now, acts)
            raise Undone

    with pytest.raises(Undone):
        and_back()


def _play(here, now: datetime, acts) -> None:
    today = today_in(here, now)
    homes = [make.unit(here) for _ in range(HOMES)]
    doors = [gates.put_up(neighborhood=here, name=f"门{n}", by_pin=True, at=now) for n in range(HOMES)]
    for door, home in zip(doors, homes, strict=True):
        rules.add(gate=door, unit=home, at=now)
    who = register(neighborhood=here, name="某")
    who.user = make.User.objects.create(username="some")
    who.save()
    model: dict[int, list[list]] = {n: [] for n in range(HOMES)}  # [since, until] of each stay

    def standing(home: int) -> list:
        return [s for s in model[home] if (s[1] is None or s[1] > today) and s[0] != s[1]]

    for kind, home, day, length in acts:
        since = today + timedelta(days=day)
        try:
            if kind == "in":
                until = since + timedelta(days=length) if length else None
                moving.move_in(resident=who, unit=homes[home], since=since, until=until, at=now)
                model[home].append([since, until])
            elif kind == "out":
                before = [list(stay) for stay in standing(home)]
                moving.move_out(resident=who, on=since, by=who.user, at=now, units=[homes[home]])
                assert before
                for stay in standing(home):
                    _shorten(stay, since, who, homes[home])
            elif kind == "off":
                plan = who.move_outs.filter(called_off_at=None, carried_out_at=None).first()
                if plan is None:
                    continue
                moving.call_off(move_out=plan, by=who.user, at=now)
                stay = next(
                    s for s in model[homes.index(plan.occupancy.unit)] if s[0] == plan.occupancy.since
                )
                stay[1] = plan.until_before
        except moving.MovingRefused:
            continue
    _compare(who, homes, doors, model, today)


def _shorten(stay: list, on, who: Resident, home) -> None:
    end = max(on, stay[0])
    agreed = who.occupancies.filter(unit=home, since=stay[0]).latest("written_at")
    plan = agreed.move_outs.filter(called_off_at=None).first()
    before = plan.until_before if plan else stay[1]
    if before is None or before > end:
        stay[1] = end


def _compare(who, homes, doors, model, today) -> None:
    plain = Credential.objects.active().plain().filter(resident=who)
    lives = any(s[0] <= today and (s[1] is None or s[1] > today) for stays in model.values() for s in stays)
    assert plain.exists() or not lives, "somebody who lives here has no way in"
    for number, door in enumerate(doors):
        for ahead in range(8):
            day = today + timedelta(days=ahead)
            expected = any(s[0] <= day and (s[1] is None or day < s[1]) for s in model[number])
            noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
            told = FeedRow.objects.filter(gate=door, credential__in=plain, present=True)
            assert any(_open(row.body, noon) for row in told) == (expected and plain.exists()), (
                f"door {number} on day +{ahead}: {model[number]}"
            )


def _open(body: dict, at: datetime) -> bool:
    def moment(text):
        return datetime.fromisoformat(text) if text else None

    return any(
        (moment(w["valid_from"]) or at) <= at and (w["valid_until"] is None or at < moment(w["valid_until"]))
        for w in body["windows"]
    )
