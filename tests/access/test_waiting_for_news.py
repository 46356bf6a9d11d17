"""A device asks and waits: it hears of a change at once, by whatever way it came, and of nothing when nothing came."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from django.db import connections

from access import devices, gates, pairing
from access.models import Gate
from access.signing import server_key
from gate.client import Client, Identity, Problem, Unreachable
from tests import make
from tests.live import Live


def now() -> datetime:
    return datetime.now(UTC)


class Waiting(threading.Thread):
    """A question that is open, and how long the answer took."""

    def __init__(self, url: str, reader: make.Reader, cursor: str, wait: int = 30) -> None:
        super().__init__(daemon=True)
        self.who = Identity(str(reader.device.pk), reader.key, server_key().public_key())
        self.client, self.query = Client(url), {"cursor": cursor, "wait": str(wait)}
        self.page: dict[str, Any] = {}
        self.refused: Problem | Unreachable | None = None
        self.start()
        self.join(1)
        assert self.is_alive(), (self.page, self.refused)

    def run(self) -> None:
        began = time.monotonic()
        try:
            self.page = self.client.get(self.who, "feed", self.query)
        except (Problem, Unreachable) as error:
            self.refused = error
        self.took = time.monotonic() - began

    def answer(self, seconds: float = 20) -> dict[str, Any]:
        self.join(seconds)
        assert not self.is_alive()
        self.client.close()
        return self.page


@pytest.fixture
def door(live: Live) -> Gate:
    return make.gate(make.neighborhood(), at=now())


@pytest.fixture
def who(door: Gate):
    found = make.resident(door.neighborhood, at=now())
    make.rule(door, found, at=now())
    return found


@pytest.fixture
def reader(door: Gate, who) -> make.Reader:
    return make.device(door)


def asked(url: str, reader: make.Reader, **query: str) -> dict[str, Any]:
    client = Client(url)
    try:
        who = Identity(str(reader.device.pk), reader.key, server_key().public_key())
        return client.get(who, "feed", query)
    finally:
        client.close()


@pytest.mark.obligation("F7", "9")
def test_it_hears_at_once_of_what_changes_by_whatever_way(live, door, who, reader):
    url = live.gates()
    cursor = asked(url, reader)["cursor"]

    def by_raw_sql() -> None:
        with connections["default"].cursor() as raw:
            raw.execute(
                "UPDATE access_feedrow SET present = false, body = '{}', review_at = NULL, version = version + 1000"
                " WHERE gate_id = %s",
                [door.pk],
            )
            raw.execute("UPDATE access_feedcounter SET last = last + 1000")

    def out_of_service() -> None:
        door.in_service = False
        gates.save(gate=door, at=now())

    changes: dict[str, Callable[[], object]] = {
        "a card": lambda: make.card(who, at=now()),
        "raw SQL": by_raw_sql,
        "a fact of the gate": out_of_service,
    }
    for what, change in changes.items():
        waiting = Waiting(url, reader, cursor)
        change()
        page = waiting.answer()
        assert waiting.took < 10, what
        assert page["held"]
        assert page["poll_after"] == 0
        assert page["rows"] or page["methods"] == ["card"], what
        cursor = page["cursor"]
    # The last answer said nothing new but the fact; the cursor knows that it was told.
    waiting = Waiting(url, reader, cursor, wait=2)
    page = waiting.answer()
    assert page["rows"] == []
    assert page["cursor"] == cursor
    assert 1.5 < waiting.took < 10


@pytest.mark.obligation("F20")
def test_a_device_that_is_revoked_while_it_waits_is_told_at_once(live, door, reader):
    url = live.gates()
    waiting = Waiting(url, reader, asked(url, reader)["cursor"])
    devices.revoke(device=reader.device, at=now())
    assert waiting.answer() == {}
    assert (waiting.refused.code, waiting.refused.signed) == ("device-revoked", True)
    assert waiting.took < 10


def test_a_ring_that_is_lost_costs_the_rest_of_the_wait_and_no_more(live, door, who, reader, owner_sql):
    url = live.gates()
    page = asked(url, reader)
    owner_sql().execute("ALTER TABLE access_feedrow DISABLE TRIGGER USER")
    waiting = Waiting(url, reader, page["cursor"], wait=3)
    card = make.card(who, at=now())
    missed = waiting.answer()
    assert missed["rows"] == []
    page = asked(url, reader, cursor=missed["cursor"], wait="30")
    assert [row["credential"] for row in page["rows"]] == [str(card.pk)]


def test_whoever_waits_is_answered_though_nobody_listened_when_it_came(live, door, who, reader):
    """The connection that listens is cut, and the change comes before it is there again."""
    url = live.gates()
    waiting = Waiting(url, reader, asked(url, reader)["cursor"])
    with connections["default"].cursor() as raw:
        raw.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN linmen_feed'"
        )
        assert raw.rowcount == 1
    card = make.card(who, at=now())
    assert [row["credential"] for row in waiting.answer()["rows"]] == [str(card.pk)]
    assert waiting.took < 15


def test_who_hangs_up_is_waited_for_no_longer_and_a_newer_question_sends_the_older_one_home(
    live, door, reader
):
    url = live.gates()
    cursor = asked(url, reader)["cursor"]
    older = Waiting(url, reader, cursor)
    newer = Waiting(url, reader, cursor, wait=3)
    assert older.answer()["rows"] == []
    assert older.took < 10
    assert newer.answer()["rows"] == []
    assert newer.took > 2


def test_the_rest_of_what_gates_say_is_said_there_too_and_nothing_else(live, door, who, reader):
    url = live.gates()
    client = Client(url)
    mine = Identity(str(reader.device.pk), reader.key, server_key().public_key())
    assert client.post(mine, "receipts", {"receipts": []})["accepted"] == 0
    with pytest.raises(Problem) as refused:
        client.post(mine, "nowhere", {})
    assert refused.value.status == 404
    for path in ("/", "/admin/", "/static/a.css", "/healthz/"):
        assert httpx.get(url + path).status_code == 404
    client.close()


def test_without_that_server_plain_polls_go_on(live, door, who, reader):
    live.web()
    page = asked(live.url, reader)
    again = asked(live.url, reader, cursor=page["cursor"], wait="30")
    assert "held" not in again
    assert again["poll_after"] > 0


def test_a_gate_opens_for_a_new_card_within_moments_and_its_server_stops_as_soon(live, door, who):
    """The agent as a process, which asks every ten seconds where nobody waits."""
    url = live.gates({"GATE_POLL_SECONDS": "600"})
    code = pairing.make_code(gate=door, by=None, at=now())
    agent = live.agent("door", "run", "--server", url, "--pair-code", code)
    live.wait_until(lambda: agent.ask(status=True)["last_sync"])
    time.sleep(3)  # its question is open by now
    make.card(who, at=now(), number="04:A2:B3:C4")
    live.wait_until(lambda: agent.ask(card="04:A2:B3:C4")["open"], timeout=20)
    began = time.monotonic()
    live.stop(live._children["gates"])
    assert time.monotonic() - began < 15
    assert agent.ask(card="04:A2:B3:C4")["open"]
