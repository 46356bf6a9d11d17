"""Who sees to a request: one of the staff of the body that was asked, for as long as their right stands, and nobody besides."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from committees import appointing, assigning, service, suspending
from committees.assigning import AssignmentRefused, Whose
from committees.models import ServiceAssignment, ServiceRequest, Term
from residents.ages import today_in
from residents.models import User
from tests.cast import staff
from tests.committees.service import Body, asked, days_pass, done, fresh
from tests.committees.test_asking import refused

pytestmark = pytest.mark.django_db


def assign(request, to, by, *, seen=None, token=None):
    return assigning.assign(
        request=request,
        to=to.pk if to else None,
        seen=request.assignments.count() if seen is None else seen,
        token=token or uuid4(),
        by=by,
        at=timezone.now(),
    )


def reason(act) -> str:
    with pytest.raises(AssignmentRefused) as error:
        act()
    return error.value.reason


def whose(request) -> str:
    found = assigning.assignees([request], at=timezone.now()).get(request.pk)
    return found.account if found else ""


def written(request, **also):
    """As raw SQL would write it: nothing is asked before."""
    row = {
        "neighborhood_id": request.neighborhood_id,
        "request": request,
        "number": request.assignments.count() + 1,
        "token": uuid4(),
        "at": timezone.now(),
    }
    return ServiceAssignment.objects.create(**row | also)


def listed(wanted, user, here):
    found = assigning.whose(
        ServiceRequest.objects.filter(neighborhood=here).open(), wanted, user=user, at=timezone.now()
    )
    return set(found)


# --- taking, giving, laying down


def test_it_is_taken_given_and_laid_down_and_each_is_on_record(request_, clerk, second, chair_of_company):
    assert whose(request_) == ""
    assign(request_, clerk, clerk)
    assert whose(request_) == "clerk"
    assign(request_, second, chair_of_company)
    assert whose(request_) == "second"
    assign(request_, None, second)
    assert whose(request_) == ""
    rows = request_.assignments.values_list("number", "assignee__username", "capacity", "by__username")
    assert list(rows) == [
        (1, "clerk", "property.clerk", "clerk"),
        (2, "second", "property.clerk", "heads"),
        (3, None, "", "second"),
    ]
    assert all(abs(each.at - timezone.now()) < timedelta(minutes=1) for each in request_.assignments.all())
    assert request_.steps.count() == 1  # nothing was said to anybody


def test_whoever_read_an_older_page_is_told_and_sent_twice_it_is_once(request_, clerk, second):
    token = uuid4()
    first = assign(request_, clerk, clerk, token=token)
    assert assign(request_, clerk, clerk, seen=0, token=token) == first
    assert reason(lambda: assign(request_, second, second, seen=0)) == "taken"
    assert assign(request_, clerk, second) == first  # it is theirs already
    assert request_.assignments.count() == 1
    assign(request_, None, clerk)
    assert reason(lambda: assign(request_, None, clerk)) == "nobodys"


def test_what_is_over_is_assigned_to_nobody_and_open_again_it_is_whose_it_was(
    request_, clerk, second, resident, now
):
    assert reason(lambda: assign(request_, None, clerk)) == "nobodys"
    assign(request_, second, clerk)
    over = done(request_, clerk, at=now)
    assert reason(lambda: assign(over, clerk, clerk)) == "over"
    refused(
        "LM211",
        lambda: written(
            over, assignee=clerk, capacity="property.clerk", by=clerk, by_capacity="property.clerk"
        ),
    )
    service.reopen(request=over, words="还是不亮", token=uuid4(), by=resident.user, at=timezone.now())
    assert whose(fresh(request_)) == "second"


# --- who may


@pytest.mark.obligation("A2", "27")
def test_nobody_else_takes_it_or_gets_it_by_raw_sql_either(
    request_, clerk, owners, resident, neighbor, auditor, superuser, elsewhere, now
):
    there = staff(elsewhere, username="far", kind=Body.PROPERTY, role=Term.Role.CLERK, at=now)
    ours = {"by": clerk, "by_capacity": "property.clerk"}
    for who in (owners, resident.user, neighbor.user, auditor, superuser, there):
        assert reason(lambda w=who: assign(request_, w, w)) == "not_theirs"
        assert reason(lambda w=who: assign(request_, w, clerk)) == "not_staff"
        for capacity in ("property.clerk", "property.chair", "owners.clerk", "resident"):
            refused("LM211", lambda w=who, c=capacity: written(request_, assignee=w, capacity=c, **ours))
            refused(
                "LM211",
                lambda w=who, c=capacity: written(
                    request_, assignee=clerk, capacity="property.clerk", by=w, by_capacity=c
                ),
            )
    assert not request_.assignments.exists()


def test_nobody_sees_to_what_they_asked_themselves(resident, clerk, second, now):
    type(resident).objects.filter(pk=resident.pk).update(user=clerk)
    resident.refresh_from_db()
    mine = asked(resident, at=now)
    assert reason(lambda: assign(mine, clerk, clerk)) == "not_theirs"
    assert reason(lambda: assign(mine, clerk, second)) == "not_staff"
    theirs = {"by": second, "by_capacity": "property.clerk"}
    refused("LM211", lambda: written(mine, assignee=clerk, capacity="property.clerk", **theirs))
    assert [each.account for each in assigning.colleagues(request=mine, at=now)] == ["second"]


def test_raw_sql_neither_jumps_the_order_nor_changes_what_is_written(request_, clerk, second, now):
    row = {"assignee": clerk, "capacity": "property.clerk", "by": clerk, "by_capacity": "property.clerk"}
    refused("LM211", lambda: written(request_, number=2, **row))
    written(request_, at=now - timedelta(days=9), **row)
    assert request_.assignments.get().at > now - timedelta(days=1)  # by the database's own clock
    refused("LM211", lambda: written(request_, number=1, **row))
    refused(
        "23514", lambda: written(request_, **row | {"capacity": "", "assignee": None} | {"capacity": "x"})
    )
    for statement in (
        "UPDATE committees_serviceassignment SET assignee_id = by_id",
        "TRUNCATE committees_serviceassignment",
    ):
        refused("42501", lambda s=statement: connection.cursor().execute(s))
    refused("LM211", lambda: ServiceAssignment.objects.all()._raw_delete("default"))
    refused("LM010", lambda: written(request_, **row | {"neighborhood_id": uuid4()}))


# --- rights that end


@pytest.mark.obligation("27", "46")
def test_whose_right_has_ended_sees_to_nothing_that_minute(request_, clerk, second, here):
    assign(request_, clerk, clerk)
    assert listed(Whose.MINE, clerk, here) == {request_}
    appointing.end(term=Term.objects.get(user=clerk), by=None, at=timezone.now())
    assert whose(request_) == ""
    assert listed(Whose.MINE, clerk, here) == set()
    assert listed(Whose.NOBODYS, second, here) == {request_}
    assert reason(lambda: assign(request_, clerk, second)) == "not_staff"
    assign(request_, second, second)
    assert whose(request_) == "second"


@pytest.mark.obligation("27", "30")
def test_a_suspension_a_closed_account_and_a_row_of_rights_count_too(
    request_, clerk, second, chair_of_company, here
):
    assign(request_, clerk, clerk)
    term = Term.objects.get(user=clerk)
    imposed = suspending.suspend(
        term=term,
        since=today_in(here, timezone.now()),
        until=None,
        because="conflict",
        paper="A 1",
        by=chair_of_company,
        at=timezone.now(),
    )
    assert whose(request_) == ""
    refused(
        "LM211",
        lambda: written(
            request_, assignee=clerk, capacity="property.clerk", by=second, by_capacity="property.clerk"
        ),
    )
    suspending.lift(suspension=imposed, by=chair_of_company, at=timezone.now())
    assert whose(request_) == "clerk"
    User.objects.filter(pk=clerk.pk).update(is_active=False)
    assert whose(request_) == ""
    User.objects.filter(pk=clerk.pk).update(is_active=True)
    clerk.neighborhoodpermission_set.filter(permission__codename="answer_service").delete()
    assert whose(request_) == ""


def test_lists_are_mine_nobodys_and_all(resident, clerk, second, here, now, django_assert_num_queries):
    mine, theirs, free = (asked(resident, at=now) for _ in range(3))
    assign(mine, clerk, clerk)
    assign(theirs, second, second)
    assert listed(Whose.MINE, clerk, here) == {mine}
    assert listed(Whose.NOBODYS, clerk, here) == {free}
    assert listed(Whose.ALL, clerk, here) == {mine, theirs, free}
    with django_assert_num_queries(1):
        found = assigning.assignees([mine, theirs, free], at=now)
    assert {pk: each.account for pk, each in found.items()} == {mine.pk: "clerk", theirs.pk: "second"}


# --- and it goes


@pytest.mark.obligation("20")
def test_who_saw_to_it_goes_with_its_words_and_not_before(request_, clerk, now):
    from tests import make

    assign(request_, clerk, clerk)
    old = days_pass(done(request_, clerk, at=now), timedelta(days=180))
    refused("LM211", lambda: ServiceAssignment.objects.all()._raw_delete("default"))
    assert make.swept("committees.service_words", at=timezone.now()) == 1
    assert not old.assignments.exists()
