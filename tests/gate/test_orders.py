"""What the site orders of a door: each order once and for its seconds, an emergency for everybody, a lock-down for passes only."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gate import facts
from gate.decide import Contact, Reason, Ticket, Today, Window, _by_ticket
from gate.feed import BadPage, read_page
from tests.gate.passing import restarted
from tests.gate.test_process import Door

CARD = "04A2B3C4"
NUMBER, PIN = "48213", "482915"
NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)


def order(site, seconds=30, number=None):
    until = datetime.fromtimestamp(site.now(), UTC) + timedelta(seconds=seconds)
    return {"order": number or str(uuid.uuid4()), "until": until.isoformat()}


def test_an_opening_from_afar_is_carried_out_once_and_reported(site, agent):
    told = order(site)
    site.says = {"open_once": told}
    agent.sync()
    done = agent.carry_out()
    assert [(each.open, each.reason, each.credential) for each in done] == [
        (True, Reason.OPENED_BY_STAFF, told["order"])
    ]
    agent.sync()
    assert agent.carry_out() == []
    events = [event for event in site.events.values() if event["kind"] == "remote"]
    assert [(each["credential"], each["outcome"]) for each in events] == [(told["order"], "opened")]


def test_pulling_the_plug_opens_nothing_a_second_time(site, agent):
    site.says = {"open_once": order(site)}
    agent.sync()
    assert len(agent.carry_out()) == 1
    started = restarted(agent)
    assert started.carry_out() == []
    started.sync()
    assert started.carry_out() == []
    started.close()


@pytest.mark.parametrize("seconds", [-1, 0, facts.LONGEST_ORDER_SECONDS + 60])
def test_an_order_that_ran_out_or_claims_to_last_opens_nothing(site, agent, seconds):
    site.says = {"open_once": order(site, seconds)}
    agent.sync()
    assert agent.carry_out() == []


@pytest.mark.parametrize("also", [{"beside": True}, {"locked": True}])
def test_beside_an_old_controller_and_in_a_lock_down_it_opens_nothing(site, agent, also):
    site.beside = "beside" in also
    site.says = {"open_once": order(site)}
    if "locked" in also:
        site.says["locked_down_until"] = order(site, 60)["until"]
    agent.sync()
    assert agent.carry_out() == []


def test_in_an_emergency_the_door_stands_open_for_everybody_until_its_end(site, agent):
    site.says = {"held_open": order(site, 60)}
    agent.sync()
    assert agent.held_open_until is not None
    assert [each.reason for each in agent.carry_out()] == [Reason.EMERGENCY]
    assert agent.carry_out() == []  # said once
    site.mischief = "silence"
    assert (agent.show_card("FFFFFFFF").open, agent.show_card("FFFFFFFF").reason) == (True, Reason.EMERGENCY)
    site.mischief = None
    site.says = {}
    agent.sync()
    assert agent.held_open_until is None
    assert agent.show_card("FFFFFFFF").open is False


def test_a_gate_that_is_cut_off_shuts_at_the_end_that_was_said(site, agent):
    site.says = {"held_open": order(site, 0.2)}
    agent.sync()
    site.mischief = "silence"
    agent._clock._anchor += timedelta(seconds=1)
    assert agent.held_open_until is None


def test_a_lock_down_stops_passes_and_nothing_else(site, agent):
    card, pin = site.give_card(CARD), site.give_pin(NUMBER, PIN)
    code, visit = site.give_qr(), site.give_pin("11111", "739155", kind="pass")
    site.says = {"locked_down_until": order(site, 60)["until"]}
    agent.sync()
    assert agent.show_card(CARD).credential == card
    assert agent.show_pin(NUMBER + PIN).credential == pin
    assert agent.show_qr(site.token(code)).open
    assert agent.show_qr(site.token(visit, kind="pass")).reason is Reason.LOCKED_DOWN
    assert agent.show_pin("11111739155").reason is Reason.LOCKED_DOWN


def test_a_lock_down_keeps_no_visitor_inside(site, agent):
    visit = site.give_pin("11111", "739155", kind="pass")
    site.says = {"locked_down_until": order(site, 60)["until"]}
    agent.sync()
    assert agent.show_qr(site.token(visit, kind="pass"), leaving=True).open
    assert agent.show_pin("11111739155", leaving=True).open


def test_a_lock_down_ends_by_the_clock_of_the_door_though_nobody_says_so(site, agent):
    site.give_pin("11111", "739155", kind="pass")
    site.says = {"locked_down_until": order(site, 60)["until"]}
    agent.sync()
    site.mischief = "silence"
    agent._clock._anchor += timedelta(seconds=61)
    assert agent.show_pin("11111739155").open


@pytest.mark.parametrize("kind", ["pin", "qr"])
def test_no_resident_is_stopped_whatever_the_lock_down_says(kind):
    for_ever = Today(locked_down_until=NOW + timedelta(days=9))
    always = (Window(days=frozenset(range(1, 8))),)
    decided = _by_ticket(
        Ticket("c", kind, always), NOW, ZoneInfo("Asia/Shanghai"), Contact(NOW, 24), for_ever
    )
    assert decided.open


BAD = [
    {"calendar": {"2027-02-30": 7}},
    {"calendar": {"2027-02-08": 8}},
    {"calendar": {"2027-02-08": True}},
    {"calendar": []},
    {"held_open": {"order": "x", "until": NOW.isoformat()}},
    {"open_once": {"order": str(uuid.UUID(int=1)), "until": "2026-03-02T04:00:00"}},
    {"open_once": 1},
    {"locked_down_until": "soon"},
    {"high_risk": 1},
    {"second_factor": "yes"},
    {"call": 88001002},
]


def page(**also):
    return {
        "rows": [],
        "cursor": "f1",
        "more": False,
        "poll_after": 5,
        "gate": str(uuid.UUID(int=3)),
        "time_zone": "Asia/Shanghai",
        "methods": ["card"],
        "offline_hours": 24,
        "server_time": NOW.isoformat(),
        **also,
    }


@pytest.mark.parametrize("said", BAD, ids=lambda said: str(said)[:40])
def test_what_does_not_read_to_the_last_field_is_applied_in_no_part(said):
    with pytest.raises(BadPage):
        read_page(page(**said))


def test_a_site_of_before_says_none_of_it_and_one_to_come_may_say_more():
    assert read_page(page()).facts == facts.NOTHING
    assert read_page(page(colour="green", high_risk=True)).facts.high_risk


def test_what_is_written_down_reads_back_the_same():
    told = read_page(
        page(
            high_risk=True,
            second_factor=True,
            calendar={"2027-02-08": 7},
            held_open={"order": str(uuid.UUID(int=1)), "until": NOW.isoformat()},
            open_once={"order": str(uuid.UUID(int=2)), "until": NOW.isoformat()},
            locked_down_until=NOW.isoformat(),
            call="0571 8800 1002",
        )
    ).facts
    assert facts.of(told.written()) == told
    assert told.calendar
    assert told.held_open
    assert told.open_once
    assert told.locked_down_until
    assert told.call


def test_what_is_no_telephone_is_not_said_at_the_gate():
    assert read_page(page(call="<script>")).facts.call == ""


def test_the_process_says_it_unasked(site, tmp_path):
    door = Door(tmp_path / "state", "--server", site.address, "--pair-code", "CODE-1")
    try:
        site.says = {"open_once": order(site, 30), "held_open": order(site, 60), "call": "0571 8800 1002"}
        said = [json.loads(door.process.stdout.readline()) for _ in range(3)]
        assert [each.get("reason") for each in said] == ["emergency", "opened_by_staff", None]
        assert said[2]["held_open_until"]
        assert door.ask(card="FFFFFFFF")["light"] == "green"
        site.says = {"call": "0571 8800 1002"}
        assert json.loads(door.process.stdout.readline()) == {"held_open_until": None}
        refused = door.ask(card="FFFFFFFF")
        assert refused["open"] is False
        assert "0571 8800 1002" in refused["say"]["zh"]
    finally:
        door.end()
