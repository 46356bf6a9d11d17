"""Opening an account with the letter."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client

from portal.screens.claiming import CLAIM_REFUSED
from residents import claiming, letters
from residents.models import Letter, Neighborhood, Resident, User
from residents.register import register
from tests.cast import PASSWORD


@pytest.fixture
def newcomer(here: Neighborhood) -> Resident:
    return register(neighborhood=here, name="新来的")


@pytest.fixture
def code(newcomer: Resident, now: datetime) -> str:
    return letters.write(resident=newcomer, by=None, at=now).code


def fill(code: str, **changes: str) -> dict[str, str]:
    return {"code": code, "username": "newcomer", "password1": PASSWORD, "password2": PASSWORD, **changes}


@pytest.mark.obligation("A4", "4")
def test_it_opens_the_account_and_signs_in_without_phone_or_biometrics(
    anybody: Client, code: str, newcomer: Resident
):
    answer = anybody.post("/claim/", fill(code), follow=True)
    newcomer.refresh_from_db()
    assert answer.context["user"] == newcomer.user
    assert "Your account is open." in answer.content.decode()
    assert newcomer.phone_sealed is None
    assert not newcomer.decisions.exists()


def test_it_forgives_how_the_code_is_written(anybody: Client, code: str):
    assert anybody.post("/claim/", fill(f" {code.lower().replace('-', ' ')} ")).status_code == 302


def test_it_writes_the_account_in_the_language_of_the_page(anybody: Client, code: str):
    anybody.post("/claim/", fill(code))
    assert User.objects.get(username="newcomer").language == "en"


def test_it_says_nothing_of_why_a_made_up_code_is_wrong(anybody: Client, newcomer: Resident):
    page = anybody.post("/claim/", fill("0000-0000-0000")).content.decode()
    assert "We do not know this code." in page
    assert 'value="0000-0000-0000"' in page
    assert not User.objects.filter(username="newcomer").exists()


def test_it_says_that_a_code_was_used(anybody: Client, code: str):
    anybody.post("/claim/", fill(code))
    page = Client(headers={"accept-language": "en"}).post("/claim/", fill(code, username="other"))
    assert "This code has been used already." in page.content.decode()


def test_it_says_that_a_code_has_expired(anybody: Client, newcomer: Resident, now: datetime):
    code = letters.write(resident=newcomer, by=None, at=now - timedelta(days=60)).code
    assert "This code has expired." in anybody.post("/claim/", fill(code)).content.decode()


def test_it_says_that_a_newer_letter_was_written(anybody: Client, code: str, newcomer: Resident, now):
    letters.write(resident=newcomer, by=None, at=now)
    assert "A newer letter was written" in anybody.post("/claim/", fill(code)).content.decode()


def test_it_says_that_there_is_an_account_already(anybody: Client, code: str, newcomer: Resident):
    Resident.objects.filter(pk=newcomer.pk).update(user=User.objects.create_user(username="first"))
    page = anybody.post("/claim/", fill(code)).content.decode()
    assert "There is an account for this letter already." in page
    assert not User.objects.filter(username="newcomer").exists()


def test_it_tires_of_a_thousand_guesses(anybody: Client, code: str):
    for guess in range(claiming.GUESSES):
        anybody.post("/claim/", fill(f"0000-0000-{guess:04}"))
    assert "Too many codes were tried" in anybody.post("/claim/", fill("0000-0000-0000")).content.decode()
    assert anybody.post("/claim/", fill(code)).status_code == 302, "the right one is no guess"


def test_every_reason_has_words():
    assert claiming.ClaimRefused.__doc__ is not None
    named = claiming.ClaimRefused.__doc__.partition(":")[2].strip().rstrip(".").split(", ")
    assert set(named) == set(CLAIM_REFUSED)


def test_a_name_in_use_is_a_form_error_and_spends_no_code(anybody: Client, code: str, resident: Resident):
    assert resident.user is not None
    page = anybody.post("/claim/", fill(code, username=resident.user.username)).content.decode()
    assert "Somebody has this name already." in page
    assert anybody.post("/claim/", fill(code)).status_code == 302


def test_names_in_use_cannot_be_asked_for_without_a_letter(anybody: Client, resident: Resident):
    assert resident.user is not None
    page = anybody.post("/claim/", fill("0000-0000-0000", username=resident.user.username)).content.decode()
    assert "Somebody has this name already." not in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"password2": "another one entirely"}, "The two passwords are not the same."),
        ({"password1": "12345678", "password2": "12345678"}, "too common"),
        ({"password1": "k8Jq", "password2": "k8Jq"}, "too short"),
        ({"password1": "newcomer1", "password2": "newcomer1"}, "too similar"),
        ({"username": ""}, "This field is required."),
        ({"username": "a" * 65}, "at most 64 characters"),
        ({"username": "<script>"}, "Enter a valid username"),
        ({"username": "nul\0"}, "Null characters are not allowed."),
        ({"code": "\0"}, "Null characters are not allowed."),
        ({"code": "9" * 5000}, "at most 64 characters"),
        ({"password1": "x" * 5000, "password2": "x" * 5000}, "at most 1000 characters"),
    ],
)
def test_a_form_filled_badly_says_what_is_wrong_and_spends_no_code(
    anybody: Client, code: str, changes: dict[str, str], words: str
):
    answer = anybody.post("/claim/", {**fill(code), **changes})
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not User.objects.filter(username="newcomer").exists()
    assert anybody.post("/claim/", fill(code)).status_code == 302


def test_nothing_at_all_is_asked_for_again(anybody: Client):
    assert anybody.post("/claim/", {}).status_code == 200


def test_a_name_comes_back_as_words(anybody: Client):
    page = anybody.post("/claim/", fill("x", username='"><script>alert(1)</script>')).content.decode()
    assert "<script>alert" not in page


def test_passwords_are_never_sent_back(anybody: Client):
    page = anybody.post("/claim/", fill("x", password1="A visible secret 77")).content.decode()
    assert "A visible secret 77" not in page


def test_password_managers_are_welcome(anybody: Client):
    page = anybody.get("/claim/").content.decode()
    assert page.count('autocomplete="new-password"') == 2
    assert 'autocomplete="username"' in page


def test_who_is_signed_in_has_an_account(me: Client, code: str):
    assert me.post("/claim/", fill(code))["Location"] == "/"
    assert Letter.objects.get().used_at is None
