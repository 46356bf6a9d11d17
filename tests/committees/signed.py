"""What the tests of offices have in common: a company's contract signed by two of the committees."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from committees import contracts
from committees.models import Committee, CompanyContract, Term
from residents.models import Neighborhood, User
from tests.cast import staff

Kind, Role = Committee.Kind, Term.Role
PAPER = "档案柜二，红夹子"


def secretary(here: Neighborhood, *, at: datetime) -> User:
    """A second member of the owners' committee."""
    return staff(here, username="secretary", kind=Kind.OWNERS, role=Role.CLERK, at=at)


def company(here: Neighborhood) -> Committee:
    found, _ = Committee.objects.get_or_create(
        neighborhood=here, kind=Kind.PROPERTY, defaults={"name": "物业"}
    )
    return found


def contract(
    here: Neighborhood,
    one: User,
    other: User,
    *,
    at: datetime,
    ends: date | None = None,
    starts: date | None = None,
) -> CompanyContract:
    """From a month ago, for ten days more; confirmed."""
    made = contracts.write(
        committee=company(here),
        starts=starts or at.date() - timedelta(days=30),
        ends=ends or at.date() + timedelta(days=10),
        paper=PAPER,
        by=one,
        at=at,
    )
    return contracts.confirm(contract=made, by=other, at=at)


def ended(
    found: CompanyContract, one: User, other: User, *, at: datetime, ends: date | None = None
) -> CompanyContract:
    """By two; today unless told otherwise."""
    changed = contracts.change(contract=found, ends=ends or at.date(), paper=PAPER, by=one, at=at)
    return contracts.confirm(contract=changed, by=other, at=at)


def refused(sql: str, *given: object) -> str:
    """The state with which the database refuses it."""
    with pytest.raises(DatabaseError) as said, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, given)
    assert isinstance(said.value.__cause__, psycopg.Error)
    return str(said.value.__cause__.sqlstate)
