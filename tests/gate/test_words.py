"""What a door says: for every reason, in both languages, what to do next and whom to call."""

import re

import pytest

from gate import words
from gate.decide import Decision, Reason
from gate.drivers import Colour

CALL = "0571 8800 1002"


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_sentence_in_both_languages_a_light_and_a_clip(reason):
    said = words.of(reason, call=CALL)
    assert re.search("[a-z]{3}", said.en)
    assert not re.search("[一-鿿]", said.en)
    assert re.search("[一-鿿]{2}", said.zh)
    assert said.clip == reason.value
    assert said.light in Colour


@pytest.mark.parametrize(
    "reason", [reason for reason in Reason if words.of(reason).light is not Colour.GREEN]
)
def test_whoever_is_not_let_in_is_told_whom_to_call(reason):
    told = words.of(reason, call=CALL)
    assert CALL in told.en
    assert CALL in told.zh
    without = words.of(reason)
    assert "property office" in without.en
    assert "物业" in without.zh


def test_green_is_for_what_opens_and_nothing_else():
    green = {reason for reason in Reason if words.of(reason).light is Colour.GREEN}
    assert green == {Reason.ALLOWED, Reason.OPENED_BY_STAFF, Reason.EMERGENCY}


def test_a_keypad_that_waits_says_for_how_long():
    decision = Decision(False, Reason.KEYPAD_WAITS, wait=8)
    said = words.of(decision.reason, wait=decision.wait)
    assert "8 s" in said.en
    assert "8 秒" in said.zh


def test_no_two_reasons_share_a_clip():
    clips = [words.of(reason).clip for reason in Reason]
    assert len(set(clips)) == len(clips)
