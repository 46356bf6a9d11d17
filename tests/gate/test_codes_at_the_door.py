"""PINs, QR codes and visitors' passes at a real agent: what opens, what waits, what is spent, and what is left alone."""

import json
import logging
import sqlite3
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate import keypad
from gate.agent import Agent
from gate.decide import Reason
from gate.store import FILE_NAME, Store
from tests.gate import pictures
from tests.gate.site import ALL_DAY, Site
from tests.gate.test_tokens import HOSTILE

CARD = "04A2B3C4"
NUMBER, PIN, OTHER = "48213", "482915", "739155"


@pytest.fixture
def site():
    site = Site()
    yield site
    site.close()


@pytest.fixture
def agent(site, tmp_path):
    agent = Agent(Store(tmp_path / "state"))
    agent.pair(server=site.address, code="CODE-1")
    yield agent
    agent.close()


def pull_the_plug(agent):
    agent.close()
    agent.close = lambda: None


def restarted(agent):
    pull_the_plug(agent)
    return Agent(Store(agent._store.folder))


def later(agent, **ago):
    """As if so much time had passed at the door."""
    agent._clock._anchor += timedelta(**ago)


def during(begin: timedelta, end: timedelta) -> dict:
    now = datetime.now(UTC)
    return ALL_DAY | {"valid_from": (now + begin).isoformat(), "valid_until": (now + end).isoformat()}


HOUR = timedelta(hours=1)


# PINs.


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
    began = time.monotonic()
    assert agent.show_pin(NUMBER + PIN).wait
    assert time.monotonic() - began < 1


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


# QR codes.


def test_a_code_opens_once_and_another_gate_is_none_of_its_business(site, agent, tmp_path):
    code = site.give_qr()
    agent.sync()
    text = site.token(code)
    assert agent.show_qr(text).open
    again = agent.show_qr(text)
    assert (again.open, again.reason, again.credential) == (False, Reason.CODE_USED, code)
    assert agent.show_qr(site.token(code)).open  # the page shows another one each time
    agent.sync()
    assert [(event["kind"], event["outcome"]) for event in site.events.values()] == [
        ("qr", "opened"),
        ("qr", "refused"),
        ("qr", "opened"),
    ]


@pytest.mark.obligation("F20")
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(str(text)[:24]))
def test_what_strangers_show_opens_nothing_and_is_kept_nowhere(site, agent, caplog, text):
    site.give_qr()
    agent.sync()
    with caplog.at_level(logging.DEBUG):
        caplog.clear()
        decision = agent.show_qr(text)
    assert (decision.open, decision.credential) == (False, None)
    assert decision.reason in (Reason.UNREADABLE_CODE, Reason.FOREIGN_CODE)
    assert caplog.text == ""
    agent.sync()
    (event,) = site.events.values()
    assert event["reason"] in ("unreadable_code", "foreign_code")
    if isinstance(text, str) and len(text.strip("\0")) > 20:  # unused pages are full of noughts
        assert text[:100].encode("utf-8", "surrogatepass") not in agent._store.raw_bytes()


def test_a_stolen_key_of_another_site_signs_nothing_here(site, agent):
    code = site.give_qr()
    agent.sync()
    forged = site.token(code, key=Ed25519PrivateKey.generate())
    assert agent.show_qr(forged).reason is Reason.FOREIGN_CODE


def test_a_code_for_another_gate_or_of_another_kind_is_unknown(site, agent):
    code = site.give_qr()
    visit = site.give_pin(NUMBER, PIN, kind="pass", windows=[during(-HOUR, HOUR)])
    agent.sync()
    elsewhere = str(uuid.uuid4())
    assert agent.show_qr(site.token(elsewhere)).reason is Reason.UNKNOWN_CODE
    assert agent.show_qr(site.token(elsewhere, kind="pass")).reason is Reason.UNKNOWN_CODE
    assert agent.show_qr(site.token(code, kind="pass")).reason is Reason.UNKNOWN_CODE
    assert agent.show_qr(site.token(visit, kind="qr")).reason is Reason.UNKNOWN_CODE
    pin = site.give_pin("48214", PIN)
    agent.sync()
    assert agent.show_qr(site.token(pin)).reason is Reason.UNKNOWN_CODE


