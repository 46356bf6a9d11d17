"""That a terminal answered is no proof: a card taken back is confirmed to the site when the terminal shows it no more."""

import pytest

from gate.terminals.roster import WITNESS
from tests.terminals.conftest import CARD
from tests.terminals.test_cards_at_a_terminal import given

pytestmark = pytest.mark.obligation("9", "F7", "F16", "F20")


@pytest.fixture
def held(approved):
    """A card in the terminal, and shown by it."""
    credential = given(approved)
    approved.until(lambda: approved.own.status()["terminal"]["there"] == 1)
    return credential


def test_a_terminal_that_says_deleted_and_keeps_is_told_again_and_believed_last(approved, held):
    approved.terminal.habits.lies_about_deleting = 3
    approved.site.drop(held)
    approved.until(lambda: approved.terminal.habits.lies_about_deleting == 0)
    assert approved.terminal.show(CARD)
    assert held not in approved.receipts()
    approved.until(lambda: held in approved.receipts())
    assert not approved.terminal.show(CARD)
    assert approved.own.status()["unproven_erasures"] == 0


def test_a_terminal_that_shows_nobody_has_not_shown_that_somebody_is_gone(approved, held):
    approved.terminal.habits.lies_about_deleting = 10_000
    approved.terminal.habits.hides = 10_000
    approved.site.drop(held)
    approved.until(lambda: approved.terminal.habits.hides < 9_997)
    approved.polls(20)
    assert approved.terminal.show(CARD)
    assert approved.receipts() == []
    assert approved.own.status()["unproven_erasures"] == 1
    # Each round begins with no trouble, and ends with this one.
    approved.until(lambda: "not shown" in (approved.own.trouble or ""))
    approved.terminal.habits.hides = approved.terminal.habits.lies_about_deleting = 0
    approved.until(lambda: held in approved.receipts())
    assert not approved.terminal.show(CARD)


def test_lost_answers_delay_and_no_more(approved, held):
    approved.terminal.habits.loses_answers = 4
    approved.site.drop(held)
    approved.until(lambda: held in approved.receipts(), timeout=30)
    assert approved.terminal.habits.loses_answers == 0
    assert not approved.terminal.show(CARD)


def test_a_terminal_that_says_taken_and_takes_nobody_is_told_again(approved):
    approved.terminal.habits.lies_about_putting = 2
    given(approved)
    approved.until(lambda: approved.terminal.show(CARD), timeout=30)
    approved.until(lambda: approved.own.status()["terminal"]["there"] == 1)


def test_who_comes_back_is_deleted_again(approved, held):
    number = next(number for number, person in approved.terminal.users.items() if person.card == CARD)
    copy = approved.terminal.users[number]
    approved.site.drop(held)
    approved.until(lambda: held in approved.receipts())
    approved.terminal.users[number] = copy  # from a copy on a stick
    approved.terminal.tell_of(number)
    approved.until(lambda: not approved.terminal.show(CARD))
    approved.until(lambda: approved.own.status()["terminal"]["gone"] == 1)


def test_without_its_witness_nobody_is_gone_and_it_is_put_again(approved, held):
    (witness,) = (
        row[0] for row in approved.own.memory.all("SELECT number FROM users WHERE kind = ?", WITNESS)
    )
    del approved.terminal.users[witness]
    approved.site.drop(held)
    approved.until(lambda: held in approved.receipts(), timeout=30)
    assert witness in approved.terminal.users
    assert not approved.terminal.show(CARD)


def test_what_was_told_before_a_power_cut_is_known_after_it(approved, held):
    approved.terminal.habits.loses_answers = 1
    approved.site.drop(held)
    approved.until(lambda: not approved.terminal.show(CARD))
    approved.restart()
    approved.until(lambda: held in approved.receipts())


def test_a_card_given_again_while_it_was_going_stays(approved, held):
    approved.terminal.habits.hides = 6
    approved.site.drop(held)
    approved.until(lambda: not approved.holds(held))
    approved.site.give_card(str(CARD), held)
    approved.until(lambda: approved.holds(held))
    approved.gateway.learn(text=str(CARD))
    approved.until(lambda: approved.terminal.show(CARD))
    approved.until(lambda: approved.own.status()["unproven_erasures"] == 0)
    approved.polls()
    assert approved.terminal.show(CARD)
