"""An agent keeps a question open: what comes is stored, and where nobody waits it costs nothing but that."""

import threading
import time

import pytest

from gate import waiting
from gate.client import Unreachable
from gate.following import Waited
from gate.poller import Poller
from gate.waiting import AGAIN_AFTER, LONGEST, SHORTEST, Waiting

CARD = "04:A2:B3:C4:D5:E6:F7"


@pytest.fixture
def holding(site, agent):
    """The site waits, for at most as long as it is asked to and a tenth of a second."""
    site.give_card("5555")
    agent.sync()
    plain = site.do_feed

    def feed(asked, body):
        until = time.monotonic() + min(0.1, int(asked.get("wait", 0)))
        status, answer = plain(asked, body)
        while "wait" in asked and not answer.get("rows") and time.monotonic() < until:
            time.sleep(0.01)
            status, answer = plain(asked, body)
        return status, answer | ({"held": True, "poll_after": 0} if "wait" in asked else {})

    site.do_feed = feed
    return agent


@pytest.fixture
def heard():
    return []


def test_what_comes_is_stored_and_a_round_is_due(site, holding, heard):
    thread = Waiting(holding, lambda: heard.append(1))
    assert thread.once() == 0.0
    assert (thread.well, heard) == (True, [])
    site.give_card(CARD)
    assert thread.once() == 0.0
    assert heard == [1]
    assert holding.show_card(CARD).open
    assert site.asked[-1][2].endswith(f"&wait={LONGEST}")


@pytest.mark.obligation("F7", "9")
def test_an_erasure_that_comes_is_confirmed_by_the_round_after_it(site, holding, heard):
    card = site.give_card(CARD)
    holding.sync()
    site.drop(card)
    Waiting(holding, lambda: heard.append(1)).once()
    assert heard == [1]
    before = len(site.asked)
    holding.sync(ask=False)
    # It reports, and asks nothing.
    assert [path for _, path, _ in site.asked[before:]] == ["receipts"]
    assert not holding.show_card(CARD).open
    assert [receipt["credential"] for receipt in site.receipts] == [card]


def test_a_site_that_does_not_wait_is_asked_now_and_then(site, agent, heard):
    agent.sync()
    thread = Waiting(agent, lambda: heard.append(1))
    assert AGAIN_AFTER / 2 <= thread.once() <= AGAIN_AFTER
    assert not thread.well
    assert agent.trouble is None


def test_a_silence_that_is_cut_costs_a_try_and_the_next_is_shorter(site, holding, heard, monkeypatch):
    monkeypatch.setattr(waiting, "CUT_AFTER", 0.0)
    thread = Waiting(holding, lambda: heard.append(1))
    site.mischief = lambda status, headers, raw: (504, {}, b"<html>")
    assert thread.once() > 0
    assert (thread.well, thread.seconds) == (False, LONGEST // 2)
    for _ in range(5):
        thread.once()
    assert thread.seconds == SHORTEST
    assert holding.trouble is None  # a round will say what is wrong, if anything is
    site.mischief = None
    assert thread.once() == 0.0
    assert thread.seconds > SHORTEST
    holding.sync()
    assert holding.trouble is None


def test_before_it_knows_anything_it_does_not_wait(site, agent, heard):
    assert 0 < Waiting(agent, lambda: heard.append(1)).once() <= 1
    assert not [path for _, path, _ in site.asked if path == "feed"]


def test_before_it_is_paired_it_looks_again_soon(unpaired, heard):
    assert 0 < Waiting(unpaired, lambda: heard.append(1)).once() <= 1


def test_an_answer_from_where_it_is_no_longer_is_dropped(site, holding, heard):
    """A round went ahead meanwhile, and what comes late would take back what it brought."""
    plain, late = site.do_feed, []

    def feed(asked, body):
        if "wait" in asked:
            late.append(plain(asked, body))
            site.do_feed = plain
            site.give_card(CARD)
            holding.sync()
            return late[0]
        return plain(asked, body)

    site.do_feed = feed
    cursor = holding._store.fact("cursor")
    Waiting(holding, lambda: heard.append(1)).once()
    assert holding._store.fact("cursor") != cursor
    assert holding.show_card(CARD).open
    assert heard == [1]


def test_an_answer_that_comes_too_late_is_not_believed(site, agent, monkeypatch):
    from gate import client

    monkeypatch.setattr(client, "WHOLE_SECONDS", -1.0)
    site.give_card(CARD)
    agent.sync()
    assert "does not end" in agent.trouble
    assert agent.status()["cards"] == 0


def test_moved_to_another_address_while_it_waits_it_waits_there(site, holding, heard):
    """A round closes the line in the middle of the question, and the next question is asked at the new address."""
    plain = site.do_feed

    def feed(asked, body):
        if "wait" in asked:
            site.do_feed = plain
            holding.move(server=site.address.replace("127.0.0.1", "localhost"))
        return plain(asked, body)

    site.do_feed = feed
    thread = Waiting(holding, lambda: heard.append(1))
    thread.once()
    site.give_card(CARD)
    assert thread.once() == 0.0
    assert holding.show_card(CARD).open


def test_a_line_that_is_closed_is_no_reason_to_end(site, agent):
    agent.sync()
    line, who = agent._site._connection()
    line.close()
    with pytest.raises(Unreachable, match="closed"):
        line.get(who, "feed", {})


@pytest.mark.obligation("F7")
def test_if_the_waiting_ends_for_whatever_reason_rounds_ask_again(site, holding, monkeypatch):
    """Or a gate would hear of nothing any more, and say that all is well."""
    monkeypatch.setattr(threading, "excepthook", lambda told: None)
    poller = Poller(holding, None, None)
    monkeypatch.setattr(holding, "wait", lambda seconds: Waited(held=True, news=False))
    poller._waiting.once()
    poller._ask = False
    poller._round()
    before = len(site.asked)
    assert poller._waiting.well
    poller._round()
    assert "feed" not in [path for _, path, _ in site.asked[before:]]

    def fails(seconds):
        raise RuntimeError("something nobody thought of")

    monkeypatch.setattr(holding, "wait", fails)
    poller._waiting.start()
    poller._waiting.join(20)
    before = len(site.asked)
    poller._round()
    assert "feed" in [path for _, path, _ in site.asked[before:]]
