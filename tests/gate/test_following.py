"""An agent follows its site page by page, begins again where it must, and believes only signatures."""

import time
import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gate import wire
from gate.agent import LONGEST_BACKOFF
from gate.decide import Reason

CARD = "04:A2:B3:C4:D5:E6:F7"


# The feed.


def test_it_reads_page_after_page(site, agent):
    site.page_rows = 3
    for n in range(10):
        site.give_card(f"1000{n}")
    agent.sync()
    assert agent.status()["cards"] == 10
    before = len(site.asked)
    agent.sync()
    assert [path for _, path, _ in site.asked[before:]] == ["feed"]


@pytest.mark.parametrize("how", ["too old", "from the future"])
def test_it_begins_again_with_a_snapshot_and_keeps_doors_open_meanwhile(site, agent, how):
    card, lost = site.give_card(CARD), site.give_card("5555")
    agent.sync()
    del site.rows[lost]
    if how == "too old":
        site.kept_from = 100
        site.version = 100
    else:
        site.version = 1
    assert agent.show_card(CARD).open
    agent.sync()
    assert agent.show_card(CARD).credential == card
    assert agent.show_card("5555").reason is Reason.UNKNOWN_CARD
    assert [receipt["credential"] for receipt in site.receipts] == [lost]


def test_changes_may_follow_a_snapshot_that_has_just_ended(site, agent):
    held, lost = site.give_card(CARD), site.give_card("5555")
    agent.sync()
    agent._store.forget_cursor()
    del site.rows[lost]
    honest = site.do_feed

    def feed(asked, body):
        status, answer = honest(asked, body)
        if "cursor" not in asked:
            answer["more"] = True
            site.give_card("6666")
        return status, answer

    site.do_feed = feed
    agent.sync()
    assert agent.show_card(CARD).credential == held
    assert agent.show_card("6666").open
    assert agent.show_card("5555").reason is Reason.UNKNOWN_CARD
    assert [receipt["credential"] for receipt in site.receipts] == [lost]


def test_a_signed_page_that_makes_no_sense_changes_nothing(site, agent):
    site.give_card(CARD)
    agent.sync()
    good = site.sealed
    site.give_card("7777")
    site.sealed = lambda row: good(row) | {"windows": [{"days": [9]}]}
    agent.sync()
    assert "cannot be read" in agent.trouble
    assert agent.status()["cards"] == 1
    site.sealed = good
    agent.sync()
    assert agent.trouble is None
    assert agent.status()["cards"] == 2


# Whom it believes.


def resigned(key):
    def mischief(status, headers, raw):
        return status, wire.sign_response(key=key, status=status, body=raw, created=int(time.time())), raw

    return mischief


def changed(headers, raw):
    return headers, raw.replace(b'"present": true', b'"present": null')


@pytest.mark.obligation("F20")
@pytest.mark.parametrize(
    "mischief",
    [
        lambda status, headers, raw: (status, {}, raw),
        lambda status, headers, raw: (status, *changed(headers, raw)),
        lambda status, headers, raw: (201, headers, raw),
        lambda status, headers, raw: (200, headers, b"[]"),
        lambda status, headers, raw: (302, {"Location": "http://127.0.0.1:1/"}, b""),
        lambda status, headers, raw: (500, {}, b"<html>"),
        resigned(Ed25519PrivateKey.generate()),
        "silence",
    ],
    ids=["unsigned", "changed", "status", "body", "redirect", "error", "other key", "silence"],
)
def test_it_believes_no_answer_but_the_sites_own(site, agent, mischief):
    site.give_card(CARD)
    site.mischief = mischief
    agent.sync()
    assert agent.trouble
    assert agent.status()["cards"] == 0
    site.mischief = None
    agent.sync()
    assert agent.status()["cards"] == 1


@pytest.mark.obligation("F20")
def test_it_takes_no_answer_to_another_request(site, agent):
    kept = []

    def replay(status, headers, raw):
        kept.append((status, headers, raw))
        return kept[0]

    card = site.give_card(CARD)
    site.mischief = replay
    agent.sync()
    site.drop(card)
    agent.sync()
    assert agent.trouble == "an answer without the site's signature"


@pytest.mark.obligation("F20")
def test_it_takes_no_page_meant_for_another_device(site, agent):
    site.give_card(CARD)
    site.device = str(uuid.uuid4())
    agent.sync()
    assert agent.status()["cards"] == 0


def test_it_waits_longer_after_each_failure_and_as_told_after_success(site, agent):
    site.mischief = lambda status, headers, raw: (503, {}, b"")
    pauses = [agent.sync() for _ in range(12)]
    assert pauses[0] <= 1
    assert 150 <= pauses[-1] <= LONGEST_BACKOFF
    site.mischief = None
    assert 4.5 <= agent.sync() <= 5.5
