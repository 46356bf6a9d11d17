"""Where a face is not enough: it says whose card or PIN is to follow, at the same door, within seconds."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gate.decide import Match, Reason, Window, decide_face
from gate.seconding import Asked, Button
from tests.gate.pictures import drawn, enrolled
from tests.gate.test_process import Door

CARD, NUMBER, PIN = "04A2B3C4", "48213", "482915"
TWINS_NUMBER, TWINS_PIN = "55555", "739155"
HOLDER, TWIN = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
ALWAYS = (Window(days=frozenset(range(1, 8))),)


def decide(*near, **also):
    return decide_face(
        near=near,
        now=NOW,
        time_zone=ZoneInfo("Asia/Shanghai"),
        faces_used_here=True,
        last_sync=NOW,
        offline_hours=24,
        **also,
    )


@pytest.fixture
def risky(site, agent):
    """A high-risk door that one person passes by face, PIN and card, and another by PIN."""
    site.says = {"high_risk": True, "second_factor": True}
    site.give_face(enrolled(drawn(0), drawn(0, 1)), holder=HOLDER)
    site.pin = site.give_pin(NUMBER, PIN, holder=HOLDER)
    site.other = site.give_pin(TWINS_NUMBER, TWINS_PIN, holder=TWIN)
    site.card = site.give_card(CARD)
    agent.sync()
    return agent


@pytest.mark.obligation("1", "2")
def test_a_face_alone_never_opens_a_high_risk_door(risky):
    seen = risky.show_photo(drawn(0, 2))
    assert (seen.open, seen.reason, seen.credential) == (False, Reason.SECOND_FACTOR, None)


def test_the_pin_alone_opens_after_the_face(risky, site):
    risky.show_photo(drawn(0, 2))
    opened = risky.show_pin(PIN)
    assert (opened.open, opened.credential) == (True, site.pin)
    assert risky.show_pin(PIN).reason is Reason.UNREADABLE_PIN  # once


def test_without_a_face_the_pin_alone_is_nothing(risky):
    assert risky.show_pin(PIN).reason is Reason.UNREADABLE_PIN


def test_somebody_elses_pin_alone_does_not_open(risky):
    risky.show_photo(drawn(0, 2))
    assert risky.show_pin(TWINS_PIN).reason is Reason.WRONG_PIN


def test_guessing_after_a_face_makes_the_keypad_wait(risky):
    risky.show_photo(drawn(0, 2))
    for guess in ("739156", "739157", "739158"):
        assert risky.show_pin(guess).reason is Reason.WRONG_PIN
    assert risky.show_pin(PIN).reason is Reason.KEYPAD_WAITS


def test_it_is_over_after_fifteen_seconds(risky):
    risky.show_photo(drawn(0, 2))
    risky._clock._anchor += timedelta(seconds=14)
    assert risky._asked.of("keypad", now=risky._clock.now())
    risky._clock._anchor += timedelta(seconds=1)
    assert risky.show_pin(PIN).reason is Reason.UNREADABLE_PIN


def test_it_counts_at_the_same_door_only(risky):
    risky.show_photo(drawn(0, 2), at_door="outside")
    assert risky.show_pin(PIN, at_keypad="inside").reason is Reason.UNREADABLE_PIN
    assert risky.show_pin(PIN, at_keypad="outside").open


@pytest.mark.obligation("2", "3")
def test_who_shows_no_face_passes_by_card_or_pin_as_anywhere(risky, site):
    assert risky.show_card(CARD).credential == site.card
    assert risky.show_pin(TWINS_NUMBER + TWINS_PIN).credential == site.other
    risky.show_photo(drawn(0, 2))
    assert risky.show_card(CARD).open


def test_a_high_risk_door_asks_for_more_even_if_nobody_said_so(site, agent):
    site.says = {"high_risk": True}
    site.give_face(enrolled(drawn(0), drawn(0, 1)))
    agent.sync()
    assert agent.show_photo(drawn(0, 2)).reason is Reason.SECOND_FACTOR


def test_elsewhere_a_face_goes_on_opening(site, agent):
    face = site.give_face(enrolled(drawn(0), drawn(0, 1)))
    agent.sync()
    assert agent.show_photo(drawn(0, 2)).credential == face


def test_look_alikes_are_all_asked_and_each_opens_by_their_own():
    twins = decide(Match(0.2, "a", ALWAYS, HOLDER), Match(0.22, "b", ALWAYS, TWIN), second_factor=True)
    assert (twins.open, twins.reason, twins.holders) == (False, Reason.AMBIGUOUS_FACE, {HOLDER, TWIN})
    far = decide(Match(0.2, "a", ALWAYS, HOLDER), Match(0.4, "b", ALWAYS, TWIN), second_factor=True)
    assert (far.reason, far.holders) == (Reason.SECOND_FACTOR, {HOLDER})


def test_outside_their_hours_nobody_is_asked_for_more():
    never = (Window(days=frozenset()),)
    assert decide(Match(0.2, "a", never, HOLDER), second_factor=True).reason is Reason.OUTSIDE_HOURS


def test_a_pin_after_look_alikes_is_that_of_one_of_them(risky, site):
    risky._asked.ask(frozenset({HOLDER, TWIN}), at_door="keypad", now=risky._clock.now())
    assert risky.show_pin(TWINS_PIN).credential == site.other


def test_who_was_seen_is_not_reported(risky, site):
    risky.show_photo(drawn(0, 2))
    risky.sync()
    (event,) = [each for each in site.events.values() if each["kind"] == "face"]
    assert (event["credential"], event["outcome"], event["reason"]) == (None, "refused", "second_factor")


def test_a_clock_set_back_makes_it_no_longer():
    asked = Asked()
    asked.ask(frozenset({HOLDER}), at_door="a", now=NOW)
    assert asked.of("a", now=NOW - timedelta(hours=1)) == frozenset()


@pytest.mark.obligation("19")
def test_a_picture_without_the_button_is_not_even_read(site, tmp_path):
    site.give_face(enrolled(drawn(0), drawn(0, 1)))
    photo = tmp_path / "frame.jpg"
    photo.write_bytes(drawn(0, 2))
    door = Door(tmp_path / "state", "--server", site.address, "--pair-code", "CODE-1")
    try:
        door.ask(sync=True)
        assert door.ask(photo=str(photo))["reason"] == "scan_not_asked"
        assert door.look(photo)["open"] is True
        assert door.ask(photo=str(photo))["reason"] == "scan_not_asked"  # one press, one picture
    finally:
        door.end()


@pytest.mark.obligation("19")
def test_a_press_is_good_for_ten_seconds():
    button = Button()
    button.press("a", now=100.0)
    assert not button.takes("b", now=101.0)
    assert not button.takes("a", now=110.0)
    button.press("a", now=100.0)
    assert button.takes("a", now=109.9)
    assert not button.takes("a", now=109.9)
