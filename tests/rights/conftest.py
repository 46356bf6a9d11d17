"""Those who ask about their data and those who answer; a family, and somebody who died."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg
import pytest
from django.db import connection, connections
from django.test import Client

from committees.models import Committee, Term
from portal import roles
from residents import deaths, rights
from residents.models import Neighborhood, Resident, RightsRequest, User
from tests import make
from tests.cast import staff
from tests.minors.conftest import Family, family

SignIn = Callable[[Resident | User], Client]


def ask(
    who: Resident, kind: str = "explain", *, at: datetime, by: User | None = None, **also
) -> RightsRequest:
    said = {"words": "Why is my number kept?"} | also
    return rights.ask(resident=who, kind=RightsRequest.Kind(kind), by=by or who.user, at=at, **said)


def died(who: Resident, by: User, second: User, *, at: datetime) -> None:
    told = deaths.report(resident=who, document="certificate", kept_where="folder 7", by=by, at=at)
    deaths.confirm(death=told, by=second, at=at)


# What only time does: the owner of the tables is the only one who could move what the database's clock wrote.
PASS = """
CREATE OR REPLACE FUNCTION test_request_days_pass(request uuid, days interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE residents_rightsrequest DISABLE TRIGGER residents_rightsrequest_goes_one_way;
    ALTER TABLE residents_rightsrequest DISABLE TRIGGER residents_rightsrequest_answered;
    UPDATE residents_rightsrequest SET opened_at = opened_at - $2, due_at = due_at - $2, closed_at = closed_at - $2
        WHERE id = $1;
    ALTER TABLE residents_rightsrequest ENABLE ALWAYS TRIGGER residents_rightsrequest_goes_one_way;
    ALTER TABLE residents_rightsrequest ENABLE ALWAYS TRIGGER residents_rightsrequest_answered;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_request_days_pass(uuid, interval) TO linmen_app;
"""


def pass_by(request: RightsRequest, time: timedelta) -> None:
    there = connections["default"].settings_dict
    with psycopg.connect(
        host=there["HOST"], port=there["PORT"], dbname=there["NAME"], user=roles.OWNER, autocommit=True
    ) as owner:
        if owner.execute("SELECT to_regprocedure('test_request_days_pass(uuid, interval)')").fetchone() == (
            None,
        ):
            owner.execute(PASS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT test_request_days_pass(%s, %s)", [request.pk, time])
    request.refresh_from_db()


@pytest.fixture
def second_clerk(here: Neighborhood, now: datetime) -> User:
    return staff(here, username="clerk2", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)


@pytest.fixture
def fam(here: Neighborhood, clerk: User, now: datetime) -> Family:
    return family(here, clerk, at=now)


@pytest.fixture
def dead(here: Neighborhood, clerk: User, chair: User, now: datetime) -> Resident:
    who = make.resident(here, at=now)
    died(who, clerk, chair, at=now)
    return Resident.objects.get(pk=who.pk)


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
def me(resident: Resident, sign_in: SignIn) -> Client:
    return sign_in(resident)
