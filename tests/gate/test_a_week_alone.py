"""The site is gone for a week, by a clock that the test moves: who gets in meanwhile, and what arrives afterwards."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from gate import clock
from gate.agent import Agent
from gate.decide import Reason
from gate.store import Store
from tests.gate import pictures
from tests.gate.passing import during
from tests.gate.pictures import drawn

CARD, ENDING = "04A2B3C4", "04BBBBBB"
NUMBER, PIN, VISITOR = "48213", "482915", "73915"


class Time:
    """Both clocks of a device: the wall's, and the one that only runs on."""

    def __init__(self):
        self.wall, self.ran = datetime.now(UTC), 1000.0

    def passes(self, **how):
        self.wall += timedelta(**how)
        self.ran += timedelta(**how).total_seconds()


@pytest.fixture
def week(monkeypatch):
    told = Time()

    class Wall(datetime):
        @classmethod
        def now(cls, tz=None):
            return told.wall.astimezone(tz)

    class Running:
        @staticmethod
        def monotonic():
            return told.ran

    monkeypatch.setattr(clock, "datetime", Wall)
    monkeypatch.setattr(clock, "time", Running)
    return told


@pytest.mark.obligation("A1", "2", "3", "20", "F20")
def test_cards_and_pins_open_all_week_and_the_rest_ends_in_its_time(week, site, tmp_path):
    agent = Agent(Store(tmp_path / "state"))
    agent.pair(server=site.address, code="CODE-1")
    card, pin = site.give_card(CARD), site.give_pin(NUMBER, PIN)
    site.give_card(ENDING, windows=[during(timedelta(days=-1), timedelta(days=2, hours=12))])
    face = site.give_face(pictures.enrolled(drawn(0), drawn(0, 1)))
    code = site.give_qr()
    visitor = site.give_pin(
        VISITOR, PIN, kind="pass", windows=[during(-timedelta(days=1), timedelta(days=30))]
    )
    agent.sync()
    assert agent.trouble is None
    site.mischief = lambda status, headers, raw: (503, {}, b"")

    shown = []

    def show(decision):
        shown.append((decision.credential, decision.open))
        return decision

    def all_who_come(agent):
        return {
            "card": show(agent.show_card(CARD)),
            "pin": show(agent.show_pin(NUMBER + PIN)),
            "ending": show(agent.show_card(ENDING)),
            "face": show(agent.show_photo(drawn(0, 2))),
            "code": show(agent.show_qr(site.token(code, hours=24 * 8))),
            "pass": show(agent.show_pin(VISITOR + PIN, at_keypad="inside")),
        }

    for hours in range(0, 7 * 24, 6):
        found = all_who_come(agent)
        opens = {name for name, decision in found.items() if decision.open}
        at = f"after {hours} hours"
        # What stands by itself opens as long as it is valid; what may have been ended since, for a day.
        assert {"card", "pin"} <= opens, at
        assert ("ending" in opens) is (hours < 60), at
        assert {"face", "code", "pass"} & opens == ({"face", "code", "pass"} if hours <= 24 else set()), at
        if hours > 24:
            assert found["face"].reason is Reason.FACES_TOO_LONG_OFFLINE, at
            assert found["code"].reason is found["pass"].reason is Reason.TOO_LONG_OFFLINE, at
        agent.sync()
        assert agent.trouble
        week.passes(hours=6)
        if hours in (12, 72):
            # The power goes; the clock on the board goes on by a battery.
            agent.close()
            agent = Agent(Store(tmp_path / "state"))

    site.mischief = None
    site.time_off = (week.wall - datetime.now(UTC)).total_seconds()
    pending = agent.status()["pending_events"]
    assert pending == len(shown) == 6 * 28
    agent.sync()
    assert agent.trouble is None
    assert agent.status()["pending_events"] == 0
    heard = list(site.events.values())
    assert [(each["credential"], each["outcome"] == "opened") for each in heard] == shown
    days = [datetime.fromisoformat(each["at"]) for each in heard]
    assert days == sorted(days)
    assert timedelta(days=6) < days[-1] - days[0] < timedelta(days=7)
    assert len({boot for boot, _ in site.events}) == 3
    # In touch again, everybody opens again, without anybody doing anything.
    assert {name for name, decision in all_who_come(agent).items() if decision.open} == {
        "card", "pin", "face", "code", "pass",
    }  # fmt: skip
    assert {card, pin, face, code, visitor} <= {who for who, _ in shown}
    agent.close()


def test_a_second_decides(week, site, tmp_path):
    agent = Agent(Store(tmp_path / "state"))
    agent.pair(server=site.address, code="CODE-1")
    code = site.give_qr()
    agent.sync()
    week.passes(hours=24)
    assert agent.show_qr(site.token(code, hours=48)).open
    week.passes(seconds=1)
    assert agent.show_qr(site.token(code, hours=48)).reason is Reason.TOO_LONG_OFFLINE
    agent.close()


def test_the_test_moves_no_clock_but_the_doors(week):
    before = time.time()
    week.passes(days=7)
    assert time.time() - before < 5
