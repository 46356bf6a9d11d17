"""Who looked, what was given, what I decided."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client

from consent.deciding import refuse
from consent.models import Form, Purpose
from consent.voices import own
from portal.screens.record import PAGE
from residents.lookups import look_up
from residents.models import Resident, User
from sharing import answering, disclosing
from sharing.models import Request
from tests.enrolling import agree


def test_at_first_it_is_empty_and_says_so(me: Client):
    page = me.get("/record/").content.decode()
    assert "Nobody has viewed your information." in page
    assert "Nothing about you has been given to anybody." in page
    assert "You have decided nothing so far" in page


def test_it_tells_who_looked_and_why(
    me: Client, them: Client, resident: Resident, clerk: User, now: datetime
):
    look_up(resident=resident, by=clerk, reason="<i>Water</i> leak", capacity="property.clerk", at=now)
    page = me.get("/record/").content.decode()
    assert "Property company · clerk" in page
    assert "&lt;i&gt;Water&lt;/i&gt; leak" in page
    assert "Water" not in them.get("/record/").content.decode()


def test_it_tells_what_was_given_to_whom(
    me: Client, them: Client, resident: Resident, question: Request, chair: User, now: datetime
):
    assert resident.user is not None
    answering.answer(request=question, resident=resident, yes=True, actor=resident.user, at=now)
    later = now + timedelta(days=8)
    given = disclosing.release(request=question, by=chair, at=later)
    disclosing.build(disclosure=given.pk, at=later)
    page = me.get("/record/").content.decode()
    assert "Given: name, phone" in page
    assert "Lifts Ltd" in page
    assert "Notice of the lift repair" in page
    assert "it was given on" in me.get(f"/sharing/{question.pk}/").content.decode()
    assert "Lifts Ltd" not in them.get("/record/").content.decode()


def test_it_tells_what_i_decided(
    me: Client, resident: Resident, forms: dict[Purpose, Form], question: Request, now: datetime
):
    assert resident.user is not None
    agree(resident, forms, Purpose.FACE_AT_GATE, at=now)
    refuse(
        resident=resident,
        purpose=Purpose.TEMPLATE_ON_SERVER,
        form=forms[Purpose.TEMPLATE_ON_SERVER],
        voice=own(resident.user, "en"),
        at=now,
    )
    answering.answer(request=question, resident=resident, yes=False, actor=resident.user, at=now)
    page = me.get("/record/").content.decode()
    assert "Getting in by face: yes" in page
    assert "Keeping face data on the server too: no" in page
    assert "Giving your name, phone to Lifts Ltd: no" in page


def test_older_entries_are_a_page_further(me: Client, resident: Resident, clerk: User, now: datetime):
    for number in range(PAGE + 1):
        look_up(
            resident=resident,
            by=clerk,
            reason=f"reason {number:03}",
            capacity="property.clerk",
            at=now - timedelta(minutes=number),
        )
    page = me.get("/record/").content.decode()
    assert f"reason {PAGE - 1:03}" in page
    assert f"reason {PAGE:03}" not in page
    assert "?viewed=2#viewed" in page
    older = me.get("/record/?viewed=2").content.decode()
    assert f"reason {PAGE:03}" in older
    assert "reason 000" not in older
    assert "?viewed=3" not in older


@pytest.mark.parametrize("page", ["0", "-1", "x", "²", "९", "9" * 30, "\0", "1e9", "<script>"])
def test_what_is_no_page_is_the_first_or_an_empty_one(me: Client, page: str):
    answer = me.get("/record/", {"viewed": page, "given": page, "decided": page})
    assert answer.status_code == 200
    assert "<script>" not in answer.content.decode()


def test_the_number_of_queries_does_not_grow(
    me: Client,
    resident: Resident,
    clerk: User,
    now: datetime,
    django_assert_num_queries,
    django_assert_max_num_queries,
):
    def looked() -> None:
        look_up(resident=resident, by=clerk, reason="leak", capacity="property.clerk", at=now)

    looked()
    with django_assert_max_num_queries(13) as first:
        me.get("/record/")
    for _ in range(10):
        looked()
    with django_assert_num_queries(len(first.captured_queries)):
        me.get("/record/")


def test_whoever_is_not_signed_in_is_asked_to(anybody: Client):
    assert anybody.get("/record/")["Location"] == "/sign-in/?next=/record/"


def test_it_is_only_read(me: Client):
    assert me.post("/record/").status_code == 405
