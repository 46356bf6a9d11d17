"""A request for data about a child, before a guardian: with the child's own row, and one no among guardians holds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from residents.models import Resident
from sharing import answering, disclosing
from sharing.models import Answer, Request
from tests import make
from tests.minors.conftest import Family, age, family
from tests.screens.conftest import SignIn
from tests.sharing import receiving
from tests.sharing.passing import its_time_passes


@pytest.fixture
def fam(here, clerk, now) -> Family:
    return family(here, clerk, at=now)


@pytest.fixture
def mother(fam: Family, sign_in: SignIn) -> Client:
    return sign_in(fam.mother)


@pytest.fixture
def page_of(fam: Family, question: Request) -> str:
    return f"/living/children/{fam.child.pk}/sharing/{question.pk}/"


@pytest.mark.obligation("15", "28")
def test_it_waits_on_the_first_page_and_shows_the_childs_own_row(mother: Client, page_of: str):
    assert page_of in mother.get("/").content.decode()
    page = mother.get(page_of).content.decode()
    assert "Give the name, phone of 小柳 to Lifts Ltd?" in page
    assert "The answer for 小柳 is no" in page
    assert "You: nothing so far" in page
    assert page.index('value="yes"') < page.index('value="some"')


@pytest.mark.obligation("15")
def test_a_guardian_answers_and_the_other_ones_no_holds(
    mother: Client, fam: Family, sign_in: SignIn, page_of: str, question: Request, now
):
    page = mother.post(f"{page_of}answer/", {"choice": "some", "fields_given": ["name"]}, follow=True)
    assert "yes to some of it" in page.content.decode()
    assert page_of not in mother.get("/").content.decode()
    father = sign_in(fam.father)
    assert "Lifts Ltd" in father.get(f"/living/children/{fam.child.pk}/").content.decode()
    assert (
        "is no: nothing is given"
        in father.post(f"{page_of}answer/", {"choice": "no"}, follow=True).content.decode()
    )
    again = mother.post(f"{page_of}answer/", {"choice": "yes"}, follow=True).content.decode()
    assert "one no holds. Nothing was written down" in again
    assert answering.standing(request=question, residents=[fam.child], at=now) == []
    assert Answer.objects.count() == 2


def test_it_reads_in_chinese(mother: Client, page_of: str):
    page = mother.get(page_of, headers={"accept-language": "zh-hans"}).content.decode()
    assert "把小柳的姓名、电话号码提供给Lifts Ltd？" in page
    assert "只提供这几项" in page


def test_to_nobody_else_there_is_such_a_page(
    fam: Family, them: Client, sign_in: SignIn, stranger: Resident, page_of: str
):
    for client in (them, sign_in(stranger)):
        assert client.get(page_of).status_code == 404
        assert client.post(f"{page_of}answer/", {"choice": "yes"}).status_code == 404
    assert not Answer.objects.exists()


@pytest.mark.obligation("15")
def test_from_the_fourteenth_birthday_there_is_none_for_guardians(
    mother: Client, fam: Family, page_of: str, now
):
    age(fam.child, 0, now)
    assert mother.get(page_of).status_code == 404
    assert mother.post(f"{page_of}answer/", {"choice": "no"}).status_code == 404


@pytest.mark.obligation("15")
def test_the_child_may_say_no_on_a_page_of_their_own_and_not_yes(
    fam: Family, sign_in: SignIn, question: Request
):
    fam.child.user = make.somebody()
    fam.child.save()
    child = sign_in(fam.child)
    own = f"/sharing/{question.pk}/"
    assert own not in child.get("/").content.decode()
    page = child.get(own).content.decode()
    assert "a guardian says yes or no for you" in page
    assert 'value="yes"' not in page
    said = child.post(f"{own}answer/", {"choice": "yes"}, follow=True).content.decode()
    assert "Under fourteen a guardian says yes" in said
    assert not Answer.objects.exists()
    child.post(f"{own}answer/", {"choice": "no"})
    assert Answer.objects.get().yes is False


@pytest.mark.obligation("15", "28")
def test_what_was_given_once_of_a_child_can_be_asked_back(
    mother: Client, fam: Family, page_of: str, question: Request, chair, now
):
    mother.post(f"{page_of}answer/", {"choice": "yes"})
    receiving.key(question.recipient, by=chair, at=now)
    over = its_time_passes(question).deadline + timedelta(minutes=1)
    copy = receiving.handed(disclosing.release(request=question, by=chair, at=over), at=over)
    page = mother.get(page_of).content.decode()
    assert "They have it already. With a no, they are asked to delete it." in page
    assert "It is given again" not in page
    mother.post(f"{page_of}answer/", {"choice": "no"})
    assert copy.recalls.get().lines.get().row.resident == fam.child
    assert 'value="no"' not in mother.get(page_of).content.decode()


def test_after_the_deadline_only_no_is_left(
    mother: Client, page_of: str, question: Request, monkeypatch: pytest.MonkeyPatch
):
    mother.post(f"{page_of}answer/", {"choice": "yes"})
    monkeypatch.setattr(timezone, "now", lambda: question.deadline + timedelta(seconds=1))
    page = mother.get(page_of).content.decode()
    assert "You can still say no." in page
    assert 'value="yes"' not in page
    mother.post(f"{page_of}answer/", {"choice": "no"})
    assert not Answer.objects.order_by("-id")[0].yes
