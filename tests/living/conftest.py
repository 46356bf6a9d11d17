"""A household at home: a gate with a keypad, cards in pockets, and days told by the neighborhood's own calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import pytest

from access import cards, gates, rules
from access.models import Credential, FeedRow, Gate
from committees.models import Committee, Term
from residents.ages import today_in
from residents.models import Departure, Neighborhood, Resident, Unit, User
from residents.register import move_in, register
from tests import make
from tests.cast import PASSWORD, staff
from tests.databases import Connect


@pytest.fixture
def today(here: Neighborhood, now: datetime) -> date:
    return today_in(here, now)


@pytest.fixture
def home(resident: Resident) -> Unit:
    return resident.occupancies.get().unit


@pytest.fixture
def keypad() -> bool:
    return True


@pytest.fixture
def gate(here: Neighborhood, home: Unit, keypad: bool, now: datetime) -> Gate:
    gate = gates.put_up(neighborhood=here, name="南门", by_face=True, by_pin=keypad, at=now)
    make.enable(here, at=now)
    rules.add(gate=gate, unit=home, at=now)
    return gate


@pytest.fixture
def card(resident: Resident, gate: Gate, now: datetime) -> Credential:
    return cards.issue(resident=resident, number="04A20001", at=now)


@pytest.fixture
def flatmate(resident: Resident, home: Unit, gate: Gate, now: datetime, today: date) -> Resident:
    """Lives in the same dwelling, with an account and a card of their own."""
    mate = register(neighborhood=resident.neighborhood, name="柳三")
    mate.user = User.objects.create_user(username="mate", password=PASSWORD)
    mate.save()
    move_in(resident=mate, unit=home, since=today.replace(day=1), at=now)
    cards.issue(resident=mate, number="04A20003", at=now)
    return mate


@pytest.fixture
def second_clerk(here: Neighborhood, now: datetime) -> User:
    return staff(here, username="clerk2", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)


@pytest.fixture
def settler(here: Neighborhood, now: datetime) -> User:
    return staff(here, username="juwei", kind=Committee.Kind.RESIDENTS, role=Term.Role.CHAIR, at=now)


def opens(who: Resident) -> bool:
    """Whether any gate has been told to open to a card or a PIN of theirs."""
    return FeedRow.objects.filter(
        credential__resident=who, credential__kind__in=["card", "pin"], present=True
    ).exists()


Passing = Callable[[Departure, int], None]


@pytest.fixture
def days_pass(committed: dict[str, str], owner_sql: Connect) -> Passing:
    """Lets days go by over a notice, as only the owner of the tables could: by moving what the database's clock wrote."""

    def passed(departure: Departure, days: int) -> None:
        owner = owner_sql()
        table = "ALTER TABLE residents_departure {} TRIGGER residents_departure_lawful"
        owner.execute(table.format("DISABLE"))
        owner.execute(
            "UPDATE residents_departure SET notice_until = notice_until - %(days)s,"
            " delivered_at = delivered_at - make_interval(days => %(days)s) WHERE id = %(id)s",
            {"days": days, "id": departure.pk},
        )
        owner.execute(table.format("ENABLE ALWAYS"))
        departure.refresh_from_db()

    return passed
