"""The page on the local network: tells of the device and of nobody, opens nothing, and is slowed by nobody but itself."""

import http.client
import re
import socket
import threading
import time
import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe

from gate.drivers import Kind, Shown
from gate.selftest import ADDRESSES_REMEMBERED, BURST, Page, Patience, SelfTest
from tests.gate.boards import Board

CARD = "04A2B3C4"
MISCHIEF = "<script>alert(1)</script>"


@pytest.fixture
def board(agent, tmp_path):
    board = Board(agent, tmp_path)
    yield board
    board.door.close()


@pytest.fixture
def page(agent, board):
    page = Page(("127.0.0.1", 0), SelfTest(agent, board.door, board.speech))
    page.start()
    ends = time.monotonic() + 30
    while page.server is None and time.monotonic() < ends:
        time.sleep(0.01)
    yield page
    page.close()
    assert not page.is_alive()


def port(page):
    return page.server.server_address[1]


def ask(page, path="/", method="GET", host=None, **headers):
    there = http.client.HTTPConnection("127.0.0.1", port(page), timeout=10)
    there.putrequest(method, path, skip_host=True)
    there.putheader("Host", host or f"127.0.0.1:{port(page)}")
    for name, value in headers.items():
        there.putheader(name, value)
    there.endheaders()
    answer = there.getresponse()
    body = answer.read().decode()
    there.close()
    return answer, body


def test_it_says_how_the_device_is_in_both_languages(site, agent, board, page):
    site.give_card(CARD)
    agent.sync()
    agent.show_card(CARD)
    answer, said = ask(page)
    assert answer.status == 200
    assert 'lang="zh-Hans"' in said
    assert re.search(r'待上报的记录<span lang="en">Entries to report</span></th><td>1</td>', said)
    assert "缺少的录音" in said
    assert "unknown_card" in said  # a recording that is missing
    assert "finger, light, relay" in said
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert not re.search(r"<script|style=|onclick|<form|http-equiv", said)
    assert ask(page, "/style.css")[0].headers["Content-Type"] == "text/css"
    board.does(Shown(Kind.TEST))
    assert re.search(r"Test button last pressed</span></th><td>20", ask(page)[1])


def test_what_is_missing_is_told_by_a_sign_and_not_by_colour_alone(agent, board, page):
    board.door._readers[0].part = None
    assert re.search(r'missing</span></th><td class="bad">⚠ finger<', ask(page)[1])


@pytest.mark.obligation("27", "F24")
def test_it_names_nobody(site, agent, page):
    person = site.give_card(CARD)
    pin = site.give_pin("48213", "482915")
    agent.sync()
    agent.show_card(CARD)
    agent.show_pin("48213482915")
    agent.trouble = f"{person} {MISCHIEF}"
    said = re.sub(r"\d+ MiB", "", ask(page)[1])  # what is free on the disk may be any number
    for known in (person, pin, CARD, "48213", site.device, site.gate, site.address, MISCHIEF):
        assert known not in said
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", said)
    uuid.UUID(person)  # what was looked for has that form


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "X" * 500]
)
def test_it_only_answers_to_being_read(board, page, method):
    answer, said = ask(page, method=method)
    assert answer.status == 501
    assert said == ""
    assert board.relay.told == []


@pytest.mark.parametrize(
    "path", ["/../gate.sqlite3", "/state", "/%2e%2e/", "/?open=1", "/" + "a" * 3000, f"/{MISCHIEF}"]
)
def test_there_is_nothing_else_to_read(page, path):
    answer, said = ask(page, path.replace(" ", "%20"))
    assert (answer.status, said) == (404, "")


@pytest.mark.parametrize("host", ["portal.example", "127.0.0.1", "127.0.0.1:1", "[::1]:80", ""])
def test_a_name_that_points_here_is_not_ours(page, host):
    answer, said = ask(page, host=host or " ")
    assert (answer.status, said) == (421, "")


