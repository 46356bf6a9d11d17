"""Wrong PINs make a keypad wait, longer and longer and never for ever; nobody can clear that for guessing's sake."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate import keypad
from gate.keypad import FREE_ATTEMPTS, LONGEST_WAIT, Patience

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def after(wrong: int, at=NOON) -> Patience:
    patience = Patience()
    for _ in range(wrong):
        patience = patience.tried(at)
    return patience


def test_the_first_few_cost_nothing_and_then_it_doubles_up_to_a_minute():
    waits = [after(wrong).waits(NOON) for wrong in range(1, 12)]
    assert waits == [0] * (FREE_ATTEMPTS - 1) + [2, 4, 8, 16, 32, 60, 60, 60, 60]


@given(st.integers(0, 10**6), st.integers(-(10**9), 10**9))
def test_it_never_waits_for_longer_than_the_longest_whatever_the_clock_does(wrong, jump):
    patience = Patience(wrong).tried(NOON)
    then = NOON + timedelta(seconds=jump)
    assert 0 <= patience.waits(then) <= LONGEST_WAIT
    assert patience.settled(then).waits(then + timedelta(seconds=LONGEST_WAIT)) == 0


def test_a_right_one_clears_it():
    assert after(9).right(NOON).waits(NOON) == 0
    assert after(9).right(NOON).wrong == 0


def test_but_not_again_and_again():
    """Whoever has a PIN or passes of their own guesses, clears, guesses, clears."""
    cleared = after(3).right(NOON)
    again = cleared.tried(NOON).tried(NOON)
    soon = NOON + timedelta(minutes=9)
    assert again.right(soon) == again
    assert again.right(NOON + timedelta(minutes=10)).wrong == 0


def test_guesses_of_an_insider_are_as_slow_as_anybodys():
    """A day of guessing with a valid PIN at hand: three, then as fast as the keypad lets one."""
    now, patience, guesses = NOON, Patience(), 0
    while now < NOON + timedelta(days=1):
        before = patience
        patience = patience.tried(now)
        guesses += 1
        if wait := patience.waits(now):
            now += timedelta(seconds=wait)
        own = patience
        patience = own.right(now) if own.waits(now) == 0 else own
        now += timedelta(seconds=1)
        assert patience != before or patience.wrong == 0
    assert guesses < 24 * 60 * 2


@pytest.mark.parametrize(
    "verifier",
    [
        "",
        "plain",
        "$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaA",
        "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaA",
        "$argon2id$v=19$m=19456,t=2000,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaA",
        "$argon2id$" + "A" * 300,
    ],
)
def test_a_row_cannot_ask_for_more_than_a_device_can_pay(verifier):
    assert not keypad.is_verifier(verifier)


def test_ours_can_be_paid():
    assert keypad.is_verifier(keypad.hash_pin("483920"))
    assert keypad.is_verifier(keypad.nobodys())
