"""A data-sharing request before one resident."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from residents import moving
from residents.ages import today_in
from residents.models import Neighborhood, Resident, User
from sharing import answering
from sharing.models import Answer, Recipient, Request
from sharing.requesting import draft, put_to_residents
from tests import make
from tests.minors.conftest import age, family


@pytest.fixture
def when_it_is_over(monkeypatch: pytest.MonkeyPatch, question: Request) -> Callable[[], None]:
    """From here on the site's clock is past the deadline; what was asked cannot be changed."""
    return lambda: monkeypatch.setattr(timezone, "now", lambda: question.deadline)


@pytest.fixture
def page_of(question: Request) -> str:
    return f"/sharing/{question.pk}/"


@pytest.mark.obligation("28")
def test_it_says_who_asks_for_what_and_shows_my_own_row(me: Client, page_of: str):
    page = me.get(page_of).content.decode()
    for words in (
        "Property company · clerk",
        "Lifts Ltd",
        "Notice of the lift repair",
        "30 days",
        "柳一",
        "0571 8800 0101",
    ):
        assert words in page
    assert "柳二" not in page


def test_what_was_not_asked_for_is_not_in_the_row(me: Client, page_of: str, question: Request):
    assert "dwelling" not in question.fields
    assert "1 101" not in me.get(page_of).content.decode()


@pytest.mark.parametrize(("choice", "words"), [("yes", "You said yes."), ("no", "You said no.")])
def test_an_answer_is_written_down_and_can_be_changed(
    me: Client, resident: Resident, page_of: str, choice: str, words: str
):
    page = me.post(f"{page_of}answer/", {"choice": choice}, follow=True).content.decode()
    assert words in page
    assert "You can still change it." in page
    other = "no" if choice == "yes" else "yes"
    me.post(f"{page_of}answer/", {"choice": other})
    newest = Answer.objects.filter(resident=resident).order_by("-id")[0]
    assert newest.yes is (other == "yes")


def test_pressing_twice_is_one_answer(me: Client, page_of: str):
    for _ in range(2):
        me.post(f"{page_of}answer/", {"choice": "yes"})
    assert Answer.objects.count() == 1


def test_silence_is_no_and_the_page_says_so(me: Client, page_of: str, when_it_is_over: Callable[[], None]):
    assert "If you do nothing, the answer is no" in me.get(page_of).content.decode()
    when_it_is_over()
    page = me.get(page_of).content.decode()
    assert "You did not answer, so the answer is no" in page
    assert "Yes, give it" not in page


def test_a_yes_after_the_deadline_is_not_written_down(
    me: Client, page_of: str, when_it_is_over: Callable[[], None]
):
    when_it_is_over()
    page = me.post(f"{page_of}answer/", {"choice": "yes"}, follow=True).content.decode()
    assert "your yes was not written down" in page
    assert not Answer.objects.exists()


def test_a_yes_can_be_taken_back_after_the_deadline_until_it_is_given(
    me: Client, page_of: str, when_it_is_over: Callable[[], None]
):
    me.post(f"{page_of}answer/", {"choice": "yes"})
    when_it_is_over()
    assert "You can still say no." in me.get(page_of).content.decode()
    me.post(f"{page_of}answer/", {"choice": "no"})
    assert not Answer.objects.order_by("-id")[0].yes


@pytest.mark.parametrize(
    "given", [{}, {"choice": ""}, {"choice": "all"}, {"choice": "\0"}, {"choice": "x" * 10**5}]
)
def test_what_is_no_answer_is_refused(me: Client, page_of: str, given: dict[str, str]):
    assert me.post(f"{page_of}answer/", given).status_code == 400
    assert not Answer.objects.exists()


def test_people_of_another_neighborhood_were_not_asked(sign_in, stranger: Resident, page_of: str):
    client = sign_in(stranger)
    assert client.get(page_of).status_code == 404
    assert client.post(f"{page_of}answer/", {"choice": "yes"}).status_code == 404
    assert not Answer.objects.exists()


def test_nobody_answers_for_me(them: Client, resident: Resident, page_of: str):
    them.post(f"{page_of}answer/", {"choice": "yes", "resident": str(resident.pk)})
    assert not Answer.objects.filter(resident=resident).exists()


def test_staff_answer_for_nobody(sign_in, chair: User, page_of: str):
    assert sign_in(chair).post(f"{page_of}answer/", {"choice": "yes"})["Location"] == "/desk/"
    assert not Answer.objects.exists()


def test_whoever_is_not_signed_in_is_asked_to(anybody: Client, page_of: str):
    assert anybody.get(page_of)["Location"] == f"/sign-in/?next={page_of}"
    assert anybody.post(f"{page_of}answer/", {"choice": "yes"})["Location"] == "/sign-in/?next=/"


