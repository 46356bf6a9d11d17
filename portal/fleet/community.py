"""The people and gates of a fleet: made by the same functions as the screens call, under names that are nobody's."""

from __future__ import annotations

import random
import secrets
import threading
import time
import tomllib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.db import transaction

from access import cards, feed, gates, losing, pairing, pins, qr, rules, signs, templates
from access.feed import refresh
from access.models import Credential, Device, Gate, Template
from consent import deciding, drafting, enabling, publishing, voices
from consent.models import Form, ImpactAssessment, Justification, Purpose, Standing
from consent.withdrawal import withdraw
from gate.sealing import ENCODING_LENGTH, pack_template
from portal import demo
from residents.ages import today_in
from residents.models import Building, Neighborhood, Resident, Unit, User
from residents.register import move_in, register

GATES_EACH = 20
PEOPLE_EACH = 16
WITH_A_FACE = 8
FACE_GATES = 5
_WORDS = Path(demo.__file__).with_name("notices.toml")


@dataclass
class Person:
    resident: Resident
    card: str
    card_id: str
    pin: str = ""  # number and PIN, as typed
    qr: str = ""
    face: str = ""  # of the credential


@dataclass(frozen=True)
class Drop:
    """Something was taken from somebody: from `at` on (a clock that nobody sets) no next answer may leave it out."""

    credential: str
    kind: str
    at: float


@dataclass
class Community:
    neighborhood: Neighborhood
    gates: list[Gate]
    people: list[Person]
    staff: User
    drops: list[Drop] = field(default_factory=list)
    # What is being taken just now or was taken: nobody can say yet whether a door still opens for it.
    going: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def dropped(self) -> list[Drop]:
        with self.lock:
            return list(self.drops)


def settle(number: int, *, size: int, at: datetime) -> Community:
    """One neighborhood with `size` gates, each open to every dwelling, and people who carry cards, some PINs and codes."""
    mark = secrets.token_hex(3)
    here = Neighborhood.objects.create(name=f"车队小区 {number} {mark}", name_en=f"Fleet {number} {mark}")
    staff = User.objects.create(username=f"fleet-{mark}-{number}")
    with feed.put_off(at=at):
        building = Building.objects.create(neighborhood=here, name="1")
        people = [_person(here, building, f"{mark}{each:03}", at=at) for each in range(PEOPLE_EACH)]
        doors = [
            gates.put_up(
                neighborhood=here,
                name=f"车队 {each}",
                name_en=f"Fleet gate {each}",
                by_pin=True,
                by_qr=True,
                by_face=each < FACE_GATES,
                at=at,
            )
            for each in range(size)
        ]
        for door in doors:
            rules.open_to_every_dwelling(gate=door, at=at)
    return Community(here, doors, people, staff)


def _person(here: Neighborhood, building: Building, mark: str, *, at: datetime) -> Person:
    resident = register(neighborhood=here, name=f"车队 {mark}")
    resident.user = User.objects.create(username=f"fleet-person-{mark}-{here.pk.hex[:6]}")
    resident.save()
    unit = Unit.objects.create(neighborhood=here, building=building, number=mark)
    move_in(resident=resident, unit=unit, since=at.date() - timedelta(days=30), at=at)
    number = f"F1{secrets.token_hex(5)}".upper()
    card = cards.issue(resident=resident, number=number, at=at)
    person = Person(resident, number, str(card.pk))
    if secrets.randbelow(3) == 0:
        secret = f"{secrets.randbelow(900000) + 100000}"
        try:
            person.pin = (pins.choose(resident=resident, pin=secret, at=at).number or "") + secret
        except ValueError:  # too simple a PIN: they go without one
            person.pin = ""
    person.qr = qr.token_for(resident=resident, at=at).text
    return person


def pairing_code(gate: Gate, *, at: datetime) -> str:
    return pairing.make_code(gate=gate, by=None, at=at)


