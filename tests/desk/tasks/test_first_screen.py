"""The first screen: six tasks, what is due, and only where somebody holds a right now."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from access import cards
from access.models import Credential, Device
from committees.models import Committee, Term
from consent import enabling
from residents import letters
from residents.ages import today_in
from residents.models import Neighborhood, User
from tests import make
from tests.cast import PASSWORD, settle, staff

SIX = ("/desk/find/", "/desk/lost/", "/desk/new/", "/desk/visitor/", "/desk/gates/", "/desk/paper/")


def test_it_shows_six_tasks_each_with_its_key(hut: Client):
    page = hut.get("/desk/").content.decode()
    for key, address in enumerate(SIX, start=1):
        assert f'href="{address}" accesskey="{key}"' in page
    assert "Willow Bank" in page
    assert "/admin/" in page


def test_signing_in_as_staff_lands_there(clerk):
    client = Client()
    response = client.post("/sign-in/", {"username": "clerk", "password": PASSWORD, "next": "/"})
    assert response["Location"] == "/desk/"


def test_a_resident_who_also_serves_lands_at_home(resident, here, now):
    user = staff(here, username="both", kind=Committee.Kind.OWNERS, role=Term.Role.CHAIR, at=now)
    resident.user = user
    resident.save()
    response = Client().post("/sign-in/", {"username": "both", "password": PASSWORD, "next": "/"})
    assert response["Location"] == "/"


def test_it_is_kept_by_no_cache(hut: Client):
    assert "no-store" in hut.get("/desk/")["Cache-Control"]


@pytest.mark.obligation("27", "A2")
@pytest.mark.parametrize("path", ["/desk/", *SIX])
def test_it_is_there_for_nobody_else(nobody_else, card, path):
    nobody_else(path)


def test_a_role_sees_the_tasks_that_are_its_own(desk, chair, here):
    """The owners' chair sees the register masked, and hands out nothing."""
    client = desk(chair)
    page = client.get("/desk/").content.decode()
    assert 'href="/desk/find/"' in page
    for address in ("/desk/lost/", "/desk/new/", "/desk/visitor/", "/desk/gates/"):
        assert f'href="{address}"' not in page
    assert client.get("/desk/new/").status_code == 404
    assert client.get("/desk/gates/").status_code == 404


def test_rights_end_with_the_term_in_the_middle_of_a_session(hut: Client, clerk, now):
    assert hut.get("/desk/").status_code == 200
    Term.objects.filter(user=clerk).update(ends=now.date() - timedelta(days=1))
    assert hut.get("/desk/").status_code == 302


class TestSeveralNeighborhoods:
    @pytest.fixture
    def second(self, clerk, elsewhere: Neighborhood, now) -> Neighborhood:
        from committees.appointing import appoint

        company = Committee.objects.create(neighborhood=elsewhere, kind=Committee.Kind.PROPERTY, name="x")
        appoint(
            committee=company,
            user=clerk,
            role=Term.Role.CLERK,
            starts=now.date() - timedelta(days=1),
            ends=now.date() + timedelta(days=30),
            by=None,
            at=now,
        )
        return elsewhere

    def test_the_one_in_hand_is_kept_and_switched(self, hut: Client, here, second, resident, stranger):
        hut.post("/desk/neighborhood/", {"neighborhood": str(second.pk)})
        assert "<strong>Far Hills</strong>" in hut.get("/desk/").content.decode()
        assert hut.get(f"/desk/people/{stranger.pk}/").status_code == 200
        assert hut.get(f"/desk/people/{resident.pk}/").status_code == 404, "one at a time"
        hut.post("/desk/neighborhood/", {"neighborhood": str(here.pk)})
        assert hut.get(f"/desk/people/{resident.pk}/").status_code == 200

    @pytest.mark.obligation("27")
    def test_one_that_is_not_theirs_cannot_be_taken_in_hand(self, hut: Client, here, elsewhere):
        hut.post("/desk/neighborhood/", {"neighborhood": str(elsewhere.pk)})
        assert "<strong>Willow Bank</strong>" in hut.get("/desk/").content.decode()


class TestDueToday:
    def test_nothing_is_due_at_first(self, hut: Client, card):
        assert "Nothing is due." in hut.get("/desk/").content.decode()

    def test_what_was_lent_more_than_a_week_ago(self, hut: Client, resident, card, now):
        spare = cards.issue(resident=resident, number="SPARE0001", temporary=True, at=now)
        assert "more than 7 days" not in hut.get("/desk/").content.decode()
        Credential.objects.filter(pk=spare.pk).update(created_at=now - timedelta(days=8))
        page = hut.get("/desk/").content.decode()
        assert "1 spare card or lent PIN has been out for more than 7 days." in page
        assert "ask for the spare back" in page, "they have a card of their own"

    def test_a_gate_that_is_silent(self, hut: Client, south, now):
        make.device(south)
        Device.objects.update(last_poll_at=now - timedelta(hours=1))
        assert "South Gate has not been heard of for a while." in hut.get("/desk/").content.decode()

    def test_a_term_that_ends_is_told_to_those_who_keep_members(self, desk, hut: Client, chair, here, now):
        """It leads to handing over. Whoever works for the company at the desk has no say in it."""
        Term.objects.filter(user=chair).update(ends=today_in(here, now) + timedelta(days=9))
        page = desk(chair).get("/desk/").content.decode()
        assert "1 term ends by" in page
        assert 'href="/desk/handovers/">1 term ends by' in page
        assert "term ends by" not in hut.get("/desk/").content.decode()

    def test_an_assessment_that_lapses_is_told_to_those_who_assess(self, desk, hut: Client, chair, here, now):
        soon = today_in(here, now) + timedelta(days=20)
        one, other = (User.objects.create_user(username=name) for name in ("one", "other"))
        enabling.confirm_justification(justification=make.justification(here, by=one), by=other, at=now)
        drafted = make.assessment(here, by=one, at=now, valid_until=soon)
        enabling.confirm_assessment(assessment=drafted, by=other, at=now)
        assert f"lapses on {soon.isoformat()}" in desk(chair).get("/desk/").content.decode()
        assert "lapses on" not in hut.get("/desk/").content.decode()

    def test_letters_that_wait(self, hut: Client, neighbor, now):
        neighbor.user = None
        neighbor.save()
        letters.write(resident=neighbor, by=None, at=now)
        assert "1 letter is printed and not delivered yet." in hut.get("/desk/").content.decode()


def test_it_costs_as_many_queries_in_a_larger_neighborhood(hut: Client, here, card, south, now):
    hut.get("/desk/")
    with CaptureQueriesContext(connection) as few:
        hut.get("/desk/")
    for number in range(300, 315):
        person = settle(here, number=str(number), name="柳", phone="", at=now)
        cards.issue(resident=person, number=f"MORE{number}", temporary=True, at=now)
    make.device(south)
    with CaptureQueriesContext(connection) as many:
        hut.get("/desk/")
    assert len(many) == len(few)
