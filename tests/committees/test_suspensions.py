"""A suspended term gives no right from the next request on; somebody else imposes it and lifts it (obligations 27, 46)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from committees import appointing, publishing, roles, suspending
from committees.models import NeighborhoodPermission, Suspension, Term
from ledger.models import Entry
from residents.ages import today_in
from residents.models import User
from tests import make
from tests.asking import may
from tests.cast import staff
from tests.committees.notices import draft
from tests.committees.signed import PAPER, Kind, Role, refused, secretary


@pytest.fixture
def second(here, now) -> User:
    return secretary(here, at=now)


def suspended(term: Term, by: User, at, **also) -> Suspension:
    said = {"since": today_in(term.neighborhood, at), "until": None, "because": "inquiry", "paper": PAPER}
    return suspending.suspend(term=term, by=by, at=at, **said | also)


def term_of(user: User) -> Term:
    return Term.objects.get(user=user)


@pytest.mark.obligation("27", "46")
def test_rights_are_dead_at_once_and_every_row_is_left(here, chair, second, now):
    assert may(second, "publish_forms", here, now)
    suspended(term_of(second), chair, now)
    assert not may(second, "publish_forms", here, now)
    assert not roles.bodies(user=second, perm="publish_notices", at=now).exists()
    assert roles.offices(user=second, neighborhood=here, at=now) == []
    assert NeighborhoodPermission.objects.filter(user=second).exists()


@pytest.mark.obligation("27", "46")
def test_the_database_hears_nobody_who_is_suspended(here, chair, second, now):
    notice = draft(here, second, at=now)
    suspended(term_of(second), chair, now)
    sql = "UPDATE committees_notice SET published_by_id = %s, published_at = now() WHERE id = %s"
    assert refused(sql, second.pk, notice.pk) == "LM087"
    publishing.publish(notice=notice, by=chair, at=now)


@pytest.mark.obligation("45", "46")
def test_nor_does_it_let_them_call_a_meeting_or_count_votes(here, chair, second, now):
    committee = term_of(second).committee
    asked = (("committees_calls_meetings", committee.pk), ("committees_counts_votes", here.pk))

    def heard() -> list[bool]:
        with connection.cursor() as cursor:
            return [
                cursor.execute(f"SELECT {name}(%s, %s)", [second.pk, where]).fetchone()[0]
                for name, where in asked
            ]

    assert heard() == [True, True]
    suspended(term_of(second), chair, now)
    assert heard() == [False, False]


def test_it_lasts_until_its_day_or_until_it_is_lifted(here, chair, second, now):
    today = today_in(here, now)
    until = today + timedelta(days=5)
    found = suspended(term_of(second), chair, now, until=until)
    assert not may(second, "publish_forms", here, now + timedelta(days=4))
    assert may(second, "publish_forms", here, now + timedelta(days=5))
    suspending.lift(suspension=found, by=chair, at=now)
    assert may(second, "publish_forms", here, now)


def test_it_may_begin_later(here, chair, second, now):
    suspended(term_of(second), chair, now, since=today_in(here, now) + timedelta(days=2))
    assert may(second, "publish_forms", here, now)
    assert not may(second, "publish_forms", here, now + timedelta(days=2))


@pytest.mark.obligation("27", "46")
def test_nobody_suspends_themselves_or_lifts_it(here, chair, second, now):
    with pytest.raises(suspending.SuspensionRefused, match="own"):
        suspended(term_of(chair), chair, now)
    found = suspended(term_of(second), chair, now)
    with pytest.raises(suspending.SuspensionRefused, match="own"):
        suspending.lift(suspension=found, by=second, at=now)
    sql = "UPDATE committees_suspension SET lifted_by_id = %s, lifted_at = now()"
    assert refused(sql, second.pk) == "LM194"


@pytest.mark.obligation("27", "46")
def test_nor_with_a_second_account(here, chair, second, now):
    """Two accounts that the register knows as one person's are one."""
    twin = staff(here, username="twin", kind=Kind.OWNERS, role=Role.CLERK, at=now)
    make.one_person(here, second, twin, at=now)
    found = suspended(term_of(second), chair, now)
    with pytest.raises(suspending.SuspensionRefused, match="own"):
        suspending.lift(suspension=found, by=twin, at=now)
    assert (
        refused("UPDATE committees_suspension SET lifted_by_id = %s, lifted_at = now()", twin.pk) == "LM194"
    )


