"""Two hundred thousand entries wait for a site that is not there: all are kept, in order, and all arrive."""

import time
from datetime import UTC, datetime

import pytest

from gate import store as keeping
from gate.store import Event

pytestmark = pytest.mark.slow

MANY = 200_000
NOW = datetime(2026, 3, 1, tzinfo=UTC).isoformat()
CARD = "04A2B3C4"
_INSERT = "INSERT INTO events (boot, sequence, at, kind, credential, outcome, reason, digest) VALUES (?,?,?,?,?,?,?,?)"


def fill(agent, many, boot="b"):
    """At once, what would have come one by one."""
    with agent._store._transaction() as db:
        db.executemany(
            _INSERT,
            (
                (boot, n, NOW, "unknown", None, "refused", "unknown_card", f"{n:064x}")
                for n in range(1, many + 1)
            ),
        )


def test_the_limit_is_what_the_documents_say():
    assert keeping.PENDING_EVENTS_LIMIT == MANY


def test_they_all_arrive_in_batches_and_one_more_is_not_slow(site, agent):
    agent.sync()
    fill(agent, MANY - 1)
    began = time.perf_counter()
    agent.show_card("5555")
    took = time.perf_counter() - began
    assert agent.status()["pending_events"] == MANY
    # Each of them is of somebody whom nobody knows, which takes the most room.
    size = agent._store.file.stat().st_size
    assert size < 64 * 2**20, f"{size / 2**20:.0f} MiB"
    batches = []
    honest = site.do_events

    def heard(asked, body):
        batches.append(len(body["events"]))
        return honest(asked, body)

    site.do_events = heard
    agent.sync()
    assert agent.trouble is None
    assert agent.status()["pending_events"] == 0
    assert {sequence for boot, sequence in site.events if boot == "b"} == set(range(1, MANY))
    assert len(site.events) == MANY
    assert max(batches) == 500
    # Not a judgement of this machine: looking at each of the 200,000 for one more would take a hundred times as long.
    assert took < 5


def test_beyond_that_the_oldest_go_one_by_one(site, agent):
    agent.sync()
    fill(agent, MANY)
    for _ in range(3):
        agent.show_card("5555")
    assert agent.status()["pending_events"] == MANY
    assert agent._store.events(1)[0].sequence == 4
    last = agent._store._all("SELECT boot FROM events ORDER BY rowid DESC LIMIT 3")
    assert {boot for (boot,) in last} == {agent._boot}


def test_a_device_that_restarts_all_the_time_keeps_no_more(agent, monkeypatch):
    """Each start counts anew, and few of them ever reach a hundred."""
    monkeypatch.setattr(keeping, "PENDING_EVENTS_LIMIT", 50)
    for boot in range(40):
        for sequence in range(1, 6):
            agent._store.record(Event(f"b{boot}", sequence, NOW, "card", None, "refused", "unknown_card"))
    assert agent.status()["pending_events"] == 50
    assert agent._store.events(1)[0].boot == "b30"


def test_what_was_sent_makes_room_and_nothing_else_goes(agent, monkeypatch):
    monkeypatch.setattr(keeping, "PENDING_EVENTS_LIMIT", 50)
    for sequence in range(1, 51):
        agent._store.record(Event("b1", sequence, NOW, "card", None, "refused", "unknown_card"))
    agent._store.events_accepted(agent._store.events(30))
    for sequence in range(1, 31):
        agent._store.record(Event("b2", sequence, NOW, "card", None, "refused", "unknown_card"))
    assert agent.status()["pending_events"] == 50
    assert agent._store.events(1)[0].sequence == 31