def test_a_code_that_was_stopped_opens_no_more(site, agent):
    code = site.give_qr()
    agent.sync()
    text = site.token(code)
    site.drop(code)
    agent.sync()
    assert agent.show_qr(text).reason is Reason.UNKNOWN_CODE


@pytest.mark.parametrize(
    ("minutes", "reason"),
    [(-6, "code_not_yet"), (-4, "allowed"), (0, "allowed"), (64, "allowed"), (66, "code_ran_out")],
)
def test_clocks_may_be_five_minutes_apart(site, agent, minutes, reason):
    code = site.give_qr()
    agent.sync()
    text = site.token(code, hours=1)
    later(agent, minutes=minutes)
    assert agent.show_qr(text).reason == reason


def test_codes_and_passes_have_an_offline_life_and_cards_and_pins_have_none(site, agent):
    code = site.give_qr()
    visit = site.give_pin(NUMBER, PIN, kind="pass", windows=[during(-HOUR, 720 * HOUR)])
    site.give_pin("48214", PIN)
    site.give_card(CARD)
    agent.sync()
    later(agent, hours=25)
    assert agent.show_qr(site.token(code, hours=48)).reason is Reason.TOO_LONG_OFFLINE
    assert agent.show_qr(site.token(visit, kind="pass", hours=48)).reason is Reason.TOO_LONG_OFFLINE
    assert agent.show_pin(NUMBER + PIN).reason is Reason.TOO_LONG_OFFLINE
    assert agent.show_pin("48214" + PIN).open
    assert agent.show_card(CARD).open


def test_a_clock_that_lost_its_time_lets_no_code_in(site, agent):
    code = site.give_qr()
    agent.sync()
    agent._clock.trusted = False
    assert agent.show_qr(site.token(code)).reason is Reason.TOO_LONG_OFFLINE


def test_what_cannot_be_written_down_as_spent_does_not_open(site, agent, monkeypatch):
    code = site.give_qr()
    site.give_card(CARD)
    agent.sync()

    def full(*args, **kwargs):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(agent._store, "spend", full)
    assert agent.show_qr(site.token(code)).reason is Reason.CANNOT_RECORD
    assert agent.show_card(CARD).open


def test_what_was_spent_is_forgotten_a_day_after_it_is_worth_nothing(site, agent):
    now = datetime.now(UTC)
    assert agent._store.spend("a", until=now, now=now)
    assert not agent._store.spend("a", until=now, now=now + timedelta(hours=23))
    assert agent._store.spend("b", until=now + timedelta(days=9), now=now + timedelta(hours=25))
    assert agent._store._all("SELECT key FROM spent") == [("b",)]


# Visitors.


def test_a_visitor_comes_and_goes_within_the_window(site, agent):
    visit = site.give_pin(NUMBER, PIN, kind="pass", windows=[during(-HOUR, HOUR)])
    agent.sync()
    text = site.token(visit, kind="pass", hours=1)
    assert [agent.show_qr(text).open for _ in range(3)] == [True] * 3
    assert [agent.show_pin(NUMBER + PIN).open for _ in range(3)] == [True] * 3
    later(agent, hours=1)
    assert agent.show_qr(text).reason is Reason.NO_LONGER_VALID  # by the window, to the second
    assert agent.show_pin(NUMBER + PIN).reason is Reason.NO_LONGER_VALID
    agent.sync()
    assert {event["kind"] for event in site.events.values()} == {"pass"}


@pytest.mark.parametrize("first", ["code", "keypad"])
def test_one_trip_opens_once_by_whichever(site, agent, first):
    trip = site.give_pin(NUMBER, PIN, kind="pass", windows=[during(-HOUR, HOUR)], once=True)
    agent.sync()
    shows = {
        "code": lambda: agent.show_qr(site.token(trip, kind="pass", once=True)),
        "keypad": lambda: agent.show_pin(NUMBER + PIN),
    }
    assert shows.pop(first)().open
    (other,) = shows.values()
    assert other().reason is Reason.CODE_USED
    again = restarted(agent)
    assert again.show_pin(NUMBER + PIN).reason is Reason.CODE_USED
    again.close()


