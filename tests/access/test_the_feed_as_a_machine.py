"""Writers, readers, crashes, lost and repeated answers, in any order that comes to mind: after its last sync, what a device holds is
the truth. Faces that were lost are shown and never sent again. Real PostgreSQL, the API as it is, and the agent's own store."""

from __future__ import annotations

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

import gate.client
from access import facts, feed, pairing, rules
from access.models import Credential, Device, FeedRow, SealedCopy, Template
from consent.models import Purpose, Standing
from consent.voices import own
from consent.withdrawal import withdraw
from gate import following, keys, sealing
from gate.agent import Agent
from gate.store import Store
from tests import make

MOST_DEVICES = 3
RESIDENTS = 2


class Cut(Exception):
    """The power goes."""


class Line(httpx.BaseTransport):
    """To the site, in this process; what comes back may be lost, or be an answer of before."""

    trouble = ""
    before: httpx.Response | None = None

    def __init__(self) -> None:
        self._site = httpx.WSGITransport(app=WSGIHandler())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        trouble, Line.trouble = Line.trouble, ""
        if trouble == "request lost":
            raise httpx.ConnectError("lost")
        answer = self._site.handle_request(request)
        answer.read()
        kept = httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        old, Line.before = Line.before, kept
        if trouble == "answer lost":
            raise httpx.ReadError("lost")
        if trouble == "an old answer" and old is not None:
            return httpx.Response(old.status_code, headers=old.headers, content=old.content)
        return httpx.Response(kept.status_code, headers=kept.headers, content=kept.content)


class Door:
    """A device, its disk, and what it was once sent."""

    def __init__(self, folder: Path, code: str) -> None:
        self.folder = folder
        self.agent = Agent(Store(folder))
        self.agent.pair(server="http://localhost", code=code)

    @property
    def store(self) -> Store:
        return self.agent._store

    def starts_again(self) -> None:
        self.agent.close()
        self.agent = Agent(Store(self.folder))

    def versions(self) -> dict[str, int]:
        return dict(self.store._all("SELECT credential, version FROM rows"))

    def faces(self) -> dict[str, bool]:
        """Credential -> whether there is a template, and it opens."""
        found = self.store._all("SELECT credential, sealed, sealed_version FROM rows WHERE kind = 'face'")
        return {credential: self._opens(credential, sealed, at) for credential, sealed, at in found}

    def _opens(self, credential: str, sealed: bytes | None, version: int) -> bool:
        if sealed is None:
            return False
        return bool(
            sealing.open_template(
                sealed=sealed,
                key=keys.own(self.store)[1],
                device=self.store.fact("device"),
                credential=credential,
                version=version,
            )
        )


