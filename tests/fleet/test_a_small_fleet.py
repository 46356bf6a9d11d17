"""Twenty real gates against a live site, with everything going wrong: nothing is lost, nothing doubled, every drop arrives."""

from __future__ import annotations

from collections import Counter

import pytest

from access.models import Device, EntryEvent, FeedRow
from consent.models import Decision
from portal.fleet import faults
from portal.fleet.running import Plan, run
from residents.models import ErasurePlace
from tests.live import Live

GATES = 20


@pytest.mark.obligation("9", "F7", "F16")
def test_nothing_is_lost_or_doubled_whatever_goes_wrong(live: Live):
    url = live.gates({"GATE_POLL_SECONDS": "2"})
    said: list[str] = []
    plan = Plan(
        url=url,
        folder=live.var / "fleet",
        gates=GATES,
        seconds=30,
        faults=frozenset(faults.KINDS),
        seed=7,
        passers_a_second=6,
        drop_every=1.5,
    )
    report = run(plan, say=said.append)
    assert report.broken == []
    assert report.kept
    # It really happened: people came, things were taken away, and most kinds of faults struck.
    assert report.recorded > 50
    assert report.drops > 5
    assert report.drops_delivered == report.drops * GATES
    assert len(report.faults) >= 5, report.faults
    assert report.restarts > 0
    # They waited at the site, and heard of what was taken away at once.
    assert report.polls_held > GATES
    assert report.seconds_to_drop["median"] < 2
    # By the database alone, whatever the report says of it.
    events = Counter(EntryEvent.objects.values_list("device", "boot", "sequence"))
    assert len(events) == events.total() == report.recorded == report.arrived
    assert Device.objects.count() == GATES
    withdrawn = Decision.objects.filter(kind=Decision.Kind.WITHDRAWN).count()
    assert 0 < withdrawn <= report.drops
    places = ErasurePlace.objects.filter(kind=ErasurePlace.Kind.DEVICE)
    assert set(places.values_list("state", flat=True)) == {ErasurePlace.State.GONE}
    assert FeedRow.objects.filter(present=False).exists()
    # Keys of gates are left nowhere.
    assert not (live.var / "fleet").exists()
    assert any("polls/s" in line for line in said)