def test_a_draft_is_nobody_s_business(me: Client, question: Request, here: Neighborhood, clerk: User, now):
    drafted = Request.objects.create(
        neighborhood=here,
        recipient=Recipient.objects.get(),
        kind="delivery",
        purpose="x",
        purpose_en="x",
        fields=["name"],
        retention_days=1,
        deadline=now + timedelta(days=1),
        drafted_by=clerk,
    )
    assert me.get(f"/sharing/{drafted.pk}/").status_code == 404


@pytest.mark.parametrize("number", ["x", "7d0f5c1e-2b64-4d8e-9a3f-0c5b6e7f8a91", "%00"])
def test_what_is_no_request_is_no_page(me: Client, number: str):
    assert me.get(f"/sharing/{number}/").status_code == 404
    assert me.post(f"/sharing/{number}/answer/", {"choice": "yes"}).status_code == 404


def test_answering_is_a_press_and_not_an_address(me: Client, page_of: str):
    assert me.get(f"{page_of}answer/").status_code == 405
    assert me.post(page_of).status_code == 405


def test_hostile_words_stay_words(me: Client, clerk: User, chair: User, here: Neighborhood, now: datetime):
    hostile = "<script>alert('x')</script>"
    asked = draft(
        recipient=Recipient.objects.create(neighborhood=here, name=hostile, contact=hostile),
        kind="club",
        onward=hostile,
        purpose=hostile,
        purpose_en=hostile,
        fields=["name"],
        retention_days=1,
        deadline=now + timedelta(days=1),
        by=clerk,
        at=now,
    )
    put_to_residents(request=make.read_by_two(asked, at=now), by=chair, at=now)
    for address in ("/", f"/sharing/{asked.pk}/"):
        page = me.get(address).content.decode()
        assert "&lt;script&gt;" in page
        assert "<script>alert" not in page


# --- Yes to some of it


@pytest.mark.obligation("28")
def test_i_can_tick_what_may_be_given_and_see_exactly_that(me: Client, page_of: str, resident: Resident):
    page = me.get(page_of).content.decode()
    assert page.index('value="yes"') < page.index('value="no"') < page.index('value="some"')
    assert "checked" not in page, "nothing is ticked beforehand"
    assert "phone: 0571 8800 0101" in page
    page = me.post(
        f"{page_of}answer/", {"choice": "some", "fields_given": ["name"]}, follow=True
    ).content.decode()
    assert "You said yes to some of it." in page
    row = page[page.index('aria-labelledby="row"') : page.index('id="decide"')]
    assert "柳一" in row
    assert "0571 8800 0101" not in row
    assert Answer.objects.get().fields == ["name"]


@pytest.mark.parametrize("ticked", [[], ["dwelling"], ["name", "face"]])
def test_what_cannot_be_meant_is_said_beside_the_ticks_and_loses_none(
    me: Client, page_of: str, ticked: list[str]
):
    answer = me.post(f"{page_of}answer/", {"choice": "some", "fields_given": ticked})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "Tick what may be given, or press no." in page if not ticked else "errorlist" in page
    assert ("checked" in page) is ("name" in ticked)
    assert not Answer.objects.exists()


def test_my_record_and_the_export_say_what_i_agreed_to(me: Client, page_of: str):
    me.post(f"{page_of}answer/", {"choice": "some", "fields_given": ["phone"]})
    record = me.get("/record/").content.decode()
    assert "Giving your phone to Lifts Ltd: yes" in record
    assert page_of in record


def test_what_a_guardian_said_before_is_not_my_word(
    me: Client, page_of: str, question: Request, here: Neighborhood, clerk: User, sign_in, now: datetime
):
    fam = family(here, clerk, at=now)
    answering.answer(
        request=question,
        resident=fam.child,
        fields=["name"],
        actor=fam.mother.user,
        guardianship=fam.by_mother,
        at=now,
    )
    fam.child.user = make.somebody()
    fam.child.save()
    age(fam.child, 0, now)
    own = sign_in(fam.child)
    assert "If you do nothing, the answer is no" in own.get(page_of).content.decode()
    assert page_of in own.get("/").content.decode()


def test_who_has_left_is_not_called_and_may_still_say_no(
    me: Client, page_of: str, question: Request, resident: Resident, now: datetime
):
    assert resident.user is not None
    me.post(f"{page_of}answer/", {"choice": "yes"})
    moving.move_out(resident=resident, on=today_in(resident.neighborhood, now), by=resident.user, at=now)
    page = me.get(page_of).content.decode()
    assert 'value="yes"' not in page
    assert "You can still say no." in page
    assert me.post(f"{page_of}answer/", {"choice": "no"}).status_code == 302
    assert page_of not in me.get("/").content.decode()
    assert answering.answer_of(request=question, resident=resident) == []
