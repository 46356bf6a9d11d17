"""Guo Bing's case as it should have gone, through the real doors: the desk, the portal, the feed and a gate that runs.

The operator gives up faces at the gate and brings in codes. It is planned, confirmed, announced; nobody is moved; the old
ways open until the day, and cards after it; who never used a face has the same doors and hours as who did; what faces
were made of is gone when the gate has said so, and not before.
"""

from __future__ import annotations

import pytest
from django.test import Client

from access import changing, pairing, qr
from access.models import Credential, MethodChange, SealedCopy
from gate.agent import Agent
from gate.store import Store
from portal import erasure, sweeps
from residents.models import ErasureOrder
from tests import make
from tests.changing.conftest import opens, ways
from vault import rewrite

pytestmark = [pytest.mark.django_db]


def of(user) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def gate_at_work(live, door, tmp_path):
    live.web()

    def begin(now) -> Agent:
        agent = Agent(Store(tmp_path / "gate"))
        agent.pair(server=live.url, code=pairing.make_code(gate=door, by=None, at=now))
        make.enable(door.neighborhood, at=now)  # a sign beside the new reader
        return agent

    return begin


@pytest.mark.obligation("A3", "11", "2", "1")
def test_the_gate_changes_its_methods_and_nobody_is_moved(
    live, door, resident, neighbor, clerk, second, gate_at_work, days_pass, monkeypatch, now
):
    monkeypatch.setattr(rewrite, "rewrite", lambda **_: True)
    monkeypatch.setattr(rewrite, "rewrite_keys", lambda: True)
    for who, number in ((resident, "0451 7788"), (neighbor, "0451 7799")):
        make.rule(door, who, at=now)
        make.card(who, at=now, number=number)
    face = make.face(resident, at=now)  # the neighbor has said no, or nothing: nobody knows which
    agent = gate_at_work(now)
    agent.sync()
    agent.sync()
    assert (agent.status()["faces"], agent.status()["cards"]) == (1, 2)
    assert SealedCopy.objects.get().acknowledged
    cards_before, ways_before = opens("card"), ways()

    # The desk plans, and a second person announces.
    page = f"/desk/gates/{door.pk}/methods/"
    day = changing.earliest(door.neighborhood, now)
    given = {"methods": ["pin", "qr"], "takes_effect_on": day.isoformat(), "why": "The reader is replaced"}
    assert of(clerk).post(page, given).status_code == 302
    change = MethodChange.objects.get()
    assert "second person" in of(clerk).get(page).content.decode()
    announce = f"/desk/changes/{change.pk}/announce/"
    of(clerk).post(announce)
    change.refresh_from_db()
    assert change.state == "planned", "one of the staff is not two"
    shown = of(second).get(page).content.decode()
    assert "not counted, so that nobody can be told by it" in shown
    for who in (resident, neighbor):
        assert str(who.pk) not in shown
    assert of(second).post(announce).status_code == 302

    # Those who pass there read it, each what holds for them; on the board it stands without a name.
    assert "this gate no longer takes: face" in of(resident.user).get("/").content.decode()
    theirs = of(neighbor.user).get("/").content.decode()
    assert "Nothing changes for you; your card goes on working" in theirs
    assert "face data" not in theirs
    board = of(clerk).get(f"/desk/changes/{change.pk}/notice/").content.decode()
    assert "这道门" in board
    for who in (resident, neighbor):
        assert who.name not in board
        assert str(who.pk) not in board

    # Until the day all is as it was.
    sweeps._change_gates(now)
    agent.sync()
    assert agent.status()["faces"] == 1
    assert agent.show_card("0451 7788").open
    assert agent.show_card("0451 7799").open

    # On the day the gate forgets faces. Cards open as before, and nobody was given or enrolled in anything.
    days_pass(change, 14)
    sweeps._change_gates(now)
    assert opens("face") == set()
    assert (opens("card"), ways()) == (cards_before, ways_before)
    hours = {
        who: {(gate, at) for gate, person, at in opens("card") if person == who.pk}
        for who in (resident, neighbor)
    }
    assert hours[resident] == hours[neighbor], "saying no to a face costs no door and no hour"
    assert not Credential.objects.filter(kind="qr").exists()

    # What faces left behind is gone when the gate has said so.
    make.swept("consent.lapsed", at=now)
    for order in ErasureOrder.objects.all():
        erasure.run(order=order.pk, at=now)
    assert {order.resident for order in ErasureOrder.objects.all()} == {resident}
    [waiting] = ErasureOrder.objects.incomplete()
    place = waiting.places.get(kind="device")
    assert (place.target, place.state, place.label) == (face.pk, "waiting", door.name)
    assert "still to confirm" in of(resident.user).get("/").content.decode()
    agent.sync()
    assert agent.trouble is None
    assert not ErasureOrder.objects.incomplete().exists()
    place.refresh_from_db()
    assert agent.status()["faces"] == agent.status()["pending_receipts"] == 0
    assert agent.show_card("0451 7788").open
    assert agent.show_card("0451 7799").open

    # What came in is there for whoever chooses it, one by one.
    code = qr.token_for(resident=neighbor, at=now)
    agent.sync()
    assert agent.show_qr(code.text).open
    assert not Credential.objects.filter(resident=resident, kind="qr").exists()
    assert "no longer takes" not in of(resident.user).get("/").content.decode()


@pytest.mark.obligation("A3")
def test_called_off_it_is_as_if_nothing_had_been_said(
    live, door, resident, clerk, second, gate_at_work, days_pass, now
):
    make.rule(door, resident, at=now)
    make.card(resident, at=now, number="0451 7788")
    make.face(resident, at=now)
    agent = gate_at_work(now)
    agent.sync()
    before = opens("card"), opens("face"), ways()
    plan = changing.plan(
        gate=door,
        methods=["card", "qr"],
        takes_effect_on=changing.earliest(door.neighborhood, now),
        why="so",
        by=clerk,
        at=now,
    )
    changing.announce(change=plan, by=second, at=now)
    assert "no longer takes" in of(resident.user).get("/").content.decode()
    assert of(clerk).post(f"/desk/changes/{plan.pk}/call-off/").status_code == 302
    sweeps._change_gates(now)
    agent.sync()
    assert (opens("card"), opens("face"), ways()) == before
    assert agent.status()["faces"] == 1
    assert not ErasureOrder.objects.exists()
    assert "no longer takes" not in of(resident.user).get("/").content.decode()
