"""Readers that pretend to be keyboards: every line that a device can type is read, and nothing else is."""

import fcntl
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.drivers import Gone, Kind, Shown
from gate.drivers.wedge import EVENT, EVIOCGRAB, LINE_LIMIT, Typing, Wedge
from tests.gate.keyboards import ENTER, KEY, SYN, event, pressed, typed

SIGNS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:;"
CARD = "04A2B3C4"


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def grabbed(monkeypatch):
    asked = []
    monkeypatch.setattr(fcntl, "ioctl", lambda fd, what, *rest: asked.append((what, *rest)))
    return asked


@pytest.fixture
def cable(tmp_path):
    """The end that the device types into."""
    os.mkfifo(tmp_path / "event0")
    fd = os.open(tmp_path / "event0", os.O_RDWR | os.O_NONBLOCK)
    yield fd
    os.close(fd)


@pytest.fixture
def wedge(tmp_path, cable, grabbed, clock):
    wedge = Wedge(tmp_path / "event0", kind=Kind.CARD, name="outside", now=clock)
    yield wedge
    wedge.close()


def lines(raw: bytes, kind=Kind.QR, now=lambda: 100.0):
    typing = Typing(kind)
    found = [
        typing.key(code, value, now()) for _, _, type_, code, value in EVENT.iter_unpack(raw) if type_ == KEY
    ]
    return [line for line in found if line is not None]


@given(st.text(SIGNS, min_size=1, max_size=LINE_LIMIT))
def test_it_reads_whatever_a_scanner_can_type(text):
    assert lines(typed(text)) == [text]


@given(st.lists(st.tuples(st.integers(0, 0x2FF), st.integers(-1, 2)), max_size=400))
def test_no_keys_make_it_fall_over_or_say_too_much(keys):
    raw = b"".join(event(KEY, code, value) for code, value in keys)
    for line in lines(raw):
        assert 0 < len(line) <= LINE_LIMIT
        assert set(line) <= set(SIGNS + "#")


def test_it_is_grabbed_and_says_who_read_what(wedge, cable, grabbed):
    assert grabbed == [(EVIOCGRAB, 1)]
    os.write(cable, typed(CARD))
    assert wedge.read() == [Shown(Kind.CARD, CARD, "outside")]
    assert wedge.read() == []


def test_what_cannot_be_grabbed_is_not_read(tmp_path, cable, monkeypatch):
    def busy(*asked):
        raise OSError(16, "busy")

    before = os.listdir("/proc/self/fd")
    monkeypatch.setattr(fcntl, "ioctl", busy)
    with pytest.raises(OSError, match="busy"):
        Wedge(tmp_path / "event0", kind=Kind.CARD, name="outside")
    assert os.listdir("/proc/self/fd") == before


def test_it_puts_together_what_comes_in_pieces(wedge, cable):
    raw, shown = typed(CARD), []
    for at in range(0, len(raw), 7):
        os.write(cable, raw[at : at + 7])
        shown += wedge.read()
    assert [each.text for each in shown] == [CARD]


def test_a_pulled_cable_is_told(tmp_path, grabbed):
    os.mkfifo(tmp_path / "event1")
    writer = os.open(tmp_path / "event1", os.O_RDWR)
    wedge = Wedge(tmp_path / "event1", kind=Kind.CARD, name="outside")
    os.close(writer)
    with pytest.raises(Gone):
        wedge.read()
    wedge.close()


def test_half_a_line_is_no_part_of_the_next(wedge, cable, clock):
    os.write(cable, typed("99", end=None))
    assert wedge.read() == []
    clock.now += 10
    os.write(cable, typed(CARD))
    assert [each.text for each in wedge.read()] == [CARD]


def test_what_the_kernel_lost_spoils_its_line_alone(wedge, cable):
    os.write(cable, typed("12", end=None) + event(SYN, 3, 0) + typed("34") + typed(CARD))
    assert [each.text for each in wedge.read()] == [CARD]


def test_a_line_without_an_end_is_dropped_whole(wedge, cable):
    shown = []
    for _ in range(40):
        os.write(cable, typed("1234567890", end=None))
        for _ in range(10):
            shown += wedge.read()
    os.write(cable, pressed(ENTER) + typed(CARD))
    for _ in range(20):
        shown += wedge.read()
    assert [each.text for each in shown] == [CARD]


def test_a_mad_reader_is_slowed_down(clock):
    typing, found = Typing(Kind.PIN), 0
    raw = typed("1")
    for _ in range(1000):
        for _, _, type_, code, value in EVENT.iter_unpack(raw):
            if type_ == KEY and typing.key(code, value, clock()) is not None:
                found += 1
        clock.now += 0.001
    assert found == 10 + 4  # at once, and five a second
    clock.now += 1
    assert len([1 for _ in range(5) if any(typing.key(c, 1, clock()) for c in (2, 28))]) == 5


def test_a_picture_that_is_seen_ten_times_is_shown_once(clock):
    raw = typed("LM1.abc") * 3
    assert lines(raw, now=clock) == ["LM1.abc"]
    assert lines(typed("LM1.abc") + typed("LM1.abd") + typed("LM1.abc"), now=clock) == [
        "LM1.abc",
        "LM1.abd",
        "LM1.abc",
    ]


def test_a_card_that_was_left_on_the_reader_is_shown_once(clock):
    typing, found = Typing(Kind.CARD), []
    for _ in range(100):
        for _, _, type_, code, value in EVENT.iter_unpack(typed(CARD)):
            if type_ == KEY and (line := typing.key(code, value, clock())) is not None:
                found.append(line)
        clock.now += 0.5
    assert found == [CARD]
    clock.now += 3
    assert [typing.key(code, 1, clock()) for code in (2, 28)][-1] == "1"


def test_two_of_one_household_may_type_the_same_pin_at_once():
    assert lines(typed("48213482915") * 2, kind=Kind.PIN) == ["48213482915"] * 2


def test_a_keypad_ends_with_pound_and_corrects_itself():
    raw = typed("482139", end=14) + typed("482915", end=523)
    assert lines(raw, kind=Kind.PIN) == ["48213482915"]
    assert lines(typed("123", end=1) + typed("77"), kind=Kind.PIN) == ["77"]
