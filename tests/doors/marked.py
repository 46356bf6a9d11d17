"""Somebody of whom every personal field says something that is said nowhere else, so that it is known wherever it is seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.apps import apps
from django.db import connection, connections
from django.db.models import Model
from psycopg import sql

from access import pins
from access.models import Credential, Device, EntryEvent, Gate
from committees import appointing, noting, said
from committees.models import Committee, ServicePhoto, ServiceRequest, Term
from committees.models.service import Kind
from consent import scans
from consent.models import PaperScan
from portal import archiving, roles
from residents import archives, emergencies, mail_addresses, rights, standing_by
from residents.importing import sealed
from residents.models import (
    Emergency,
    Hold,
    Import,
    ImportRow,
    Neighborhood,
    Resident,
    RightsRequest,
    Unit,
    User,
)
from residents.register import register
from sharing import copying, reaching, recalls
from sharing.models import Copy, DisclosedRow, LeakNotice, Order, Recall
from tests import holding, make
from tests.cast import settle
from tests.committees.service import asked, picture
from tests.desk.conftest import Community
from tests.doors.declared import personal
from tests.doors.marks import Mark, ways_of
from tests.sharing import leaking, ordering
from tests.signing_in import switched_on

NAME, CHILD, PHONE, MAIL = "翟一珂", "翟小岚", "0571 6141 5926", "zhai.yike@example.org"
OTHER_PHONE = "0571 6535 8979"
LINE = "湛青棠"
PAPER = "瞿无号"  # lives here without an account
# Set by the owner of the tables, past the triggers: what a field says here need not have come about as it would in life.
WRITTEN: dict[tuple[str, str], Any] = {
    ("residents.Unit", "number"): "7Q88甲",  # with a character that stands in no random code
    ("residents.Unit", "area"): Decimal("113.57"),
    ("residents.Occupancy", "since"): date(2011, 3, 9),
    ("residents.Occupancy", "until"): date(2064, 10, 26),  # the day of the plan to move out
    ("residents.Ownership", "since"): date(2012, 4, 19),
    ("residents.Ownership", "until"): date(2061, 7, 23),
    ("residents.Guardianship", "since"): date(2013, 5, 27),
    ("residents.Guardianship", "until"): date(2016, 8, 14),
    ("residents.Helper", "since"): date(2014, 6, 21),
    ("residents.Helper", "until"): date(2017, 9, 25),
    ("residents.MoveOut", "on"): date(2064, 10, 26),
    ("residents.MoveOut", "until_before"): date(2065, 11, 28),
    ("residents.MoveOut", "paper"): "蓝盒子第五格",
    ("residents.Departure", "kept_where"): "绿柜子第二层",
    ("residents.Departure", "paper"): "黄信封第七号",
    ("residents.Passkey", "last_used"): date(2015, 7, 24),
    ("residents.LookUp", "reason"): "阀门爆裂要叫人",
    ("residents.User", "username"): "zhai-account",
    ("sharing.GivenValues", "dwelling"): "7Q88-给出",
}
# What stands sealed: the words inside. The sealed bytes themselves are looked for as well.
INSIDE: dict[tuple[str, str], tuple[str, ...]] = {
    ("residents.Resident", "phone_sealed"): (
        PHONE,
        PHONE.replace(" ", ""),
        PHONE[5:].replace(" ", ""),
        PHONE[5:],
    ),
    ("residents.MailAddress", "sealed"): (MAIL,),
    ("residents.Archive", "sealed"): (PHONE, PHONE.replace(" ", "")),
    ("residents.RequestWords", "sealed"): (OTHER_PHONE, OTHER_PHONE.replace(" ", "")),
    ("committees.ServiceWords", "sealed"): ("水漏到楼下了", "厨房水槽"),
    ("committees.ServiceNote", "sealed"): ("铸铁管要整根换",),
    ("residents.Import", "about"): ("湛家名单",),
    ("residents.ImportRow", "content"): (LINE,),
    ("residents.ImportRow", "before"): ("湛旧名",),
}
MASKED = "翟＊"


@dataclass
class Marked:
    community: Community
    person: Resident
    child: Resident
    partner: Resident  # lives with them
    other: Resident  # lives here, and has nothing to do with them
    offices: dict[str, User]
    recipient: User  # fetches for an organization outside, where something of them is
    link: str = ""  # the end of its address
    recall: Recall | None = None
    notice: LeakNotice | None = None  # of the room of an incident that concerns everybody here
    marks: list[Mark] = field(default_factory=list)

    @property
    def home(self) -> Unit:
        return Unit.objects.get(pk=self.person.occupancies.earliest("since").unit_id)


@pytest.fixture
def resident(here: Neighborhood, now: datetime) -> Resident:
    """In the place of the cast's: every name begins otherwise than all others."""
    return settle(here, number="101", name=NAME, phone=PHONE, at=now)


