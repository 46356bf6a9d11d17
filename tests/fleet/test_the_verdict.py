"""The report says what went wrong: an event that is missing, or is there and was never written, or a drop that is not."""

from __future__ import annotations

import time
import uuid
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from access.models import EntryEvent
from portal.fleet.community import Drop
from portal.fleet.faults import Seen
from portal.fleet.member import Account
from portal.fleet.report import Report, draw_up
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def boot() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def reader(here, now) -> make.Reader:
    return make.device(make.gate(here, at=now, by_face=False))


@pytest.fixture
def member(reader, boot, now):
    """A gate that wrote two entries down, both of which arrived."""
    told = [
        {"sequence": number, "at": now.isoformat(), "kind": "card", "credential": None, "outcome": said}
        for number, said in ((1, "opened"), (2, "refused"))
    ]
    assert reader.events(*told, boot=boot).status_code == 200
    account = Account(recorded={(boot, 1): "opened", (boot, 2): "refused"})
    drops: list[Drop] = []
    community = SimpleNamespace(dropped=lambda: list(drops), gates=[reader.device.gate], drops=drops)
    line = SimpleNamespace(seen=Seen(polls=4, latencies=[0.01, 0.02]))
    return SimpleNamespace(
        account=account, line=line, community=community, gate_id=str(reader.device.gate_id)
    )


def verdict(member, **also) -> Report:
    return draw_up(
        [member],
        [member.community],
        seconds=2.0,
        memory=2048,
        unsettled=also.get("unsettled", []),
        failed=also.get("failed", []),
    )


def test_two_accounts_that_agree_are_a_promise_kept(member):
    report = verdict(member)
    assert report.kept
    assert (report.recorded, report.arrived, report.lost, report.strange) == (2, 2, 0, 0)
    assert (report.polls_a_second, report.kilobytes_a_gate) == (2.0, 2.0)
    assert "every promise was kept" in report.lines()


def test_an_event_that_did_not_arrive_is_lost(member, boot):
    EntryEvent.objects.filter(sequence=1).delete()
    report = verdict(member)
    assert (report.kept, report.lost) == (False, 1)


def test_an_event_that_no_gate_wrote_is_strange(member, boot):
    del member.account.recorded[boot, 2]
    assert verdict(member).strange == 1
    member.account.recorded[boot, 2] = "opened"  # it says something else
    report = verdict(member)
    assert (report.lost, report.strange, report.kept) == (1, 1, False)


def test_a_drop_that_did_not_arrive_breaks_a_promise(member):
    member.community.drops.append(Drop("a-card", "card", time.monotonic()))
    report = verdict(member)
    assert (report.kept, report.drops_expected, report.drops_delivered) == (False, 1, 0)
    member.account.delivered["a-card"] = 1.5
    report = verdict(member)
    assert (report.kept, report.seconds_to_drop["most"]) == (True, 1.5)


@pytest.mark.parametrize("what", [{"unsettled": ["a gate"]}, {"failed": ["it fell over"]}])
def test_what_did_not_come_to_rest_or_fell_over_is_no_promise_kept(member, what):
    assert not verdict(member, **what).kept


def test_a_gate_that_broke_its_word_is_named_by_number(member):
    member.account.broken.append("gate 1234abcd still held face 99 after its next answer")
    report = verdict(member)
    assert not report.kept
    assert "1 promises broken:" in report.lines()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--faults", "earthquake"], "No such fault"),
        (["--gates", "0"], "At least one gate"),
        (["--minutes", "0"], "At least one gate"),
    ],
)
def test_the_command_takes_what_makes_sense(arguments, words):
    with pytest.raises(CommandError, match=words):
        call_command("fleet", *arguments)


def test_it_is_refused_in_production(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="never for production"):
        call_command("fleet", "--gates", "1")
