"""What leaves with an auditor, or hangs on the board: numbers and codes, and nothing by which anybody could be known."""

from __future__ import annotations

import csv
import io

import pytest

from consent.models import Decision
from portal import audit as portal_audit
from residents.lookups import look_up

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("A2", "23", "39")]


def test_the_table_says_who_looked_by_number_and_never_why(here, seat, clerk, resident, now):
    look_up(resident=resident, by=clerk, reason="water for 翟", capacity="property.clerk", at=now)
    text = seat.get("/desk/audit/month.csv").content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert set(rows[0]) == {"section", "code", "account", "capacity", "number"}
    [mine] = [row for row in rows if row["section"] == "looks_by_staff" and row["code"] == "count"]
    assert (mine["account"], mine["capacity"], mine["number"]) == (str(clerk.pk)[:8], "property.clerk", "1")
    assert "water" not in text
    assert {
        "section": "people",
        "code": "looks.contact",
        "account": "",
        "capacity": "",
        "number": "1",
    } in rows


def test_json_says_the_same(seat, here, now):
    answer = seat.get("/desk/audit/month.json")
    assert answer["Content-Disposition"].startswith("attachment")
    span = portal_audit.month_of("", neighborhood=here, at=now)
    lines = [line for line in answer.json()["lines"] if line["section"] != "rights_changes"]
    assert lines == [line for line in portal_audit.sheet(span) if line["section"] != "rights_changes"]


def test_a_number_that_could_point_at_somebody_is_not_told(here, seat, resident, now):
    """One yes in a month is somebody's."""
    span = portal_audit.month_of("", neighborhood=here, at=now)
    assert not Decision.objects.exists()
    [line] = [each for each in portal_audit.sheet(span) if each["code"] == "decisions.given"]
    assert line["number"] == "<5"
    board = seat.get("/desk/audit/board/").content.decode()
    assert "fewer than 5" in board


def test_the_board_is_in_both_languages(seat):
    assert "in numbers" in seat.get("/desk/audit/board/", headers={"accept-language": "en"}).content.decode()
    chinese = seat.get("/desk/audit/board/", headers={"accept-language": "zh-CN"}).content.decode()
    assert 'lang="zh-hans"' in chinese
    assert "审计" in chinese