@pytest.fixture
def marked(community: Community, resident: Resident, superuser: User, now: datetime) -> Marked:
    here = community.neighborhood
    child = Resident.objects.get(neighborhood=here, name="柳苗苗")
    found = Marked(
        community,
        resident,
        child,
        make.resident(here, at=now, lives_in=Unit.objects.get(number="101")),
        make.resident(here, at=now),
        {"operator": superuser, **_offices(here, now)},
        User.objects.get(recipient_account__neighborhood=here),
    )
    with_more(found, now)
    Resident.objects.filter(pk=child.pk).update(name=CHILD)
    child.refresh_from_db()
    _let_the_owner_write()
    _over(found, now)
    for (label, name), value in WRITTEN.items():
        _write(found, label, name, value)
    found.marks = list(_marks(found, now))
    return found


def with_more(found: Marked, now: datetime) -> None:
    """What the community of the desk has not."""
    who, here = found.person, found.community.neighborhood
    assert who.user is not None
    pins.lend(resident=who, at=now)
    make.face(who, at=now)
    mail_addresses.give(resident=who, address=MAIL, by=who.user, at=now)
    rights.ask(
        resident=who, kind=RightsRequest.Kind.CORRECT, about="phone", wanted=OTHER_PHONE, by=who.user, at=now
    )
    ordered = archives.order(resident=who, by=who.user, proven_at=now, language="en", at=now)
    archiving.work(archive=ordered.pk, at=now)
    switched_on(who.user, at=now)
    source = Import.objects.get(neighborhood=here)
    sealed.make_key(source)
    source.about = sealed.seal(source, "about", [(0, {"name": "湛家名单", "unused": []})])[0]
    source.save()
    line = {"number": 2, "name": LINE}
    ImportRow.objects.create(
        neighborhood=here,
        source=source,
        number=2,
        fate="new",
        content=sealed.seal(source, "content", [(2, line)])[0],
        before=sealed.seal(source, "before", [(2, [{"name": "湛旧名"}])])[0],
        resident=who.pk,
    )
    looked = emergencies.break_glass(
        of=who,
        by=User.objects.get(username="nightwatch"),
        reason="门里有人喊救命",
        told="派出所老段",
        capacity="property.clerk",
        at=now,
    )
    others = found.community.first(Emergency)
    emergencies.review(
        emergency=others, by=found.offices["owners.chair"], needed=True, words="查过邻居的话属实", at=now
    )
    found.community.rows[Emergency] = [looked]
    two = found.offices["residents.chair"], found.offices["residents.clerk"]
    found.community.rows[Hold] = [holding.told_late(who, two, at=now)]
    for body in (Committee.Kind.OWNERS, Committee.Kind.RESIDENTS):
        said_so: dict[str, Any] = {"words": "水漏到楼下了", "pictures": [picture(size=(64, 48))]}
        wanted = asked(who, kind=Kind.COMPLAINT, body=body, at=now, place="厨房水槽", **said_so)
        staff = found.offices[f"{body}.chair"]
        noting.keep(request=wanted, words="铸铁管要整根换", token=uuid4(), by=staff, at=now)
    found.community.rows[ServiceRequest] = list(ServiceRequest.objects.filter(resident=who))
    _given(found, now)
    _ordered(found, now)
    without = make.resident(here, at=now, lives_in=Unit.objects.get(number="101"), account=False)
    Resident.objects.filter(pk=without.pk).update(name=PAPER)
    found.notice = leaking.told(here, by=found.offices["owners.chair"])
    gate = Gate.objects.get(neighborhood=here, name="柳门")
    entered = EntryEvent.objects.create(
        neighborhood=here,
        gate=gate,
        device=Device.objects.get(gate=gate),
        boot=uuid4(),
        sequence=7,
        kind="card",
        credential=Credential.objects.get(resident=who, kind="card").pk,
        outcome="opened",
        device_time=entered_at(now),
        received_at=entered_at(now),
    )
    found.community.rows[EntryEvent] = [entered]