def give_faces(community: Community, *, at: datetime) -> None:
    """Signs, papers, consents and templates; numbers of the right shape that are nobody's face. After every gate is paired."""
    here = community.neighborhood
    for device in Device.objects.filter(gate__in=community.gates, gate__by_face=True):
        signs.post(device=device, hangs="门右侧", purpose="自愿刷脸开门", by=community.staff, at=at)
    other = User.objects.create(username=f"fleet-second-{here.pk.hex[:8]}")
    _enable(here, community.staff, other, at)
    form = _form(here, community.staff, other, at)
    for person in community.people[:WITH_A_FACE]:
        assert person.resident.user is not None
        standing = deciding.give(
            resident=person.resident,
            purpose=Purpose.FACE_AT_GATE,
            form=form,
            voice=voices.own(person.resident.user, "zh-hans"),
            at=at,
        )
        person.face = str(_face(person.resident, standing, at=at).pk)


@transaction.atomic
def _face(resident: Resident, standing: Standing, *, at: datetime) -> Credential:
    credential = Credential.objects.create(
        neighborhood=resident.neighborhood, resident=resident, kind=Credential.Kind.FACE, created_at=at
    )
    packed = pack_template([random.uniform(-0.1, 0.1) for _ in range(ENCODING_LENGTH)])  # noqa: S311  (nobody's)
    Template.objects.create(
        credential=credential,
        resident=resident,
        standing=standing,
        ciphertext=templates.seal(standing=standing, credential=credential.pk, packed=packed),
        created_at=at,
    )
    refresh(credentials=[credential], at=at)
    return credential


def _enable(here: Neighborhood, one: User, other: User, at: datetime) -> None:
    justification = Justification(neighborhood=here, **dict.fromkeys(Justification.WORDS, "车队演练"))
    enabling.write(paper=justification, by=one)
    enabling.confirm_justification(justification=justification, by=other, at=at)
    assessment = ImpactAssessment(
        neighborhood=here,
        valid_until=today_in(here, at) + enabling.ASSESSMENT_HOLDS,
        **dict.fromkeys(ImpactAssessment.WORDS, "车队演练"),
    )
    enabling.write(paper=assessment, by=one)
    enabling.confirm_assessment(assessment=assessment, by=other, at=at)


def _form(here: Neighborhood, one: User, other: User, at: datetime) -> Form:
    said = tomllib.loads(_WORDS.read_text(encoding="utf-8"))[Purpose.FACE_AT_GATE.value]
    form = drafting.begin(neighborhood=here, purpose=Purpose.FACE_AT_GATE, by=one)
    form.controller_name, form.controller_kind = here.name, Form.Controller.OWNERS
    form.controller_address, form.controller_contact = "车队路 1 号", "车队办公室"
    form.retention_days, form.life_days = said["retention_days"], said["life_days"]
    form.save()
    for text in form.texts.all():
        for part, words in said[text.language].items():
            setattr(text, part, words.strip())
        text.save()
    publishing.submit(form=form, by=one, at=at)
    return publishing.publish(form=form, by=other, at=at)


def take_away(community: Community, dice: random.Random, *, at: datetime) -> Drop | None:
    """Somebody stops their face, loses a card or stops a code, as the screens do it. None if nothing is left to take."""
    lost = {drop.credential for drop in community.dropped()}
    choices = [("face", each) for each in community.people if each.face and each.face not in lost]
    # Half of them keep their cards throughout: theirs must open at every gate at any time.
    choices += [("card", each) for each in community.people[::2] if each.card_id not in lost]
    if not choices:
        return None
    kind, person = dice.choice(choices)
    community.going.add(person.face if kind == "face" else person.card_id)
    if kind == "face":
        assert person.resident.user is not None
        voice = voices.own(person.resident.user, "zh-hans")
        withdraw(resident=person.resident, purpose=Purpose.FACE_AT_GATE, voice=voice, at=at)
        drop = Drop(person.face, kind, time.monotonic())
    else:
        card = Credential.objects.get(pk=UUID(person.card_id))
        losing.report_lost(resident=person.resident, card=card, by=community.staff, at=at)
        drop = Drop(person.card_id, kind, time.monotonic())
    with community.lock:
        community.drops.append(drop)
    return drop
