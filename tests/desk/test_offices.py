"""Contracts, suspensions and co-options on the desk; and that rights die within one request, through each door of the staff."""

from __future__ import annotations

from datetime import timedelta

import pytest

from committees import appointing, contracts, suspending
from committees.models import CompanyContract, CoOption, NeighborhoodPermission, Suspension, Term
from residents.ages import today_in
from residents.models import User
from tests.cast import staff
from tests.committees.signed import PAPER, Kind, Role, company, contract, ended, secretary

CONTRACTS, TERMS = "/admin/committees/companycontract/", "/admin/committees/term/"
SUSPENSIONS, CO_OPTIONS = "/admin/committees/suspension/", "/admin/committees/cooption/"
# One page behind each guard: the desk, the full lists, a list with filters, an act.
DOORS = ("/desk/", "/desk/service/", "/desk/find/", "/admin/residents/resident/", "/admin/access/gate/")


@pytest.fixture
def second(here, now) -> User:
    return secretary(here, at=now)


def typed(here, now, **changed):
    return {
        "committee": company(here).pk,
        "starts": (now.date() - timedelta(days=1)).isoformat(),
        "ends": (now.date() + timedelta(days=30)).isoformat(),
        "paper": PAPER,
    } | changed


@pytest.mark.obligation("27", "30", "46")
def test_every_door_is_shut_with_the_next_request_after_a_contract_ended(
    desk, here, clerk, chair, second, now
):
    """No sweep ran: every row of guardian's is left, and so is the session."""
    signed = contract(here, chair, second, at=now)
    client = desk(clerk)
    assert all(client.get(door).status_code == 200 for door in DOORS)
    ended(signed, chair, second, at=now, ends=today_in(here, now))
    assert NeighborhoodPermission.objects.filter(user=clerk).exists()
    for door in DOORS:
        answer = client.get(door)
        assert answer.status_code in (302, 403, 404), door
        assert answer.status_code != 302 or answer["Location"] == "/admin/", door
    assert "/admin/residents/" not in client.get("/admin/").content.decode()
    assert not User.objects.get(pk=clerk.pk).has_perm("residents.look_up", here)


@pytest.mark.obligation("27", "46")
def test_every_door_is_shut_with_the_next_request_after_a_suspension_and_open_after_it_was_lifted(
    desk, here, clerk, now
):
    manager = staff(here, username="manager", kind=Kind.PROPERTY, role=Role.CHAIR, at=now)
    client, term = desk(clerk), Term.objects.get(user=clerk)
    assert client.get("/desk/").status_code == 200
    given = {"because": "inquiry", "since": today_in(here, now).isoformat(), "until": "", "paper": PAPER}
    assert desk(manager).post(f"{TERMS}{term.pk}/suspend/", given).status_code == 302
    for door in DOORS:
        assert client.get(door).status_code in (302, 403, 404), door
    found = Suspension.objects.get()
    assert desk(manager).post(f"{SUSPENSIONS}{found.pk}/lift/").status_code == 302
    assert all(client.get(door).status_code == 200 for door in DOORS)


@pytest.mark.obligation("27", "46")
def test_the_person_is_told_on_the_first_page_they_open_and_nobody_else_is(desk, here, clerk, chair, now):
    manager = staff(here, username="manager", kind=Kind.PROPERTY, role=Role.CHAIR, at=now)
    suspending.suspend(
        term=Term.objects.get(user=clerk),
        since=today_in(here, now),
        until=None,
        because="absence",
        paper=PAPER,
        by=manager,
        at=now,
    )
    for page in ("/admin/", "/account/"):
        told = desk(clerk).get(page).content.decode()
        assert "is suspended" in told, page
        assert "they are away, or ill" in told, page
        assert "is suspended" not in desk(chair).get(page).content.decode()


@pytest.mark.obligation("27", "46")
def test_who_lives_here_too_is_told_at_home(desk, here, resident, chair, now):
    owner = User.objects.get(pk=resident.user_id)
    committee = Term.objects.get(user=chair).committee
    today = today_in(here, now)
    term = appointing.appoint(
        committee=committee,
        user=owner,
        role=Role.CLERK,
        starts=today - timedelta(days=9),
        ends=today + timedelta(days=90),
        by=None,
        at=now,
    )
    assert "is suspended" not in desk(owner).get("/").content.decode()
    suspending.suspend(term=term, since=today, until=None, because="conflict", paper=PAPER, by=chair, at=now)
    assert "is suspended" in desk(owner).get("/").content.decode()