def _given(found: Marked, now: datetime) -> None:
    """What was said yes to has been fetched, a second link to it waits, and their row is asked back."""
    copy = Copy.objects.get(neighborhood=found.community.neighborhood, state=Copy.State.READY)
    copying.hand(copy=copy, at=now)
    found.link = reaching.link(copy=copy, by=found.offices["owners.chair"], at=now).token
    rows = DisclosedRow.objects.filter(resident=found.person)
    [found.recall] = recalls.open_(rows=rows, because=Recall.Because.CORRECTED, at=now)


def _ordered(found: Marked, now: datetime) -> None:
    """A law names them, and whoever reads the order has not yet said so."""
    clerk, chair = found.offices["owners.clerk"], found.offices["owners.chair"]
    police = ordering.authority(found.community.neighborhood, by=chair, at=now)
    found.community.rows[Order] = [ordering.drafted(police, found.person, by=clerk, at=now)]


def _over(found: Marked, now: datetime) -> None:
    """What is over long since, so that the day on which it ended is told: a guardian they had here, a helper they named."""
    who, today = found.person, now.date()
    assert who.user is not None
    child = register(neighborhood=who.neighborhood, name="柳晓晓", born=today - timedelta(days=1200))
    clerk = found.offices["property.clerk"]
    over = standing_by.verify_guardian(child=child, guardian=who, verified="register", by=clerk, at=now)
    named = standing_by.name_helper(resident=who, helper=found.other, by=who.user, at=now)
    for row in (over, named):
        label = row._meta.label
        began, ended = WRITTEN[label, "since"], WRITTEN[label, "until"]
        _past_the_laws(row, f"since = '{began}', until = '{ended}'")


def entered_at(now: datetime) -> datetime:
    """At a minute at which nothing else happened."""
    return now - timedelta(days=13, hours=5, minutes=17)


def _offices(here: Neighborhood, now: datetime) -> dict[str, User]:
    """One of each office of each body."""
    found = {}
    for kind in Committee.Kind:
        committee, _ = Committee.objects.get_or_create(neighborhood=here, kind=kind)
        for role in Term.Role:
            user = User.objects.create_user(username=f"doors-{kind}-{role}")
            appointing.appoint(
                committee=committee,
                user=user,
                role=role,
                starts=now.date() - timedelta(days=3),
                ends=now.date() + timedelta(days=30),
                by=None,
                at=now,
            )
            found[f"{kind}.{role}"] = User.objects.get(pk=user.pk)
    return found


# --- writing past the laws

_AS_OWNER = """
CREATE OR REPLACE FUNCTION test_as_owner(said text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$ BEGIN EXECUTE said; END $$;
GRANT EXECUTE ON FUNCTION test_as_owner(text) TO linmen_app;
"""


def _let_the_owner_write() -> None:
    at = connections["default"].settings_dict
    with psycopg.connect(
        host=at["HOST"], port=at["PORT"], dbname=at["NAME"], user=roles.OWNER, autocommit=True
    ) as owner:
        if owner.execute("SELECT to_regprocedure('test_as_owner(text)')").fetchone() == (None,):
            owner.execute(_AS_OWNER)


