"""Signing in and out."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client, override_settings

from portal.screens import patience
from residents.models import Resident, User
from tests.cast import PASSWORD

RIGHT = {"username": "r101", "password": PASSWORD}
WRONG = {"username": "r101", "password": "wrong"}
NOT_RIGHT = "The user name or the password is not right."
WAIT = "Wait a minute, then try once more."


@pytest.fixture
def account(resident: Resident) -> User:
    assert resident.user is not None
    return resident.user


def test_it_opens_the_home_page(anybody: Client, account: User):
    answer = anybody.post("/sign-in/", RIGHT, follow=True)
    assert answer.context["user"] == account
    assert answer.request["PATH_INFO"] == "/"


def test_it_goes_on_to_where_one_wanted(anybody: Client, account: User):
    wanted = anybody.get("/record/")["Location"]
    assert wanted == "/sign-in/?next=/record/"
    assert anybody.post(wanted, {**RIGHT, "next": "/record/"})["Location"] == "/record/"


@pytest.mark.parametrize(
    "next",
    [
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "/\\evil.example",
        "\0",
        "http:///x",
        "foo",
        "my_slip",
        "record/",
        "foo.bar",
        "a:b",
        "?x",
        "#",
        ".",
        "%2Frecord%2F",
        "http://testserver/record/",
    ],
)
def test_it_never_leads_away(anybody: Client, account: User, next: str):
    assert anybody.post("/sign-in/", {**RIGHT, "next": next})["Location"] == "/"


@pytest.mark.parametrize(
    "given",
    [
        WRONG,
        {"username": "no such name", "password": PASSWORD},
        {"username": "r101'--", "password": PASSWORD},
    ],
)
def test_a_wrong_name_and_a_wrong_password_read_alike(anybody: Client, account: User, given: dict[str, str]):
    answer = anybody.post("/sign-in/", given)
    assert NOT_RIGHT in answer.content.decode()
    assert given["password"] not in answer.content.decode()


def test_a_closed_account_reads_like_no_account(anybody: Client, account: User):
    User.objects.filter(pk=account.pk).update(is_active=False)
    assert NOT_RIGHT in anybody.post("/sign-in/", RIGHT).content.decode()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"username": "r101"},
        {"username": "\0", "password": "x"},
        {"username": "x" * 10_000, "password": "x"},
        {"username": "r101", "password": "x" * 100_000},
    ],
)
def test_what_is_no_name_and_password_is_asked_for_again(
    anybody: Client, account: User, given: dict[str, str]
):
    assert anybody.post("/sign-in/", given).status_code == 200


def test_guessing_is_slowed_even_for_the_right_password(anybody: Client, account: User):
    for _ in range(patience.FREE_FOR_NAME):
        anybody.post("/sign-in/", WRONG)
    assert NOT_RIGHT in anybody.post("/sign-in/", WRONG).content.decode()  # the first of the slow ones
    assert WAIT in anybody.post("/sign-in/", RIGHT).content.decode()


def test_the_wait_is_a_minute_at_most(account: User):
    for _ in range(200):
        patience.may_try(address="10.0.0.1", name="r101")
    wait = patience._of_name("10.0.0.1", "r101").wait
    raw = cache._cache.get_client()  # type: ignore[attr-defined]
    assert 0 < raw.ttl(cache.make_key(wait)) <= 60


def test_right_ones_do_not_slow_a_whole_house_behind_one_address(account: User):
    for _ in range(3 * patience.FREE_FOR_ADDRESS):
        assert patience.may_try(address="10.0.0.1", name="r101")
        patience.forget(address="10.0.0.1", name="r101")
    for number in range(patience.FREE_FOR_ADDRESS):
        assert patience.may_try(address="10.0.0.1", name=f"r{number}")


def test_another_address_is_not_slowed(anybody: Client, account: User):
    for _ in range(patience.FREE_FOR_NAME + 5):
        anybody.post("/sign-in/", WRONG)
    assert anybody.post("/sign-in/", RIGHT, REMOTE_ADDR="10.9.8.7").status_code == 302


def test_the_name_is_counted_however_it_is_written(account: User):
    for written in ("r101", "R101", "Ｒ101", "r101", "R１01"):
        patience.may_try(address="10.0.0.1", name=written)
    patience.may_try(address="10.0.0.1", name="r101")
    assert not patience.may_try(address="10.0.0.1", name="r101")


def test_knowing_the_password_wipes_the_count(anybody: Client, account: User):
    for _ in range(2):
        for _ in range(patience.FREE_FOR_NAME - 1):
            anybody.post("/sign-in/", WRONG)
        assert anybody.post("/sign-in/", RIGHT).status_code == 302
        anybody.post("/sign-out/")


def test_an_address_somebody_claims_to_have_is_not_believed(anybody: Client, account: User):
    for number in range(patience.FREE_FOR_NAME + 1):
        anybody.post("/sign-in/", WRONG, headers={"x-forwarded-for": f"10.0.0.{number}"})
    assert WAIT in anybody.post("/sign-in/", RIGHT, headers={"x-forwarded-for": "10.1.1.1"}).content.decode()


@override_settings(SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"))
def test_the_address_our_own_proxy_saw_is_believed(anybody: Client, account: User):
    for number in range(patience.FREE_FOR_NAME + 1):
        anybody.post("/sign-in/", WRONG, headers={"x-forwarded-for": f"1.2.3.{number}, 10.0.0.1"})
    slowed = anybody.post("/sign-in/", RIGHT, headers={"x-forwarded-for": "9.9.9.9, 10.0.0.1"})
    assert WAIT in slowed.content.decode()
    assert anybody.post("/sign-in/", RIGHT, headers={"x-forwarded-for": "10.0.0.2"}).status_code == 302


def test_the_desk_has_no_door_of_its_own(anybody: Client):
    answer = anybody.get("/admin/login/?next=/admin/")
    assert answer["Location"] == "/sign-in/?next=/admin/"
    assert anybody.post("/admin/login/", {"username": "root", "password": "x"}).status_code == 302


def test_a_resident_who_asks_for_the_desk_is_not_sent_round_in_circles(me: Client):
    answer = me.get("/admin/", follow=True)
    assert answer.status_code == 200
    assert answer.request["PATH_INFO"] == "/"


def test_signing_out_is_a_press_and_not_an_address(me: Client):
    assert me.get("/sign-out/").status_code == 405
    me.post("/sign-out/")
    assert me.get("/record/").status_code == 302


def test_another_site_cannot_sign_anybody_out(resident: Resident):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(resident.user)
    assert strict.post("/sign-out/").status_code == 403


def test_the_language_chosen_here_stays_and_is_remembered(anybody: Client, account: User):
    anybody.post("/language/", {"language": "en", "next": "/"})
    anybody.post("/sign-in/", RIGHT)
    assert "Sign out" in anybody.get("/").content.decode()
    account.refresh_from_db()
    assert account.language == "en"


def test_otherwise_the_account_says_the_language(anybody: Client, account: User):
    anybody.post("/sign-in/", RIGHT)
    assert "退出" in anybody.get("/").content.decode()


def test_a_shared_computer_forgets_the_language(anybody: Client, account: User):
    anybody.post("/sign-in/", RIGHT)
    anybody.post("/sign-out/")
    assert "I have a letter" in anybody.get("/").content.decode()
