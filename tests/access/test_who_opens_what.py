"""Who opens what: whatever residents, staff and clocks do, the gates decide as ten lines say.

Two people share every dwelling, one who never says yes to a face and one who may. They move in and out together; cards,
PINs, codes, visits, rules and consent come and go at random, gates are cut off and come back. After each step the real
agent, fed by the real feed, is shown everything that was ever handed out. Days lie in the past, for the database goes by
its own clock when it keeps people from being left without a way in.
"""

from __future__ import annotations

import itertools
import json
import tempfile
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run

from access import cards, feed, passes, pins, qr, rules
from access.models import Credential, FeedRow
from consent.models import Purpose
from consent.voices import own
from consent.withdrawal import withdraw
from gate import keypad
from gate.decide import _by_hours as by_hours
from gate.decide import decide_face
from gate.feed import windows_of
from residents import effects
from residents.models import User
from residents.register import move_in, register
from tests import make
from tests.access.doors import Door
from tests.access.ten_lines import ZONE, Opening, Way, World, day, opens

HOURS = [None, (time(8), time(18)), (time(22), time(6)), (time(9), time(9))]
DAYS = [(), (1, 2, 3, 4, 5), (6, 7), (3,)]
PEOPLE = ("refuser", "consenter")


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.rollback = transaction.atomic()
        self.rollback.__enter__()
        self.folder = tempfile.TemporaryDirectory()
        self.numbers = itertools.count(1)
        self.now = datetime.now(UTC).replace(microsecond=0) - timedelta(days=12)
        self.last = self.now + timedelta(days=11)
        self.world = World()
        self.rows: dict[int, object] = {}
        self.shows: dict[str, object] = {}  # how a way is shown to an agent
        self.credentials: dict[str, Credential] = {}
        self.visits: dict[str, object] = {}
        self.used: set[tuple[str, int]] = set()

    def teardown(self) -> None:
        for door in getattr(self, "doors", {}).values():
            door.agent.close()
        transaction.set_rollback(True)
        self.rollback.__exit__(None, None, None)
        self.folder.cleanup()

    @initialize(codes=st.tuples(st.booleans(), st.booleans()))
    def begin(self, codes) -> None:
        here = self.here = make.neighborhood()
        assert here.time_zone == ZONE.key
        self.units = [make.unit(here) for _ in range(2)]
        self.people = {}
        for name in PEOPLE:
            who = self.people[name] = register(neighborhood=here, name=name)
            who.user = User.objects.create(username=f"{name}-{who.pk}")
            who.save()
        self.doors = {}
        for number in range(2):
            # A keypad everywhere: where there is none, a lent PIN is no way in and the desk lends a card.
            gate = make.gate(here, at=self.now, by_pin=True, by_qr=codes[number])
            self.doors[number] = Door(self, gate, Path(self.folder.name) / str(number))
        self.takes()
        self.move(unit=0, ahead=0, nights=5)
        self.allow(gate=0, unit=0, days=(), hours=None)

    def takes(self) -> None:
        for number, door in self.doors.items():
            beside = {"qr"} if door.gate.by_qr else set()
            self.world.takes[number] = {"card", "pin", "face", "pass"} | beside

    def hand(self, credential: Credential, person: str, show, **also) -> str:
        key = str(credential.pk)
        self.world.ways[key] = Way(credential.kind, person, **also)
        self.credentials[key], self.shows[key] = credential, show
        return key

    def live(self, person: str, *kinds: str) -> list[str]:
        return [
            k for k, way in self.world.ways.items() if way.live and way.person == person and way.kind in kinds
        ]

    def over(self, keys: list[str]) -> None:
        """What the database says has ended, and nothing else."""
        for key in keys:
            self.world.ways[key].live = False

    # People.

    @rule(unit=st.integers(0, 1), ahead=st.integers(0, 2), nights=st.sampled_from([1, 2, 3, 6, None]))
    def move(self, unit, ahead, nights) -> None:
        since = day(self.now) + timedelta(days=ahead)
        until = since + timedelta(days=nights) if nights else None
        if any(
            home == unit and (until is None or began < until) and (ended is None or since < ended)
            for home, began, ended in self.world.lived
        ):
            return
        for name, who in self.people.items():
            if not self.live(name, "card", "pin"):
                self.give_card(name)
            move_in(resident=who, unit=self.units[unit], since=since, until=until, at=self.now)
        self.world.lived.append((unit, since, until))

    @rule()
    def the_last_day_has_come(self) -> None:
        """What is done when a stay that was agreed to end has ended; ending one early is a law of its own."""
        today = day(self.now)
        for name, who in self.people.items():
            effects.call("access_changed", resident=who, at=self.now)
            if not any(until is None or until > today for _, _, until in self.world.lived):
                self.over(self.live(name, "pass"))

    # Rules, for both alike.

    @rule(
        gate=st.integers(0, 1),
        unit=st.sampled_from([0, 1, None]),
        days=st.sampled_from(DAYS),
        hours=st.sampled_from(HOURS),
    )
    def allow(self, gate, unit, days, hours) -> None:
        who = {"unit": self.units[unit]} if unit is not None else None
        asked = [who] if who else [{"resident": each} for each in self.people.values()]
        made = [
            rules.add(gate=self.doors[gate].gate, days=days, hours=hours, at=self.now, **each)
            for each in asked
        ]
        key = next(self.numbers)
        self.world.openings[key], self.rows[key] = Opening(gate, unit, days, hours), made

    @precondition(lambda self: self.world.openings)
    @rule(data=st.data())
    def forbid(self, data) -> None:
        key = data.draw(st.sampled_from(sorted(self.world.openings)))
        for each in self.rows.pop(key):
            rules.remove(rule=each, at=self.now)
        del self.world.openings[key]

    # Ways in.

    @rule(name=st.sampled_from(PEOPLE))
    def give_card(self, name) -> None:
        number = f"CARD{next(self.numbers):06}"
        card = cards.issue(resident=self.people[name], number=number, at=self.now)
        # A lent PIN lasts until there is a card again.
        self.over([key for key in self.live(name, "pin") if self.credentials[key].temporary])
        self.hand(card, name, lambda door: door.agent.show_card(number))

    @rule(name=st.sampled_from(PEOPLE))
    def lose_cards(self, name) -> None:
        """All of them; the desk lends a PIN in the same act."""
        lost = self.live(name, "card")
        self.lend(name)
        Credential.objects.filter(pk__in=lost).update(ended_at=self.now)
        feed.refresh(credentials=[self.credentials[key] for key in lost], at=self.now)
        self.over(lost)

    def lend(self, name) -> None:
        self.over([key for key in self.live(name, "pin") if self.credentials[key].temporary])
        lent = pins.lend(resident=self.people[name], at=self.now)
        typed = lent.number + lent.pin
        self.hand(lent.credential, name, lambda door: door.agent.show_pin(typed))

    @rule(name=st.sampled_from(PEOPLE), pin=st.sampled_from(["482915", "73915520"]))
    def choose_pin(self, name, pin) -> None:
        self.over([key for key in self.live(name, "pin") if not self.credentials[key].temporary])
        chosen = pins.choose(resident=self.people[name], pin=pin, at=self.now)
        typed = f"{chosen.number}{pin}"
        self.hand(chosen, name, lambda door: door.agent.show_pin(typed))

    @rule(name=st.sampled_from(PEOPLE))
    def stop_pin(self, name) -> None:
        chosen = [key for key in self.live(name, "pin") if not self.credentials[key].temporary]
        if len(self.live(name, "card", "pin")) > len(chosen):
            pins.stop(resident=self.people[name], at=self.now)
            self.over(chosen)

    @rule(name=st.sampled_from(PEOPLE))
    def show_code(self, name) -> None:
        made = qr.token_for(resident=self.people[name], at=self.now).credential
        if str(made.pk) not in self.world.ways:
            self.hand(made, name, lambda door: door.agent.show_qr(qr.show(credential=made, at=self.now).text))

    @rule(name=st.sampled_from(PEOPLE))
    def stop_codes(self, name) -> None:
        qr.stop(resident=self.people[name], at=self.now)
        self.over(self.live(name, "qr"))

    @rule(
        name=st.sampled_from(PEOPLE),
        through=st.sets(st.integers(0, 1), min_size=1),
        begins=st.integers(0, 40),
        lasts=st.integers(1, 60),
        once=st.booleans(),
    )
    def invite(self, name, through, begins, lasts, once) -> None:
        asked = {"valid_from": self.now + timedelta(hours=begins)}
        asked["valid_until"] = asked["valid_from"] + timedelta(hours=2 if once else lasts)
        try:
            visit = passes.make(
                resident=self.people[name],
                gates=[self.doors[each].gate for each in through],
                once=once,
                at=self.now,
                **asked,
            )
        except passes.TooMany:
            assert len(self.live(name, "pass")) == 20
            return
        except passes.GateNotTheirs:
            reached = {each.gate for each in self.world.openings.values() if self.concerns(each)}
            assert not through <= reached
            return
        shown = passes.show(visit)
        by_code = len(self.visits) % 2
        key = self.hand(
            visit.credential,
            name,
            # Where no codes are taken a visitor types.
            lambda door: (
                door.agent.show_qr(shown.text)
                if by_code and "qr" in door.told.takes[self.number(door)]
                else door.agent.show_pin(shown.number + shown.pin)
            ),
            gates=frozenset(through),
            begins=visit.valid_from,
            ends=visit.valid_until,
            once=once,
        )
        self.visits[key] = visit

    def concerns(self, opening: Opening) -> bool:
        today = day(self.now)
        return opening.unit is None or any(
            unit == opening.unit and (until is None or until > today) for unit, _, until in self.world.lived
        )

    def number(self, door: Door) -> int:
        return next(number for number, each in self.doors.items() if each is door)

    @precondition(lambda self: any(self.live(name, "pass") for name in PEOPLE))
    @rule(data=st.data())
    def send_away(self, data) -> None:
        key = data.draw(st.sampled_from([key for name in PEOPLE for key in self.live(name, "pass")]))
        passes.end(visit=self.visits[key], at=self.now)
        self.over([key])

    @rule()
    def say_yes_or_stop(self) -> None:
        who = self.people["consenter"]
        if mine := self.live("consenter", "face"):
            withdraw(resident=who, purpose=Purpose.FACE_AT_GATE, voice=own(who.user, "en"), at=self.now)
            self.over(mine)
            return
        seed = next(self.numbers) * 97
        face = make.face(who, at=self.now, seed=seed)
        self.hand(face, "consenter", lambda door: self.look(door, seed))

    def look(self, door: Door, seed: int):
        return decide_face(
            near=door.agent._templates.near(make.encoding(seed)),
            now=self.now,
            time_zone=ZONE,
            faces_used_here=True,
            last_sync=door.synced,
            offline_hours=door.store.fact("offline_hours"),
        )

    # Time.

    @precondition(lambda self: self.now < self.last)
    @rule(hours=st.integers(1, 20))
    def wait(self, hours) -> None:
        self.now = min(self.now + timedelta(hours=hours), self.last)

    @rule(gate=st.integers(0, 1), hours=st.integers(1, 36))
    def cut_off(self, gate, hours) -> None:
        self.doors[gate].cut_until = self.now + timedelta(hours=hours)

    @rule()
    def sweep(self) -> None:
        passes.end_over(at=self.now)
        feed.review(at=self.now)
        today = day(self.now)
        hostless = not any(until is None or until > today for _, _, until in self.world.lived)
        for way in self.world.ways.values():
            if way.kind == "pass" and (way.ends <= self.now or hostless):
                way.live = False

    # And after each of them:

    @invariant()
    def the_database_agrees(self) -> None:
        """As at a commit: nobody who lives here is left without a way in."""
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")

    @invariant()
    def the_gates_decide_as_ten_lines_say(self) -> None:
        for number, door in getattr(self, "doors", {}).items():
            if door.told is None or getattr(door, "cut_until", self.now) <= self.now:
                door.sync()
            for key, show in self.shows.items():
                way = door.told.ways.get(key) or Way(self.credentials[key].kind, "", live=False)
                may = opens(door.told, way, number, self.now, door.synced) and (key, number) not in self.used
                door.store.keep_patience("keypad", keypad.Patience())
                decision = show(door)
                # An old face looks like the new one, and an old PIN may be the new one again: then that opened.
                opened = decision.open and decision.credential == key
                assert opened == may, (way, number, self.now, decision)
                if opened and way.once:
                    self.used.add((key, number))

    @invariant()
    def whoever_may_enter_can_without_a_phone(self) -> None:
        for number in getattr(self, "doors", {}):
            for name in PEOPLE:
                plain = [Way("card", name), *map(self.world.ways.get, self.live(name, "card", "pin"))]
                verdicts = [opens(self.world, way, number, self.now, self.now) for way in plain]
                assert not verdicts[0] or any(verdicts[1:]), (name, number)

    @invariant()
    def a_refuser_has_the_doors_and_hours_of_a_consenter(self) -> None:
        if not hasattr(self, "people"):
            return
        # By what the windows mean, not how they are written: a row of before may still name a first day that has passed.
        doors: dict[tuple[str, str], set[tuple[UUID, datetime]]] = {}
        rows = FeedRow.objects.filter(
            present=True, neighborhood=self.here, body__kind__in=["card", "pin", "qr"]
        )
        names = {who.pk: name for name, who in self.people.items()}
        soon = [self.now + timedelta(hours=each) for each in range(0, 96, 5)]
        for row in rows.select_related("credential"):
            windows = windows_of(json.dumps(row.body["windows"]))
            reached = doors.setdefault((names[row.credential.resident_id], row.body["kind"]), set())
            reached |= {(row.gate_id, each) for each in soon if by_hours("c", windows, each, ZONE).open}
        for kind in ("card", "pin", "qr"):
            both = [doors.get((name, kind), set()) for name in PEOPLE]
            if all(self.live(name, kind) for name in PEOPLE):
                assert both[0] == both[1]
        plain = [doors.get((name, "card"), set()) | doors.get((name, "pin"), set()) for name in PEOPLE]
        assert plain[0] == plain[1]


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.obligation("A1", "2", "3")
def test_who_opens_what(monkeypatch):
    monkeypatch.setattr(keypad, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    keypad._nobodys.cache_clear()
    run(
        Machine,
        settings=settings(
            max_examples=10,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    keypad._nobodys.cache_clear()
