"""Terms on the desk: appointed by the operator, ended in one act, and dead for the desk on the day."""

from __future__ import annotations

from datetime import timedelta

import pytest

from committees.models import Committee, NeighborhoodPermission, Term
from residents.models import User
from tests.cast import PASSWORD

TERMS = "/admin/committees/term/"


@pytest.fixture
def committee(here) -> Committee:
    return Committee.objects.create(neighborhood=here, kind=Committee.Kind.PROPERTY, name="物业")


def appointment(committee, now, **changed):
    return {
        "committee": committee.pk,
        "sign_in_name": "newclerk",
        "role": "clerk",
        "starts": (now.date() - timedelta(days=1)).isoformat(),
        "ends": (now.date() + timedelta(days=30)).isoformat(),
    } | changed


def test_the_operator_appoints_and_the_desk_opens(desk, superuser, committee, now):
    user = User.objects.create_user(username="newclerk", password=PASSWORD)
    assert desk(superuser).post(f"{TERMS}add/", appointment(committee, now)).status_code == 302
    assert NeighborhoodPermission.objects.filter(user=user).exists()
    user.refresh_from_db()
    assert desk(user).get("/admin/residents/resident/").status_code == 200


def test_a_wrong_appointment_is_an_error_of_the_form(desk, superuser, committee, now):
    client = desk(superuser)
    assert client.post(f"{TERMS}add/", appointment(committee, now)).status_code == 200  # no such account
    User.objects.create_user(username="newclerk")
    backwards = appointment(committee, now, ends=(now.date() - timedelta(days=9)).isoformat())
    assert client.post(f"{TERMS}add/", backwards).status_code == 200
    assert not Term.objects.filter(user__username="newclerk").exists()


@pytest.mark.parametrize("who", ["chair", "clerk", "auditor"])
def test_nobody_appoints_themselves_or_a_friend(request, desk, committee, now, who):
    user = request.getfixturevalue(who)
    answer = desk(user).post(f"{TERMS}add/", appointment(committee, now, sign_in_name=user.username))
    assert answer.status_code == 403
    assert Term.objects.filter(user=user).count() == 1


@pytest.mark.obligation("27", "46")
def test_the_desk_is_empty_the_moment_a_term_is_ended(desk, superuser, clerk, resident):
    client = desk(clerk)
    assert client.get("/admin/residents/resident/").status_code == 200
    assert desk(superuser).post(f"{TERMS}{Term.objects.get(user=clerk).pk}/end/").status_code == 302
    assert client.get("/admin/residents/resident/").status_code in (302, 403)


@pytest.mark.obligation("27", "46")
def test_a_term_that_ran_out_leaves_nothing_though_nobody_tidied_up(desk, former, resident):
    assert former.is_staff
    assert NeighborhoodPermission.objects.filter(user=former).exists()
    client = desk(former)
    assert client.get("/admin/residents/resident/").status_code == 403
    assert client.get(f"/admin/residents/resident/{resident.pk}/change/").status_code == 403
    body = client.get("/admin/").content.decode()
    assert "/admin/residents/" not in body
