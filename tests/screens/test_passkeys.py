"""Passkeys: adding one after the proof, signing in with it, and every answer that is not believed."""

from __future__ import annotations

import html
import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client, RequestFactory

from ledger.models import Entry
from portal.screens import passkeys
from residents import claiming, letters
from residents.models import Letter, Passkey, Resident, User
from residents.register import register
from tests.cast import PASSWORD
from tests.signing_in import PasskeyPhone, switched_on

MINE, NEW, SIGN_IN = "/account/passkeys/", "/account/passkeys/new/", "/sign-in/passkey/"
NOT_RIGHT = "That did not work, and nothing was changed."


@pytest.fixture(autouse=True)
def here_it_is(settings) -> None:
    settings.PASSKEY_HOST = "testserver"


@pytest.fixture
def user(resident: Resident) -> User:
    assert resident.user is not None
    return resident.user


def text(answer) -> str:
    return html.unescape(answer.content.decode())


def options(client: Client, address: str) -> dict[str, Any]:
    found = re.search(r'data-options="([^"]*)"', client.get(address).content.decode())
    assert found
    return dict(json.loads(html.unescape(found[1])))


def proven(client: Client, **also: str) -> Client:
    assert client.post("/record/again/", {"password": PASSWORD, "next": NEW, **also})["Location"] == NEW
    return client


def added(client: Client, phone: PasskeyPhone, name: str = "My phone", **also: str) -> PasskeyPhone:
    answer = phone.makes(options(proven(client, **also), NEW))
    assert client.post(NEW, {"name": name, "answer": json.dumps(answer)})["Location"] == MINE
    return phone


def signs_in(client: Client, phone: PasskeyPhone, **also: str):
    answer = phone.signs(options(client, SIGN_IN))
    return client.post(SIGN_IN, {"answer": json.dumps(answer), **also})


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.fixture
def phone(me: Client) -> PasskeyPhone:
    return added(me, PasskeyPhone())


def test_the_whole_way(me: Client, anybody: Client, phone: PasskeyPhone):
    page = text(me.get(MINE))
    assert "My phone" in page
    assert "Not used yet." in page
    assert "a passkey was added" in text(me.get("/"))
    assert SIGN_IN in text(anybody.get("/sign-in/"))
    assert signs_in(anybody, phone, next="/record/")["Location"] == "/record/"
    assert is_in(anybody)
    assert "Last used on " in text(me.get(MINE))


@pytest.mark.obligation("23")
def test_it_stands_for_password_and_code(anybody: Client, user: User, phone: PasskeyPhone, now):
    switched_on(user, at=now)
    signs_in(anybody, phone)
    assert is_in(anybody)


@pytest.mark.obligation("23")
def test_adding_one_wants_the_proof_that_the_account_has(me: Client, user: User, now):
    asked = me.get(NEW)
    assert asked["Location"] == "/record/again/?next=%2Faccount%2Fpasskeys%2Fnew%2F"
    assert "What comes next opens your account." in text(me.get(asked["Location"]))
    assert me.post(NEW, {"name": "x", "answer": "{}"}).status_code == 302
    codes = switched_on(user, at=now)
    user.refresh_from_db()
    me.force_login(user)
    assert me.post("/record/again/", {"password": PASSWORD, "next": NEW}).status_code == 200
    assert me.get(NEW).status_code == 302
    added(me, PasskeyPhone(), code=codes.shows(now))
    assert Passkey.objects.count() == 1


def test_the_page_says_that_a_face_stays_in_the_phone(me: Client, anybody: Client):
    for page in (
        text(me.get(MINE)),
        text(proven(me).get(NEW)),
        text(anybody.get(SIGN_IN)),
        text(me.get("/account/")),
    ):
        assert "stays in the phone: Linmen never receives it" in page
    assert "You need no passkey for anything here." in text(me.get(MINE))


def test_without_javascript_the_page_says_so_and_nothing_is_lost(me: Client, anybody: Client):
    assert "this page needs JavaScript" in text(proven(me).get(NEW))
    assert "your password works as always" in text(anybody.get(SIGN_IN))
    assert "a passkey needs JavaScript. Your password works" in text(anybody.post(SIGN_IN, {"answer": ""}))
    page = text(me.post(NEW, {"name": "", "answer": ""}))
    assert "This field is required." in page
    assert NOT_RIGHT not in page


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "\0"])
def test_a_bad_name_is_answered_beside_its_field(me: Client, name: str):
    answer = PasskeyPhone().makes(options(proven(me), NEW))
    page = text(me.post(NEW, {"name": name, "answer": json.dumps(answer)}))
    assert 'class="field field--wrong"' in page
    assert not Passkey.objects.exists()