def raw(page, *chunks, wait=0.0, timeout=12):
    with socket.create_connection(("127.0.0.1", port(page)), timeout=timeout) as there:
        try:
            for chunk in chunks:
                there.sendall(chunk)
                time.sleep(wait)
            said = b""
            while more := there.recv(65536):
                said += more
            return said
        except ConnectionError:
            return b""


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00" * 4096 + b"\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 300 + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: " + b"x" * 4000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
        b"'; DROP TABLE rows; --\r\n\r\n",
        b"$(reboot)\r\n\r\n",
        b"GET / HTTP/0.9\r\n\r\n",
    ],
)
def test_nonsense_is_refused_and_not_repeated(page, sent):
    said = raw(page, sent)
    assert b"DROP" not in said
    assert b"reboot" not in said
    assert b" 200 " not in said.split(b"\r\n")[0]
    assert ask(page)[0].status == 200


def test_a_byte_now_and_then_is_not_waited_for(page, monkeypatch):
    monkeypatch.setattr("gate.selftest.SECONDS_FOR_A_REQUEST", 0.6)
    began = time.monotonic()
    said = raw(page, *[b"G"] * 40, wait=0.1)
    assert said == b""
    assert time.monotonic() - began < 8
    assert ask(page)[0].status == 200


def served(page, seconds=30):
    """The status, as soon as there is a seat. One address is served so often and no more."""
    ends = time.monotonic() + seconds
    while True:
        try:
            return ask(page)[0].status
        except (ConnectionError, http.client.HTTPException):
            assert time.monotonic() < ends
            time.sleep(2)


def test_who_holds_all_seats_keeps_nobody_out_for_long(page, monkeypatch):
    monkeypatch.setattr("gate.selftest.SECONDS_FOR_A_REQUEST", 1.0)
    held = [socket.create_connection(("127.0.0.1", port(page))) for _ in range(12)]
    before = threading.active_count()
    time.sleep(0.3)
    assert threading.active_count() <= before + 4
    time.sleep(1.5)
    assert served(page) == 200
    for each in held:
        each.close()


def test_one_address_is_served_so_often_and_others_go_on():
    clock = [0.0]
    patience = Patience(now=lambda: clock[0])
    assert [patience.has_for("192.168.1.9") for _ in range(25)].count(True) == BURST
    assert patience.has_for("192.168.1.10")
    clock[0] = 4.0
    assert [patience.has_for("192.168.1.9") for _ in range(5)].count(True) == 2
    for number in range(5000):
        patience.has_for(f"fe80::{number:x}")
    assert len(patience._of) <= ADDRESSES_REMEMBERED


def test_a_flood_does_not_reach_the_door(site, agent, board, page):
    site.give_card(CARD)
    agent.sync()
    answered = [
        raw(page, f"GET / HTTP/1.0\r\nHost: 127.0.0.1:{port(page)}\r\n\r\n".encode()) for _ in range(60)
    ]
    assert answered[0].startswith(b"HTTP/1.0 200 ")
    assert answered.count(b"") > 20
    board.does(Shown(Kind.CARD, CARD))
    assert board.relay.told == [5.0]


def test_it_waits_for_its_address(agent, board):
    page = Page(("127.0.0.1", 1), SelfTest(agent, board.door, board.speech))
    page._address = ("192.0.2.7", 8080)  # nobody's here
    page.start()
    time.sleep(0.2)
    assert page.server is None
    page.close()
    assert not page.is_alive()


def test_a_store_that_cannot_be_read_is_told_and_no_reason_for_silence(agent, board, page):
    agent._store._db.close()
    answer, said = ask(page)
    assert answer.status == 200
    assert "cannot be read: swap the board" in said


def test_nothing_is_known_before_the_first_word_with_the_site(unpaired, tmp_path):
    board = Board(unpaired, tmp_path)
    said = SelfTest(unpaired, board.door, board.speech).page().decode()
    assert "从未 never" in said
    assert "否 no" in said
    board.door.close()


@pytest.mark.obligation("14")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_reads_well_on_a_phone_without_scripts(site, agent, browser, page, scheme):
    agent.sync()
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme)
    looked = context.new_page()
    wrong = []
    looked.on("console", lambda said: wrong.append(said.text))
    looked.goto(f"http://127.0.0.1:{port(page)}/")
    assert looked.evaluate("document.documentElement.scrollWidth") <= 360
    assert looked.evaluate("document.scripts.length") == 0
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(looked, options={"runOnly": rules, "resultTypes": ["violations"]})
    assert found.response["violations"] == []
    assert [said for said in wrong if "favicon" not in said and "404" not in said] == []
    context.close()
