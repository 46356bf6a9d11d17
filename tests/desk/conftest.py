"""A neighborhood in which there is something of everything, and people who should see none of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.test import Client
from guardian.shortcuts import assign_perm

from access import cards, changing, gates, pairing, passes, rules, tapping
from access.models import (
    Credential,
    Device,
    Enrolment,
    EntryEvent,
    Gate,
    MethodChange,
    Pass,
    Rule,
    Sign,
    TapRequest,
    UnknownCard,
)
from committees import appointing, publishing
from committees.models import (
    Committee,
    NoticeFile,
    Term,
)
from committees.models import Notice as BodyNotice
from consent.models import (
    Decision,
    Form,
    ImpactAssessment,
    Justification,
    Notice,
    Paper,
    Purpose,
    Standing,
)
from consent.voices import own
from consent.withdrawal import withdraw
from portal import certifying
from residents import (
    approving,
    batches,
    deaths,
    departures,
    emergencies,
    letters,
    moving,
    owning,
    relatives,
    rights,
    standing_by,
)
from residents.ages import today_in
from residents.lookups import look_up
from residents.models import (
    Alarm,
    Approval,
    Building,
    Death,
    Departure,
    DeskAct,
    Emergency,
    ErasureCertificate,
    ErasureOrder,
    ErasurePlace,
    Guardianship,
    Helper,
    Hold,
    Import,
    Instruction,
    Letter,
    LetterBatch,
    LookUp,
    MoveOut,
    Neighborhood,
    Occupancy,
    Ownership,
    Passkey,
    RequestWords,
    Resident,
    RightsRequest,
    Unit,
    User,
)
from residents.register import move_in, register
from sharing.models import Answer, Contract, Disclosure, Recipient, Request
from tests import holding, make
from tests.cast import draft, staff
from tests.committees import voting
from tests.committees.notices import attached
from tests.committees.notices import draft as draft_notice
from tests.committees.service import asked, picture
from tests.consent.papers import days_pass, handed, returned
from tests.desk.handled import HANDLED, handled
from tests.desk.offices import OFFICES, in_office
from tests.desk.shared import shared
from tests.enrolling import agree
from tests.orders.given import ORDERS, ordered

Desk = Callable[[User], Client]


@pytest.fixture
def desk() -> Desk:
    def sign_in(user: User) -> Client:
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        return client

    return sign_in


@dataclass
class Community:
    """What is in the neighborhood, and what nobody outside it may read."""

    neighborhood: Neighborhood
    words: list[str] = field(default_factory=list)
    rows: dict[type[Model], list[Model]] = field(default_factory=dict)

    def first(self, model: type[Model]) -> Any:
        return self.rows[model][0]

    def ids(self) -> set[str]:
        return {str(row.pk) for rows in self.rows.values() for row in rows if len(str(row.pk)) > 8}

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Every row, to see whether anything was changed."""
        return {
            model._meta.label: list(model._default_manager.order_by("pk").values()) for model in self.rows
        }


@pytest.fixture
def community(here, resident, neighbor, chair, clerk, forms, superuser, now: datetime) -> Community:
    Building.objects.filter(neighborhood=here).update(name="翠楼")
    gate = gates.put_up(
        neighborhood=here, name="柳门", name_en="Willow Gate", by_face=True, by_qr=True, at=now
    )
    code = pairing.make_code(gate=gate, by=clerk, at=now)
    device = pairing.pair(code=code, public_key=b"p" * 32, sealing_key=b"s" * 32, at=now).device
    make.enable(here, at=now)
    rules.add(gate=gate, unit=Unit.objects.get(number="101"), at=now)
    cards.issue(resident=resident, number="0471112222", at=now)
    _invited(resident, gate, now)
    _entered(gate, device, now)
    _consented(resident, neighbor, forms, now)
    draft(here, Purpose.FACE_AT_GATE, version=2)
    look_up(
        resident=resident, by=clerk, reason="水管漏了", capacity="property.clerk", at=now - timedelta(hours=1)
    )
    emergencies.break_glass(
        of=neighbor,
        by=staff(here, username="nightwatch", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now),
        reason="厨房冒烟",
        told="打了消防电话",
        capacity="property.clerk",
        at=now,
    )
    shared(resident, clerk, chair, superuser, here, now)
    _written(resident, clerk, here, now)
    _lived(resident, neighbor, clerk, now)
    _awaited(resident, gate, clerk, now)
    _signed(resident, clerk, forms, now)
    _planned(gate, clerk, now)
    shown = draft_notice(here, chair, at=now, title="换水泵", text="泵房换水泵")
    attached(shown, chair, at=now, title="水泵报价单")
    publishing.publish(notice=shown, by=chair, at=now)
    unsaid = draft_notice(here, chair, at=now, title="还没说的事")
    attached(unsaid, chair, at=now, title="还没给看的图", content=picture(size=(50, 40)), shows="泵的草图")
    in_office(here, chair, clerk, now)
    leak = asked(resident, words="水漏到楼下了", place="厨房水槽", pictures=[picture(size=(60, 40))], at=now)
    handled(leak, clerk, now)
    _asked(resident, now)
    voting.under_way(resident, neighbor, chair, at=now)
    Passkey.objects.create(
        user=resident.user, name="柳家平板", credential_id=b"c" * 32, public_key=b"k" * 77, added_at=now
    )
    LogEntry.objects.create(
        user=clerk, object_id=str(gate.pk), object_repr="柳门", action_flag=2, change_message="柳门"
    )
    return _all_of(here)


