"""Cards at a real gate: a lost one stops and its PIN arrives, an awaited one is added, and beside the old controller."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from access import beside, cards, losing, pairing, tapping
from access.models import CardFormat, Credential, EntryEvent, TapRequest, UnknownCard
from gate.agent import Agent
from gate.decide import Reason
from gate.store import Store
from residents.models import User
from tests import make


@pytest.fixture
def place(live):
    live.web()
    return make.neighborhood()


@pytest.fixture
def at(live) -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def door(place, at):
    return make.gate(place, at=at, by_pin=True)


@pytest.fixture
def who(place, door, at):
    found = make.resident(place, at=at)
    make.rule(door, found, at=at)
    return found


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "gate")


@pytest.fixture
def agent(live, store, door, at) -> Agent:
    found = Agent(store)
    found.pair(server=live.url, code=pairing.make_code(gate=door, by=None, at=at))
    return found


@pytest.mark.obligation("1", "2", "3")
def test_a_lost_card_stops_and_the_temporary_pin_reaches_the_gate(agent, store, who, at):
    card = make.card(who, at=at, number="0451 7788")
    agent.sync()
    assert agent.show_card("0451-7788").open
    lost = losing.report_lost(resident=who, card=card, by=None, at=at)
    agent.sync()
    assert agent.show_card("0451-7788").reason == Reason.UNKNOWN_CARD
    assert lost.lent is not None
    assert agent.show_pin(lost.lent.number + lost.lent.pin).open
    cards.issue(resident=who, number="0451 9999", at=at)
    agent.sync()
    assert agent.show_card("0451 9999").open
    assert not agent.show_pin(lost.lent.number + lost.lent.pin).open  # there is a card again
    assert store.counts()["pins"] == 0


def test_a_card_written_in_a_list_opens_the_gate_that_says_it_in_its_own_way(agent, who, place, at):
    CardFormat.objects.create(
        neighborhood=place, written="pair-24-straight", said="ten_digits-24-straight", learned_at=at
    )
    cards.issue(resident=who, number="111,27706", at=at)
    agent.sync()
    assert agent.show_card("0007302202").open  # as the reader at the gate sends it
    assert not agent.show_card("111-27706").open


def test_an_unknown_card_shown_at_the_gate_is_added_to_who_stands_there(agent, who, door):
    agent.sync()
    assert not agent.show_card("0451 1111").open  # before anybody asked: nobody's
    agent.sync()
    by = User.objects.create(username="guard")
    waits = tapping.ask(
        gate=door, resident=who, present=True, by=by, capacity="property.clerk", at=datetime.now(UTC)
    )
    assert not agent.show_card("0451 2222").open
    agent.sync()
    waits.refresh_from_db()
    assert waits.outcome == TapRequest.Outcome.ADDED
    agent.sync()
    assert agent.show_card("0451 2222").open
    assert not agent.show_card("0451 1111").open
    assert Credential.objects.active().filter(resident=who).count() == 1


@pytest.mark.obligation("A3")
def test_beside_the_old_controller_it_opens_nothing_and_after_switching_over_all_it_knows(
    agent, who, door, at
):
    by = User.objects.create(username="clerk")
    make.card(who, at=at, number="0451 7788")
    beside.begin(gate=door, by=by, at=at)
    agent.sync()
    assert agent.show_card("0451 7788").reason == Reason.BESIDE
    assert agent.show_card("0451 3333").reason == Reason.UNKNOWN_CARD
    agent.sync()
    assert set(EntryEvent.objects.values_list("outcome", flat=True)) == {"would_open", "refused"}
    assert UnknownCard.objects.get().taps == 1
    beside.switch_over(gate=door, by=by, at=datetime.now(UTC))
    agent.sync()
    assert agent.show_card("0451 7788").open
