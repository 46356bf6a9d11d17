"""systemd is told that the service lives while the door answers and the site is followed, and only then."""

import os
import socket
import threading
import time

import pytest

from gate import poller
from gate.drivers import Kind, Shown
from gate.poller import Poller
from gate.serving import serve
from gate.watchdog import Notifier
from gate.wiring import Part
from tests.gate.boards import Finger, Moved, wiring


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """Its end of the socket."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listening.bind(str(tmp_path / "notify"))
    listening.settimeout(15)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "600000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    yield listening
    listening.close()


def hears(systemd, seconds=15):
    """The next word; a busy machine takes its time."""
    systemd.settimeout(seconds)
    return systemd.recv(1000).decode()


def heard(systemd, seconds):
    """What was said from now on, for so long."""
    systemd.setblocking(False)
    try:
        while systemd.recv(1000):
            pass
    except BlockingIOError:
        pass
    systemd.settimeout(0.05)
    said, ends = [], time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            said.append(systemd.recv(1000).decode())
        except TimeoutError:
            pass
    return said


class Following:
    """A thread that follows the site, or stands still."""

    is_moving = True

    def start(self):
        self.started = True

    def stop(self):
        pass


@pytest.fixture
def service(agent, tmp_path):
    following, stop, finger, relay = Following(), threading.Event(), Finger(), Moved()
    board = wiring(tmp_path, relay=lambda: relay, readers=(Part("finger", lambda: finger),))
    thread = threading.Thread(
        target=serve, kwargs={"agent": agent, "wiring": board, "poller": following, "stop": stop}
    )

    class Service:
        pass

    service = Service()
    service.following, service.finger, service.thread, service.stop = following, finger, thread, stop
    service.relay = relay
    yield service
    stop.set()
    thread.join(10)


def test_it_is_ready_alive_and_stopping(systemd, service):
    service.thread.start()
    assert systemd.recv(1000).decode().startswith("READY=1\nSTATUS=")
    assert systemd.recv(1000).decode().startswith("WATCHDOG=1\nSTATUS=in touch with the site")
    service.stop.set()
    while (said := hears(systemd)) != "STOPPING=1":
        assert said.startswith("WATCHDOG=1")


def test_it_is_silent_when_the_site_is_not_followed_any_more(systemd, service):
    service.thread.start()
    assert systemd.recv(1000).startswith(b"READY=1")
    service.following.is_moving = False
    time.sleep(1.5)  # what was under way
    assert heard(systemd, 1.5) == []
    service.following.is_moving = True
    assert hears(systemd).startswith("WATCHDOG=1")


def test_it_is_silent_when_the_door_stands_still(systemd, service, agent, monkeypatch):
    hangs, goes_on = threading.Event(), threading.Event()

    def stuck(number):
        hangs.set()
        goes_on.wait(20)
        raise OSError

    monkeypatch.setattr(agent, "show_card", stuck)
    service.thread.start()
    assert systemd.recv(1000).startswith(b"READY=1")
    service.finger.does(Shown(Kind.CARD, "1234"))
    assert hangs.wait(15)
    assert heard(systemd, 1.5) == []
    goes_on.set()
    assert hears(systemd).startswith("WATCHDOG=1")


def test_it_speaks_in_the_abstract_namespace_too_and_as_often_as_asked():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0linmen-test-{os.getpid()}")
        systemd.settimeout(2)
        clock = [0.0]
        asked = {"NOTIFY_SOCKET": f"@linmen-test-{os.getpid()}", "WATCHDOG_USEC": "30000000"}
        notifier = Notifier(asked, now=lambda: clock[0])
        for _ in range(35):
            notifier.alive("well")
            clock[0] += 1
        said = []
        systemd.setblocking(False)
        try:
            while True:
                said.append(systemd.recv(1000))
        except BlockingIOError:
            pass
        assert said == [b"WATCHDOG=1\nSTATUS=well"] * 4


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"NOTIFY_SOCKET": "/nowhere/socket"},
        {"WATCHDOG_USEC": "x"},
        {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"},
    ],
)
def test_where_nobody_listens_nothing_happens(asked):
    notifier = Notifier(asked)
    notifier.ready("well")
    notifier.alive("well")
    notifier.stopping()


def test_a_poller_moves_until_its_round_hangs_or_its_thread_ends(agent, monkeypatch):
    monkeypatch.setattr(poller, "LONGEST_ROUND", 2.0)
    monkeypatch.setattr(poller, "LATE", 2.0)
    goes_on, began = threading.Event(), threading.Event()
    honest = agent.sync

    def hangs(*, ask):
        began.set()
        goes_on.wait(20)
        return honest(ask=ask)

    following = Poller(agent, None, 0.05)
    assert not following.is_moving
    monkeypatch.setattr(agent, "sync", hangs)
    following.start()
    assert began.wait(15)
    assert following.is_moving
    ends = time.monotonic() + 15
    while following.is_moving and time.monotonic() < ends:
        time.sleep(0.02)
    assert not following.is_moving
    monkeypatch.setattr(agent, "sync", lambda *, ask: 0.01)
    goes_on.set()
    ends = time.monotonic() + 15
    while not following.is_moving and time.monotonic() < ends:
        time.sleep(0.02)
    assert following.is_moving
    following.stop()
    assert not following.is_moving


def test_the_lock_is_at_rest_when_the_service_has_ended(service):
    closed = []
    service.relay.close = lambda: closed.append(True)
    service.thread.start()
    service.stop.set()
    service.thread.join(10)
    assert closed == [True]