def _invited(resident: Resident, gate: Gate, now: datetime) -> None:
    until = now + timedelta(hours=5)
    passes.make(
        resident=resident, gates=[gate], valid_from=now, valid_until=until, label="舅公来看病", at=now
    )


def _lived(resident: Resident, neighbor: Resident, clerk: User, now: datetime) -> None:
    """A plan, a child with a guardian, a helper, and of the neighbor somebody says that they have gone, and died."""
    today = today_in(resident.neighborhood, now)
    child = register(neighborhood=resident.neighborhood, name="柳苗苗", born=today - timedelta(days=900))
    move_in(resident=child, unit=Unit.objects.get(number="101"), since=today, at=now)
    standing_by.verify_guardian(child=child, guardian=resident, verified="register", by=clerk, at=now)
    standing_by.name_helper(resident=neighbor, helper=resident, by=neighbor.user, at=now)
    moving.move_out(resident=resident, on=today + timedelta(days=20), by=resident.user, at=now)
    departures.open_(occupancy=neighbor.occupancies.get(), by=clerk, words="搬到乡下", at=now)
    deaths.report(resident=neighbor, document="police", kept_where="红夹子", by=clerk, at=now)
    gone = standing_by.verify_guardian(child=child, guardian=neighbor, verified="register", by=clerk, at=now)
    standing_by.bar(guardianship=gone, paper="民初九号", by=clerk, at=now)
    approving.ask(resident=child, by=clerk, reason="孩子丢了钥匙", capacity="property.clerk", at=now)
    holding.raw(neighbor, until=now + timedelta(days=20), told_at=now)


def _awaited(resident: Resident, gate: Gate, clerk: User, now: datetime) -> None:
    """A card of theirs at the gate, one that nobody knows, a deed, what the desk did for them, and a list."""
    capacity = "property.clerk"
    tapping.ask(gate=gate, resident=resident, present=True, by=clerk, capacity=capacity, at=now)
    UnknownCard.objects.create(
        neighborhood=gate.neighborhood, gate=gate, digest=b"u" * 32, first_seen=now, last_seen=now, taps=1
    )
    owning.own(resident=resident, unit=Unit.objects.get(number="101"), since=now.date(), by=clerk, at=now)
    DeskAct.objects.create(
        neighborhood=gate.neighborhood,
        resident=resident,
        act=DeskAct.Act.CARD_LOST,
        known_by=DeskAct.KnownBy.VOICE,
        by=clerk,
        capacity=capacity,
        at=now,
    )
    Import.objects.create(
        neighborhood=gate.neighborhood, by=clerk, created_at=now, forget_at=now + timedelta(days=7)
    )


def _entered(gate: Gate, device: Device, now: datetime) -> None:
    card = Credential.objects.get(kind="card")
    EntryEvent.objects.create(
        neighborhood=gate.neighborhood,
        gate=gate,
        device=device,
        boot=uuid4(),
        sequence=1,
        kind="card",
        credential=card.pk,
        outcome="opened",
        device_time=now,
        received_at=now,
    )


def _consented(resident: Resident, neighbor: Resident, forms: Any, now: datetime) -> None:
    standings = agree(resident, forms, Purpose.FACE_AT_GATE, Purpose.PHOTO_OVER_INTERNET, at=now)
    Enrolment.objects.create(
        neighborhood=resident.neighborhood,
        resident=resident,
        standing=standings[Purpose.FACE_AT_GATE],
        photo_standing=standings[Purpose.PHOTO_OVER_INTERNET],
        route=Enrolment.Route.PORTAL,
        created_at=now,
    )
    Notice.objects.create(
        neighborhood=resident.neighborhood,
        resident=resident,
        kind=Notice.Kind.FORM_REWORDED,
        purpose=Purpose.FACE_AT_GATE,
        form=forms[Purpose.FACE_AT_GATE],
        at=now,
    )
    agree(neighbor, forms, Purpose.FACE_AT_GATE, at=now)
    order = withdraw(
        resident=neighbor, purpose=Purpose.FACE_AT_GATE, voice=own(neighbor.user, "zh-hans"), at=now
    )
    certifying.issue(resident=neighbor, order=order, at=now)


def _planned(gate: Gate, clerk: User, now: datetime) -> None:
    """The gate is to give faces up."""
    day = changing.earliest(gate.neighborhood, now)
    changing.plan(gate=gate, methods=["card", "qr"], takes_effect_on=day, why="读头坏了", by=clerk, at=now)
    ordered(gate, clerk, now)


