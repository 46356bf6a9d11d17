"""What a poll costs that says nothing: one read, and no write; and what it says is all that a gate is to go by."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from access import devices, gates
from access.facts import facts_of
from access.models import Device, FeedRow, Gate
from tests import make
from tests.access.api.test_signing_in import problem

pytestmark = pytest.mark.django_db


def cost(act) -> list[str]:
    with CaptureQueriesContext(connections["default"]) as seen:
        act()
    return [each["sql"] for each in seen.captured_queries]


def test_it_is_one_read(reader, card):
    cursor = reader.feed().json()["cursor"]
    reader.feed(cursor)  # says that it holds what it was told
    [read] = cost(lambda: reader.feed(cursor))
    assert read.lstrip().startswith("SELECT")


def test_that_it_was_heard_of_is_written_once_a_minute(reader, card, now):
    cursor = reader.feed().json()["cursor"]
    reader.feed(cursor)
    heard = Device.objects.get(pk=reader.device.pk).last_poll_at
    assert len(cost(lambda: reader.feed(cursor))) == 1
    Device.objects.filter(pk=reader.device.pk).update(
        last_poll_at=heard - devices.POLL_NOTED_EVERY - timedelta(seconds=1)
    )
    assert len(cost(lambda: reader.feed(cursor))) == 2
    assert Device.objects.get(pk=reader.device.pk).last_poll_at >= heard


def test_it_is_one_read_of_whatever_the_gate_is(reader, now):
    """Every column is there, so what a gate learns to be is there too."""
    caller = devices.find(reader.device.pk)
    assert caller.device == Device.objects.get(pk=reader.device.pk)
    for field in Gate._meta.concrete_fields:
        stored = getattr(Gate.objects.get(pk=caller.device.gate_id), field.attname)
        assert getattr(caller.device.gate, field.attname) == stored, field.name
    assert cost(lambda: facts_of(caller.device.gate, signed=True, at=now)) == []


def test_a_cursor_knows_which_facts_came_with_it(reader, door, card, now):
    first = reader.feed().json()
    assert reader.feed(first["cursor"]).json()["cursor"] == first["cursor"]
    door.in_service = False
    gates.save(gate=door, at=now)
    second = reader.feed(first["cursor"]).json()
    assert second["cursor"] != first["cursor"]
    assert second["methods"] == ["card"]
    third = reader.feed(second["cursor"]).json()
    assert third["cursor"] == second["cursor"]
    assert third["rows"] == []


def test_a_cursor_of_before_is_still_one(reader, card):
    page = reader.feed().json()
    row = FeedRow.objects.get(credential=card)
    from access.cursor import Cursor

    old = Cursor(row.version).written(reader.device.pk)
    assert "~" not in old
    again = reader.feed(old).json()
    assert (again["rows"], again["cursor"]) == ([], page["cursor"])


@pytest.mark.parametrize(
    "query",
    [
        {"wait": "61"},
        {"wait": "-1"},
        {"wait": "1.5"},
        {"wait": "\u0663"},
        {"limit": "0"},
        {"limit": "501"},
        {"cursor": ""},
    ],
)
def test_a_query_that_says_nonsense_is_refused(reader, query):
    said = problem(reader.ask("GET", "feed", query=query), "malformed", 400)
    assert set(said["errors"]) == set(query)


def test_it_may_ask_to_be_waited_for_and_this_server_answers_at_once(reader, door):
    cursor = reader.feed().json()["cursor"]
    said = reader.ask("GET", "feed", query={"cursor": cursor, "wait": "60"}).json()
    assert "held" not in said
    assert said["poll_after"] > 0
    assert make.device(door).feed().json()["rows"] == []
