"""A child of ten with two guardians, each with an account; a neighbor, and a guardian of another child, who are neither."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import psycopg
import pytest
from django.db import connection, connections
from django.test import Client

from committees.models import Committee, Term
from consent import deciding, voices, withdrawal
from consent.models import Form, Purpose, Standing
from portal import roles
from residents import ages, moving, standing_by
from residents.ages import today_in
from residents.models import ErasureOrder, Guardianship, Neighborhood, Resident, User
from residents.register import register
from tests import make
from tests.cast import staff

SignIn = Callable[[Resident | User], Client]


# Time passes by the date of birth moving, which nobody but the owner of the tables could do under a yes.
GROWS = """
CREATE OR REPLACE FUNCTION test_grows(child uuid, born date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE residents_resident DISABLE TRIGGER consent_birthday_under_a_yes;
    UPDATE residents_resident r SET born = $2 WHERE r.id = $1;
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER consent_birthday_under_a_yes;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_grows(uuid, date) TO linmen_app;
"""


@dataclass
class Family:
    child: Resident
    mother: Resident
    father: Resident
    by_mother: Guardianship
    by_father: Guardianship


def days_before_fourteen(days: int, today: date) -> date:
    """A date of birth: the birthday is so many days ahead."""
    born = ages.years_before(today + timedelta(days=days), 14)
    assert ages.birthday(born, 14) == today + timedelta(days=days)
    return born


def age(child: Resident, days: int, at: datetime) -> None:
    """From now on, the fourteenth birthday is so many days ahead."""
    child.born = days_before_fourteen(days, today_in(child.neighborhood, at))
    there = connections["default"].settings_dict
    with psycopg.connect(
        host=there["HOST"], port=there["PORT"], dbname=there["NAME"], user=roles.OWNER, autocommit=True
    ) as owner:
        if owner.execute("SELECT to_regprocedure('test_grows(uuid, date)')").fetchone() == (None,):
            owner.execute(GROWS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT test_grows(%s, %s)", [child.pk, child.born])


def family(where: Neighborhood, by: User, *, at: datetime) -> Family:
    mother = make.resident(where, at=at)
    home = make.home(mother)
    father = make.resident(where, at=at, lives_in=home)
    child = register(neighborhood=where, name="小柳", born=ages.years_before(today_in(where, at), 10))
    moving.move_in(resident=child, unit=home, since=today_in(where, at), at=at)
    made = [
        standing_by.verify_guardian(child=child, guardian=who, verified="register", by=by, at=at)
        for who in (mother, father)
    ]
    return Family(child, mother, father, *made)


def allow_faces(where: Neighborhood, *, at: datetime) -> None:
    """For children too."""
    make.enable(where, at=at)
    make.enable(where, at=at, for_minors=True)


def says(
    yes: bool, guardian: Resident, guardianship: Guardianship, form: Form, *, at: datetime
) -> Standing | ErasureOrder | None:
    assert guardian.user is not None
    return (deciding.give if yes else deciding.refuse)(
        resident=guardianship.child,
        purpose=Purpose(form.purpose),
        form=form,
        voice=voices.guardian(guardian.user, guardianship, "zh-hans"),
        at=at,
    )


def stops(guardian: Resident, guardianship: Guardianship, *, at: datetime) -> ErasureOrder:
    assert guardian.user is not None
    return withdrawal.withdraw(
        resident=guardianship.child,
        purpose=Purpose.FACE_AT_GATE,
        voice=voices.guardian(guardian.user, guardianship, "zh-hans"),
        at=at,
    )


@pytest.fixture
def fam(here: Neighborhood, clerk: User, now: datetime) -> Family:
    allow_faces(here, at=now)
    return family(here, clerk, at=now)


@pytest.fixture
def face(here: Neighborhood, forms: dict[Purpose, Form]) -> Form:
    return forms[Purpose.FACE_AT_GATE]


@pytest.fixture
def sign_in(db: None) -> SignIn:
    def signed_in(who: Resident | User) -> Client:
        user = who.user if isinstance(who, Resident) else who
        assert user is not None
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def manager(here: Neighborhood, now: datetime) -> User:
    return staff(here, username="manager", kind=Committee.Kind.PROPERTY, role=Term.Role.CHAIR, at=now)


@pytest.fixture
def second_clerk(here: Neighborhood, now: datetime) -> User:
    return staff(here, username="clerk2", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
