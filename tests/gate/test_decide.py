"""Whether the door opens: by card, by face, by the hour, by the age of what the device knows."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from gate.decide import FACE_DISTANCE, Card, Match, Reason, Window, decide_card, decide_face

HANGZHOU = ZoneInfo("Asia/Shanghai")
EVERY_DAY = frozenset(range(1, 8))
ALWAYS = (Window(days=EVERY_DAY),)
MONDAY_NOON = datetime(2026, 3, 2, 12, 0, tzinfo=HANGZHOU)


def by_card(*windows: Window, now: datetime = MONDAY_NOON, zone: ZoneInfo = HANGZHOU):
    return decide_card(digest="d1", cards=[Card("c1", "d1", windows)], now=now, time_zone=zone)


def at_distance(credential: str, distance: float, windows=ALWAYS) -> Match:
    return Match(distance, credential, windows)


def by_face(*near: Match, now=MONDAY_NOON, **changes):
    rest = {"faces_used_here": True, "last_sync": now - timedelta(hours=1), "offline_hours": 24} | changes
    return decide_face(near=near, now=now, time_zone=HANGZHOU, **rest)


def test_a_known_card_opens():
    decision = by_card(*ALWAYS)
    assert (decision.open, decision.reason, decision.credential) == (True, Reason.ALLOWED, "c1")


def test_an_unknown_card_does_not():
    decision = decide_card(digest="d2", cards=[Card("c1", "d1", ALWAYS)], now=MONDAY_NOON, time_zone=HANGZHOU)
    assert (decision.open, decision.reason, decision.credential) == (False, Reason.UNKNOWN_CARD, None)


def test_a_card_without_hours_opens_nothing():
    assert by_card().reason is Reason.OUTSIDE_HOURS


@pytest.mark.parametrize(
    ("hour", "minute", "opens"),
    [(7, 59, False), (8, 0, True), (17, 59, True), (18, 0, False)],
)
def test_hours_include_their_beginning_and_not_their_end(hour, minute, opens):
    window = Window(days=EVERY_DAY, since=time(8), until=time(18))
    assert by_card(window, now=MONDAY_NOON.replace(hour=hour, minute=minute)).open is opens


@pytest.mark.parametrize(
    ("day", "hour", "opens"),
    [(2, 21, False), (2, 22, True), (3, 0, True), (3, 5, True), (3, 6, False), (3, 22, False), (2, 5, False)],
)
def test_hours_past_midnight_belong_to_the_day_they_began(day, hour, opens):
    monday_night = Window(days=frozenset({1}), since=time(22), until=time(6))
    assert by_card(monday_night, now=datetime(2026, 3, day, hour, tzinfo=HANGZHOU)).open is opens


def test_sunday_night_reaches_into_monday():
    sunday_night = Window(days=frozenset({7}), since=time(22), until=time(6))
    assert by_card(sunday_night, now=datetime(2026, 3, 2, 3, tzinfo=HANGZHOU)).open
    assert not by_card(sunday_night, now=datetime(2026, 3, 1, 3, tzinfo=HANGZHOU)).open


def test_equal_hours_other_than_midnight_wrap_all_the_way_round():
    assert by_card(Window(days=EVERY_DAY, since=time(9), until=time(9)), now=MONDAY_NOON.replace(hour=3)).open


def test_days_are_those_of_the_gate_and_not_of_the_device():
    sunday_evening_utc = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)  # Monday, 1:00, in Hangzhou
    monday = Window(days=frozenset({1}))
    assert by_card(monday, now=sunday_evening_utc).open
    assert not by_card(monday, now=sunday_evening_utc, zone=ZoneInfo("UTC")).open


def test_hours_hold_through_a_change_of_clocks():
    berlin = ZoneInfo("Europe/Berlin")
    window = Window(days=EVERY_DAY, since=time(1), until=time(4))
    assert by_card(
        window, now=datetime(2026, 3, 29, 1, 30, tzinfo=UTC), zone=berlin
    ).open  # 3:30, two is skipped


def test_validity_has_its_own_reasons():
    future = Window(days=EVERY_DAY, valid_from=MONDAY_NOON + timedelta(seconds=1))
    past = Window(days=EVERY_DAY, valid_until=MONDAY_NOON)
    assert by_card(future).reason is Reason.NOT_YET_VALID
    assert by_card(past).reason is Reason.NO_LONGER_VALID
    assert by_card(future, past, ALWAYS[0]).open


@pytest.mark.obligation("1", "2")
def test_a_card_works_however_long_the_gate_was_alone():
    assert by_card(*ALWAYS, now=MONDAY_NOON + timedelta(days=3650)).open


def test_a_near_face_opens_and_a_far_one_does_not():
    assert by_face(at_distance("c1", 0.3)).credential == "c1"
    assert by_face(at_distance("c1", FACE_DISTANCE)).reason is Reason.UNKNOWN_FACE
    assert by_face().reason is Reason.UNKNOWN_FACE


@pytest.mark.obligation("F22")
def test_a_face_at_the_librarys_distance_stays_outside():
    assert FACE_DISTANCE < 0.6
    assert not by_face(at_distance("c1", 0.5)).open


@pytest.mark.obligation("F22")
def test_two_people_alike_are_asked_for_a_card():
    assert by_face(at_distance("c1", 0.30), at_distance("c2", 0.32)).reason is Reason.AMBIGUOUS_FACE
    assert by_face(at_distance("c1", 0.30), at_distance("c2", 0.40)).credential == "c1"
    assert by_face(at_distance("c1", 0.43), at_distance("c2", 0.47)).credential == "c1"


def test_a_face_keeps_hours_too():
    night = (Window(days=EVERY_DAY, since=time(22), until=time(6)),)
    decision = by_face(at_distance("c1", 0.3, night))
    assert (decision.open, decision.reason, decision.credential) == (False, Reason.OUTSIDE_HOURS, "c1")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"faces_used_here": False}, Reason.FACES_NOT_USED_HERE),
        ({"last_sync": None}, Reason.FACES_TOO_LONG_OFFLINE),
        ({"last_sync": MONDAY_NOON - timedelta(hours=24, seconds=1)}, Reason.FACES_TOO_LONG_OFFLINE),
        ({"last_sync": MONDAY_NOON + timedelta(days=1)}, Reason.FACES_TOO_LONG_OFFLINE),
        ({"offline_hours": 0}, Reason.FACES_TOO_LONG_OFFLINE),
    ],
)
def test_faces_have_an_offline_life(change, reason):
    assert by_face(at_distance("c1", 0.1), **change).reason is reason


def test_faces_work_to_the_end_of_their_offline_life():
    assert by_face(at_distance("c1", 0.1), last_sync=MONDAY_NOON - timedelta(hours=24)).open
