"""One-time codes on my account's page: on, looked after, off."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.test import Client

from portal.screens import patience
from residents import one_time_codes
from residents.models import Passkey, Resident, SecondStep, User
from tests.cast import PASSWORD
from tests.signing_in import CodePhone, switched_on

PAGE = "/account/codes/"
PROOF = {"password": PASSWORD}


@pytest.fixture
def user(resident: Resident) -> User:
    assert resident.user is not None
    return resident.user


@pytest.fixture
def phone(me: Client, user: User, now) -> CodePhone:
    """On, and this browser is signed in with it."""
    made = switched_on(user, at=now)
    user.refresh_from_db()
    me.force_login(user)
    return made


def text(answer) -> str:
    return html.unescape(answer.content.decode())


def key_on(page: str) -> str:
    found = re.search(r'<strong class="code">([A-Z2-7 ]+)</strong>', page)
    assert found
    return found[1]


def test_the_whole_way_on_and_off(me: Client, user: User, now):
    elsewhere = Client()
    elsewhere.force_login(user)
    assert "They are off." in text(me.get(PAGE))
    assert "They are off, and you need none." in text(me.get("/account/"))
    assert me.post(f"{PAGE}begin/", PROOF)["Location"] == PAGE
    page = text(me.get(PAGE))
    assert '<svg role="img"' in page
    assert 'href="otpauth://totp/' in page, "for whose app is on this very phone"
    phone = CodePhone.typed(key_on(page))
    shown = me.post(f"{PAGE}confirm/", {"code": phone.shows(now)})
    codes = re.findall(r'<li class="code">([0-9A-Z-]+)</li>', text(shown))
    assert len(set(codes)) == 10
    assert "no-store" in shown["Cache-Control"]
    assert me.get(PAGE).status_code == 200, "this browser stays signed in"
    assert elsewhere.get(PAGE).status_code == 302, "every other one is not"
    page = text(me.get(PAGE))
    assert "10 recovery codes" in page
    assert codes[0] not in page
    assert "one-time codes were switched on" in text(me.get("/"))
    user.refresh_from_db()
    elsewhere.force_login(user)
    off = me.post(f"{PAGE}off/", {**PROOF, "code": codes[0]}, follow=True)
    assert "Every other device is signed out." in text(off)
    assert not one_time_codes.is_on(user)
    assert elsewhere.get(PAGE).status_code == 302
    home = text(me.get("/"))
    assert "one-time codes were switched off" in home
    assert "a recovery code was used" in home


@pytest.mark.obligation("23")
def test_nobody_begins_on_a_phone_that_lies_open(me: Client):
    for given, words in (
        ({}, "This field is required."),
        ({"password": "wrong"}, "That is not your password."),
    ):
        page = text(me.post(f"{PAGE}begin/", given))
        assert words in page
        assert "wrong" not in page.replace("field--wrong", "")
    assert not SecondStep.objects.exists()


def test_pressed_twice_nothing_is_done_twice(me: Client, user: User, now):
    me.post(f"{PAGE}begin/", PROOF)
    key = key_on(text(me.get(PAGE)))
    me.post(f"{PAGE}begin/", PROOF)
    assert key_on(text(me.get(PAGE))) == key
    first = {"code": CodePhone.typed(key).shows(now)}
    me.post(f"{PAGE}confirm/", first)
    again = me.post(f"{PAGE}confirm/", first, follow=True)
    assert "One-time codes are on already." in text(again)
    assert one_time_codes.left(user) == 10


@pytest.mark.obligation("23")
def test_the_key_is_shown_to_who_began_and_to_no_other_session(me: Client, user: User, now):
    """Whoever sat at a browser left signed in has no key that the owner confirms for them."""
    elsewhere = Client(headers={"accept-language": "en"})
    elsewhere.force_login(user)
    elsewhere.post(f"{PAGE}begin/", PROOF)
    theirs = CodePhone.typed(key_on(text(elsewhere.get(PAGE))))
    assert 'class="code"' not in text(me.get(PAGE))
    late = me.post(f"{PAGE}confirm/", {"code": theirs.shows(now)}, follow=True)
    assert "Begin again" in text(late)
    me.post(f"{PAGE}begin/", PROOF)
    mine = CodePhone.typed(key_on(text(me.get(PAGE))))
    assert mine.secret != theirs.secret
    assert "They are off." in text(elsewhere.get(PAGE))
    me.post(f"{PAGE}confirm/", {"code": mine.shows(now)})
    assert one_time_codes.is_on(user)


@pytest.mark.parametrize(
    ("typed", "words"),
    [("", "This field is required."), ("12345", "That is not the code"), ("x" * 99, "at most 64 characters")],
)
def test_a_wrong_first_code_is_answered_beside_its_field_and_the_key_stays(
    me: Client, user: User, typed: str, words: str
):
    me.post(f"{PAGE}begin/", PROOF)
    key = key_on(text(me.get(PAGE)))
    page = text(me.post(f"{PAGE}confirm/", {"code": typed}))
    assert words in page
    assert key_on(page) == key
    assert not one_time_codes.is_on(user)


def test_guessing_the_first_code_is_slowed(me: Client, user: User, now):
    me.post(f"{PAGE}begin/", PROOF)
    phone = CodePhone.typed(key_on(text(me.get(PAGE))))
    for _ in range(patience.FREE_FOR_NAME + 1):
        me.post(f"{PAGE}confirm/", {"code": "000000"})
    assert "Wait a minute" in text(me.post(f"{PAGE}confirm/", {"code": phone.shows(now)}))
    assert not one_time_codes.is_on(user)


def test_whoever_thinks_again_leaves_everything_as_it_is(me: Client, user: User, now):
    me.post(f"{PAGE}begin/", PROOF)
    me.post(f"{PAGE}drop/")
    me.post(f"{PAGE}drop/")
    assert "They are off." in text(me.get(PAGE))
    assert not SecondStep.objects.exists()
    late = me.post(f"{PAGE}confirm/", {"code": "123456"}, follow=True)
    assert "Begin again" in text(late)


def test_a_stale_page_drops_nothing_that_is_on(me: Client, user: User, phone: CodePhone):
    me.post(f"{PAGE}drop/")
    assert one_time_codes.is_on(user)
    assert "One-time codes are on already." in text(me.post(f"{PAGE}begin/", PROOF, follow=True))


@pytest.mark.obligation("23")
@pytest.mark.parametrize("act", ["off", "recovery"])
def test_off_and_new_recovery_codes_want_password_and_code(
    me: Client, user: User, phone: CodePhone, now, act: str
):
    for given in (
        PROOF,
        {"code": phone.shows(now)},
        {**PROOF, "code": "000000"},
        {"password": "x", "code": phone.recovery[0]},
    ):
        assert "Please look at this again" in text(me.post(f"{PAGE}{act}/", given))
    assert one_time_codes.left(user) == 10
    assert one_time_codes.is_on(user)


def test_new_recovery_codes_are_shown_once(me: Client, user: User, phone: CodePhone, now):
    given = {**PROOF, "code": phone.shows(now)}
    shown = text(me.post(f"{PAGE}recovery/", given))
    assert shown.count('<li class="code">') == 10
    assert phone.recovery[0] not in shown
    assert "This code was used already." in text(me.post(f"{PAGE}recovery/", given))


def test_off_twice_is_off_once(me: Client, user: User, phone: CodePhone, now):
    assert me.post(f"{PAGE}off/", {**PROOF, "code": phone.shows(now)})["Location"] == PAGE
    assert me.post(f"{PAGE}off/", {**PROOF, "code": phone.shows(now)})["Location"] == PAGE
    assert SecondStep.objects.get().ended_because == "switched_off"


@pytest.mark.parametrize("act", ["begin/", "drop/", "confirm/", "recovery/", "off/"])
def test_they_are_presses_and_not_addresses(me: Client, anybody: Client, user: User, act: str):
    assert me.get(f"{PAGE}{act}").status_code == 405
    assert anybody.post(f"{PAGE}{act}")["Location"].startswith("/sign-in/")
    assert anybody.get(PAGE)["Location"].startswith("/sign-in/")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    assert strict.post(f"{PAGE}{act}").status_code == 403


@pytest.mark.obligation("23")
def test_mine_are_nobody_elses(me: Client, them: Client, phone: CodePhone, now):
    assert "They are off." in text(them.get(PAGE))
    them.post(f"{PAGE}off/", {**PROOF, "code": phone.shows(now)})
    assert "They are on since" in text(me.get(PAGE))
    assert "one-time codes" not in text(them.get("/"))


def test_staff_have_the_same_page_and_hear_of_it_at_their_desk(sign_in, clerk: User, now):
    desk = sign_in(clerk)
    assert PAGE in text(desk.get("/desk/"))
    desk.post(f"{PAGE}begin/", PROOF)
    page = text(desk.get(PAGE))
    assert "/desk/" in page
    assert "My decisions" not in page
    desk.post(f"{PAGE}confirm/", {"code": CodePhone.typed(key_on(page)).shows(now)})
    assert one_time_codes.is_on(clerk)
    assert "one-time codes were switched on" in text(desk.get("/desk/"))


def test_the_language_is_chosen_on_my_account_too(me: Client, user: User):
    page = text(me.get("/account/"))
    assert page.count('action="/language/"') == 2
    me.post("/language/", {"language": "en", "next": "/account/"})
    user.refresh_from_db()
    assert user.language == "en"


def test_the_first_page_tells_for_thirty_days_and_the_account_for_as_long(
    me: Client, user: User, phone: CodePhone, now, django_assert_num_queries
):
    from portal.screens import account_news

    with django_assert_num_queries(1):
        assert len(account_news.told(account=user.pk, at=now)) == 1
    assert account_news.told(account=user.pk, at=now + timedelta(days=30)) == []


@pytest.mark.obligation("23")
def test_many_small_things_push_no_great_one_away(me: Client, user: User, phone: CodePhone, now):
    """Whoever got in and added a passkey uses up recovery codes afterwards."""
    Passkey.objects.create(user=user, name="theirs", credential_id=b"c", public_key=b"k", added_at=now)
    for code in phone.recovery[:7]:
        one_time_codes.answer(user=user, code=code, at=now + timedelta(minutes=1))
    home = text(me.get("/"))
    assert "a passkey was added: theirs" in home
    assert home.count("a recovery code was used") == 1
    assert "And 6 more." in home
    assert "look at what your account is opened with" in home
    one_time_codes.tell_of_wrong_ones(user=user, at=now + timedelta(minutes=2))
    home = text(me.get("/"))
    assert "somebody who knows your password typed wrong codes." in home
    assert "look at what your account is opened with" in home
    assert text(me.get(PAGE)).count("a recovery code was used") == 7


def test_the_pages_cost_the_same_whatever_is_there(
    me: Client, user: User, phone: CodePhone, now, django_assert_max_num_queries
):
    with django_assert_max_num_queries(12):
        me.get(PAGE)
    with django_assert_max_num_queries(8):
        me.get("/account/")
