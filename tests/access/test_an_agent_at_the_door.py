"""The real agent against the real server: it pairs, follows, opens, erases, proves it, and ends when revoked."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from access import devices, pairing
from access.models import Device, EntryEvent, SealedCopy
from consent.models import Decision, Purpose
from consent.withdrawal import withdraw
from gate.agent import Agent
from gate.decide import Reason
from gate.store import Store
from residents.models import ErasurePlace
from tests import make


@pytest.mark.obligation("A1", "2", "9", "F7")
def test_an_agent_keeps_up_with_the_site(live, tmp_path):
    live.web()
    now = datetime.now(UTC)
    door = make.gate(make.neighborhood(), at=now)
    who = make.resident(door.neighborhood, at=now)
    make.rule(door, who, at=now)
    card = make.card(who, at=now, number="0451 7788")
    face = make.face(who, at=now)
    store = Store(tmp_path / "gate")
    agent = Agent(store)

    device = UUID(agent.pair(server=live.url, code=pairing.make_code(gate=door, by=None, at=now)))
    agent.sync()
    assert agent.trouble is None
    assert agent.status()["faces"] == agent.status()["cards"] == 1
    assert agent.show_card("0451-7788").open
    assert agent.show_card("0451-0000").reason == Reason.UNKNOWN_CARD
    agent.sync()
    assert SealedCopy.objects.get(device=device).acknowledged
    assert set(EntryEvent.objects.values_list("credential", "outcome")) == {
        (card.pk, "opened"),
        (None, "refused"),
    }

    withdraw(
        resident=who,
        purpose=Purpose.FACE_AT_GATE,
        actor=who.user,
        language="en",
        route=Decision.Route.PORTAL,
        at=now,
    )
    place = ErasurePlace.objects.get(device=device, target=face.pk)
    assert place.state == ErasurePlace.State.WAITING
    agent.sync()
    place.refresh_from_db()
    assert place.state == ErasurePlace.State.GONE
    assert agent.status()["faces"] == agent.status()["pending_receipts"] == 0
    assert agent.show_card("0451 7788").open  # as before

    make.end(card, at=now)
    store.forget_cursor()  # it begins anew, and is told whom to keep
    agent.sync()
    assert not agent.show_card("0451 7788").open
    assert agent.status()["cards"] == 0

    devices.revoke(device=Device.objects.get(pk=device), at=now)
    agent.sync()
    assert agent.is_revoked
    assert not agent.is_paired
