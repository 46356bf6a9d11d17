"""Whoever changes somebody's rights, by whatever door, it is written down: who, which office, and by whom where that is known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from committees import appointing, rights_changes
from committees.models import Committee, RightsChange, Term
from residents.models import User
from tests.cast import staff

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("23", "A2")]
What = RightsChange.What


def changes(user: User) -> list[tuple[str, str, object]]:
    found = RightsChange.objects.filter(user=user).order_by("at", "pk")
    return [(each.what, each.capacity, each.by_id) for each in found]


@pytest.fixture
def term(clerk) -> Term:
    return Term.objects.get(user=clerk)


def test_an_appointment_says_who_made_it(here, superuser, now):
    user = User.objects.create_user(username="new", password="x")
    body = Committee.objects.create(neighborhood=here, kind=Committee.Kind.OWNERS, name="x")
    appointing.appoint(
        committee=body,
        user=user,
        role=Term.Role.CHAIR,
        starts=now.date(),
        ends=now.date() + timedelta(days=5),
        by=superuser,
        at=now,
    )
    assert changes(user) == [(What.APPOINTED, "owners.chair", superuser.pk)]
    found = RightsChange.objects.get(user=user)
    assert (found.neighborhood, found.starts, found.ends) == (
        here,
        now.date(),
        now.date() + timedelta(days=5),
    )


def test_an_end_says_who_ended_it(clerk, term, superuser, now):
    appointing.end(term=term, by=superuser, at=now)
    assert changes(clerk)[-1] == (What.ENDED, "property.clerk", superuser.pk)


def test_one_that_never_began_is_called_off(clerk, term, superuser, now):
    next_year = now.date() + timedelta(days=365)
    to_come = appointing.appoint(
        committee=term.committee,
        user=clerk,
        role=Term.Role.CLERK,
        starts=next_year,
        ends=next_year + timedelta(days=9),
        by=superuser,
        at=now,
    )
    appointing.end(term=to_come, by=superuser, at=now)
    assert changes(clerk)[-1] == (What.CALLED_OFF, "property.clerk", superuser.pk)


def test_what_is_done_past_the_code_stands_there_without_an_author(here, clerk, term, now):
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE committees_term SET ends = %s WHERE id = %s", [now.date() - timedelta(days=1), term.pk]
        )
    assert changes(clerk)[-1] == (What.ENDED, "property.clerk", None)
    Term.objects.create(
        neighborhood=here,
        committee=term.committee,
        user=clerk,
        role=Term.Role.AUDITOR,
        starts=now.date(),
        ends=now.date() + timedelta(days=9),
    )
    assert changes(clerk)[-1] == (What.APPOINTED, "property.auditor", None)


def test_a_new_name_is_no_change_of_rights(clerk, term, now):
    before = changes(clerk)
    appointing.publish_name(term=term, name="柳一", agreed=True, by=None, at=now)
    assert changes(clerk) == before


def test_who_runs_the_system_is_written_down_too(superuser, clerk):
    assert changes(superuser) == [(What.OPERATOR_MADE, "operator", None)]
    User.objects.filter(pk=clerk.pk).update(is_superuser=True)
    User.objects.filter(pk=clerk.pk).update(is_superuser=False)
    assert {each[0] for each in changes(clerk)[-2:]} == {What.OPERATOR_MADE, What.OPERATOR_ENDED}


def test_the_account_of_somebody_in_office_is_closed_with_an_author(here, clerk, superuser, resident, desk):
    desk(superuser).post(
        f"/admin/residents/user/{clerk.pk}/change/", {"username": "clerk", "language": "zh-hans"}
    )
    assert not User.objects.get(pk=clerk.pk).is_active
    assert changes(clerk)[-1] == (What.ACCOUNT_CLOSED, "", superuser.pk)
    User.objects.filter(pk=resident.user_id).update(is_active=False)
    assert changes(resident.user) == [], "whoever holds no office has no rights to lose"


def test_a_part_that_comes_later_writes_its_own(here, clerk, superuser, now):
    rights_changes.note(
        user=clerk, neighborhood=here, what="term.suspended", by=superuser, at=now, capacity="property.clerk"
    )
    found = rights_changes.between(
        neighborhood=here, since=now - timedelta(days=1), until=now + timedelta(days=1)
    )
    assert "term.suspended" in {each.what for each in found}
    assert rights_changes.in_words("term.suspended") == "term.suspended"


@pytest.mark.parametrize(
    "statement", ["UPDATE committees_rightschange SET by_id = NULL", "DELETE FROM committees_rightschange"]
)
def test_nobody_unwrites_it(clerk, statement):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert changes(clerk)


def test_of_another_neighborhood_nothing_is_read(here, elsewhere, outsider, auditor, now):
    found = rights_changes.between(
        neighborhood=here, since=now - timedelta(days=1), until=now + timedelta(days=1)
    )
    users = {each.user for each in found}
    assert auditor in users
    assert outsider not in users


def test_the_auditor_reads_them_on_their_own_page(seat, here, now):
    staff(here, username="somebody-new", kind=Committee.Kind.PROPERTY, role=Term.Role.CHAIR, at=now)
    page = seat.get("/desk/audit/rights/").content.decode()
    assert "somebody-new" in page
    assert "Property company · chair" in page
    assert "nobody is named" in page
