"""What leaves with an auditor, or hangs on the board: numbers and codes, and nothing by which anybody could be known."""

from __future__ import annotations

import csv
import io

import pytest

from committees.models import ServiceRequest
from committees.models.service import Kind
from consent.models import Decision
from portal import audit as portal_audit
from residents.lookups import look_up
from tests import make
from tests.committees.service import Body, answers, asked, done

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


@pytest.fixture
def bodies(here, clerk, now) -> None:
    answers(here, Body.OWNERS, at=now)


def many_ask(here, now, number: int, **also) -> None:
    for _ in range(number):
        asked(make.resident(here, at=now), at=now, **also)


@pytest.mark.obligation("27", "31")
def test_no_sum_of_the_house_says_how_few_asked_one_body(here, seat, bodies, now):
    """Everybody reads of the other body how many asked it (`committees.answered`)."""
    many_ask(here, now, 7)
    span = portal_audit.month_of("", neighborhood=here, at=now)

    def told(code: str) -> str:
        [line] = [each for each in portal_audit.sheet(span) if each["code"] == code]
        return line["number"]

    assert (told("service.asked"), told("service.late")) == ("7", "<5")
    many_ask(here, now, 1, kind=Kind.COMPLAINT, body=Body.OWNERS)
    assert {told(f"service.{code}") for code in ("asked", "in_time", "late")} == {"few"}
    assert told("service.overdue") == "<5"
    board = seat.get("/desk/audit/board/").content.decode()
    assert "not told: of one of them only few asked" in board
    assert "<dd>8</dd>" not in board
    many_ask(here, now, here.fewest_counted - 1, kind=Kind.COMPLAINT, body=Body.OWNERS)
    assert told("service.asked") == str(7 + here.fewest_counted)


@pytest.mark.obligation("27", "31")
def test_nor_how_few_of_those_were_answered(here, clerk, bodies, now):
    many_ask(here, now, 7)
    done(ServiceRequest.objects.first(), clerk, at=now, status="replied")
    span = portal_audit.month_of("", neighborhood=here, at=now)
    [line] = [each for each in portal_audit.sheet(span) if each["code"] == "service.in_time"]
    assert line["number"] == "few"


def test_the_board_is_in_both_languages(seat):
    assert "in numbers" in seat.get("/desk/audit/board/", headers={"accept-language": "en"}).content.decode()
    chinese = seat.get("/desk/audit/board/", headers={"accept-language": "zh-CN"}).content.decode()
    assert 'lang="zh-hans"' in chinese
    assert "审计" in chinese
