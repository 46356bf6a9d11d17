"""It knows which column is what, in whatever order and spelling."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from residents.importing import headings
from residents.importing.headings import Field, find, fold

CHINESE = [
    "楼栋",
    "单元",
    "房号",
    "建筑面积",
    "姓名",
    "手机号",
    "与业主关系",
    "是否入住",
    "入住日期",
    "出生日期",
    "门禁卡号",
]
ENGLISH = [
    "building",
    "entrance",
    "room",
    "area",
    "name",
    "phone",
    "as what",
    "lives here",
    "since",
    "born",
    "card",
]
ALL = [Field.BUILDING, Field.ENTRANCE, Field.ROOM, Field.AREA, Field.NAME, Field.PHONE, Field.TENURE, Field.LIVES, Field.SINCE, Field.BORN, Field.CARD]  # fmt: skip


@pytest.mark.parametrize("row", [CHINESE, ENGLISH])
@pytest.mark.parametrize("seed", range(5))
def test_it_knows_them_in_any_order(row: list[str], seed: int):
    order = list(range(len(row)))
    random.Random(seed).shuffle(order)
    found = find([[row[each] for each in order]], sheet="a")
    assert found is not None
    assert found.columns == {ALL[each]: at for at, each in enumerate(order)}


@pytest.mark.parametrize(
    "written",
    [
        "姓名",
        "姓 名",
        "姓　名",
        "＊姓名",
        "姓名*",
        "姓名（必填）",
        "姓名(按身份证)",
        "【姓名】姓名",
        "Name",
        "ＮＡＭＥ",
        " full name ",
        "Owner's name",
    ],
)
def test_it_knows_a_name_however_it_is_headed(written: str):
    found = find([[written, "房号"]], sheet="a")
    assert found is not None
    assert found.columns[Field.NAME] == 0


@pytest.mark.parametrize(
    "written",
    [
        "身份证号码",
        "身份证",
        "证件号码",
        "居民身份证号",
        "ID No.",
        "ID number",
        "Identity card",
        "passport no",
        "公民身份号码",
    ],
)
def test_it_knows_a_column_of_identity_numbers_and_gives_it_no_place(written: str):
    found = find([["姓名", written, "房号"]], sheet="a")
    assert found is not None
    assert found.identity == [written]
    assert set(found.columns.values()) == {0, 2}


def test_it_lists_what_it_does_not_read():
    found = find([["序号", "姓名", "房号", "备注", "车牌"]], sheet="a")
    assert found is not None
    assert found.ignored == ["序号", "备注", "车牌"]


def test_a_column_of_owners_says_as_what_they_are_there():
    assert (find([["业主姓名", "房号"]], sheet="a") or 0).owners  # type: ignore[union-attr]
    assert not (find([["姓名", "房号"]], sheet="a") or 0).owners  # type: ignore[union-attr]


def test_it_takes_no_line_of_people_for_headings():
    assert find([["柳一", "1-1-101", "业主"], ["柳二", "1-1-102", "业主"]], sheet="a") is None


@given(st.lists(st.one_of(st.text(max_size=30), st.floats(), st.none(), st.booleans()), max_size=12))
def test_it_reads_any_line_as_headings_or_not(row: list[object]):
    known = [headings.KNOWN[fold(cell)] for cell in row if fold(cell) in headings.KNOWN]
    if len(set(known)) == len(known):
        found = find([row], sheet="a")
        assert found is None or sorted(found.columns) == sorted(known)
