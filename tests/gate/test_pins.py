"""PINs at a real agent: what opens, what waits, and what is told to whom."""

import json
import sqlite3
import time

import pytest

from gate import keypad
from gate.decide import Reason
from tests.gate.passing import HOUR, during, later, restarted

CARD = "04A2B3C4"
NUMBER, PIN, OTHER = "48213", "482915", "739155"


def test_a_pin_opens(site, agent):
    pin = site.give_pin(NUMBER, PIN)
    agent.sync()
    decision = agent.show_pin(NUMBER + PIN)
    assert (decision.open, decision.reason, decision.credential) == (True, "allowed", pin)
    agent.sync()
    (event,) = site.events.values()
    assert (event["kind"], event["credential"], event["outcome"]) == ("pin", pin, "opened")


@pytest.mark.parametrize(
    "typed",
    ["", "48213", NUMBER + PIN + "999", "48213 482915", "４８２１３482915", NUMBER + PIN + "\n", "'; --"],
)
def test_what_is_no_entry_is_no_guess(site, agent, typed):
    site.give_pin(NUMBER, PIN)
    agent.sync()
    for _ in range(10):
        assert agent.show_pin(typed).reason is Reason.UNREADABLE_PIN
    assert agent.show_pin(NUMBER + PIN).open


@pytest.mark.obligation("F3")
def test_a_wrong_pin_names_nobody(site, agent):
    site.give_pin(NUMBER, PIN)
    agent.sync()
    assert agent.show_pin(NUMBER + OTHER).credential is None
    assert agent.show_pin("99999" + OTHER).credential is None
    agent.sync()
    told = [json.dumps(event) for event in site.events.values()]
    assert len({each.split('"at"')[0] for each in told}) == 2  # they differ in their sequence
    assert not any(NUMBER in each or OTHER in each for each in told)


def test_a_number_that_nobody_has_takes_a_hash_too(site, agent, monkeypatch):
    site.give_pin(NUMBER, PIN)
    agent.sync()
    hashes = []
    monkeypatch.setattr(
        keypad._HASHER.__class__, "verify", lambda self, hash, pin: hashes.append(hash) or False
    )
    for number in (NUMBER, "99999"):
        hashes.clear()
        assert agent.show_pin(number + OTHER).reason is Reason.WRONG_PIN
        assert len(hashes) == 1
        assert keypad.is_verifier(hashes[0])


@pytest.mark.obligation("2", "F20")
def test_wrong_pins_slow_the_keypad_and_nothing_else(site, agent):
    """Measured by what is decided, not by the clock on the wall."""
    site.give_pin(NUMBER, PIN)
    site.give_card(CARD)
    code = site.give_qr()
    agent.sync()
    waits = []
    for guess in range(8):
        decision = agent.show_pin(f"{10000 + guess}{OTHER}")  # spread over many numbers
        waits.append((decision.reason, decision.wait))
        assert agent.show_card(CARD).open
        assert agent.show_qr(site.token(code)).open
    assert [reason for reason, _ in waits[:3]] == [Reason.WRONG_PIN] * 3
    assert all(reason is Reason.KEYPAD_WAITS and 1 <= wait <= 2 for reason, wait in waits[3:])
    refused = agent.show_pin(NUMBER + PIN)
    assert (refused.open, refused.reason) == (False, Reason.KEYPAD_WAITS)
    later(agent, seconds=2)
    assert agent.show_pin(NUMBER + PIN).open


def test_it_answers_at_once_and_never_sleeps(site, agent, monkeypatch):
    site.give_pin(NUMBER, PIN)
    agent.sync()
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it slept"))
    for _ in range(5):
        agent.show_pin(NUMBER + OTHER)
    took = []
    for _ in range(3):
        began = time.monotonic()
        assert agent.show_pin(NUMBER + PIN).wait
        took.append(time.monotonic() - began)
    assert min(took) < 1  # a busy machine may stand still once


def test_two_keypads_wait_for_themselves(site, agent):
    site.give_pin(NUMBER, PIN)
    agent.sync()
    for _ in range(4):
        agent.show_pin(NUMBER + OTHER, at_keypad="inside")
    assert agent.show_pin(NUMBER + PIN, at_keypad="inside").reason is Reason.KEYPAD_WAITS
    assert agent.show_pin(NUMBER + PIN, at_keypad="outside").open


