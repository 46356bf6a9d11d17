"""Visitors at a real agent, by code or at the keypad: within the window, and once where it is one trip."""

import pytest

from gate.decide import Reason
from tests.gate.passing import HOUR, during, later, restarted

NUMBER, PIN, OTHER = "48213", "482915", "739155"


def test_a_visitor_comes_and_goes_within_the_window(site, agent):
    visit = site.give_pin(NUMBER, PIN, kind="pass", windows=[during(-HOUR, HOUR)])
    agent.sync()
    text = site.token(visit, kind="pass", hours=1)
    assert [agent.show_qr(text).open for _ in range(3)] == [True] * 3
    assert [agent.show_pin(NUMBER + PIN).open for _ in range(3)] == [True] * 3
    later(agent, hours=1)
    assert agent.show_qr(text).reason is Reason.NO_LONGER_VALID  # by the window, to the second
    assert agent.show_pin(NUMBER + PIN).reason is Reason.NO_LONGER_VALID
    agent.sync()
    assert {event["kind"] for event in site.events.values()} == {"pass"}


@pytest.mark.parametrize("first", ["code", "keypad"])
def test_one_trip_opens_once_by_whichever(site, agent, first):
    trip = site.give_pin(NUMBER, PIN, kind="pass", windows=[during(-HOUR, HOUR)], once=True)
    agent.sync()
    shows = {
        "code": lambda: agent.show_qr(site.token(trip, kind="pass", once=True)),
        "keypad": lambda: agent.show_pin(NUMBER + PIN),
    }
    assert shows.pop(first)().open
    (other,) = shows.values()
    assert other().reason is Reason.CODE_USED
    again = restarted(agent)
    assert again.show_pin(NUMBER + PIN).reason is Reason.CODE_USED
    again.close()


def test_a_token_that_says_once_is_believed_even_before_the_row_does(site, agent):
    visit = site.give_pin(NUMBER, PIN, kind="pass", windows=[during(-HOUR, HOUR)])
    agent.sync()
    assert agent.show_qr(site.token(visit, kind="pass", once=True)).open
    assert agent.show_qr(site.token(visit, kind="pass", once=True)).reason is Reason.CODE_USED


def test_beside_an_old_controller_nothing_is_used_up(site, agent):
    code = site.give_qr()
    trip = site.give_pin(NUMBER, PIN, kind="pass", windows=[during(-HOUR, HOUR)], once=True)
    agent.sync()
    agent._store.remember(beside=1)
    text = site.token(code)
    for _ in range(2):
        assert agent.show_qr(text).reason is Reason.BESIDE
        assert agent.show_qr(site.token(trip, kind="pass", once=True)).reason is Reason.BESIDE
    agent._store.remember(beside=None)
    assert agent.show_qr(text).open