class Machine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.now = datetime.now(UTC)
        self.folder = Path(tempfile.mkdtemp())
        place = make.neighborhood()
        self.gate = make.gate(place, at=self.now)
        self.people = [make.resident(place, at=self.now) for _ in range(RESIDENTS)]
        for who in self.people:
            make.rule(self.gate, who, at=self.now)
        self.doors: list[Door] = []
        Line.trouble = ""
        self.a_device_is_put_up()

    def teardown(self) -> None:
        if hasattr(self, "doors"):
            for number in range(len(self.doors)):
                self.a_device_syncs(number)
            for door in self.doors:
                door.agent.close()
            shutil.rmtree(self.folder)

    # Writers.

    @rule(who=st.integers(0, RESIDENTS - 1))
    def somebody_gets_a_card(self, who: int) -> None:
        make.card(self.people[who], at=self.now)

    @rule(who=st.integers(0, RESIDENTS - 1))
    def a_card_ends(self, who: int) -> None:
        card = Credential.objects.active().filter(resident=self.people[who], kind="card").first()
        if card is not None:
            make.end(card, at=self.now)

    @rule(who=st.integers(0, RESIDENTS - 1), day=st.integers(1, 7))
    def hours_change(self, who: int, day: int) -> None:
        added = rules.add(gate=self.gate, resident=self.people[who], days=[day], at=self.now)
        if day % 2:
            rules.remove(rule=added, at=self.now)

    @rule()
    def a_writer_crashes(self) -> None:
        with transaction.atomic():
            make.card(self.people[0], at=self.now)
            transaction.set_rollback(True)

    @rule(who=st.integers(0, RESIDENTS - 1))
    def somebody_agrees_to_a_face(self, who: int) -> None:
        if not Credential.objects.active().filter(resident=self.people[who], kind="face").exists():
            make.face(self.people[who], at=self.now)

    @rule(who=st.integers(0, RESIDENTS - 1))
    def somebody_withdraws(self, who: int) -> None:
        if Standing.objects.filter(resident=self.people[who], purpose=Purpose.FACE_AT_GATE).exists():
            voice = own(self.people[who].user, "en")
            withdraw(resident=self.people[who], purpose=Purpose.FACE_AT_GATE, voice=voice, at=self.now)

    @rule()
    def tombstones_are_dropped(self) -> None:
        """Whoever has slept until now begins anew."""
        with transaction.atomic():
            feed.lock_counter(self.gate.neighborhood_id)
            feed.compact(
                list(FeedRow.objects.filter(gate=self.gate, present=False).values_list("pk", flat=True)),
                self.now,
            )

    @rule()
    def the_site_forgets_its_templates(self) -> None:
        """As it does once the devices have them."""
        Template.objects.filter(credential__neighborhood=self.gate.neighborhood).delete()

    # Devices.

    @precondition(lambda self: len(self.doors) < MOST_DEVICES)
    @rule()
    def a_device_is_put_up(self) -> None:
        code = pairing.make_code(gate=self.gate, by=None, at=datetime.now(UTC))
        door = Door(self.folder / str(len(self.doors)), code)
        self.doors.append(door)
        make.sign(Device.objects.get(pk=door.store.fact("device")), at=self.now)

    @rule(
        number=st.integers(0, MOST_DEVICES - 1),
        trouble=st.sampled_from(["request lost", "answer lost", "an old answer"]),
    )
    def a_device_asks_in_vain(self, number: int, trouble: str) -> None:
        if number < len(self.doors):
            Line.trouble = trouble
            self.doors[number].agent.sync()
            Line.trouble = ""

    @rule(number=st.integers(0, MOST_DEVICES - 1), page=st.integers(0, 2))
    def the_power_goes_while_a_page_is_stored(self, number: int, page: int) -> None:
        if number >= len(self.doors):
            return
        door, pages, remember = self.doors[number], [page], gate.store._remember

        def cut(db: Any, facts: dict[str, Any]) -> None:
            remember(db, facts)
            if "cursor" in facts and pages[0] == 0:
                raise Cut  # before the commit
            pages[0] -= "cursor" in facts

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gate.store, "_remember", cut)
            try:
                door.agent.sync()
            except Cut:
                door.starts_again()

    @rule(number=st.integers(0, MOST_DEVICES - 1))
    def a_device_takes_new_keys(self, number: int) -> None:
        if number < len(self.doors):
            self.doors[number].agent.renew_keys()

    @rule(number=st.integers(0, MOST_DEVICES - 1))
    def a_device_syncs(self, number: int) -> None:
        if number >= len(self.doors):
            return
        door = self.doors[number]
        before = {credential for credential, opens in door.faces().items() if opens}
        there = {str(each) for each in Template.objects.values_list("credential_id", flat=True)}
        door.agent.sync()
        assert door.agent.trouble is None, door.agent.trouble
        rows = FeedRow.objects.filter(gate=self.gate, present=True)
        truth = {
            str(credential): version for credential, version in rows.values_list("credential_id", "version")
        }
        assert door.versions() == truth
        faces = door.faces()
        for credential, opens in faces.items():
            # What it holds, stays; what the site no longer has, it does not send to anybody.
            assert opens or credential not in before, "a face that was held is gone"
            assert not opens or credential in before | there, "a face that was lost came back"
        missing = sum(not opens for opens in faces.values())
        assert door.agent.status()["faces_missing"] == missing
        copies = SealedCopy.objects.filter(device=door.store.fact("device"))
        told = {str(each) for each in copies.values_list("credential_id", flat=True)}
        assert {credential for credential, opens in faces.items() if opens} <= told, (
            "a copy that nobody wrote down"
        )


@pytest.mark.obligation("F7", "9", "3")
@pytest.mark.parametrize("rows", [2, 500])
def test_after_its_last_sync_a_device_holds_the_truth(committed, monkeypatch, rows):
    real = httpx.Client
    monkeypatch.setattr(gate.client.httpx, "Client", lambda **given: real(**(given | {"transport": Line()})))
    monkeypatch.setattr(following, "PAGE_ROWS", rows)
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_line_really_loses_answers_and_repeats_old_ones(committed, monkeypatch, tmp_path):
    """Or the machine above would show little."""
    real = httpx.Client
    monkeypatch.setattr(gate.client.httpx, "Client", lambda **given: real(**(given | {"transport": Line()})))
    now = datetime.now(UTC)
    here = make.gate(make.neighborhood(), at=now)
    door = Door(tmp_path / "door", pairing.make_code(gate=here, by=None, at=now))
    door.agent.sync()
    for trouble in ("request lost", "answer lost", "an old answer"):
        Line.trouble = trouble
        door.agent.sync()
        assert door.agent.trouble, trouble
        door.agent.sync()
        assert door.agent.trouble is None
    assert facts.facts_of(here, signed=False, at=now)["methods"] == door.store.fact("methods").split(",")
    door.agent.close()