def test_pulling_the_plug_clears_nothing(site, agent):
    site.give_pin(NUMBER, PIN)
    agent.sync()
    for _ in range(4):
        agent.show_pin(NUMBER + OTHER)
    again = restarted(agent)
    assert again.show_pin(NUMBER + PIN).reason is Reason.KEYPAD_WAITS
    again.close()


def test_a_clock_that_is_set_back_makes_nobody_wait_till_the_year_comes_round(site, agent):
    site.give_pin(NUMBER, PIN)
    agent.sync()
    for _ in range(12):
        agent.show_pin(NUMBER + OTHER)
        later(agent, minutes=2)
    agent.show_pin(NUMBER + OTHER)
    later(agent, days=-365)
    assert agent.show_pin(NUMBER + PIN).wait == keypad.LONGEST_WAIT
    later(agent, seconds=keypad.LONGEST_WAIT)
    assert agent.show_pin(NUMBER + PIN).open


def test_a_guess_is_counted_before_it_is_looked_at(site, agent, monkeypatch):
    site.give_pin(NUMBER, PIN)
    agent.sync()
    monkeypatch.setattr("gate.agent.decide_pin", lambda **_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        agent.show_pin(NUMBER + OTHER)
    assert agent._store.patience("keypad").wrong == 1


def test_a_full_disk_neither_stops_a_right_pin_nor_forgives_wrong_ones(site, agent, monkeypatch):
    site.give_pin(NUMBER, PIN)
    agent.sync()

    def full(*args, **kwargs):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(agent._store, "keep_patience", full)
    assert agent.show_pin(NUMBER + PIN).open
    for _ in range(4):
        agent.show_pin(NUMBER + OTHER)
    assert agent.show_pin(NUMBER + PIN).reason is Reason.KEYPAD_WAITS


def test_a_pin_like_a_card_works_however_long_the_gate_was_alone(site, agent):
    site.give_pin(NUMBER, PIN)
    agent.sync()
    later(agent, days=3650)
    assert agent.show_pin(NUMBER + PIN).open


def test_hours_are_told_only_to_who_has_the_pin(site, agent):
    site.give_pin(NUMBER, PIN, windows=[during(HOUR, 2 * HOUR)])
    agent.sync()
    assert agent.show_pin(NUMBER + OTHER).reason is Reason.WRONG_PIN
    assert agent.show_pin(NUMBER + PIN).reason is Reason.NOT_YET_VALID


def test_where_pins_or_codes_are_not_used_none_is_looked_at(site, agent):
    site.methods = ["card"]
    site.give_pin(NUMBER, PIN)
    code = site.give_qr()
    agent.sync()
    assert agent.show_pin(NUMBER + PIN).reason is Reason.PINS_NOT_USED_HERE
    assert agent.show_qr(site.token(code)).reason is Reason.CODES_NOT_USED_HERE


@pytest.mark.obligation("9", "F21")
def test_a_verifier_is_gone_from_the_disk_before_that_is_said(site, agent):
    pin = site.give_pin(NUMBER, PIN)
    other = site.give_pin("48214", PIN)  # what all verifiers have in common must not be waited for
    agent.sync()
    verifier = site.rows[pin]["verifier"]
    assert verifier.encode() in agent._store.raw_bytes()
    site.drop(pin)
    agent.sync()
    assert verifier.rsplit("$", 1)[1].encode() not in agent._store.raw_bytes()
    assert [receipt["credential"] for receipt in site.receipts] == [pin]
    assert agent.show_pin("48214" + PIN).credential == other


def test_a_verifier_that_is_still_to_be_read_is_not_called_gone(site, agent):
    pin = site.give_pin(NUMBER, PIN)
    agent.sync()
    hashed = site.rows[pin]["verifier"]
    agent._store.remember(left=hashed)  # as if the disk had kept a copy
    site.drop(pin)
    agent.sync()
    assert site.receipts == []
    assert "can still be read" in agent.trouble
