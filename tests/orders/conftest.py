"""Two gates and a barrier that residents have used for a while, three of the staff, and a reader that listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from access import emergency, gates, lockdown, remote
from access.models import EmergencyOpening, Gate, Lockdown, RemoteOpening
from committees.models import Committee, Term
from residents.models import Neighborhood, User
from tests import make
from tests.cast import staff
from tests.databases import Connect

Passing = Callable[[Any, int], None]


def clerk_named(here: Neighborhood, name: str, now: datetime) -> User:
    return staff(here, username=name, kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)


@pytest.fixture
def second(here: Neighborhood, now: datetime) -> User:
    return clerk_named(here, "clerk2", now)


@pytest.fixture
def third(here: Neighborhood, now: datetime) -> User:
    return clerk_named(here, "clerk3", now)


@pytest.fixture
def door(here: Neighborhood, now: datetime) -> Gate:
    return gates.put_up(
        neighborhood=here, name="南门", name_en="South gate", by_pin=True, by_qr=True, by_face=True, at=now
    )


@pytest.fixture
def barrier(here: Neighborhood, now: datetime) -> Gate:
    place = Gate.Place.BARRIER
    return gates.put_up(neighborhood=here, name="车库道闸", name_en="Garage barrier", place=place, at=now)


@pytest.fixture
def reader(door: Gate) -> make.Reader:
    return make.device(door)


@dataclass
class Desk:
    here: Neighborhood
    clerk: User
    second: User
    now: datetime

    def emergency(
        self, gate: Gate | None = None, *, by: User | None = None, minutes: int = 30
    ) -> EmergencyOpening:
        return emergency.open_now(
            neighborhood=self.here, gate=gate, by=by or self.clerk, at=self.now, minutes=minutes
        )

    def asked(self, *, by: User | None = None, minutes: int = 60) -> Lockdown:
        return lockdown.ask(
            neighborhood=self.here, why=Lockdown.Why.DANGER, by=by or self.clerk, at=self.now, minutes=minutes
        )

    def locked(self, *, minutes: int = 60) -> Lockdown:
        return lockdown.confirm(lockdown=self.asked(minutes=minutes), by=self.second, at=self.now)

    def remote(self, gate: Gate, *, by: User | None = None) -> RemoteOpening:
        return remote.open_once(gate=gate, why=RemoteOpening.Why.HELP, by=by or self.clerk, at=self.now)


@pytest.fixture
def at_the_desk(here: Neighborhood, clerk: User, second: User, now: datetime) -> Desk:
    return Desk(here, clerk, second, now)


# What the database's clock wrote, by table.
TIMES = {
    "access_emergencyopening": ("opened_at", "until", "ended_at"),
    "access_lockdown": ("asked_at", "began_at", "until", "lifted_at"),
    "access_remoteopening": ("asked_at", "until"),
}


@pytest.fixture
def minutes_pass(owner_sql: Connect) -> Passing:
    """Lets minutes go by over an order, as only the owner of the tables could: by moving what the database's clock wrote."""

    def passed(order: Any, minutes: int) -> None:
        owner, table = owner_sql(), order._meta.db_table
        moved = ", ".join(f"{name} = {name} - make_interval(mins => %(minutes)s)" for name in TIMES[table])
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_lawful")
        done = owner.execute(
            f"UPDATE {table} SET {moved} WHERE id = %(id)s",
            {"minutes": minutes, "id": order.pk},
        )
        owner.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_lawful")
        assert done.rowcount == 1, "ask for `committed` or `live`: the owner sees what is committed"
        order.refresh_from_db()

    return passed
