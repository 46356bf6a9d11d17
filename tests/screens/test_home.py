"""The first page."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from access import gates, rules
from access.models import Gate
from consent.deciding import refuse
from consent.models import Form, Purpose
from consent.voices import own
from residents.lookups import look_up
from residents.models import LookUp, Neighborhood, Resident, User
from residents.register import register
from sharing.models import Request
from tests import make
from tests.enrolling import agree


def test_it_welcomes_whoever_is_not_signed_in(anybody: Client):
    page = anybody.get("/").content.decode()
    assert "I have a letter" in page
    assert "My record" not in page


def test_it_says_how_i_get_in(me: Client, doors: list[Gate]):
    page = me.get("/").content.decode()
    assert "Opens 2 gates at all hours: North gate, South gate." in page.replace("&#x27;", "'")


def test_it_offers_a_card_at_once_to_who_has_none(me: Client):
    assert "You have no card at the moment." in me.get("/").content.decode()


def test_it_shows_no_biometric_way_in_before_a_yes(
    me: Client, resident: Resident, doors: list[Gate], forms: dict[Purpose, Form], now: datetime
):
    assert "Not set up yet" not in me.get("/").content.decode()
    agree(resident, forms, Purpose.FACE_AT_GATE, at=now)
    assert "Not set up yet" in me.get("/").content.decode()


@pytest.mark.obligation("12")
def test_it_puts_no_consent_to_anybody_not_even_a_year_after_a_no(
    sign_in, resident: Resident, forms: dict[Purpose, Form], now: datetime, monkeypatch: pytest.MonkeyPatch
):
    assert "Nothing is waiting." in sign_in(resident).get("/").content.decode()
    assert resident.user is not None
    refuse(
        resident=resident,
        purpose=Purpose.FACE_AT_GATE,
        form=forms[Purpose.FACE_AT_GATE],
        voice=own(resident.user, "en"),
        at=now,
    )
    for days in (0, 1, 30, 366):
        monkeypatch.setattr(timezone, "now", lambda days=days: now + timedelta(days=days))
        assert "Nothing is waiting." in sign_in(resident).get("/").content.decode()


def test_it_names_a_neighborhood_that_asks_for_no_consent(me: Client):
    """A community that only ever uses cards never meets a biometric screen."""
    page = me.get("/").content.decode().lower()
    assert "face entry" not in page
    assert "by face" not in page


def test_it_puts_an_open_request_before_me(me: Client, question: Request):
    page = me.get("/").content.decode()
    assert "Give your name, phone to Lifts Ltd?" in page
    assert f"/sharing/{question.pk}/" in page


def test_it_shows_who_looked_by_role_and_never_by_account(
    me: Client, them: Client, resident: Resident, clerk: User, now: datetime
):
    User.objects.filter(pk=clerk.pk).update(username="lin.the.third")
    look_up(resident=resident, by=clerk, reason="<b>leak</b>", capacity="property.clerk", at=now)
    page = me.get("/").content.decode()
    assert "Property company · clerk" in page
    assert "&lt;b&gt;leak&lt;/b&gt;" in page
    assert "lin.the.third" not in page
    assert "leak" not in them.get("/").content.decode()


def test_a_look_up_of_last_month_is_in_the_record_only(
    me: Client, resident: Resident, clerk: User, now: datetime
):
    LookUp.objects.create(
        neighborhood=resident.neighborhood,
        resident=resident,
        by=clerk,
        capacity="property.clerk",
        reason="leak",
        at=now - timedelta(days=31),
        until=now - timedelta(days=31) + timedelta(minutes=15),
    )
    assert "Nobody in the last 30 days." in me.get("/").content.decode()


def test_staff_without_a_dwelling_are_shown_to_their_desk(sign_in, clerk: User):
    answer = sign_in(clerk).get("/")
    assert answer.status_code == 302
    assert answer["Location"] == "/desk/"


def test_staff_who_live_here_are_residents_first_and_find_their_desk(
    sign_in, chair: User, here: Neighborhood
):
    home = register(neighborhood=here, name="何建国")
    home.user = chair
    home.save()
    page = sign_in(chair).get("/").content.decode()
    assert "How I get in" in page
    assert 'href="/desk/"' in page


def test_a_resident_is_shown_no_desk(me: Client):
    assert "/desk/" not in me.get("/").content.decode()


def test_an_account_of_nobody_is_told_so(sign_in, db: None):
    answer = sign_in(User.objects.create_user(username="nobody")).get("/")
    assert answer.status_code == 403
    assert "belongs to nobody" in answer.content.decode()


def test_an_erased_person_is_nobody(sign_in, resident: Resident, now: datetime):
    user = resident.user
    make.tombstone(resident, at=now)
    assert "I have a letter" in sign_in(user).get("/").content.decode()  # signed in no more


def test_nothing_of_it_is_cached(me: Client):
    assert "no-store" in me.get("/")["Cache-Control"]


def test_a_hostile_name_stays_words(me: Client, here: Neighborhood, doors: list[Gate]):
    Gate.objects.filter(pk=doors[0].pk).update(name_en="<script>alert(1)</script>")
    Neighborhood.objects.filter(pk=here.pk).update(name_en="<img src=x onerror=alert(1)>")
    page = me.get("/").content.decode()
    assert "<script>alert" not in page
    assert "<img" not in page


def test_the_number_of_queries_does_not_grow(
    me: Client,
    here: Neighborhood,
    resident: Resident,
    doors: list[Gate],
    forms: dict[Purpose, Form],
    question: Request,
    clerk: User,
    now: datetime,
    django_assert_num_queries,
    django_assert_max_num_queries,
):
    agree(resident, forms, Purpose.FACE_AT_GATE, at=now)
    look_up(resident=resident, by=clerk, reason="leak", capacity="property.clerk", at=now)
    with django_assert_max_num_queries(39) as first:
        me.get("/")
    for number in range(30):
        register(neighborhood=here, name=f"住户{number}")
        gate = gates.put_up(neighborhood=here, name=f"门{number}", at=now)
        rules.add(gate=gate, resident=resident, at=now)
        if number < 29:  # more in one hour is refused
            look_up(resident=resident, by=clerk, reason="leak", capacity="property.clerk", at=now)
    with django_assert_num_queries(len(first.captured_queries)):
        page = me.get("/").content.decode()
    assert "and 26 more" in page
