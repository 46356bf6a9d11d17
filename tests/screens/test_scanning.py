"""The square on a letter: its address is exchanged at once, and the code stands nowhere afterwards."""

from __future__ import annotations

import base64
import logging
from datetime import timedelta

import pytest
import segno
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client
from django.utils import timezone

from portal import qr_codes
from portal.logs import WithoutCodes
from residents import claiming, letters
from residents.models import Letter, Neighborhood, Resident, User
from residents.register import register
from tests.cast import PASSWORD

ACCOUNT = {"username": "newcomer", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture
def newcomer(here: Neighborhood) -> Resident:
    return register(neighborhood=here, name="新来的")


@pytest.fixture
def code(newcomer: Resident, now) -> str:
    return letters.write(resident=newcomer, by=None, at=now).code


def test_it_leads_to_the_form_without_the_code_and_opens_the_account(
    anybody: Client, code: str, newcomer: Resident
):
    answer = anybody.get(f"/l/{code}/")
    assert (answer.status_code, answer["Location"]) == (302, "/claim/")
    page = anybody.get("/claim/").content.decode()
    assert "It is for 新＊" in page
    assert 'name="code"' not in page
    assert code not in page
    assert anybody.post("/claim/", ACCOUNT)["Location"] == "/"
    newcomer.refresh_from_db()
    assert newcomer.user is not None
    assert "letter" not in anybody.session


def test_looking_spends_nothing(anybody: Client, code: str):
    for _ in range(3):
        anybody.get(f"/l/{code}/")
        anybody.head(f"/l/{code}/")
    assert Letter.objects.get().used_at is None
    assert Client().get(f"/l/{code}/")["Location"] == "/claim/"


def test_it_is_never_an_act_of_another_kind(anybody: Client, code: str):
    assert anybody.post(f"/l/{code}/").status_code == 405


def test_nothing_of_it_is_kept_or_passed_on(anybody: Client, code: str):
    answer = anybody.get(f"/l/{code}/")
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer.content == b""


@pytest.mark.parametrize(
    "wrong", ["0000-0000-0000", "x", "É" * 500, "'; DROP TABLE--", "%00", "..", "<script>"]
)
def test_a_wrong_one_is_told_so_on_a_page_of_its_own(anybody: Client, code: str, wrong: str):
    answer = anybody.get(f"/l/{wrong}/", follow=True)
    assert answer.redirect_chain == [("/claim/", 302)]
    assert "We do not know this code." in answer.content.decode()
    assert "<script>" not in answer.content.decode()


def test_guesses_by_scanning_are_counted_too(anybody: Client, code: str):
    for guess in range(claiming.GUESSES):
        anybody.get(f"/l/0000-0000-{guess:04}/")
    assert "Too many codes were tried" in anybody.get("/l/0000-0000-0000/", follow=True).content.decode()


def test_whoever_planted_the_session_does_not_hold_the_letter(anybody: Client, code: str):
    anybody.get("/l/0000-0000-0000/")
    session = anybody.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    anybody.cookies["sessionid"] = planted
    anybody.get(f"/l/{code}/")
    assert anybody.session.session_key != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert 'name="code"' in thief.get("/claim/").content.decode()


def test_the_browser_forgets_it_after_half_an_hour(anybody: Client, code: str, now, monkeypatch):
    anybody.get(f"/l/{code}/")
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(minutes=31))
    page = anybody.get("/claim/").content.decode()
    assert "This page was left for a while." in page
    assert 'name="code"' in page


def test_it_can_be_put_away(anybody: Client, code: str):
    anybody.get(f"/l/{code}/")
    assert anybody.get("/claim/put-away/").status_code == 405
    anybody.post("/claim/put-away/")
    assert 'name="code"' in anybody.get("/claim/").content.decode()
    assert Letter.objects.get().used_at is None


def test_one_that_was_replaced_in_the_meantime_says_so(anybody: Client, code: str, newcomer: Resident, now):
    anybody.get(f"/l/{code}/")
    letters.write(resident=newcomer, by=None, at=now)
    assert "A newer letter was written" in anybody.get("/claim/").content.decode()
    assert not User.objects.filter(username="newcomer").exists()


def test_another_person_signed_in_on_the_phone_is_asked_to_make_way(
    me: Client, code: str, newcomer: Resident
):
    page = me.get(f"/l/{code}/", follow=True).content.decode()
    assert "In this browser the account “r101” is open." in page
    assert me.post("/claim/instead/", follow=True).context["name"] == "新＊"
    me.post("/claim/", ACCOUNT)
    newcomer.refresh_from_db()
    assert newcomer.user is not None
    assert newcomer.user.username == "newcomer"


@pytest.mark.obligation("23")
def test_no_code_is_in_the_database_or_in_a_log(
    anybody: Client, code: str, newcomer: Resident, clerk: User, now, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    caplog.handler.addFilter(WithoutCodes())
    anybody.get(f"/l/{code}/")
    anybody.get(f"/l/{code}/x/")  # no such page: Django logs the address
    anybody.post("/claim/", {**ACCOUNT, "code": code})
    newcomer.refresh_from_db()
    assert newcomer.user is not None
    way_back = letters.write(resident=newcomer, purpose=Letter.Purpose.RECOVER, by=clerk, at=now).code
    other = Client()
    other.post("/recover/", {"code": way_back})
    assert "Not Found: /l/…" in caplog.text
    kept = everything()
    for secret in (code, way_back):
        for spelled in (secret, secret.replace("-", ""), secret.lower()):
            assert spelled not in caplog.text
            assert spelled not in kept
            assert spelled.encode().hex() not in kept
            assert base64.b64encode(spelled.encode()).decode() not in kept
    assert str(newcomer.pk) in kept  # or nothing would have been looked at


def everything() -> str:
    """Every row of every table of both databases, and what sessions hold, as text."""
    found = [str(session.get_decoded()) for session in Session.objects.all()]
    for alias in ("default", "vault"):
        with connections[alias].cursor() as cursor:
            for table in connections[alias].introspection.table_names(cursor):
                cursor.execute(f'SELECT t::text FROM "{table}" t')
                found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def test_the_square_is_safe_and_says_what_it_is():
    drawn = qr_codes.svg("https://here.example/l/ABCD-EFGH-JKMN/", title='<script>"x"</script>')
    assert drawn.startswith('<svg role="img"')
    assert "<title>&lt;script&gt;" in drawn
    assert "<script" not in drawn
    assert "style=" not in drawn
    assert "ABCD" not in drawn


def test_what_is_too_long_for_a_square_is_refused():
    with pytest.raises(segno.DataOverflowError):
        qr_codes.svg("x" * 5000, title="")
