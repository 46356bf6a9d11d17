"""Rights of staff: a permission and a term, both, here and now."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, connection, transaction
from guardian.shortcuts import assign_perm

from committees import appointing, roles
from committees.models import Committee, NeighborhoodPermission, Term
from ledger.models import Entry
from residents.models import Neighborhood, User
from residents.scope import scope
from tests.asking import EVERY_PERMISSION, may


def term_of(user: User) -> Term:
    return Term.objects.get(user=user)


def test_it_grants_what_the_role_says_and_nothing_more(here, clerk, now):
    held = {perm for perm in EVERY_PERMISSION if may(clerk, perm, here, now)}
    assert held == roles.ROLE_PERMISSIONS[Committee.Kind.PROPERTY, Term.Role.CLERK]


def test_it_names_every_role_of_every_body():
    assert set(roles.ROLE_PERMISSIONS) == {(k, r) for k in Committee.Kind.values for r in Term.Role.values}
    assert frozenset().union(*roles.ROLE_PERMISSIONS.values()) == EVERY_PERMISSION


def test_the_committees_read_what_is_to_be_shared_and_the_company_never_does():
    readers = {who for who, permissions in roles.ROLE_PERMISSIONS.items() if "approve_sharing" in permissions}
    kinds, at_work = (Committee.Kind.OWNERS, Committee.Kind.RESIDENTS), (Term.Role.CHAIR, Term.Role.CLERK)
    assert readers == {(kind, role) for kind in kinds for role in at_work}


@pytest.mark.obligation("A2", "27")
def test_it_gives_nothing_elsewhere(elsewhere, clerk, now):
    assert not any(may(clerk, perm, elsewhere, now) for perm in EVERY_PERMISSION)


@pytest.mark.obligation("27", "46")
def test_it_is_dead_on_the_day_though_every_row_is_left(here, clerk, now):
    term = term_of(clerk)
    midnight = datetime.combine(term.ends, datetime.min.time(), ZoneInfo(here.time_zone))

    assert may(clerk, "look_up", here, midnight - timedelta(seconds=1))
    assert not may(clerk, "look_up", here, midnight)
    assert NeighborhoodPermission.objects.filter(user=clerk).exists()


def test_it_has_not_begun_before_its_first_day(here, clerk):
    term = term_of(clerk)
    midnight = datetime.combine(term.starts, datetime.min.time(), ZoneInfo(here.time_zone))

    assert not may(clerk, "look_up", here, midnight - timedelta(seconds=1))
    assert may(clerk, "look_up", here, midnight)


def test_it_ends_at_midnight_of_the_neighborhood_and_not_of_greenwich(db, now):
    far_east = Neighborhood.objects.create(name="东", time_zone="Pacific/Kiritimati")
    committee = Committee.objects.create(neighborhood=far_east, kind=Committee.Kind.OWNERS, name="业委会")
    user = User.objects.create_user(username="east")
    appointing.appoint(
        committee=committee,
        user=user,
        role=Term.Role.CHAIR,
        starts=date(2026, 1, 1),
        ends=date(2026, 6, 1),
        by=None,
        at=now,
    )
    # Fourteen hours ahead: there the first of June begins at ten in the morning of May's last day here.
    assert may(user, "view_register", far_east, datetime(2026, 5, 31, 9, 59, tzinfo=UTC))
    assert not may(user, "view_register", far_east, datetime(2026, 5, 31, 10, 0, tzinfo=UTC))


def test_a_permission_without_a_term_gives_nothing(here, now):
    user = User.objects.create_user(username="no term", is_staff=True)
    for perm in EVERY_PERMISSION:
        assign_perm(perm, user, here)

    assert not any(may(user, perm, here, now) for perm in EVERY_PERMISSION)
    assert not user.has_perm("residents.view_register", here)


def test_a_permission_beyond_the_role_gives_nothing(here, auditor, now):
    assign_perm("look_up", auditor, here)
    assert not may(auditor, "look_up", here, now)


def test_a_term_without_a_permission_gives_nothing(here, clerk, now):
    NeighborhoodPermission.objects.filter(user=clerk).delete()
    assert not any(may(clerk, perm, here, now) for perm in EVERY_PERMISSION)


def test_a_global_permission_gives_nothing(here, resident):
    user = resident.user
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.all())
    user = User.objects.get(pk=user.pk)

    assert not user.has_perm("residents.view_resident")
    assert not user.has_perm("residents.view_register", here)
    assert not user.has_module_perms("residents")


def test_has_perm_agrees_with_the_term(here, elsewhere, clerk):
    assert clerk.has_perm("residents.manage_register", here)
    assert clerk.has_perm("manage_register", here)
    assert not clerk.has_perm("residents.manage_register", elsewhere)
    assert not clerk.has_perm("residents.publish_forms", here)


def test_a_dormant_account_has_no_rights(here, clerk, now):
    clerk.is_active = False
    assert not may(clerk, "view_register", here, now)


def test_an_unknown_permission_is_held_nowhere(here, clerk, now):
    assert not scope(clerk, "everything", now).exists()


def test_it_asks_one_query(here, clerk, now, django_assert_num_queries):
    with django_assert_num_queries(1):
        list(scope(clerk, "view_register", now))


def test_ending_it_ends_the_rights_at_once(here, clerk, now):
    appointing.end(term=term_of(clerk), by=None, at=now)

    clerk.refresh_from_db()
    assert not may(clerk, "view_register", here, now)
    assert not clerk.is_staff
    assert not NeighborhoodPermission.objects.filter(user=clerk).exists()
    assert [entry.kind for entry in Entry.objects.filter(subject=clerk.pk).order_by("pk")] == [
        "term.appointed",
        "term.ended",
    ]


def test_ending_one_keeps_what_another_grants(here, clerk, chair, now):
    owners = Committee.objects.get(kind=Committee.Kind.OWNERS)
    further = appointing.appoint(
        committee=owners,
        user=clerk,
        role=Term.Role.CLERK,
        starts=now.date() - timedelta(days=3),
        ends=now.date() + timedelta(days=3),
        by=chair,
        at=now,
    )
    appointing.end(
        term=Term.objects.get(user=clerk, committee__kind=Committee.Kind.PROPERTY), by=None, at=now
    )

    clerk.refresh_from_db()
    held = {perm for perm in EVERY_PERMISSION if may(clerk, perm, here, now)}
    assert held == roles.permissions_of([further])
    assert clerk.is_staff
    kept = set(
        NeighborhoodPermission.objects.filter(user=clerk).values_list("permission__codename", flat=True)
    )
    assert kept == held


def test_ending_it_twice_says_so(here, clerk, now):
    term = term_of(clerk)
    appointing.end(term=term, by=None, at=now)
    with pytest.raises(appointing.TermOver):
        appointing.end(term=term, by=None, at=now)


def test_one_that_has_not_begun_never_does(here, clerk, now):
    owners = Committee.objects.create(neighborhood=here, kind=Committee.Kind.OWNERS, name="业委会")
    later = appointing.appoint(
        committee=owners,
        user=clerk,
        role=Term.Role.CHAIR,
        starts=now.date() + timedelta(days=30),
        ends=now.date() + timedelta(days=60),
        by=None,
        at=now,
    )
    appointing.end(term=later, by=None, at=now)
    assert not may(clerk, "approve_sharing", here, now + timedelta(days=40))
    assert Term.objects.filter(user=clerk).count() == 1


def test_a_right_that_a_later_version_gives_a_role_comes_to_those_in_office(here, clerk, auditor, now):
    NeighborhoodPermission.objects.filter(user=clerk, permission__codename="manage_access").delete()
    before = set(NeighborhoodPermission.objects.values_list("user", "permission__codename"))
    assert not may(clerk, "manage_access", here, now)
    assert appointing.grant_new(at=now) == 1
    assert may(clerk, "manage_access", here, now)
    given = set(NeighborhoodPermission.objects.values_list("user", "permission__codename")) - before
    assert given == {(clerk.pk, "manage_access")}
    assert appointing.grant_new(at=now) == 0


def test_who_is_in_office_no_more_is_given_nothing(here, clerk, now):
    NeighborhoodPermission.objects.all().delete()
    assert appointing.grant_new(at=now + timedelta(days=400)) == 0


def test_tidying_takes_the_desk_from_those_whose_terms_ran_out(here, clerk, auditor, now):
    much_later = now + timedelta(days=400)
    assert appointing.forget_ended(at=much_later) == 2
    assert appointing.forget_ended(at=much_later) == 0
    clerk.refresh_from_db()
    assert not clerk.is_staff
    assert not NeighborhoodPermission.objects.filter(user=clerk).exists()


@pytest.mark.obligation("46")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE committees_term SET ends = ends + 1",
        "UPDATE committees_term SET starts = starts - 1",
        "UPDATE committees_term SET role = 'chair'",
        "UPDATE committees_committee SET kind = 'owners'",
        "DELETE FROM committees_term",
    ],
)
def test_raw_sql_cannot_stretch_one(clerk, change):
    with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert isinstance(refused.value.__cause__, psycopg.Error)
    assert refused.value.__cause__.sqlstate == "LM006"


def test_raw_sql_cannot_hold_one_where_its_committee_is_not(clerk, elsewhere):
    with pytest.raises(DatabaseError, match="where its committee is"), transaction.atomic():
        Term.objects.create(
            neighborhood=elsewhere,
            committee=term_of(clerk).committee,
            user=clerk,
            role=Term.Role.CLERK,
            starts=date(2026, 1, 1),
            ends=date(2036, 1, 1),
        )


def test_a_look_up_is_recorded_under_the_role_that_allows_it(here, chair, now):
    both = Committee.objects.create(neighborhood=here, kind=Committee.Kind.PROPERTY, name="物业")
    appointing.appoint(
        committee=both,
        user=chair,
        role=Term.Role.CLERK,
        starts=now.date() - timedelta(days=2),
        ends=now.date() + timedelta(days=9),
        by=None,
        at=now,
    )
    assert roles.capacity(user=chair, neighborhood=here, perm="look_up", at=now) == "property.clerk"
    assert roles.capacity(user=chair, neighborhood=here, perm="approve_sharing", at=now) == "owners.chair"
