"""When Redis or a database is away, people read what to do, and nothing is let through uncounted."""

from __future__ import annotations

import pytest
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.urls import path

from portal.urls import urlpatterns as real
from residents.models import User
from tests.databases import pointed_at

ZH, EN = "您的卡照常能用", "try again in a few minutes"


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def known(db) -> dict[str, str]:
    User.objects.create_user(username="shen", password="long enough to be one")
    return {"username": "shen", "password": "long enough to be one"}


@pytest.fixture
def redis_away(settings, tmp_path) -> None:
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": f"unix://{tmp_path}/redis.sock?db=0"},
    }


def is_outage(answer) -> bool:
    words = answer.content.decode()
    assert "Traceback" not in words
    return (
        answer.status_code == 503
        and ZH in words
        and EN in words
        and answer.headers["Retry-After"] == "30"
        and answer.headers["Cache-Control"] == "no-store"
        and "default-src 'self'" in answer.headers["Content-Security-Policy"]
    )


def test_nobody_is_signed_in_while_guesses_cannot_be_counted(known, redis_away, browser):
    assert is_outage(browser.post("/sign-in/", known))
    assert SESSION_KEY not in browser.session


def test_no_letter_is_opened_while_guesses_cannot_be_counted(known, redis_away, browser):
    form = {
        "code": "ABCD-EFGH-JKMN",
        "username": "lan",
        "password1": "a quiet lane 88",
        "password2": "a quiet lane 88",
    }
    assert is_outage(browser.post("/claim/", form))
    assert not User.objects.filter(username="lan").exists()


def test_reading_goes_on_without_redis(known, redis_away, browser):
    assert browser.get("/sign-in/").status_code == 200
    browser.force_login(User.objects.get())
    assert browser.get("/").status_code in {200, 403}


@pytest.mark.parametrize("alias", ["default"])
def test_a_database_that_is_away_is_an_outage(committed, browser, alias):
    with pointed_at({alias: "no_such_database"}):
        assert is_outage(browser.post("/sign-in/", {"username": "shen", "password": "x"}))


def test_a_session_that_cannot_be_read_is_an_outage(committed, browser):
    browser.force_login(User.objects.create_user(username="shen", password="long enough to be one"))
    with pointed_at({"default": "no_such_database"}):
        assert is_outage(browser.get("/"))


def fails(request):
    raise KeyError("a mistake of ours")


urlpatterns = [*real, path("fails/", fails)]
handler500 = "portal.outages.went_wrong"


@pytest.mark.urls(__name__)
def test_a_mistake_of_ours_is_not_called_an_outage(db, browser):
    answer = browser.get("/fails/")
    assert answer.status_code == 500
    assert ZH not in answer.content.decode()