@pytest.mark.obligation("30")
def test_two_of_the_committees_write_and_confirm_a_contract(desk, here, clerk, chair, second, now):
    assert desk(chair).post(f"{CONTRACTS}add/", typed(here, now)).status_code == 302
    found = CompanyContract.objects.get()
    page = f"{CONTRACTS}{found.pk}/"
    assert "it takes a second person" in desk(chair).post(f"{page}confirm/").content.decode()
    assert desk(clerk).get(f"{page}change/").status_code in (403, 404)
    assert desk(clerk).post(f"{page}confirm/").status_code in (403, 404)
    assert desk(second).post(f"{page}confirm/").status_code == 302
    found.refresh_from_db()
    assert found.is_current
    longer = {"ends": (now.date() + timedelta(days=90)).isoformat(), "paper": PAPER}
    assert desk(second).post(f"{page}change/", longer).status_code == 302
    waiting = CompanyContract.objects.waiting().get()
    assert desk(chair).post(f"{CONTRACTS}{waiting.pk}/confirm/").status_code == 302
    assert CompanyContract.objects.current().get() == waiting


def test_a_wrong_contract_is_an_error_of_the_form(desk, here, clerk, chair, now):
    backwards = typed(here, now, ends=(now.date() - timedelta(days=9)).isoformat())
    answer = desk(chair).post(f"{CONTRACTS}add/", backwards)
    assert answer.status_code == 200
    assert "The last day comes after the first." in answer.content.decode()
    own = typed(here, now, committee=Term.objects.get(user=chair).committee.pk)
    assert desk(chair).post(f"{CONTRACTS}add/", own).status_code == 200
    assert not CompanyContract.objects.exists()


def test_called_off_at_the_desk(desk, here, clerk, chair, now):
    made = contracts.write(
        committee=company(here),
        starts=now.date(),
        ends=now.date() + timedelta(days=9),
        paper=PAPER,
        by=chair,
        at=now,
    )
    assert desk(chair).post(f"{CONTRACTS}{made.pk}/call-off/").status_code == 302
    assert (
        "confirmed or called off before"
        in desk(chair).post(f"{CONTRACTS}{made.pk}/confirm/").content.decode()
    )


@pytest.mark.obligation("27", "46")
def test_a_committee_co_opts_at_the_desk_by_two(desk, here, superuser, chair, second, now):
    gone = staff(here, username="gone", kind=Kind.OWNERS, role=Role.CLERK, at=now)
    term = Term.objects.get(user=gone)
    assert desk(superuser).post(f"{TERMS}{term.pk}/end/").status_code == 302
    new = User.objects.create_user(username="newcomer")
    day = today_in(here, now).isoformat()
    given = {"sign_in_name": "newcomer", "starts": day, "decided_on": day, "paper": PAPER}
    assert desk(chair).post(f"{TERMS}{term.pk}/co-opt/", given).status_code == 302
    page = f"{CO_OPTIONS}{CoOption.objects.get().pk}/"
    assert "it takes a second member" in desk(chair).post(f"{page}confirm/").content.decode()
    assert desk(second).post(f"{page}confirm/").status_code == 302
    assert desk(new).get("/admin/residents/resident/").status_code == 200


@pytest.mark.obligation("27")
def test_a_body_sees_its_own_members_and_no_other_bodys(desk, here, clerk, chair, auditor, now):
    theirs, own = Term.objects.get(user=clerk), Term.objects.get(user=chair)
    client = desk(chair)
    listed = client.get(TERMS).content.decode()
    assert str(own.pk) in listed
    assert str(theirs.pk) not in listed
    assert client.get(f"{TERMS}{theirs.pk}/change/").status_code in (302, 403)
    assert client.post(f"{TERMS}{theirs.pk}/suspend/", {}).status_code in (403, 404)
    everything = desk(auditor).get(TERMS).content.decode()
    assert str(own.pk) in everything
    assert str(theirs.pk) in everything
    assert desk(auditor).post(f"{TERMS}{theirs.pk}/suspend/", {}).status_code == 403
    assert desk(clerk).get(TERMS).status_code == 403
