"""Each parser, with what real terminals send and with whatever hypothesis thinks of."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gate.terminals import cards, commands, records, times
from gate.terminals.cards import Notation

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.obligation("F20")


def test_an_entry_as_terminals_write_it():
    (passed,), unread = records.passages(b"21\t2026-03-29 02:30:00\t0\t2\t0\t0\t0\r\n")
    assert (passed.number, passed.wall, unread) == ("21", datetime(2026, 3, 29, 2, 30), 0)


def test_somebody_as_terminals_write_them_and_never_a_name():
    body = (
        "USER PIN=4\tName=张三\tPri=0\tPasswd=1234\tCard=[15CD5B0700]\tGrp=1\tTZ=0000000100000000\tVerify=1\n"
        "USER PIN=5\tName=\tPri=14\tPasswd=\tCard=123456789\n"
        "USER PIN=6\tName=x\tPri=0\tPasswd=\tCard=[0000000000]\n"
        "FP PIN=4\tFID=6\tSize=1488\tValid=1\tTMP=QUJD\n"
        "OPLOG 30\t0\t2026-06-25 16:28:28\t4\t0\t0\t0\n"
    )
    for encoding in ("utf-8", "gb18030"):
        first, second, third = records.users(body.encode(encoding))
        assert first == records.User("4", 123456789, "1234", False)
        assert second == records.User("5", 123456789, None, True)
        assert third.card is None


def test_answers_come_several_at_once_and_with_more_than_was_asked():
    body = b"ID=28&Return=0&CMD=DATA\nID=29&Return=-1002&CMD=DATA\r\n~DeviceName=X\nID=x&Return=0\n"
    assert records.answers(body) == [records.Answer(28, 0), records.Answer(29, -1002)]


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=3000))
def test_whatever_comes_is_read_or_passed_over(body):
    passed, unread = records.passages(body)
    assert unread >= 0
    for one in passed:
        assert re.fullmatch(r"[A-Za-z0-9_\-]{1,24}", one.number)
    for user in records.users(body):
        assert re.fullmatch(r"[A-Za-z0-9_\-]{1,24}", user.number)
        assert user.card is None or 0 < user.card <= records.HIGHEST_CARD
    records.answers(body)


LINES = st.lists(
    st.one_of(
        st.text(alphabet="0123456789ABC=\t -:[]\r\0", max_size=60),
        st.builds("USER PIN={}\tName={}\tCard={}\tPasswd={}".format, *[st.text(max_size=20)] * 4),
        st.builds("{}\t2026-{}-01 00:00:00\t{}".format, *[st.text(max_size=12)] * 3),
        st.builds("ID={}&Return={}&CMD={}".format, *[st.text(max_size=12)] * 3),
    ),
    max_size=10,
)


@settings(max_examples=400, deadline=None)
@given(LINES)
def test_lines_that_are_nearly_right_are_read_or_passed_over(lines):
    body = "\n".join(lines).encode("utf-8", "replace")
    for one in records.passages(body)[0]:
        assert "\t" not in one.number
    for user in records.users(body):
        assert user.number.isascii()
        assert user.password is None or user.password.isdigit()
    for answer in records.answers(body):
        assert isinstance(answer.result, int)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=1500))
def test_any_query_is_a_serial_number_or_unreadable(query):
    try:
        asked = records.asked(query)
    except records.Unreadable:
        return
    assert records.is_serial(asked.serial)
    assert re.fullmatch(r"[A-Z]{0,20}", asked.table)


# What is told to them.

ANYTHING = st.one_of(st.text(max_size=30), st.from_regex(r"[0-9]{1,9}[\t\n\r ]?[A-Z=]{0,9}"), st.just("7"))
COMMAND = re.compile(
    r"(DATA UPDATE USERINFO PIN=[0-9]{1,9}\tName=\tPri=0\tPasswd=[0-9]*\tCard=[0-9]*\tGrp=1\tTZ=[0-9]{16})"
    r"|(DATA (DELETE|QUERY) USERINFO PIN=[A-Za-z0-9_\-]{1,24})|(DATA QUERY USERINFO)|CHECK"
)


@settings(max_examples=500, deadline=None)
@given(ANYTHING, st.one_of(st.none(), st.integers()), st.one_of(st.none(), ANYTHING))
def test_no_field_becomes_a_command(user, card, password):
    for make in (
        lambda: commands.put(user, card=card, password=password),
        lambda: commands.delete(user),
        lambda: commands.ask(user),
    ):
        try:
            command = make()
        except commands.CannotBeSaid:
            continue
        assert COMMAND.fullmatch(command)
        assert commands.line(12, command).count("\n") == 1


def test_there_is_no_command_that_runs_anything():
    for path in (ROOT / "gate" / "terminals").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"[\"'f]\S*(SHELL|Shell |PutFile|GetFile|REBOOT|CLEAR DATA|ENROLL|AC_UNLOCK)", text
        ), path


# Cards.


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 2**56 - 1), st.sampled_from(list(Notation)))
def test_a_card_is_the_same_there_and_back(card, notation):
    said = [text for text in cards.spellings(card, notation) if len(text) >= 4]
    assert said or (notation is Notation.PAIR and card >= 2**24)
    assert all(cards.number_of(text, notation) == card for text in said)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40), st.sampled_from(list(Notation)))
def test_what_is_no_card_is_refused(text, notation):
    try:
        assert 0 < cards.number_of(text, notation) <= records.HIGHEST_CARD
    except cards.NoSuchNumber:
        pass


@pytest.mark.parametrize(
    ("text", "notation", "card"),
    [
        ("0123456789", Notation.DECIMAL, 123456789),
        ("075BCD15", Notation.HEX, 123456789),
        ("15:CD:5B:07", Notation.TURNED, 123456789),
        ("091 52501", Notation.PAIR, (91 << 16) + 52501),
    ],
)
def test_numbers_as_readers_write_them(text, notation, card):
    assert cards.number_of(text, notation) == card


# Times.


BERLIN = ZoneInfo("Europe/Berlin")


def test_a_wall_clock_becomes_a_moment():
    assert times.moment(datetime(2026, 1, 1, 8), ZoneInfo("Asia/Shanghai")) == datetime(
        2026, 1, 1, tzinfo=UTC
    )
    assert times.moment(datetime(2026, 7, 1, 8), BERLIN) == datetime(2026, 7, 1, 6, tzinfo=UTC)


def test_the_hour_that_comes_twice_is_told_apart_by_what_came_before():
    twice = datetime(2026, 10, 25, 2, 30)
    first = times.moment(twice, BERLIN)
    assert first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert times.moment(twice, BERLIN, after=first - timedelta(hours=3)) == first
    assert times.moment(twice, BERLIN, after=first + timedelta(minutes=20)) == first + timedelta(hours=1)


def test_the_hour_that_never_comes_is_a_clock_not_yet_put_forward():
    assert times.moment(datetime(2026, 3, 29, 2, 30), BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@settings(max_examples=300, deadline=None)
@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),
    st.sampled_from(
        ["Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe", "Asia/Shanghai"]
    ),
)
def test_every_moment_comes_back_from_its_wall_clock(naive, name):
    zone = ZoneInfo(name)
    at = naive.replace(microsecond=0, tzinfo=UTC)
    wall = at.astimezone(zone).replace(tzinfo=None)
    found = times.moment(wall, zone, after=at - timedelta(seconds=1))
    assert found == at or (
        found < at
        and found.astimezone(zone).replace(tzinfo=None) == wall
        and found >= at - timedelta(seconds=1)
    )


def test_the_offset_is_told_in_hours_or_minutes():
    now = datetime(2026, 7, 1, tzinfo=UTC)
    said = {
        name: times.time_zone_option(times.offset_minutes(ZoneInfo(name), now))
        for name in ("Asia/Shanghai", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "UTC")
    }
    assert said == {
        "Asia/Shanghai": "8",
        "Europe/Berlin": "2",
        "Asia/Kolkata": "330",
        "America/St_Johns": "-150",
        "UTC": "0",
    }