def as_owner(*statements: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for each in statements:
            cursor.execute("SELECT test_as_owner(%s)", [each])
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def row_of(found: Marked, label: str, name: str) -> Any:
    """A row that says something of them; or of their child, or of somebody here, where theirs says nothing."""
    if (label, name) == ("residents.Resident", "born"):
        return found.child
    rows = list(_rows(found, apps.get_model(label)))
    return next((row for row in rows if getattr(row, name) not in (None, "", b"")), rows[0] if rows else None)


def _rows(found: Marked, model: type[Model]) -> Iterator[Any]:
    yield from _rows_of_somebody(found, model)
    here = "neighborhood" in {each.name for each in model._meta.concrete_fields}
    rows = model._default_manager.order_by("pk")
    yield from rows.filter(**({"neighborhood": found.community.neighborhood} if here else {}))[:20]


def _rows_of_somebody(found: Marked, model: type[Model]) -> Iterator[Any]:
    known: dict[type[Model], Any] = {
        Resident: found.person,
        User: found.person.user,
        Unit: found.home,
    }
    if model in known:
        yield known[model]
        return
    rows = model._default_manager.order_by("pk")
    for path in _paths_to_somebody(model):
        whose = found.person.user if path.endswith("user") else found.person
        yield from rows.filter(**{path: whose})[:20]


def _paths_to_somebody(model: type[Model], before: str = "") -> Iterator[str]:
    """How its rows say whose they are: at once, or through one row more."""
    for each in model._meta.concrete_fields:
        if each.related_model in (Resident, User):
            if each.name in ("resident", "guardian", "helper", "child", "user"):
                yield before + each.name
        elif each.is_relation and not before and each.name != "neighborhood":
            yield from _paths_to_somebody(each.related_model, f"{each.name}__")  # type: ignore[arg-type]


def _write(found: Marked, label: str, name: str, value: Any) -> None:
    model = apps.get_model(label)
    rows = [row for row in _rows_of_somebody(found, model) if getattr(row, name) not in (None, "", b"")]
    rows = rows or [row_of(found, label, name)]
    column = model._meta.get_field(name).column  # type: ignore[union-attr]
    for row in rows:
        assert row is not None, f"nothing of {label} is there: make one in tests/doors/marked.py"
        _past_the_laws(row, f'"{column}" = {sql.quote(str(value))}')


def _past_the_laws(row: Model, said: str) -> None:
    table, key = row._meta.db_table, row._meta.pk.column  # type: ignore[union-attr]
    as_owner(
        f'ALTER TABLE "{table}" DISABLE TRIGGER USER',
        f"""UPDATE "{table}" SET {said} WHERE "{key}" = '{row.pk}'""",
        f'ALTER TABLE "{table}" ENABLE TRIGGER USER',
    )


# --- how each is known


def _marks(found: Marked, now: datetime) -> Iterator[Mark]:
    for (label, name), kind in personal().items():
        ways = [*INSIDE.get((label, name), ()), *_pictures(label)]
        for value in _values(found, label, name, now):
            ways += ways_of(value)
        if ways:
            yield Mark(kind, f"{label}.{name}", tuple(dict.fromkeys(ways)))
    yield Mark("name", "residents.Resident.name", (CHILD,))
    yield Mark("name", "residents.Resident.name", (PAPER,))
    yield Mark("masked", "residents.Resident.name", (MASKED,))


def _values(found: Marked, label: str, name: str, now: datetime) -> list[Any]:
    """What is written above and nowhere else; or what each of their rows says."""
    if (label, name) in WRITTEN:
        return [WRITTEN[label, name]]
    if (label, name) == ("access.EntryEvent", "device_time"):
        return [entered_at(now)]
    if (label, name) == ("residents.Resident", "born"):
        return [found.child.born]
    theirs = list(_rows_of_somebody(found, apps.get_model(label)))
    values = [getattr(row, name) for row in theirs if getattr(row, name) not in (None, "", b"")]
    row = row_of(found, label, name)
    return values or ([getattr(row, name)] if row is not None else [])


def _pictures(label: str) -> Iterator[str]:
    """What is under the seal, as `walking.text_of` writes a picture down, or as it stands in a page."""
    found: list[bytes] = []
    if label == "committees.ServicePhoto":
        found = [said.picture(each) for each in ServicePhoto.objects.select_related("step__request")]
    if label == "consent.PaperScan":
        found = [scans.picture(each) for each in PaperScan.objects.all()]
    for each in found:
        yield from ways_of(each)
