"""An agent's entries and receipts reach the site once, however often it dies."""

import sqlite3

from tests.gate.passing import restarted

CARD = "04:A2:B3:C4:D5:E6:F7"


def test_it_reports_everything_once_however_often_it_dies(site, agent):
    """The answer to every report is lost once: the site hears twice, counts once, and nothing stays behind."""
    card = site.give_card(CARD)
    agent.sync()
    for _ in range(3):
        agent.show_card(CARD)
    site.drop(card)

    def lose_reports(status, headers, raw):
        return (500, {}, b"") if site.asked[-1][1] in ("events", "receipts") else (status, headers, raw)

    site.mischief = lose_reports
    agent.sync()
    again = restarted(agent)
    again.sync()
    assert again.status()["pending_receipts"] == 1
    site.mischief = None
    again.sync()
    assert again.status()["pending_receipts"] == again.status()["pending_events"] == 0
    assert len(site.events) == 3
    assert {receipt["credential"] for receipt in site.receipts} == {card}
    again.close()


def test_each_start_counts_its_events_anew(site, agent):
    agent.sync()
    agent.show_card(CARD)
    again = restarted(agent)
    again.show_card(CARD)
    again.sync()
    assert len({boot for boot, _ in site.events}) == 2
    assert {sequence for _, sequence in site.events} == {1}
    again.close()


def test_it_sends_a_long_absence_in_portions(site, agent):
    agent.sync()
    for _ in range(620):
        agent._record("unknown", agent._decide_card("1234"))
    agent.sync()
    assert len(site.events) == 620


def test_a_full_disk_keeps_no_resident_outside(site, agent, monkeypatch):
    site.give_card(CARD)
    agent.sync()

    def full(event):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(agent._store, "record", full)
    assert agent.show_card(CARD).open


def test_who_was_erased_and_shows_the_card_again_delays_no_receipt(site, agent, monkeypatch):
    """Dropped, and killed before it could be read back; the old card, shown then, stands in an entry as one that nobody knows."""
    card = site.give_card(CARD)
    agent.sync()
    site.drop(card)
    with monkeypatch.context() as killed:
        killed.setattr(agent._site, "_prove_erasures", lambda: None)
        agent.sync()
    agent.show_card(CARD)
    agent.sync()
    assert [receipt["credential"] for receipt in site.receipts] == [card]
    assert agent.trouble is None
