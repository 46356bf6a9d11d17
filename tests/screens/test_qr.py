"""My QR code on the page: fresh each time, kept by the browser as long as it works, mine alone."""

from __future__ import annotations

import re

import pytest

from access import qr
from access.models import Credential
from access.signing import server_key
from gate import tokens
from portal import qr_codes
from portal.screens import codes
from tests.drawn import without_drawn


@pytest.fixture
def beside():
    return [{"by_qr": True}, {}]


@pytest.fixture
def made(resident, doors, now):
    return qr.token_for(resident=resident, at=now).credential


def test_looking_sets_nothing_up(me, doors):
    page = me.get("/ways/qr/").content.decode()
    assert "Set up my QR code" in page
    assert "South gate" in page
    assert not Credential.objects.filter(kind="qr").exists()


def test_one_press_sets_it_up_and_shows_it(me, doors):
    page = me.post("/ways/qr/new/", follow=True)
    assert page.redirect_chain == [("/ways/qr/", 302)]
    assert "At: South gate. It opens each gate once." in page.content.decode()
    assert Credential.objects.filter(kind="qr", ended_at=None).count() == 1


def test_each_look_is_another_code(me, made, monkeypatch):
    written = []
    monkeypatch.setattr(qr_codes, "svg", lambda text, **_: written.append(text) or "")
    for _ in range(2):
        me.get("/ways/qr/")
    first, second = (tokens.read(text, key=server_key().public_key()) for text in written)
    assert first.credential == second.credential == str(made.pk)
    assert first.serial != second.serial


def test_the_browser_may_keep_it_for_as_long_as_it_works_and_nobody_else_may(me, made, settings):
    settings.QR_HOURS = 3
    page = me.get("/ways/qr/")
    found = re.fullmatch(r"private, max-age=(\d+)", page["Cache-Control"])
    assert 3 * 3600 - 5 < int(found[1]) <= 3 * 3600
    assert "Expires" not in page
    assert "Cookie" in page["Vary"]


def test_what_shows_no_code_is_not_kept(me, anybody, doors):
    for page in (me.get("/ways/qr/"), anybody.get("/ways/qr/"), me.post("/ways/qr/new/")):
        assert "no-store" in page["Cache-Control"]


def test_signing_in_or_out_empties_what_the_browser_kept(me, resident, anybody, made):
    assert me.post("/sign-out/")["Clear-Site-Data"] == '"cache"'
    signed_in = anybody.post(
        "/sign-in/", {"username": resident.user.username, "password": "correct horse battery staple"}
    )
    assert signed_in["Clear-Site-Data"] == '"cache"'
    for path, given in (("/language/", {"language": "en"}), ("/text-size/", {"size": "large"})):
        assert anybody.post(path, given)["Clear-Site-Data"] == '"cache"'


def test_a_fresh_one_takes_the_place_of_the_kept_one(me, made):
    assert me.post("/ways/qr/new/")["Clear-Site-Data"] == '"cache"'


def test_it_is_drawn_black_on_white_and_nothing_but_squares(me, made):
    svg = codes.drawn("<script>alert(1)</script>")
    assert "script" not in svg
    assert "style" not in svg
    assert "#fff" in svg
    assert "#000" in svg
    assert qr_codes.png("x").startswith(b"\x89PNG")


def test_it_can_be_saved_as_a_picture_with_its_end_in_the_name(me, made):
    page = me.get("/ways/qr/picture/")
    assert page["Content-Type"] == "image/png"
    assert re.fullmatch(r'attachment; filename="linmen-\d{4}-\d{4}.png"', page["Content-Disposition"])
    assert "no-store" in page["Cache-Control"]


def test_stopping_is_one_press(me, made):
    me.post("/ways/qr/stop/")
    made.refresh_from_db()
    assert made.ended_because == "stopped"
    assert "Set up my QR code" in me.get("/ways/qr/").content.decode()
    assert me.get("/ways/qr/picture/").status_code == 302


def test_a_neighbor_sees_and_stops_their_own_only(them, made, anybody):
    them.post("/ways/qr/stop/")
    made.refresh_from_db()
    assert made.ended_at is None
    assert "shown-code" not in them.get("/ways/qr/").content.decode()
    for path in ("/ways/qr/", "/ways/qr/picture/"):
        assert anybody.get(path).status_code == 302
    assert anybody.post("/ways/qr/new/").status_code == 302


def test_acts_are_not_done_by_looking(me, made):
    assert me.get("/ways/qr/stop/").status_code == me.get("/ways/qr/new/").status_code == 405
    assert me.post("/ways/qr/").status_code == 405


def test_where_no_gate_reads_codes_nobody_meets_them(them, neighbor, doors):
    assert "None of your gates reads codes" in them.get("/ways/qr/").content.decode()
    home = them.get("/").content.decode()
    assert "QR" not in without_drawn(home)
    assert "/visitors/" not in home


def test_the_first_screen_leads_there(me, doors):
    home = me.get("/").content.decode()
    assert 'href="/ways/qr/"' in home
    assert 'href="/visitors/"' in home
