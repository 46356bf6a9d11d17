"""The database, asked in raw SQL: nobody looks at more than thirty people in an hour or a hundred in a day, whoever writes, and
two accounts of one person are one (obligations 23 and 27)."""

from __future__ import annotations

import threading
from datetime import timedelta

import psycopg
import pytest
from django.db import connections
from django.utils import timezone

from committees.models import Committee, Term
from portal import roles
from residents.models import Neighborhood
from tests import make
from tests.cast import staff
from tests.laws.conftest import WAYS_ROUND, Execute, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("23", "27", "F24")]

INSERT = """
INSERT INTO {table} (id, neighborhood_id, resident_id, by_id, what, capacity, reason, at, until)
VALUES (gen_random_uuid(), %(here)s, %(resident)s, %(by)s, 'contact', 'x', 'x', %(at)s, %(until)s)
"""
PLAIN = INSERT.format(table="public.residents_lookup")


def row(resident, by, at, minutes: int = 15):
    return {
        "here": resident.neighborhood_id,
        "resident": resident.pk,
        "by": by.pk,
        "at": at,
        "until": at + timedelta(minutes=minutes),
    }


@pytest.fixture
def second_clerk(here, now):
    return staff(here, username="clerk2", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)


def refused_as(execute: Execute, values) -> str:
    with pytest.raises(psycopg.Error) as refused:
        execute(PLAIN, values)
    return str(refused.value.sqlstate)


def test_the_thirty_first_in_an_hour_is_refused(
    execute: Execute, resident, neighbor, clerk, second_clerk, now
):
    for each in range(30):
        execute(PLAIN, row(resident, clerk, now - timedelta(minutes=each)))
    assert refused_as(execute, row(neighbor, clerk, now)) == "LM134"
    # Neither written as of earlier, while it may still be open, nor as of later.
    for other in (timedelta(minutes=-59), timedelta(hours=-2), timedelta(hours=5)):
        assert refused_as(execute, row(neighbor, clerk, now + other)) == "LM134"
    execute(PLAIN, row(neighbor, second_clerk, now))


def test_the_hundred_and_first_in_a_day_is_refused(execute: Execute, resident, clerk, now):
    for each in range(100):
        execute(PLAIN, row(resident, clerk, now - timedelta(minutes=70 + 13 * each)))
    assert refused_as(execute, row(resident, clerk, now)) == "LM134"


def test_one_statement_of_many_rows_is_many_looks(execute: Execute, resident, clerk, now):
    many = (
        "INSERT INTO residents_lookup (id, neighborhood_id, resident_id, by_id, what, capacity, reason, at, until)"
        " SELECT gen_random_uuid(), %(here)s, %(resident)s, %(by)s, 'contact', 'x', 'x', %(at)s, %(until)s"
        " FROM generate_series(1, 31)"
    )
    with pytest.raises(psycopg.Error, match="more than thirty"):
        execute(many, row(resident, clerk, now))
    assert execute("SELECT count(*) FROM residents_lookup") == [(0,)]


@pytest.mark.obligation("A2")
def test_two_accounts_of_one_person_share_what_one_may(
    execute: Execute, resident, clerk, second_clerk, here, now
):
    make.one_person(here, clerk, second_clerk, at=now)
    for each in range(30):
        execute(PLAIN, row(resident, (clerk, second_clerk)[each % 2], now))
    for by in (clerk, second_clerk):
        assert refused_as(execute, row(resident, by, now)) == "LM134"


def test_none_is_open_for_longer_than_a_quarter_of_an_hour(execute: Execute, resident, clerk, now):
    """So that one of more than a day ago, which is not counted, opens nothing."""
    assert refused_as(execute, row(resident, clerk, now, minutes=16)) == "23514"
    assert refused_as(execute, row(resident, clerk, now - timedelta(days=2), minutes=3000)) == "23514"


@pytest.mark.parametrize("way", WAYS_ROUND)
def test_there_is_no_way_round(execute: Execute, resident, clerk, now, way):
    for _each in range(30):
        execute(PLAIN, row(resident, clerk, now))
    before = execute("SELECT count(*) FROM public.residents_lookup")
    refusal(
        execute, way, "residents_lookup", INSERT.format(table="residents_lookup"), row(resident, clerk, now)
    )
    assert execute("SELECT count(*) FROM public.residents_lookup") == before


@pytest.mark.parametrize("role", [roles.APP, roles.OWNER])
def test_of_two_sessions_at_the_last_one_the_second_waits_and_is_refused(committed, request, role):
    now = timezone.now()
    here = Neighborhood.objects.create(name="柳岸小区")
    one = staff(here, username="one", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
    two = staff(here, username="two", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
    make.one_person(here, one, two, at=now)
    who = make.resident(here, at=now)
    there = connections["default"].settings_dict

    def session() -> psycopg.Connection:
        return psycopg.connect(host=there["HOST"], port=there["PORT"], dbname=there["NAME"], user=role)

    with session() as first, session() as second:
        for _each in range(30):
            first.execute(PLAIN, row(who, one, now))
        ended: list[str] = []

        def waits() -> None:
            try:
                second.execute(PLAIN, row(who, two, now))
                ended.append("seen")
            except psycopg.Error as refused:
                ended.append(str(refused.sqlstate))

        thread = threading.Thread(target=waits)
        thread.start()
        thread.join(0.5)
        assert ended == []  # it stands behind the first, under another account of the same person
        first.commit()
        thread.join(30)
        assert ended == ["LM134"]
        second.rollback()
