"""The program that counts again takes what people type and what they hand it, and says what is wrong."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from committees import balloting, counting, recount
from tests.committees.test_counting import at_home
from tests.committees.voting import ORDINARY, assembly, head_of, is_over, running

pytestmark = pytest.mark.django_db


@pytest.mark.obligation("43")
def test_what_is_no_count_at_all_is_said_to_be_wrong(tmp_path):
    for content in ("", "{", "[]", "[1]", "7", "null", '"linmen-count/1"', "\ufeff{}", "{}", "[" * 100_000,
                    '{"schema": "linmen-count/1"}', '{"schema": "linmen-count/1", "roll": [], "topics": 3}',
                    '{"schema": "linmen-count/1", "roll": {"heads": 1, "area": 1}, "meeting": "x", "topics": ["x"]}'):  # fmt: skip
        told = at_home(SimpleNamespace(published=content), tmp_path)
        assert told.returncode == 1, content[:40]
        assert "WRONG" in told.stdout, content[:40]
        assert "Traceback" not in told.stderr, content[:40]


@pytest.mark.obligation("43")
def test_a_receipt_is_found_however_it_is_typed(here, now, tmp_path, monkeypatch):
    """An O for a 0, an I or an L for a 1, in small letters and without dashes."""
    of = assembly(here, [("89.50", [0]), ("60.00", [1])], at=now)
    codes = [recount.code_of(each, 1) for each in ("o0il-1", "00111", "00112")]
    assert codes[0] == codes[1] != codes[2]
    meeting, receipt = running(of, (ORDINARY, False), at=now), "0123456789ABCD01"
    monkeypatch.setattr(balloting, "new_receipt", lambda: receipt)
    who = of.owners[0]
    balloting.cast(head=head_of(meeting, who), resident=who, answers={1: "yes"}, by=who.user, at=now)
    result = counting.count(meeting=is_over(meeting, at=now), minutes="", by=of.clerk, at=now)
    for typed in (receipt, "oi23-4567-89ab-cdOl"):
        assert "your ballot is there (yes)" in at_home(result, tmp_path, "--receipt", typed).stdout
    assert "no ballot here" in at_home(result, tmp_path, "--receipt", "2" * 16).stdout
