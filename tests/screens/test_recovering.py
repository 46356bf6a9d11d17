"""Getting back into an account, with neither phone nor e-mail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from residents import letters
from residents.models import Letter, Resident, User
from residents.register import register
from tests.cast import PASSWORD

NEW = "another horse and staple"
PASSWORDS = {"password1": NEW, "password2": NEW}
RECOVER = Letter.Purpose.RECOVER


@pytest.fixture
def code(resident: Resident, clerk: User, now) -> str:
    return letters.write(resident=resident, purpose=RECOVER, by=clerk, at=now).code


def test_the_sign_in_page_says_how(anybody: Client):
    page = anybody.get("/sign-in/").content.decode()
    assert "You need no phone and no e-mail for this." in page
    assert 'href="/recover/"' in page


def test_the_code_is_typed_then_the_password_chosen(anybody: Client, resident: Resident, code: str):
    typed = anybody.post("/recover/", {"code": f" {code.lower()} "})
    assert typed["Location"] == "/recover/"
    page = anybody.get("/recover/").content.decode()
    assert "Your user name is <strong>r101</strong>." in page
    assert 'name="code"' not in page
    answer = anybody.post("/recover/", PASSWORDS, follow=True)
    assert answer.context["user"] == resident.user
    assert "Every other device is signed out." in answer.content.decode()


def test_it_works_by_scanning_too(anybody: Client, code: str):
    assert anybody.get(f"/l/{code}/")["Location"] == "/recover/"
    assert anybody.post("/recover/", PASSWORDS)["Location"] == "/"


@pytest.mark.obligation("23")
def test_the_first_page_tells_of_a_slip_and_cannot_stop_it(me: Client, resident: Resident, clerk: User, now):
    slip = letters.hand_slip(resident=resident, by=clerk, seen=Letter.Seen.KNOWN, at=now)
    page = me.get("/").content.decode()
    assert "the property office gave you a slip" in page
    assert "/account/letter/stop/" not in page
    me.post("/account/letter/stop/")
    slip.letter.refresh_from_db()
    assert slip.letter.replaced_at is None


@pytest.mark.obligation("23")
def test_it_ends_every_session_and_the_old_password(
    me: Client, them: Client, anybody: Client, resident: Resident, code: str
):
    second = Client()
    second.post("/sign-in/", {"username": "r101", "password": PASSWORD})
    assert second.get("/record/").status_code == 200
    anybody.get(f"/l/{code}/")
    anybody.post("/recover/", PASSWORDS)
    assert me.get("/record/")["Location"] == "/sign-in/?next=/record/"
    assert second.get("/record/").status_code == 302
    assert anybody.get("/record/").status_code == 200
    assert them.get("/record/").status_code == 200
    assert Client().post("/sign-in/", {"username": "r101", "password": PASSWORD}).status_code == 200
    assert Client().post("/sign-in/", {"username": "r101", "password": NEW}).status_code == 302


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"password1": NEW, "password2": "x"}, "The two passwords are not the same."),
        ({"password1": "12345678", "password2": "12345678"}, "too common"),
        ({"password1": "r101r101", "password2": "r101r101"}, "too similar"),
        ({"password1": ""}, "This field is required."),
    ],
)
def test_a_bad_password_spends_nothing(anybody: Client, resident: Resident, code: str, given, words: str):
    anybody.get(f"/l/{code}/")
    User.objects.filter(pk=resident.user_id).update(username="r101r10")
    answer = anybody.post("/recover/", given)
    assert words in answer.content.decode()
    assert Letter.objects.get().used_at is None


def test_nobody_gets_in_without_a_code(anybody: Client, resident: Resident, code: str):
    answer = anybody.post("/recover/", PASSWORDS)
    assert answer.status_code == 200
    assert 'name="code"' in answer.content.decode()
    resident.user.refresh_from_db()
    assert resident.user.check_password(PASSWORD)


def test_a_letter_to_open_an_account_leads_there(anybody: Client, here, now):
    code = letters.write(resident=register(neighborhood=here, name="新来的"), by=None, at=now).code
    answer = anybody.post("/recover/", {"code": code}, follow=True)
    assert answer.redirect_chain[-1][0] == "/claim/"
    assert answer.context["name"] == "新＊"


def test_a_letter_to_get_back_in_leads_there_from_claiming(anybody: Client, code: str):
    given = {"code": code, "username": "second", **PASSWORDS}
    assert anybody.post("/claim/", given)["Location"] == "/recover/"
    assert anybody.get("/claim/")["Location"] == "/recover/"
    assert not User.objects.filter(username="second").exists()


def test_a_used_code_says_so(anybody: Client, code: str):
    anybody.get(f"/l/{code}/")
    anybody.post("/recover/", PASSWORDS)
    page = Client(headers={"accept-language": "en"}).post("/recover/", {"code": code}, follow=True)
    assert "This code has been used already." in page.content.decode()


# --- nothing happens in silence


def test_the_owner_sees_that_a_letter_was_made_and_can_make_it_worthless(
    me: Client, anybody: Client, resident: Resident, code: str
):
    page = me.get("/").content.decode()
    assert "a letter was made with which your password can be replaced" in page
    me.post("/account/letter/stop/")
    assert "a letter was made" not in me.get("/").content.decode()
    page = anybody.get(f"/l/{code}/", follow=True).content.decode()
    assert "only the code on the newest one works" in page


@pytest.mark.parametrize("days", [0, 29, 30])
def test_a_replaced_password_is_told_for_thirty_days(
    me: Client, anybody: Client, resident: Resident, code: str, now, monkeypatch, days: int
):
    anybody.get(f"/l/{code}/")
    anybody.post("/recover/", PASSWORDS)
    used = Letter.objects.get().used_at
    monkeypatch.setattr(timezone, "now", lambda: used + timedelta(days=days, seconds=1 if days == 30 else 0))
    client = Client(headers={"accept-language": "en"})
    client.force_login(User.objects.get(pk=resident.user_id))
    assert ("Your password was replaced on" in client.get("/").content.decode()) is (days < 30)


def test_it_says_whether_it_was_at_the_desk(anybody: Client, resident: Resident, clerk: User, now):
    User.objects.filter(pk=resident.user_id).update(language="en")
    code = letters.hand_slip(resident=resident, by=clerk, seen=Letter.Seen.KNOWN, at=now).code
    anybody.get(f"/l/{code}/")
    page = anybody.post("/recover/", PASSWORDS, follow=True).content.decode()
    assert "at the desk of the property office" in page
    record = anybody.get("/record/").content.decode()
    assert "handed over at the desk; known in person" in record
    assert "Property company · clerk" in record
    assert "Its code was used" in record


def test_a_neighbor_sees_none_of_it(me: Client, them: Client, code: str):
    assert "a letter was made" not in them.get("/").content.decode()
    them.post("/account/letter/stop/")
    assert Letter.objects.open(timezone.now()).exists()
    assert "No letter was written to you" in them.get("/record/").content.decode()


def test_my_record_says_who_printed_a_letter_with_my_name(
    me: Client, resident: Resident, clerk: User, code: str
):
    User.objects.filter(pk=clerk.pk).update(username="lin.the.third")
    page = me.get("/record/").content.decode()
    assert "A letter with your name and dwelling, to get back into an account" in page
    assert "Property company · clerk" in page
    assert "lin.the.third" not in page
    assert code not in page


# --- at the desk's own screen


def test_on_the_desks_screen_nobody_stays_signed_in(sign_in, clerk: User, resident: Resident, now):
    screen = sign_in(clerk)
    code = letters.hand_slip(resident=resident, by=clerk, seen=Letter.Seen.KNOWN, at=now).code
    assert screen.post("/desk/letters/tablet/")["Location"] == "/recover/"
    assert screen.get("/desk/letters/").status_code == 302  # signed out
    screen.post("/recover/", {"code": code})
    answer = screen.post("/recover/", PASSWORDS, follow=True)
    assert answer.redirect_chain[-1][0] == "/"
    assert not answer.context["user"].is_authenticated
    assert screen.get("/record/").status_code == 302
    resident.user.refresh_from_db()
    assert resident.user.check_password(NEW)