def test_a_token_that_says_once_is_believed_even_before_the_row_does(site, agent):
    visit = site.give_pin(NUMBER, PIN, kind="pass", windows=[during(-HOUR, HOUR)])
    agent.sync()
    assert agent.show_qr(site.token(visit, kind="pass", once=True)).open
    assert agent.show_qr(site.token(visit, kind="pass", once=True)).reason is Reason.CODE_USED


def test_beside_an_old_controller_nothing_is_used_up(site, agent):
    code = site.give_qr()
    trip = site.give_pin(NUMBER, PIN, kind="pass", windows=[during(-HOUR, HOUR)], once=True)
    agent.sync()
    agent._store.remember(beside=1)
    text = site.token(code)
    for _ in range(2):
        assert agent.show_qr(text).reason is Reason.BESIDE
        assert agent.show_qr(site.token(trip, kind="pass", once=True)).reason is Reason.BESIDE
    agent._store.remember(beside=None)
    assert agent.show_qr(text).open


# Power.

_KILLED = """
import os, signal, sys
from pathlib import Path
from gate.agent import Agent
from gate.store import Store
store = Store(Path(sys.argv[1]))
spend = store.spend
def spend_and_die(*args, **kwargs):
    spend(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
store.spend = spend_and_die
print(Agent(store).show_qr(sys.argv[2]).open)
"""


def test_kill_9_between_spent_and_opened_never_opens_twice(site, agent):
    code = site.give_qr()
    site.give_card(CARD)
    agent.sync()
    text = site.token(code)
    pull_the_plug(agent)
    died = subprocess.run(
        [sys.executable, "-c", _KILLED, str(agent._store.folder), text],
        capture_output=True,
        check=False,
        cwd=pictures.ROOT,
    )
    assert (died.returncode, died.stdout) == (-9, b"")
    again = Agent(Store(agent._store.folder))
    assert again.show_qr(text).reason is Reason.CODE_USED
    assert again.show_card(CARD).open
    again.close()


# A store of before.


def _as_version_1(folder):
    """What version 1 wrote, by its own schema."""
    db = sqlite3.connect(folder / FILE_NAME, isolation_level=None)
    db.executescript(
        """
        BEGIN;
        DROP TABLE spent; DROP TABLE keypads; DROP INDEX rows_by_number;
        ALTER TABLE rows DROP COLUMN number; ALTER TABLE rows DROP COLUMN verifier;
        ALTER TABLE rows DROP COLUMN once; ALTER TABLE events DROP COLUMN digest;
        UPDATE facts SET name = 'face_offline_hours' WHERE name = 'offline_hours';
        PRAGMA user_version = 1;
        COMMIT;
        """
    )
    db.close()


def test_a_store_of_version_1_goes_on_where_it_was(site, agent):
    card = site.give_card(CARD)
    pin = site.give_pin(NUMBER, PIN)
    agent.sync()
    agent.show_card(CARD)
    pull_the_plug(agent)
    _as_version_1(agent._store.folder)

    again = Agent(Store(agent._store.folder))
    assert again.status()["cards"] == 1
    assert again.show_card(CARD).credential == card  # at once, without asking anybody
    assert again._store.fact("offline_hours") == 24
    assert again.status()["pending_events"] == 2
    assert again.show_pin(NUMBER + PIN).reason is Reason.WRONG_PIN
    again.sync()  # version 1 had thrown the PIN's row away; a snapshot brings it, under the same version
    assert again.show_pin(NUMBER + PIN).credential == pin
    assert site.receipts == []
    again.close()


def test_forgetting_everything_forgets_these_too(site, agent):
    site.give_pin(NUMBER, PIN)
    code = site.give_qr()
    agent.sync()
    agent.show_qr(site.token(code))
    agent.show_pin(NUMBER + OTHER)
    agent.forget()
    for table in ("rows", "spent", "keypads", "facts", "events"):
        assert agent._store._all(f"SELECT count(*) FROM {table}") == [(0,)]
