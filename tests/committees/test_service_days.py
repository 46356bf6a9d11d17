"""Within how many days a body answers: said by its chair, within limits, and for what is asked from then on."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, connections
from django.utils import timezone

from committees import appointing, service, service_days
from committees.models import Committee, ServiceRequest, ServiceTimes, Term
from committees.models.service import DONE_DAYS, MOST_DONE_DAYS, MOST_REPLY_DAYS, REPLY_DAYS, Kind
from committees.service_days import Days, DaysRefused
from portal import roles
from tests.committees.service import Body, asked, done, fresh
from tests.committees.test_asking import refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(here, chair_of_company) -> Committee:
    return Committee.objects.get(neighborhood=here, kind=Body.PROPERTY)


@pytest.fixture
def say(company, chair_of_company):
    def said(reply_days=1, done_days=5, *, kind=Kind.REPAIR, by=chair_of_company, committee=company):
        return service_days.say(
            committee=committee,
            kind=kind,
            reply_days=reply_days,
            done_days=done_days,
            by=by,
            at=timezone.now(),
        )

    return said


@pytest.fixture
def written(company, chair_of_company, now):
    """As raw SQL would write it: nothing is asked before."""

    def made(**also):
        row = {
            "neighborhood_id": company.neighborhood_id,
            "committee": company,
            "kind": "repair",
            "reply_days": 1,
            "done_days": 5,
            "set_by": chair_of_company,
            "set_at": now,
        }
        return ServiceTimes.objects.create(**row | also)

    return made


def reason(act) -> str:
    with pytest.raises(DaysRefused) as error:
        act()
    return error.value.reason


def days_of(request: ServiceRequest) -> tuple[int, int]:
    return (request.reply_due_at - request.opened_at).days, (request.done_due_at - request.opened_at).days


@pytest.mark.parametrize("kind", list(Kind))
def test_the_database_and_the_rooms_data_say_the_same(db, kind):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT committees_service_most_reply_days(%s), committees_service_most_done_days(%s)",
            [kind, kind],
        )
        assert cursor.fetchone() == (MOST_REPLY_DAYS[kind], MOST_DONE_DAYS[kind])
    assert REPLY_DAYS[kind] <= MOST_REPLY_DAYS[kind]
    assert DONE_DAYS[kind] <= MOST_DONE_DAYS[kind]


@pytest.mark.obligation("27")
def test_what_was_asked_before_keeps_its_days_also_when_it_is_opened_again(
    resident, clerk, say, here, company, now
):
    before = asked(resident, at=now)
    say(1, 5)
    after = asked(resident, at=now)
    assert (days_of(fresh(before)), days_of(after)) == ((2, 15), (1, 5))
    assert days_of(asked(resident, at=now, kind=Kind.NOISE)) == (2, 15)
    over = done(before, clerk, at=now)
    service.reopen(request=over, words="还是不亮", token=uuid4(), by=resident.user, at=timezone.now())
    again = fresh(before)
    anew = again.steps.last().at
    assert (again.reply_due_at - anew, again.done_due_at - anew) == (timedelta(days=2), timedelta(days=15))
    refused("LM090", lambda: ServiceRequest.objects.filter(pk=before.pk).update(reply_days=30))
    refused("LM090", lambda: ServiceRequest.objects.filter(pk=before.pk).update(done_days=60))


def test_the_newest_counts_and_each_body_has_its_own(resident, clerk, owners, say, here, now):
    say(1, 5)
    say(3, 9)
    found = service_days.of(neighborhood=here)
    assert found[Body.PROPERTY, Kind.REPAIR] == Days(3, 9)
    assert found[Body.OWNERS, Kind.REPAIR] == Days(2, 15)
    assert found[Body.PROPERTY, Kind.OTHER] == Days(7, 30)
    assert days_of(asked(resident, at=now)) == (3, 9)
    theirs = asked(resident, at=now, kind=Kind.REPAIR, body=Body.PROPERTY)
    assert days_of(theirs) == (3, 9)


def test_nobody_writes_days_of_their_own_into_what_they_ask(resident, clerk, now):
    made = asked(resident, at=now)
    assert (made.reply_days, made.done_days) == (2, 15)


@pytest.mark.obligation("27")
@pytest.mark.parametrize("kind", list(Kind))
def test_nobody_is_let_wait_beyond_the_limit(say, written, kind):
    most = MOST_REPLY_DAYS[kind], MOST_DONE_DAYS[kind]
    assert say(*most, kind=kind)
    for wrong in ((most[0] + 1, most[1]), (most[0], most[1] + 1), (0, 5), (5, 4), (-1, 3)):
        assert reason(lambda w=wrong: say(*w, kind=kind)) == "limits"
    refused("LM213", lambda: written(kind=kind, reply_days=most[0] + 1, done_days=most[1]))
    refused("LM213", lambda: written(kind=kind, reply_days=1, done_days=most[1] + 1))
    refused("23514", lambda: written(kind=kind, reply_days=0))
    refused("23514", lambda: written(kind=kind, reply_days=5, done_days=4))


@pytest.mark.obligation("27", "46")
def test_for_a_body_its_own_chair_says_it_and_while_in_office(
    say, written, clerk, chair, chair_of_company, resident, superuser, auditor, now
):
    for who in (clerk, chair, resident.user, superuser, auditor):
        assert reason(lambda w=who: say(by=w)) == "office"
        refused("LM213", lambda w=who: written(set_by=w))
    theirs = Committee.objects.get(kind=Body.OWNERS)
    assert reason(lambda: say(committee=theirs)) == "office"
    refused("LM213", lambda: written(committee=theirs))
    appointing.end(term=Term.objects.get(user=chair_of_company), by=None, at=timezone.now())
    assert reason(lambda: say()) == "office"
    refused("LM213", lambda: written())
    assert not ServiceTimes.objects.exists()


def test_what_was_said_stays_written_and_sent_twice_it_is_once(
    say, written, chair_of_company, elsewhere, now
):
    assert say(1, 5) == say(1, 5)
    assert ServiceTimes.objects.count() == 1
    assert written(set_at=now - timedelta(days=99)).set_at
    assert ServiceTimes.objects.order_by("set_at").first().set_at > now - timedelta(days=1)
    for statement in (
        "UPDATE committees_servicetimes SET reply_days = 7",
        "DELETE FROM committees_servicetimes",
        "TRUNCATE committees_servicetimes",
    ):
        refused("42501", lambda s=statement: connection.cursor().execute(s))
    refused("LM010", lambda: written(neighborhood_id=elsewhere.pk))


def test_what_was_asked_before_there_were_days_gets_those_of_its_kind(committed, resident, clerk, now):
    """The migration itself, over a request as it stood before it."""
    lamp, question = asked(resident, at=now), asked(resident, at=now, kind=Kind.OTHER)
    migration = import_module("committees.migrations.0024_a_body_says_how_long_people_wait")
    at = connections["default"].settings_dict
    with psycopg.connect(
        host=at["HOST"], port=at["PORT"], dbname=at["NAME"], user=roles.OWNER, options="-c search_path=public"
    ) as owner:
        owner.execute(
            "ALTER TABLE committees_servicerequest DISABLE TRIGGER committees_servicerequest_lawful"
        )
        owner.execute("UPDATE committees_servicerequest SET reply_days = 0, done_days = 0")
        owner.execute(migration.ASKED_BEFORE)
    found = [(each.reply_days, each.done_days) for each in (fresh(lamp), fresh(question))]
    assert found == [(2, 15), (7, 30)]
    refused("LM090", lambda: ServiceRequest.objects.filter(pk=lamp.pk).update(reply_days=9))