@pytest.mark.obligation("23")
def test_a_replayed_answer_is_refused(me: Client, anybody: Client, phone: PasskeyPhone):
    answer = json.dumps(phone.signs(options(anybody, SIGN_IN)))
    anybody.post(SIGN_IN, {"answer": answer})
    assert is_in(anybody)
    anybody.post("/sign-out/")
    for _ in range(2):
        assert NOT_RIGHT in text(anybody.post(SIGN_IN, {"answer": answer}))
    other = Client(headers={"accept-language": "en"})
    other.get(SIGN_IN)
    assert NOT_RIGHT in text(other.post(SIGN_IN, {"answer": answer}))
    assert not is_in(anybody)
    assert not is_in(other)


@pytest.mark.obligation("23")
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://testserver.evil.example", "https://testserver", ""]
)
def test_an_answer_for_another_site_is_refused(anybody: Client, phone: PasskeyPhone, origin: str):
    phone.origin = origin
    assert NOT_RIGHT in text(signs_in(anybody, phone))
    assert not is_in(anybody)


def test_a_copy_is_told_to_whoever_shows_it(anybody: Client, phone: PasskeyPhone):
    for _ in range(2):
        signs_in(anybody, phone)
        anybody.post("/sign-out/")
    phone.count = 0
    assert "seems to have been copied" in text(signs_in(anybody, phone))
    assert not is_in(anybody)


def test_a_challenge_is_over_after_its_time_and_is_for_what_it_was_made(
    me: Client, anybody: Client, phone: PasskeyPhone, now
):
    asked = options(anybody, SIGN_IN)
    session = anybody.session
    session[passkeys.KEPT] |= {"until": (now - timedelta(seconds=1)).timestamp()}
    session.save()
    assert NOT_RIGHT in text(anybody.post(SIGN_IN, {"answer": json.dumps(phone.signs(asked))}))
    asked = options(anybody, SIGN_IN)
    session = anybody.session
    session[passkeys.KEPT] |= {"for": passkeys.ADD}
    session.save()
    assert NOT_RIGHT in text(anybody.post(SIGN_IN, {"answer": json.dumps(phone.signs(asked))}))


@pytest.mark.obligation("23")
def test_a_removed_one_opens_nothing_and_signs_other_devices_out(
    me: Client, anybody: Client, phone: PasskeyPhone
):
    signs_in(anybody, phone)
    address = f"{MINE}{Passkey.objects.get().pk}/remove/"
    assert me.post(address)["Location"] == MINE
    assert me.post(address)["Location"] == MINE  # twice is once
    assert me.get(MINE).status_code == 200
    assert anybody.get(MINE).status_code == 302
    assert NOT_RIGHT in text(signs_in(Client(headers={"accept-language": "en"}), phone))
    assert text(me.get("/")).count("a passkey was removed") == 1


@pytest.mark.obligation("23")
def test_somebody_elses_is_not_there(me: Client, them: Client, anybody: Client, phone: PasskeyPhone):
    passkey = Passkey.objects.get()
    assert them.post(f"{MINE}{passkey.pk}/remove/").status_code == 404
    assert anybody.post(f"{MINE}{passkey.pk}/remove/")["Location"].startswith("/sign-in/")
    assert me.get(f"{MINE}{passkey.pk}/remove/").status_code == 405
    assert "My phone" not in text(them.get(MINE))
    assert Passkey.objects.standing().count() == 1
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(pk=passkey.user_id))
    assert strict.post(f"{MINE}{passkey.pk}/remove/").status_code == 403


@pytest.mark.parametrize("answer", ["[]", "1", "{", "null", '{"id": []}', "[" * 5000, "x" * 30_000])
def test_what_is_no_answer_is_refused(anybody: Client, phone: PasskeyPhone, answer: str):
    anybody.get(SIGN_IN)
    assert NOT_RIGHT in text(anybody.post(SIGN_IN, {"answer": answer}))


