"""A gate that people have used for a while, two of the staff, and days that go by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import pytest
from django.test import Client

from access import changing, gates
from access.models import Credential, FeedRow, Gate, MethodChange
from committees.models import Committee, Term
from residents.models import Neighborhood, Resident, User
from tests import make
from tests.cast import staff
from tests.databases import Connect

Passing = Callable[[MethodChange, int], None]


@pytest.fixture
def second(here: Neighborhood, now: datetime) -> User:
    return staff(here, username="clerk2", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)


@pytest.fixture
def door(here: Neighborhood, now: datetime) -> Gate:
    return gates.put_up(
        neighborhood=here, name="南门", name_en="South gate", by_pin=True, by_face=True, at=now
    )


@pytest.fixture
def household(door: Gate, resident: Resident, neighbor: Resident, now: datetime) -> list[Resident]:
    """Each with a card and a rule; the second with hours of their own."""
    for who, hours in ((resident, None), (neighbor, (time(6), time(22)))):
        make.rule(door, who, at=now, hours=hours)
        make.card(who, at=now)
    return [resident, neighbor]


@dataclass
class Desk:
    clerk: User
    second: User
    now: datetime

    def plan(self, gate: Gate, *methods: str, days: int = 14, by: User | None = None) -> MethodChange:
        return changing.plan(
            gate=gate,
            methods=methods,
            takes_effect_on=changing.earliest(gate.neighborhood, self.now) + timedelta(days=days - 14),
            why="the readers are replaced",
            by=by or self.clerk,
            at=self.now,
        )

    def announced(self, gate: Gate, *methods: str) -> MethodChange:
        return changing.announce(change=self.plan(gate, *methods), by=self.second, at=self.now)


@pytest.fixture
def at_the_desk(clerk: User, second: User, now: datetime) -> Desk:
    return Desk(clerk, second, now)


@pytest.fixture
def days_pass(owner_sql: Connect) -> Passing:
    """Lets days go by over a plan, as only the owner of the tables could: by moving what the database's clock wrote."""

    def passed(change: MethodChange, days: int) -> None:
        owner = owner_sql()
        table = "ALTER TABLE access_methodchange {} TRIGGER access_methodchange_lawful"
        owner.execute(table.format("DISABLE"))
        moved = owner.execute(
            "UPDATE access_methodchange SET takes_effect_on = takes_effect_on - %(days)s,"
            " announced_at = announced_at - make_interval(days => %(days)s) WHERE id = %(id)s",
            {"days": days, "id": change.pk},
        )
        owner.execute(table.format("ENABLE ALWAYS"))
        assert moved.rowcount == 1, "ask for `committed` or `live`: the owner sees what is committed"
        change.refresh_from_db()

    return passed


def opens(kind: str) -> set[tuple[object, object, str]]:
    """Which gate opens to whom by this, and when: as the gates were told."""
    rows = FeedRow.objects.filter(present=True, credential__kind=kind)
    return {
        (row.gate_id, row.credential.resident_id, str(row.body["windows"]))
        for row in rows.select_related("credential")
    }


def ways() -> dict[object, tuple[object, ...]]:
    """Every credential that needs no face, as it is."""
    found = Credential.objects.exclude(kind="face")
    return {each.pk: (each.kind, each.digest, each.number, each.ended_at) for each in found}


@pytest.fixture
def desk_page(clerk: User) -> Callable[[str], str]:
    """A page of the desk in English, as the clerk sees it."""
    client = Client(headers={"accept-language": "en"})
    client.force_login(clerk)
    return lambda address: client.get(address).content.decode()
