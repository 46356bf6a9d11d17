"""QR codes at a real agent: what opens, what is spent, and what is left alone."""

import logging
import sqlite3
import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate.agent import Agent
from gate.decide import Reason
from gate.store import Store
from tests.gate import pictures
from tests.gate.passing import HOUR, during, later, pull_the_plug
from tests.gate.test_tokens import HOSTILE

CARD = "04A2B3C4"
NUMBER, PIN, OTHER = "48213", "482915", "739155"


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


def test_forgetting_everything_forgets_these_too(site, agent):
    site.give_pin(NUMBER, PIN)
    code = site.give_qr()
    agent.sync()
    agent.show_qr(site.token(code))
    agent.show_pin(NUMBER + OTHER)
    agent.forget()
    for table in ("rows", "spent", "keypads", "facts", "events"):
        assert agent._store._all(f"SELECT count(*) FROM {table}") == [(0,)]
