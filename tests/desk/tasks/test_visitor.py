"""Visitor: a pass on behalf of a resident who asks, within that resident's own rights, and seen by them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from access import passes
from access.models import Pass
from committees.models import Committee, Term
from residents.models import DeskAct
from tests.cast import staff
from tests.drawn import without_drawn


@pytest.fixture
def path(resident, card) -> str:
    return f"/desk/people/{resident.pk}/visitor/"


ASKED = {"known_by": "voice", "stay": "trip", "through": "all"}


def test_a_courier_gets_one_trip(hut: Client, path, resident, clerk, south):
    page = hut.post(path, ASKED).content.decode()
    made = Pass.objects.get()
    assert made.credential.resident == resident
    assert made.made_by == clerk
    assert made.once
    assert [gate.name for gate in made.gates.all()] == ["南门"], "only gates that take a code"
    assert made.credential.number in page
    assert page.count('<article class="slip-page"') == 2, "for the visitor, in both languages"


def test_until_tonight_ends_at_the_neighborhoods_midnight(hut: Client, path, here):
    hut.post(path, ASKED | {"stay": "today"})
    ends = Pass.objects.get().valid_until.astimezone(timezone.get_default_timezone())
    assert (ends.hour, ends.minute) == (0, 0)
    assert ends.date() == timezone.localdate() + timedelta(days=1)


def test_up_to_and_including_another_day(hut: Client, path):
    last = timezone.localdate() + timedelta(days=3)
    hut.post(path, ASKED | {"stay": "day", "day": last.isoformat()})
    ends = Pass.objects.get().valid_until.astimezone(timezone.get_default_timezone())
    assert ends.date() == last + timedelta(days=1)


@pytest.mark.parametrize(
    ("bent", "words"),
    [
        ({"stay": "day"}, "Write the last day"),
        ({"stay": "day", "day": "2020-01-01"}, "That day is over"),
        ({"stay": "day", "day": "2099-01-01"}, "thirty days at most"),
        ({"stay": ""}, "required"),
        ({"known_by": ""}, "required"),
        ({"known_by": "unsure"}, "valid choice"),
        ({"known_by": "helper"}, "valid choice"),
        ({"through": "x"}, "valid choice"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_made(hut: Client, path, bent, words):
    page = hut.post(path, ASKED | bent).content.decode()
    assert words in page
    assert not Pass.objects.exists()
    assert not DeskAct.objects.exists()


def test_a_gate_without_a_reader_for_codes_is_not_on_offer(hut: Client, path, north, south):
    page = hut.get(path).content.decode()
    assert "South Gate" in page
    assert "North Gate" not in page


def test_where_no_gate_takes_codes_it_says_what_to_do(hut: Client, neighbor):
    page = hut.get(f"/desk/people/{neighbor.pk}/visitor/").content.decode()
    assert "Let the visitor in at the gate" in page


def test_the_host_sees_it_and_who_made_it(hut: Client, desk, path, resident):
    hut.post(path, ASKED)
    page = desk(resident.user).get("/record/").content.decode()
    assert "A visitor pass was made for you" in page
    assert "by phone; I know the voice" in page


@pytest.mark.obligation("A4")
def test_of_the_visitor_nothing_is_asked(hut: Client, path):
    page = hut.get(path).content.decode()
    names = {part.split('"')[0] for part in page.split(' name="')[1:]}
    assert names - {"viewport", "color-scheme", "theme-color", "format-detection", "description"} == {
        "csrfmiddlewaretoken", "next", "size", "language", "known_by", "stay", "day", "through", "token",
    }  # fmt: skip


@pytest.mark.obligation("27")
def test_nobody_else_invites(nobody_else, path):
    nobody_else(path)
    nobody_else(path, ASKED)
    assert not Pass.objects.exists()


def test_a_page_that_is_loaded_again_shows_the_same_pass(hut: Client, path):
    token = re.search(r'name="token" value="([0-9a-f-]{36})"', hut.get(path).content.decode())
    assert token is not None
    for _twice in range(2):
        page = hut.post(path, ASKED | {"token": token[1]}).content.decode()
        assert Pass.objects.get().credential.number in page
    assert DeskAct.objects.count() == 1


def test_it_is_shown_again_to_who_made_it_and_while_it_is_good(hut: Client, desk, here, path, now):
    token = re.search(r'name="token" value="([0-9a-f-]{36})"', hut.get(path).content.decode())
    assert token is not None
    hut.post(path, ASKED | {"token": token[1]})
    number = Pass.objects.get().credential.number
    second = staff(here, username="clerk2", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
    other = desk(second).post(path, ASKED | {"token": token[1]}).content.decode()
    assert "That pass was made." in other
    assert number not in without_drawn(other)
    passes.end(visit=Pass.objects.get(), at=now)
    again = hut.post(path, ASKED | {"token": token[1]}).content.decode()
    assert "That pass was made." in again
    assert DeskAct.objects.count() == 1