@pytest.mark.obligation("27")
@pytest.mark.parametrize("who", ["clerk", "auditor", "outsider", "resident", "of_residents"])
def test_only_the_very_body_suspends(request, here, chair, second, now, who):
    if who == "of_residents":
        by = staff(here, username="xx", kind=Kind.RESIDENTS, role=Role.CHAIR, at=now)
    else:
        by = request.getfixturevalue(who)
        by = by if isinstance(by, User) else by.user
    with pytest.raises(suspending.SuspensionRefused, match="office"):
        suspended(term_of(second), by, now)
    with pytest.raises(DatabaseError) as said, transaction.atomic():
        Suspension.objects.create(
            neighborhood=here,
            term=term_of(second),
            since=today_in(here, now),
            because="inquiry",
            paper=PAPER,
            imposed_by=by,
            imposed_at=now,
        )
    assert said.value.__cause__.sqlstate == "LM194"


@pytest.mark.obligation("27")
def test_of_two_who_would_suspend_each_other_the_first_one_does(here, chair, second, now):
    suspended(term_of(second), chair, now)
    with pytest.raises(suspending.SuspensionRefused, match="office"):
        suspended(term_of(chair), second, now)


def test_a_companys_clerk_is_suspended_by_its_chair_and_not_by_another_clerk(here, clerk, now):
    manager = staff(here, username="manager", kind=Kind.PROPERTY, role=Role.CHAIR, at=now)
    other = staff(here, username="other", kind=Kind.PROPERTY, role=Role.CLERK, at=now)
    with pytest.raises(suspending.SuspensionRefused, match="office"):
        suspended(term_of(clerk), other, now)
    suspended(term_of(clerk), manager, now)
    assert not may(clerk, "look_up", here, now)


def test_who_runs_the_system_may_suspend_and_lift(here, clerk, superuser, now):
    found = suspended(term_of(clerk), superuser, now)
    assert not may(clerk, "look_up", here, now)
    suspending.lift(suspension=found, by=superuser, at=now)
    assert may(clerk, "look_up", here, now)


@pytest.mark.obligation("46")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE committees_suspension SET since = since - 1",
        "UPDATE committees_suspension SET until = since + 1",
        "UPDATE committees_suspension SET because = 'wish'",
        "UPDATE committees_suspension SET lifted_at = now()",
        "DELETE FROM committees_suspension",
    ],
)
def test_raw_sql_changes_none(chair, second, now, change):
    suspended(term_of(second), chair, now)
    assert refused(change) == "LM194"


def test_raw_sql_begins_none_in_the_past(here, chair, second, now):
    with pytest.raises(suspending.SuspensionRefused, match="dates"):
        suspended(term_of(second), chair, now, since=today_in(here, now) - timedelta(days=1))
    with pytest.raises(DatabaseError) as said, transaction.atomic():
        Suspension.objects.create(
            neighborhood=here,
            term=term_of(second),
            since=today_in(here, now) - timedelta(days=1),
            because="inquiry",
            paper=PAPER,
            imposed_by=chair,
            imposed_at=now,
        )
    assert said.value.__cause__.sqlstate == "LM194"


def test_sent_twice_it_is_one_and_lifted_twice_says_so(here, chair, second, now):
    found = suspended(term_of(second), chair, now)
    assert suspended(term_of(second), chair, now) == found
    suspending.lift(suspension=found, by=chair, at=now)
    with pytest.raises(suspending.SuspensionRefused, match="lifted"):
        suspending.lift(suspension=found, by=chair, at=now)


def test_a_term_that_is_over_is_not_suspended(here, chair, second, now):
    appointing.end(term=term_of(second), by=None, at=now)
    with pytest.raises(suspending.SuspensionRefused, match="over"):
        suspended(term_of(second), chair, now)


def test_a_term_of_today_that_is_suspended_does_not_vanish(here, chair, second, now):
    owners = term_of(second).committee
    today = today_in(here, now)
    new = User.objects.create_user(username="new")
    term = appointing.appoint(
        committee=owners,
        user=new,
        role=Role.CLERK,
        starts=today,
        ends=today + timedelta(days=9),
        by=None,
        at=now,
    )
    suspended(term, chair, now)
    with pytest.raises(appointing.OnRecord):
        appointing.end(term=term, by=None, at=now)


def test_the_person_is_told_and_the_record_says_who(here, chair, second, now):
    found = suspended(term_of(second), chair, now)
    assert suspending.told(account=second.pk, at=now) == [found]
    assert suspending.told(account=chair.pk, at=now) == []
    suspending.lift(suspension=found, by=chair, at=now)
    assert suspending.told(account=second.pk, at=now) == []
    kinds = [entry.kind for entry in Entry.objects.filter(subject=second.pk).order_by("pk")]
    assert kinds[-2:] == ["term.suspended", "term.suspension_lifted"]
