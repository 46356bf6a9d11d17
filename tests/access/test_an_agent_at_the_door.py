"""The real agent against the real server: it pairs, follows, opens, erases, proves it, and ends when revoked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from access import devices, pairing, passes, pins, qr
from access.models import Device, EntryEvent, SealedCopy
from consent.models import Purpose
from consent.voices import own
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
    make.enable(door.neighborhood, at=now)  # a sign beside the new reader
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
        voice=own(who.user, "en"),
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


@pytest.mark.obligation("2", "3")
def test_every_way_that_needs_no_face_opens_at_a_real_gate(live, tmp_path):
    live.web()
    now = datetime.now(UTC)
    here = make.neighborhood()
    door, other = (make.gate(here, at=now, by_pin=True, by_qr=True) for _ in range(2))
    who = make.resident(here, at=now)
    make.rule(door, who, at=now)
    make.rule(other, who, at=now)
    pins.choose(resident=who, pin="482915", at=now)
    lent = pins.lend(resident=who, at=now)
    code = qr.token_for(resident=who, at=now)
    visit = passes.make(
        resident=who, gates=[door], valid_from=now, valid_until=now + timedelta(hours=3), at=now
    )
    trip = passes.one_trip(resident=who, gates=[door], at=now)
    agents = {}
    for gate in (door, other):
        agents[gate] = Agent(Store(tmp_path / str(gate.pk)))
        agents[gate].pair(server=live.url, code=pairing.make_code(gate=gate, by=None, at=now))
        agents[gate].sync()
    agent = agents[door]

    own = who.credentials.get(kind="pin", temporary=False)
    assert agent.show_pin(f"{own.number}482915").credential == str(own.pk)
    assert agent.show_pin(lent.number + lent.pin).open
    assert agent.show_qr(code.text).open
    assert agent.show_qr(code.text).reason == Reason.CODE_USED
    assert agents[other].show_qr(code.text).open  # spent at each gate by itself
    shown = passes.show(visit)
    assert agent.show_qr(shown.text).open
    assert agent.show_pin(shown.number + shown.pin).open
    assert agents[other].show_qr(shown.text).reason == Reason.UNKNOWN_CODE
    assert agent.show_qr(passes.show(trip).text).open
    assert agent.show_qr(passes.show(trip).text).reason == Reason.CODE_USED
    agent.sync()
    assert agent.trouble is None
    kinds = EntryEvent.objects.filter(gate=door, outcome="opened").values_list("kind", flat=True)
    assert sorted(kinds) == ["pass", "pass", "pass", "pin", "pin", "qr"]

    assert passes.end_over(at=now) == 1  # the trip was made, says the gate
    passes.end(visit=visit, at=now)
    qr.stop(resident=who, at=now)
    agent.sync()
    assert agent.show_qr(shown.text).reason == Reason.UNKNOWN_CODE
    assert agent.show_pin(shown.number + shown.pin).reason == Reason.WRONG_PIN
    assert agent.show_qr(qr.show(credential=code.credential, at=now).text).reason == Reason.UNKNOWN_CODE
    assert agent.status()["unproven_erasures"] == 0
    for each in agents.values():
        each.close()
