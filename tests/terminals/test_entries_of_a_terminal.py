"""What a terminal tells of its door: at the right moment, once, under an opaque number, whatever its habits."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gate.terminals.gateway import CannotDo
from gate.terminals.simulator import Person
from tests.terminals.conftest import CARD, OTHER_CARD
from tests.terminals.test_cards_at_a_terminal import given

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def held(approved):
    credential = given(approved)
    approved.until(lambda: approved.own.status()["terminal"]["there"] == 1)
    # The site's time zone is known by now, and the terminal has been told.
    approved.until(lambda: approved.terminal.options.get("TimeZone") == "8")
    return credential


def events(house):
    return list(house.site.events.values())


def heard(house, number=1):
    house.until(lambda: len(events(house)) >= number)
    return events(house)


@pytest.mark.obligation("F3")
def test_an_entry_says_which_way_in_and_when_and_no_more(approved, held):
    before = datetime.now(UTC) - timedelta(seconds=2)
    assert approved.terminal.show(CARD)
    (event,) = heard(approved)
    assert {name: event[name] for name in ("kind", "credential", "outcome", "reason")} == {
        "kind": "card",
        "credential": held,
        "outcome": "opened",
        "reason": "allowed",
    }
    assert before <= datetime.fromisoformat(event["at"]) <= datetime.now(UTC)
    assert set(event) == {"sequence", "at", "kind", "credential", "outcome", "reason"}


def test_told_twice_it_counts_once(approved, held):
    approved.terminal.show(CARD)
    heard(approved)
    approved.terminal.habits.repeats_log = 3
    approved.polls()
    assert approved.terminal.habits.repeats_log == 0
    assert len(events(approved)) == 1


def test_told_again_after_a_power_cut_that_lost_the_memory_of_it_it_is_the_same_entry(approved, held):
    approved.terminal.show(CARD)
    heard(approved)
    approved.restart()
    with approved.own.memory.writing() as db:
        db.execute("DELETE FROM heard")
    approved.terminal.habits.repeats_log = 1
    approved.until(lambda: approved.terminal.habits.repeats_log == 0)
    approved.until(lambda: approved.own.status()["pending_events"] == 0)
    assert len(events(approved)) == 1


def test_two_passages_are_two_entries(approved, held):
    approved.terminal.log += [
        f"1000002\t{approved.terminal.wall() - timedelta(seconds=seconds)}\t0\t2\t0" for seconds in (2, 1)
    ]
    assert len(heard(approved, 2)) == 2


@pytest.mark.obligation("F3", "20")
def test_what_it_had_in_its_log_before_it_was_ours_is_not_taken(approved, held):
    approved.terminal.log += [
        f"7\t{approved.terminal.wall() - timedelta(days=days)}\t0\t2\t0" for days in (400, 30, 1)
    ]
    approved.terminal.show(CARD)
    heard(approved)
    approved.polls()
    assert len(events(approved)) == 1
    assert approved.own.status()["entries_too_old"] == 3


@pytest.mark.obligation("20")
def test_an_entry_that_the_site_may_have_deleted_since_does_not_come_back(approved, held):
    approved.own.memory.remember(approved_at=0.0)
    approved.terminal.log.append(
        f"1000002\t{approved.terminal.wall() - timedelta(days=90, hours=1)}\t0\t2\t0"
    )
    approved.polls()
    assert events(approved) == []
    assert approved.own.status()["entries_too_old"] == 1


def test_a_clock_that_runs_ahead_dates_nothing_into_the_future(approved, held):
    approved.terminal.habits.ignores_clock = True
    approved.terminal.habits.off_by = timedelta(days=900)
    approved.terminal.greet()
    approved.terminal.show(CARD)
    (event,) = heard(approved)
    assert datetime.fromisoformat(event["at"]) <= datetime.now(UTC) + timedelta(minutes=5)


def test_an_entry_of_just_now_by_the_hour_that_it_was_told_before_is_of_just_now(approved, held):
    """As in the minutes after summer time began, or between approval and the first word of the site."""
    approved.own.memory.remember(offset=60, told_to_look_at=datetime.now(UTC).timestamp())
    approved.terminal._offset = timedelta(hours=1)
    approved.terminal.show(CARD)
    (event,) = heard(approved)
    assert abs(datetime.fromisoformat(event["at"]) - datetime.now(UTC)) < timedelta(seconds=30)
    approved.own.memory.remember(told_to_look_at=0.0)
    approved.until(lambda: approved.own.memory.fact("offset") == 480)
    approved.until(lambda: approved.terminal._offset == timedelta(hours=8))


def test_before_the_site_was_heard_no_terminal_is_told_the_time(house):
    house.site.mischief = lambda status, headers, raw: (status, {}, raw)
    house.gateway._poll_seconds = None
    with pytest.raises(CannotDo):
        house.approve()
    house.site.codes.add("CODE-2")
    paired = []

    def only_pairing(status, headers, raw):
        paired.append(status)
        return (status, headers, raw) if len(paired) == 1 else (500, {}, b"")

    house.site.mischief = only_pairing
    house.approve(code="CODE-2")
    assert house.terminal.greet() == 503
    house.terminal.poll()
    assert house.terminal.told == []
    house.site.mischief = None
    house.own.woken.set()
    house.until(lambda: house.terminal.greet() == 200)
    assert house.terminal.options["TimeZone"] == "8"


def test_a_terminal_takes_its_time_from_the_site_not_from_the_gateways_machine(approved, held):
    approved.site.time_off = 7200.0
    approved.until(lambda: approved.own.now() - datetime.now(UTC) > timedelta(hours=1))
    approved.terminal.greet()
    wall = approved.terminal.wall().replace(tzinfo=SHANGHAI)
    assert abs(wall - datetime.now(UTC) - timedelta(hours=2)) < timedelta(seconds=10)


def test_somebody_the_site_does_not_know_is_nobody_and_is_counted(approved, held):
    approved.terminal.users["7"] = Person("a name", OTHER_CARD)
    approved.terminal.show(OTHER_CARD)
    (event,) = heard(approved)
    assert (event["kind"], event["credential"], event["outcome"]) == ("unknown", None, "opened")
    assert event["reason"] == "known_to_the_terminal_only"


def test_an_entry_from_before_a_number_was_given_is_not_its_new_holders(approved, held):
    approved.own.memory.remember(approved_at=0.0)
    approved.terminal.log.append(f"1000002\t{approved.terminal.wall() - timedelta(hours=3)}\t0\t2\t0")
    (event,) = heard(approved)
    assert event["credential"] is None


def test_an_entry_told_after_the_card_was_taken_back_is_still_its_own(approved, held):
    wall = approved.terminal.wall()
    approved.site.drop(held)
    approved.until(lambda: held in approved.receipts())
    number = "1000001" if "1000001" not in approved.terminal.users else "1000002"
    approved.terminal.log.append(f"{number}\t{wall}\t0\t2\t0")
    (event,) = heard(approved)
    assert event["credential"] == held


def test_lines_that_do_not_read_are_counted_and_the_rest_is_taken(approved, held):
    approved.terminal.log += ["", "nonsense", "7\t2026-13-45 99:99:99\t0", "\x00\t\x00", "x" * 5000]
    approved.terminal.show(CARD)
    assert len(heard(approved)) == 1
    assert approved.own.status()["unread_lines"] == 4
