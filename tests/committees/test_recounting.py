"""The published file is counted again by everybody: whatever was changed in it is found, and so is what it must not tell."""

from __future__ import annotations

import json

import pytest

from committees import balloting, recount
from tests.committees.recounting import at_home, cast, counted
from tests.committees.voting import ELECTION, ORDINARY, assembly, running

pytestmark = pytest.mark.django_db
OWNED = [("89.50", [0]), ("120.01", [1, 2]), ("60.00", [3]), ("61.00", [4]), ("62.00", [5]), ("63.00", [6])]


@pytest.fixture
def of(here, now):
    return assembly(here, OWNED, at=now)


def doctored(path):
    """Each changes the file so that it says something else."""

    def change(text: str) -> str:
        document = json.loads(text)
        path(document)
        return json.dumps(document, sort_keys=True)

    return change


def _flip(document):
    document["topics"][0]["ballots"][0]["choice"] = "no"


def _take_out(document):
    document["topics"][0]["ballots"].pop()


def _heavier(document):
    document["topics"][0]["ballots"][0]["area"] += 1


def _heavier_secret(document):
    document["topics"][1]["ballots"][0]["area"] += 1


def _passed(document):
    document["topics"][0]["result"]["passed"] ^= True


def _more_yes(document):
    document["topics"][1]["result"]["yes_heads"] += 1


def _exchange(document):
    one, two = document["topics"][1]["ballots"][:2]
    one["commitment"], two["commitment"] = two["commitment"], one["commitment"]


def _twice(document):
    document["topics"][0]["ballots"].append(document["topics"][0]["ballots"][-1])


def _smaller_roll(document):
    document["roll"]["area"] = 1


def _another_item(document):
    document["topics"][0]["item"] = 10


def _hide(document):
    topic = document["topics"][1]
    topic.pop("opening")
    topic["not_opened"] = recount.NOT_OPENED
    topic["result"] |= {"yes_heads": None, "yes_area": None, "passed": False}


def _of_more(document):
    document["fewest"] = 6


@pytest.mark.obligation("43", "45")
def test_whatever_is_changed_in_the_file_is_found(of, now, tmp_path):
    meeting = running(of, (ORDINARY, False), (ELECTION, True), at=now)
    for who in ([of.owners[0]], of.owners[1:3], *([each] for each in of.owners[3:6])):
        cast(meeting, {1: "yes", 2: "yes"}, *who, now=now)
    result = counted(of, meeting, now=now)
    assert at_home(result, tmp_path).returncode == 0
    for change in (_flip, _take_out, _heavier, _heavier_secret, _passed, _more_yes, _exchange, _twice,
                   _smaller_roll, _another_item, _hide, _of_more):  # fmt: skip
        told = at_home(result, tmp_path, change=doctored(change))
        assert told.returncode == 1, change.__name__
        assert "WRONG" in told.stdout, told.stderr


@pytest.mark.obligation("43")
def test_a_ballot_worth_more_than_one_is_found(of, now):
    """Somebody who writes the tables could commit to a thousand; the proof would not hold."""
    big = recount.spelled(recount.add(recount.times(1000, recount.G), recount.times(7, recount.H)))
    proof = [1, 2, 3, 4]
    assert not recount.holds_one_bit(recount.read(big), proof, "m|1|c|1")


def _open_it(document):
    topic = document["topics"][1]
    topic.pop("not_opened")
    topic["opening"] = {"heads": "00", "area": "00"}
    topic["result"] |= {"yes_heads": 0, "yes_area": 0}


def _open_it_beside(document):
    document["topics"][1]["opening"] = {"heads": "00", "area": "00"}


def _say_yes(document):
    document["topics"][1]["result"] |= {"yes_heads": 4, "yes_area": 1}


def _say_passed(document):
    document["topics"][1]["result"]["passed"] = True


def _otherwise(document):
    document["topics"][1]["not_opened"] = "for want of time"


def _say_nothing(document):
    document["topics"][1].pop("not_opened")


def _of_fewer(document):
    document["fewest"] = 4


def _as_before(document):
    document["schema"] = recount.OPENED_ALWAYS


@pytest.mark.obligation("43", "45")
def test_what_was_not_opened_is_just_that_and_nothing_else(of, now, tmp_path):
    meeting = running(of, (ORDINARY, False), (ELECTION, True), at=now)
    receipts = [
        cast(meeting, {1: "yes", 2: "yes"}, *who, now=now)
        for who in ([of.owners[0]], of.owners[1:3], *([each] for each in of.owners[3:5]))
    ]
    result = counted(of, meeting, now=now)
    told = at_home(result, tmp_path, "--receipt", receipts[0])
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"took part 4 heads, 3305100 cm²; {recount.NOT_OPENED}: not passed" in told.stdout
    assert "topic 2: your ballot is there (not opened)" in told.stdout
    for change in (_open_it, _open_it_beside, _say_yes, _say_passed, _otherwise, _say_nothing, _of_fewer, _as_before,
                   _exchange, _take_out, _heavier_secret):  # fmt: skip
        told = at_home(result, tmp_path, change=doctored(change))
        assert told.returncode == 1, change.__name__
        assert "WRONG" in told.stdout, told.stderr


@pytest.mark.obligation("43")
def test_a_file_of_before_is_counted_as_it_was(of, now):
    """Every secret topic stands open in it, and it says nothing of how many are few."""
    meeting = running(of, (ELECTION, True), at=now)
    for who in ([of.owners[0]], of.owners[1:3], *([each] for each in of.owners[3:6])):
        cast(meeting, {1: "yes"}, *who, now=now)
    document = json.loads(counted(of, meeting, now=now).published)
    document["schema"] = recount.OPENED_ALWAYS
    document.pop("fewest")
    assert recount.recount(document)[0]["yes_heads"] == 5


@pytest.mark.obligation("43")
def test_what_is_no_count_at_all_is_said_to_be_wrong(tmp_path):
    for content in ("", "{", "[]", "[1]", "7", "null", '"linmen-count/1"', "\ufeff{}", "{}", "[" * 100_000,
                    '{"schema": "linmen-count/1"}', '{"schema": "linmen-count/1", "roll": [], "topics": 3}',
                    '{"schema": "linmen-count/1", "roll": {"heads": 1, "area": 1}, "meeting": "x", "topics": ["x"]}'):  # fmt: skip
        for said in (content, content.replace("count/1", "count/2")):
            told = at_home(None, tmp_path, change=lambda _published, said=said: said)
            assert told.returncode == 1, said[:40]
            assert "WRONG" in told.stdout, said[:40]
            assert "Traceback" not in told.stderr, said[:40]


@pytest.mark.obligation("43")
def test_a_receipt_is_found_however_it_is_typed(of, now, tmp_path, monkeypatch):
    """An O for a 0, an I or an L for a 1, in small letters and without dashes."""
    codes = [recount.code_of(each, 1) for each in ("o0il-1", "00111", "00112")]
    assert codes[0] == codes[1] != codes[2]
    meeting, receipt = running(of, (ORDINARY, False), at=now), "0123456789ABCD01"
    monkeypatch.setattr(balloting, "new_receipt", lambda: receipt)
    cast(meeting, {1: "yes"}, of.owners[0], now=now)
    result = counted(of, meeting, now=now)
    for typed in (receipt, "oi23-4567-89ab-cdOl"):
        assert "your ballot is there (yes)" in at_home(result, tmp_path, "--receipt", typed).stdout
    assert "no ballot here" in at_home(result, tmp_path, "--receipt", "2" * 16).stdout
