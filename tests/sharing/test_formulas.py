"""No spreadsheet runs what is in the file, and none changes what it shows."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from residents.models import Alarm
from sharing.files import FORMULA_STARTS, harmless, spaced
from tests.sharing import receiving

pytestmark = pytest.mark.obligation("28", "F11")


@pytest.mark.parametrize(
    "name", ["=1+1", "+86", "-2", "@SUM(A1)", "\tx", "\rx", " =1+1", "＝1", '=HYPERLINK("http://x","y")']
)
def test_no_spreadsheet_runs_what_is_in_it(resident, says, give, name):
    resident.name = name
    resident.save()
    says(resident, True)
    copy = give()
    assert receiving.lines(copy)[0][0] == f"'{name}"
    # What is no spreadsheet is given the very name.
    assert receiving.parsed(copy)["rows"][0]["name"] == name
    assert Alarm.objects.get(kind=Alarm.Kind.SHARING_FORMULA).subject == copy.pk


@given(st.text())
def test_nothing_that_is_written_starts_a_formula(value):
    written = harmless(value)
    assert not written.startswith(FORMULA_STARTS)
    assert not written.lstrip(" \u3000").startswith(FORMULA_STARTS)
    assert written.removeprefix("'") == value.removeprefix("'")


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("13800001234", "138 0000 1234"),
        ("057188880000", "0571 8888 0000"),
        ("01088880000", "010 8888 0000"),
        ("88880000", "8888 0000"),
        ("95588", "9 5588"),
        ("+4930123456", "+4930123456"),
    ],
)
def test_a_phone_number_is_written_so_that_no_zero_is_cut(number, written):
    assert spaced(number) == written
    assert written.startswith("+") or " " in written


@given(st.from_regex(r"\A[0-9]{5,15}\Z"))
def test_a_number_that_is_spaced_is_the_same_number(number):
    assert spaced(number).replace(" ", "") == number
    assert " " in spaced(number)


def test_quotes_commas_and_lines_stay_in_their_cell(resident, says, give):
    resident.name = '柳"一",\n二'
    resident.save()
    says(resident, True)
    copy = give()
    rows = list(csv.reader(io.StringIO(receiving.opened(copy).decode("utf-8-sig"))))
    assert [len(row) for row in rows] == [1, 1, 3, 3]
    assert rows[-1][0] == '柳"一",\n二'
    assert json.loads(receiving.opened(copy, "json"))["rows"][0]["name"] == '柳"一",\n二'


def test_the_head_says_whose_it_is_in_both_languages(asked, resident, says, give):
    says(resident, True)
    copy = give()
    rows = list(csv.reader(io.StringIO(receiving.opened(copy).decode("utf-8-sig"))))
    for [line], purpose in zip(rows[:2], ("送水到户", "Delivering water to the door"), strict=True):
        assert asked.recipient.name in line
        assert purpose in line
        assert "30" in line
    assert receiving.parsed(copy)["given"] == [rows[0][0], rows[1][0]]