def _asked(resident: Resident, now: datetime) -> None:
    """Why their number is kept; and what they want for after their death."""
    kind = RightsRequest.Kind.EXPLAIN
    rights.ask(resident=resident, kind=kind, words="为什么留我的电话", by=resident.user, at=now)
    wish = Instruction.Wish.NAMED
    relatives.leave(resident=resident, wish=wish, named="柳大姑", by=resident.user, at=now)


def _signed(resident: Resident, clerk: User, forms: Any, now: datetime) -> None:
    """A yes on paper that waits for a second clerk."""
    returned(days_pass(handed(resident, forms[Purpose.TEMPLATE_ON_SERVER], clerk, now)), clerk, now)


def _written(resident: Resident, clerk: User, here: Neighborhood, now: datetime) -> None:
    newcomer = register(neighborhood=here, name="柳五")
    move_in(resident=newcomer, unit=Unit.objects.get(number="102"), since=now.date(), at=now)
    choice = batches.Choice(neighborhood=here, who=batches.Who.NO_LETTER)
    batches.print_choice(token=uuid4(), choice=choice, by=clerk, at=now)
    letters.write(resident=resident, purpose=Letter.Purpose.RECOVER, by=clerk, at=now)


def _all_of(here: Neighborhood) -> Community:
    kinds: list[type[Model]] = [
        *(
            Building,
            Unit,
            Resident,
            Occupancy,
            LookUp,
            ErasureOrder,
            ErasureCertificate,
            Form,
            Decision,
            Standing,
            Notice,
        ),
        *(Letter, LetterBatch, Paper),
        *(Committee, Term, BodyNotice, NoticeFile, Recipient, Contract, Request, Answer, Disclosure),
        *(MoveOut, Departure, Death, Guardianship, Helper, Ownership, DeskAct, Import),
        *(Gate, Device, Credential, Pass, Rule, EntryEvent, Enrolment, TapRequest, UnknownCard),
        *HANDLED,
        *voting.MODELS,
        *(Justification, ImpactAssessment, Sign, MethodChange, Approval),
        *OFFICES,
        *ORDERS,
        *(RightsRequest, RequestWords, Instruction),
        *(Alarm, Emergency, Hold),
    ]
    rows: dict[type[Model], list[Model]] = {
        kind: list(kind._default_manager.filter(neighborhood=here)) for kind in kinds
    }
    rows[ErasurePlace] = list(ErasurePlace.objects.filter(order__neighborhood=here))
    rows[Passkey] = list(Passkey.objects.filter(user__resident__neighborhood=here))
    rows[Neighborhood] = [here]
    rows[User] = list(User.objects.filter(resident__neighborhood=here))
    assert all(rows.values()), [kind for kind, found in rows.items() if not found]
    words = [
        "铸铁管要整根换",
        *("柳岸小区", "Willow Bank", "翠楼", "柳一", "柳二", "柳五", "柳＊", "柳门", "Willow Gate"),
        *("青禾送水站", "柳岸路", "送水到户", "送奶到户", "水管漏了", "0471112222"),
        *("柳苗苗", "搬到乡下", "红夹子", "舅公来看病", "民初九号", "孩子丢了钥匙", "读头坏了"),
        *("柳神节", "换水泵", "还没说的事", "水泵报价单", "还没给看的图"),
        *("水漏到楼下了", "厨房水槽"),
        *("车棚与充电桩", "第 1 题", "卷宗 3"),
        *("厨房冒烟", "打了消防电话"),
        *("红木柜", "蓝木柜", "黄木柜"),
        *holding.WORDS.values(),
        *("为什么留我的电话", "柳大姑", "柳家平板"),
        *("057188000101", "057188000102", "0571 8800 01", "88000101", "88000102"),
    ]
    return Community(here, words, rows)


@pytest.fixture
def busybody(elsewhere: Neighborhood, now: datetime) -> User:
    """Holds every right there is, elsewhere."""
    user = staff(elsewhere, username="busybody", kind=Committee.Kind.OWNERS, role=Term.Role.CHAIR, at=now)
    for kind, role in [
        (Committee.Kind.PROPERTY, Term.Role.CLERK),
        (Committee.Kind.RESIDENTS, Term.Role.AUDITOR),
    ]:
        committee = Committee.objects.create(neighborhood=elsewhere, kind=kind, name=f"山 {kind}")
        appointing.appoint(
            committee=committee,
            user=user,
            role=role,
            starts=now.date() - timedelta(days=3),
            ends=now.date() + timedelta(days=30),
            by=None,
            at=now,
        )
    return user


@pytest.fixture
def former(here: Neighborhood, now: datetime) -> User:
    """Was staff here until the day before yesterday, and nobody has tidied up: every row is left."""
    user = User.objects.create_user(username="former", is_staff=True)
    committee, _ = Committee.objects.get_or_create(neighborhood=here, kind=Committee.Kind.PROPERTY)
    for role in Term.Role.values:
        Term.objects.create(
            neighborhood=here,
            committee=committee,
            user=user,
            role=role,
            starts=now.date() - timedelta(days=300),
            ends=now.date() - timedelta(days=2),
        )
    for perm, _words in Neighborhood._meta.permissions:
        assign_perm(perm, user, here)
    return user
