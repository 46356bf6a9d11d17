"""A way in that is pressed twice, with the secret that the form had: what a browser sends at an impatient press."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from residents.models import Resident
from tests.screens.test_signing_in import RIGHT, WRONG


@pytest.fixture
def strict(resident: Resident) -> Client:
    return Client(enforce_csrf_checks=True, headers={"accept-language": "en"})


def form_of(client: Client, path: str) -> dict[str, str]:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(path).content.decode())
    assert found is not None
    return {"csrfmiddlewaretoken": found[1]}


def test_the_second_press_leads_where_the_first_let_them_in(strict: Client):
    form = form_of(strict, "/sign-in/") | RIGHT
    assert strict.post("/sign-in/", form)["Location"] == "/"
    assert strict.post("/sign-in/", form)["Location"] == "/"


def test_whoever_was_not_let_in_is_told_that_nothing_was_done(strict: Client):
    form = form_of(strict, "/sign-in/") | WRONG | {"csrfmiddlewaretoken": "x" * 64}
    answer = strict.post("/sign-in/", form)
    assert answer.status_code == 403
    assert "nothing was changed" in answer.content.decode()


@pytest.mark.parametrize("path", ["/account/sessions/end/", "/account/mail/keep/"])
def test_elsewhere_a_form_with_another_secret_is_refused_to_who_is_signed_in_too(strict: Client, path: str):
    form = form_of(strict, "/sign-in/") | RIGHT
    strict.post("/sign-in/", form)
    assert strict.post(path, form).status_code == 403
