"""After each kind of erasure no byte is left but where the certificate says so: on a gate that has not answered yet.

One house for all kinds: the worker, beat, web and two agents are real. Everybody has a face at a gate, photos on their way, a
name, a number, an address that mail went to, a card, a PIN, a sentence at the desk and one at the register. First all of it
is found; while the gates are offline, what is theirs to delete lies there and nowhere else; then nothing does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from access import changing, enrolment, gates, pairing, retiring, rules
from access.models import Enrolment, Gate, Template
from committees.models import Committee, Term
from consent import withdrawal
from consent.models import Purpose, Standing
from consent.voices import own
from portal import certifying
from residents import deaths, outbox
from residents.models import Death, ErasureOrder, ErasurePlace, Neighborhood, Resident, RightsRequest, User
from tests import long_ago, make
from tests.cast import staff
from tests.changing.conftest import Passing
from tests.changing.conftest import days_pass as days_pass
from tests.enrolling import two_portraits
from tests.live import Live
from tests.processes.doors import Door
from tests.processes.scanner import Scanner
from tests.processes.test_a_person_goes import known, move_out
from vault.models import Key

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
Kind, State = ErasurePlace.Kind, ErasurePlace.State
A_YEAR, A_MONTH, A_DAY = timedelta(days=365), timedelta(days=31), timedelta(days=1)


@dataclass
class Planted:
    """Somebody, what lies of them, and what must lie nowhere as it is."""

    who: Resident
    lies: dict[str, bytes] = field(default_factory=dict)
    never: dict[str, bytes] = field(default_factory=dict)

    @property
    def of_the_face(self) -> dict[str, bytes]:
        """What goes where somebody lives on here, and only their face does not."""
        return {name: held for name, held in self.lies.items() if name.split()[0] in ("face", "copy")}


@dataclass
class Stage:
    here: Neighborhood
    door: Door
    gate: Gate
    clerk: User
    second: User
    now: datetime

    @property
    def disk(self) -> str:
        return f"gates/{self.door.state.name}"

    @classmethod
    def set(cls, live: Live, where: Neighborhood, now: datetime) -> Stage:
        gate = gates.put_up(neighborhood=where, name="南门", by_pin=True, by_face=True, at=now)
        door = Door(live, f"door-{where.pk.hex[:6]}")
        door.pair(pairing.make_code(gate=gate, by=None, at=now))
        make.enable(where, at=now)
        one, other = (
            staff(
                where,
                username=f"{name}-{where.pk}",
                kind=Committee.Kind.PROPERTY,
                role=Term.Role.CLERK,
                at=now,
            )
            for name in ("one", "other")
        )
        door.open()
        return cls(where, door, gate, one, other, now)

    def plant(self, seed: int, *, agreed_at: datetime | None = None) -> Planted:
        """The photos are on their way: no worker has looked at them."""
        who = make.resident(self.here, at=self.now)
        rules.add(gate=self.gate, resident=who, at=self.now)
        lies, never = known(who, at=self.now, asks=RightsRequest.Kind.DELETE)
        make.face(who, at=agreed_at or self.now, seed=seed)
        make.consent(who, purpose=Purpose.PHOTO_OVER_INTERNET, at=agreed_at or self.now)
        pictures = two_portraits()
        begun = enrolment.begin(resident=who, route=Enrolment.Route.PORTAL, pictures=pictures, at=self.now)
        template = Template.objects.get(resident=who)
        key = Key.objects.get(pk=template.standing.key)
        lies |= {"face template": bytes(template.ciphertext), "face key": bytes(key.wrapped or b"")}
        lies |= {f"face photo {name}": held for name, held in _waiting(begun).items()}
        return Planted(who, lies, never | {"photo": pictures[0], "other photo": pictures[1]})


def _waiting(begun: Enrolment) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(settings.PHOTOS).glob(f"*/{begun.pk}/*")}


def stop(planted: Planted, stage: Stage) -> None:
    """By their own request, with one press."""
    assert planted.who.user is not None
    withdrawal.withdraw(
        resident=planted.who,
        purpose=Purpose.FACE_AT_GATE,
        voice=own(planted.who.user, "en"),
        at=datetime.now(UTC),
    )


def lapse(planted: Planted, stage: Stage) -> None:
    """The year is over that the form says."""
    ends = Standing.objects.get(resident=planted.who, purpose=Purpose.FACE_AT_GATE).expires_at
    assert make.swept("consent.lapsed", at=ends) >= 1
    # That day is tomorrow, and the worker's clock is today's.
    ErasurePlace.objects.filter(order__resident=planted.who).update(due_at=stage.now)


def leave(planted: Planted, stage: Stage) -> None:
    move_out(planted.who, datetime.now(UTC))
    long_ago.left_at(planted.who, stage.now - A_MONTH)


def die(planted: Planted, stage: Stage) -> None:
    at = datetime.now(UTC)
    death = deaths.report(
        resident=planted.who, document=Death.Document.CERTIFICATE, kept_where="3 号柜", by=stage.clerk, at=at
    )
    deaths.confirm(death=death, by=stage.second, at=at)
    long_ago.left_at(planted.who, stage.now - 3 * A_MONTH)


def retire(stage: Stage, days_pass: Passing) -> None:
    """Announced two weeks ago; the sweep of that day empties the gate."""
    at = datetime.now(UTC)
    plans = retiring.retire_faces(
        neighborhood=stage.here,
        takes_effect_on=changing.earliest(stage.here, at),
        why="nobody wants them",
        by=stage.clerk,
        at=at,
    )
    for plan in plans:
        changing.announce(change=plan, by=stage.second, at=at)
        days_pass(plan, 14)
    assert plans


@pytest.fixture
def stages(live: Live, here: Neighborhood, elsewhere: Neighborhood, now: datetime) -> Iterator[list[Stage]]:
    live.web()
    made = [Stage.set(live, where, now) for where in (here, elsewhere)]
    yield made
    for stage in made:
        stage.door.close()


@dataclass
class Mail:
    """The folder of a house that sends nothing."""

    folder: Path

    def send(self) -> None:
        with outbox.Post() as post:
            while post.send_next(at=datetime.now(UTC)):
                pass
        assert list(self.folder.iterdir())

    def a_month_passes(self) -> None:
        """As over the days of grace."""
        long_ago = (datetime.now(UTC) - A_MONTH).timestamp()
        for file in self.folder.iterdir():
            os.utime(file, (long_ago, long_ago))

    def is_empty(self) -> bool:
        return not any(self.folder.iterdir())


@pytest.fixture
def mail(live: Live, settings) -> Mail:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = settings.MESSAGE_FOLDER = live.var / "messages"
    return Mail(settings.MESSAGE_FOLDER)


ACTS = {"stopped": stop, "lapsed": lapse, "left": leave, "died": die}
LIVE_ON = {"stopped", "lapsed", "retired"}
CAUSES = {"withdrawn", "expired", "moved_out", "died", "retired"}


@pytest.mark.obligation("3", "9", "11", "20", "34", "F4", "F7", "F8", "F12", "F13", "F23")
def test_no_byte_is_left_but_where_the_certificate_says_so(live: Live, stages, mail, days_pass, now):
    scanner = Scanner(live)
    ours, theirs = stages
    cast = {
        kind: ours.plant(seed, agreed_at=now - A_YEAR + A_DAY if kind == "lapsed" else None)
        for seed, kind in enumerate(ACTS)
    }
    cast["retired"] = theirs.plant(9)
    mail.send()
    copies: dict[str, bytes] = {}
    for stage, faces in ((ours, len(ACTS)), (theirs, 1)):
        assert stage.door.ask(sync=True)["faces"] == faces
        copies |= {f"copy {stage.gate.pk} {n}": each for n, each in enumerate(stage.door.sealed_copies())}
    assert len(copies) == len(cast)
    lies = {f"{kind}: {name}": held for kind, each in cast.items() for name, held in each.lies.items()}
    never = {f"{kind}: {name}": held for kind, each in cast.items() for name, held in each.never.items()}
    goes = {
        f"{kind}: {name}": held
        for kind, each in cast.items()
        for name, held in (each.of_the_face if kind in LIVE_ON else {**each.lies, **each.never}).items()
    }
    needles = {**lies, **never, **copies}

    there = scanner.find(needles)
    for name in lies:
        assert ({"photos"} if "photo " in name else {"rows", "pg"}) <= there[name], (name, there[name])
    for name in never:
        assert there[name] == ({"messages"} if name.endswith("address") else set()), (name, there[name])
    assert all(there[name] in ({ours.disk}, {theirs.disk}) for name in copies), there

    for stage in stages:
        stage.door.close()  # offline, while all of it happens
    for kind, act in ACTS.items():
        act(cast[kind], ours)
    retire(theirs, days_pass)
    mail.a_month_passes()
    live.worker()
    live.beat()
    live.wait_until(lambda: _only_gates_are_waited_for(cast) and mail.is_empty(), timeout=120)
    left = {name: where for name, where in scanner.find({**goes, **copies}).items() if where}
    # Of who lives here no more, the card and the PIN are on that disk as well: the gate knows people by them.
    at_the_gate = {f"{kind}: {name}" for kind in ("left", "died") for name in ("card", "PIN")}
    assert left == {name: there[name] for name in copies} | {name: {ours.disk} for name in at_the_gate}
    assert _not_gone(cast) == {kind: {"device"} for kind in cast}

    for stage in stages:
        stage.door.open()
    live.wait_until(lambda: not ErasureOrder.objects.incomplete().exists(), timeout=60)
    assert not any(scanner.find({**goes, **copies}).values())
    assert _not_gone(cast) == {kind: set() for kind in cast}
    assert set(ErasureOrder.objects.values_list("cause", flat=True)) == CAUSES


def _only_gates_are_waited_for(cast: dict[str, Planted]) -> bool:
    people = [each.who.pk for each in cast.values()]
    with_orders = ErasureOrder.objects.filter(resident__in=people).values("resident").distinct().count()
    erased = Resident.objects.filter(pk__in=people, erased_at__isnull=False).count()
    others = ErasurePlace.objects.open().exclude(kind=Kind.DEVICE)
    return with_orders == len(people) and erased == len(people) - len(LIVE_ON) and not others.exists()


def _not_gone(cast: dict[str, Planted]) -> dict[str, set[str]]:
    """For each of them, the kinds of places that the certificate of all their deletions does not call gone."""
    at = datetime.now(UTC)
    made = {kind: certifying.issue(resident=each.who, order=None, at=at) for kind, each in cast.items()}
    return {
        kind: {
            place["kind"]
            for order in certificate.document["orders"]
            for place in order["places"]
            if place["state"] != State.GONE
        }
        for kind, certificate in made.items()
    }
