"""Linmen on a phone's first screen: what it is called, what it keeps without network, and what it never keeps."""

from __future__ import annotations

import io
import json
import re
from datetime import datetime

import pytest
from django.test import Client
from PIL import Image

from access import gates, qr, rules
from portal import icons
from portal.places import BASE
from residents.models import Neighborhood, Resident

pytestmark = pytest.mark.django_db


@pytest.fixture
def coded(here: Neighborhood, resident: Resident, now: datetime) -> Resident:
    gate = gates.put_up(neighborhood=here, name="南门", name_en="South gate", by_qr=True, by_pin=True, at=now)
    rules.add(gate=gate, unit=resident.occupancies.get().unit, at=now)
    qr.token_for(resident=resident, at=now)
    return resident


@pytest.mark.parametrize(("language", "name"), [("zh-hans", "邻门"), ("en", "Linmen")])
def test_it_is_called_by_its_name_in_the_readers_language(language, name):
    page = Client(headers={"accept-language": language}).get("/").content.decode()
    address = re.search(r'rel="manifest" href="([^"]+)"', page)[1]
    answer = Client().get(address)  # browsers ask without our cookies, and in the system's language
    said = json.loads(answer.content)
    assert answer.headers["Content-Type"] == "application/manifest+json"
    assert (said["short_name"], said["lang"], said["scope"], said["start_url"]) == (name, language, "/", "/")
    assert said["display"] == "standalone"
    assert {(each["sizes"], each["purpose"]) for each in said["icons"]} == {
        ("192x192", "any"),
        ("512x512", "any"),
        ("512x512", "maskable"),
    }
    for each in said["icons"]:
        with Image.open(BASE / each["src"].lstrip("/")) as picture:
            assert "{}x{}".format(*picture.size) == each["sizes"]


def test_there_is_none_in_a_language_that_we_do_not_speak():
    assert Client().get("/manifest.tlh.webmanifest").status_code == 404


@pytest.mark.parametrize("name", icons.EVERY)
def test_its_icons_are_drawn_by_code(name):
    side, fills, scale = icons.EVERY[name]
    drawn = io.BytesIO()
    icons.draw(side, fills=fills, scale=scale).save(drawn, "PNG", optimize=True)
    with Image.open(drawn) as wanted, Image.open(BASE / "static" / name) as kept:
        assert wanted.convert("RGBA").tobytes() == kept.convert("RGBA").tobytes()
        corner = kept.convert("RGBA").getpixel((0, 0))
        assert (corner[3] == 255) == fills  # no phone cuts into what reaches every edge


def test_a_mask_cuts_nothing_off_the_gate():
    """Of a maskable icon a circle of 80 % is sure to be seen."""
    side, _fills, _scale = icons.EVERY["icon-maskable-512.png"]
    with Image.open(BASE / "static" / "icon-maskable-512.png") as picture:
        shown = picture.convert("RGBA")
        green = shown.getpixel((0, 0))
        lit = [(x, y) for x in range(side) for y in range(side) if shown.getpixel((x, y))[0] > green[0] + 100]
    assert lit
    assert max((x - side / 2) ** 2 + (y - side / 2) ** 2 for x, y in lit) <= (0.4 * side) ** 2


def test_the_worker_sees_the_whole_site_and_is_asked_for_anew():
    answer = Client().get("/worker.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


def test_it_keeps_files_and_one_page_that_knows_nobody(me: Client, resident: Resident):
    said = me.get("/worker.js").content.decode()
    kept = json.loads(re.search(r"const KEPT = (\[.*?\]);", said)[1])
    assert kept[0] == "/offline/"
    assert all(each.startswith("/static/") for each in kept[1:])
    for address in kept[1:]:
        assert (BASE / address.lstrip("/")).is_file(), address
    assert me.get("/offline/").content == Client().get("/offline/").content
    assert 'credentials: "omit"' in said


@pytest.mark.obligation("14")
def test_the_page_without_network_says_first_that_the_card_opens_the_gates():
    said = Client().get("/offline/").content.decode()
    assert said.index("您的门禁卡和密码照常开门") < said.index("二维码。")
    assert "Your card and your PIN open the gates as always." in said


def test_the_page_without_network_asks_the_database_nothing(django_assert_num_queries, me: Client):
    with django_assert_num_queries(0):
        me.get("/offline/")
        me.get("/worker.js")
        me.get("/manifest.en.webmanifest")


def test_a_code_lies_in_the_browser_under_the_sign_in_that_opened_it(sign_in, coded: Resident):
    """`Vary: Cookie`: whoever signs in after them has other cookies, and finds nothing of it."""
    answer = sign_in(coded).get("/ways/qr/")
    assert re.fullmatch(r"private, max-age=\d+", answer.headers["Cache-Control"])
    assert "Cookie" in answer.headers["Vary"]
    until = datetime.fromisoformat(re.search(r'data-expires="([^"]+)"', answer.content.decode())[1])
    seconds = int(answer.headers["Cache-Control"].rpartition("=")[2])
    assert abs((until - datetime.now(until.tzinfo)).total_seconds() - seconds) < 5