def test_a_stranger_who_looks_leaves_no_session_for_weeks(me: Client, anybody: Client, phone: PasskeyPhone):
    asked = options(anybody, SIGN_IN)
    assert anybody.session.get_expiry_age() == passkeys.STRANGERS_SESSION.total_seconds()
    anybody.post(SIGN_IN, {"answer": json.dumps(phone.signs(asked))})
    assert is_in(anybody)
    assert anybody.session.get_expiry_age() > passkeys.STRANGERS_SESSION.total_seconds()


@pytest.mark.obligation("23")
def test_after_a_backup_was_put_back_nothing_of_then_opens(me: Client, anybody: Client, phone: PasskeyPhone):
    signs_in(anybody, phone)
    said = io.StringIO()
    call_command("shut_accounts", stdout=said)
    assert "Passkeys removed: 1." in said.getvalue()
    assert not Passkey.objects.standing().exists()
    assert anybody.get(MINE).status_code == me.get(MINE).status_code == 302


@pytest.mark.obligation("23")
def test_after_a_backup_was_put_back_no_letter_of_then_leads_back_in(here, resident, neighbor, clerk, now):
    """It was spent or replaced since, and is open again. One that opens an account is needed to open it anew."""
    back = letters.write(resident=resident, purpose=Letter.Purpose.RECOVER, by=clerk, at=now)
    slip = letters.hand_slip(resident=neighbor, by=clerk, seen=Letter.Seen.KNOWN, at=now)
    newcomer = register(neighborhood=here, name="柳三")
    opens = letters.write(resident=newcomer, by=clerk, at=now)
    said = io.StringIO()
    call_command("shut_accounts", stdout=said)
    assert "Letters and slips ended: 2." in said.getvalue()
    for written in (back, slip):
        with pytest.raises(claiming.ClaimRefused):
            claiming.recover(letter=written.letter.pk, password="another horse and staple", at=now)
        assert Entry.objects.filter(kind="letter.ended", subject=written.letter.resident_id).count() == 1
    assert list(Letter.objects.unspent()) == [opens.letter]


def test_staff_have_passkeys_too(sign_in, clerk: User, anybody: Client):
    phone = added(sign_in(clerk), PasskeyPhone())
    assert signs_in(anybody, phone)["Location"] == "/desk/"


@pytest.mark.parametrize(
    ("host", "origins", "asked", "usable"),
    [
        ("testserver", [], "testserver", True),
        ("", [], "testserver", False),
        ("home.example", [], "testserver", False),
        ("testserver", ["https://elsewhere.example"], "testserver", False),
        ("testserver", ["http://testserver"], "testserver", True),
        ("localhost", [], "localhost:8000", True),
        ("localhost", [], "127.0.0.1:8000", False),
    ],
)
def test_where_they_cannot_be_used_they_are_not_offered(
    settings, me: Client, anybody: Client, host: str, origins: list[str], asked: str, usable: bool
):
    settings.PASSKEY_HOST, settings.PASSKEY_ORIGINS = host, origins
    made = passkeys.site(RequestFactory().get("/", HTTP_HOST=asked))
    assert (made is not None) == usable
    if asked == "testserver":
        assert (SIGN_IN in text(anybody.get("/sign-in/"))) == usable
        assert (NEW in text(me.get(MINE))) == usable
        if not usable:
            assert anybody.get(SIGN_IN)["Location"] == "/sign-in/"
            assert proven(me).get(NEW)["Location"] == MINE
            assert "none can be added" in text(me.get(MINE))


def test_the_first_name_that_is_served_is_what_they_are_made_for():
    from portal.settings import _first_name

    assert _first_name(["localhost", "127.0.0.1"]) == "localhost"
    assert _first_name(["*", "10.0.0.1", "[::1]", ".home.example:8000"]) == "home.example"
    assert _first_name(["*"]) == _first_name([]) == ""


def test_the_list_costs_the_same_whatever_is_on_it(me: Client, user: User, now, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as few:
        me.get(MINE)
    for number in range(8):
        Passkey.objects.create(
            user=user, name=f"phone {number}", credential_id=bytes([number]), public_key=b"k", added_at=now
        )
    with django_assert_num_queries(len(few)):
        me.get(MINE)
