"""Nobody is a terminal by its serial number alone: a person approves it, and it asks from its own address."""

import socket
import threading
import time

import httpx
import pytest

from gate.terminals.gateway import CannotDo, Gateway
from gate.terminals.serving import BODY_LIMIT, PublicAddress, Server, check_private
from gate.terminals.simulator import Simulated
from tests.terminals.conftest import CARD, SERIAL
from tests.terminals.test_cards_at_a_terminal import given

pytestmark = pytest.mark.obligation("F20")


def ask(house, path, **said):
    return httpx.request(said.pop("method", "GET"), f"{house.address}/iclock/{path}", timeout=10, **said)


def test_an_unknown_serial_number_is_refused_until_somebody_approves_it(house):
    assert house.terminal.greet() == 403
    assert house.terminal.poll() == 403
    knocking = house.gateway.status()["knocking"]
    assert knocking[SERIAL]["address"] == "127.0.0.1"
    house.approve(address=None)
    house.until(lambda: house.terminal.greet() == 200)
    assert house.gateway.status()["knocking"] == {}


def test_a_wrong_code_approves_nobody_and_the_right_one_does_afterwards(house):
    with pytest.raises(CannotDo, match="pairing-code-wrong"):
        house.approve(code="WRONG")
    assert house.terminal.greet() == 403
    house.approve()
    house.until(lambda: house.terminal.greet() == 200)


def test_a_code_without_tls_to_another_machine_is_not_sent(house):
    with pytest.raises(CannotDo, match="https"):
        house.gateway.approve(
            serial=SERIAL, code="CODE-1", server="http://example.org", address="127.0.0.1",
            notation="decimal", pins=False, empty=False,
        )  # fmt: skip
    assert "CODE-1" in house.site.codes


@pytest.mark.parametrize("serial", ["", "a/b", "../../etc", "A" * 33, "AB C", "AB\n", "ÄÖÜ1"])
def test_what_is_no_serial_number_is_nothing(house, serial):
    assert ask(house, "getrequest", params={"SN": serial}).status_code == 400
    with pytest.raises(CannotDo):
        house.gateway.approve(
            serial=serial, code="CODE-1", server=house.site.address, address="127.0.0.1",
            notation="decimal", pins=False, empty=False,
        )  # fmt: skip
    assert list(house.folder.iterdir()) == []


def test_the_same_serial_number_from_another_address_is_refused_and_shown(approved):
    given(approved)
    approved.until(lambda: approved.terminal.show(CARD))
    stranger = Simulated(approved.address, SERIAL, source="127.0.0.2")
    assert stranger.greet() == 403
    assert stranger.poll() == 403
    stranger.log = ["1000002\t2026-01-01 00:00:00\t0\t2"]
    assert not stranger.send_log()
    assert approved.own.status()["other_address"] == "127.0.0.2"
    assert approved.terminal.poll() == 200
    approved.gateway.move(serial=SERIAL, address="127.0.0.2")
    assert stranger.greet() == 200
    assert approved.terminal.poll() == 403


def test_a_flood_of_made_up_numbers_is_remembered_in_a_small_place(house):
    for number in range(70):
        ask(house, "getrequest", params={"SN": f"FLOOD{number:04d}"})
    assert len(house.gateway.status()["knocking"]) == 64


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "8.8.8.8", "2001:4860:4860::8888"])
def test_it_is_not_bound_to_an_address_that_anybody_reaches(host, tmp_path):
    with pytest.raises(PublicAddress):
        Server(host, 0, Gateway(tmp_path))


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "192.168.1.4", "172.20.0.9", "::1", "fd00::1"])
def test_an_address_of_a_private_network_will_do(host):
    check_private(host)


# What is too much.


def test_a_body_over_the_limit_is_refused_unread(approved):
    with socket.create_connection(("127.0.0.1", approved.server.server_address[1])) as line:
        head = f"POST /iclock/cdata?SN={SERIAL}&table=ATTLOG HTTP/1.1\r\nContent-Length: {BODY_LIMIT + 1}\r\n\r\n"
        line.sendall(head.encode())
        assert line.recv(100).split()[1] == b"413"


@pytest.mark.parametrize("length", ["-1", "1e3", "", "99999999999", "٣"])
def test_a_length_that_is_none_is_refused(approved, length):
    with socket.create_connection(("127.0.0.1", approved.server.server_address[1])) as line:
        line.sendall(
            f"POST /iclock/devicecmd?SN={SERIAL} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        assert line.recv(100).split()[1] in (b"411", b"413")


@pytest.mark.obligation("F3")
@pytest.mark.parametrize("table", ["ATTPHOTO", "BIODATA", "FACE", "nonsense", "../x", ""])
def test_tables_that_nobody_looks_at_are_acknowledged_and_not_kept(approved, table):
    body = b"PIN=1\nFileName=1.jpg\0\xff\xd8" + b"SECRETFACE" * 100_000
    answer = ask(approved, "cdata", method="POST", params={"SN": SERIAL, "table": table}, content=body)
    assert answer.text == "OK\n"
    assert ask(approved, "fdata", method="POST", params={"SN": SERIAL}, content=body).text == "OK\n"
    disk = b"".join(path.read_bytes() for path in approved.folder.rglob("*") if path.is_file())
    assert b"SECRETFACE" not in disk


def test_other_paths_and_methods_are_nothing(approved):
    for path in ("../etc/passwd", "shell", "cdata/../x", "getrequest/x"):
        assert ask(approved, path, params={"SN": SERIAL}).status_code == 404
    assert httpx.get(f"{approved.address}/", params={"SN": SERIAL}).status_code == 404
    assert ask(approved, "cdata", method="PUT", params={"SN": SERIAL}).status_code == 501


def test_one_that_dawdles_and_floods_leaves_room_for_the_others(approved, monkeypatch):
    """Eight open lines of one machine; its ninth is turned away, another machine's first is not."""
    port = approved.server.server_address[1]
    lines = [
        socket.create_connection(("127.0.0.1", port), source_address=("127.0.0.3", 0)) for _ in range(12)
    ]
    time.sleep(0.3)
    turned_away = 0
    for line in lines:
        line.settimeout(0.2)
        try:
            turned_away += line.recv(1) == b""
        except TimeoutError:
            pass
    assert turned_away == 4
    assert approved.terminal.poll() == 200
    for line in lines:
        line.close()


def test_a_request_that_comes_a_byte_at_a_time_is_cut(approved, monkeypatch):
    monkeypatch.setattr("gate.terminals.serving.SLOWEST", 0.5)
    with socket.create_connection(("127.0.0.1", approved.server.server_address[1])) as line:
        begun = time.monotonic()
        gone = threading.Event()

        def drip():
            try:
                while not gone.wait(0.1):
                    line.sendall(b"G")
            except OSError:
                gone.set()

        threading.Thread(target=drip, daemon=True).start()
        line.settimeout(30)
        try:
            while line.recv(100):
                pass
        except OSError:
            pass
        gone.set()
    assert time.monotonic() - begun < 20
