"""It reads one line: spaces and widths are forgiven, names are left as they are, and what cannot be read is said."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from residents.importing import cleaning
from residents.importing.cleaning import Entry, Unusable, area, cards, day, entry_of, name, name_key, phone
from residents.importing.dwellings import Address, DwellingUnreadable, address, known_as
from residents.importing.headings import Field
from residents.importing.identity import without_identity
from residents.importing.reading import Line

TODAY = date(2026, 3, 5)


def read(owners: bool = False, **cells: object) -> Entry:
    line = Line(
        2, {Field(each): value for each, value in {"room": "1-1-101", "name": "柳一", **cells}.items()}
    )  # type: ignore[misc]
    return entry_of(line, owners=owners, today=TODAY)


# --- names


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("𠮷田", "𠮷田"), ("㐂", "㐂"), ("柳𠮷㐂", "柳𠮷㐂"), ("\ufa19", "\ufa19"), ("龍\ufa0c", "龍\ufa0c"), ("李 明", "李明"), ("李　　明 ", "李明"), ("\u200b李明\ufeff", "李明"),
        ("Ａｎｎａ　Ｌｉ", "Anna Li"), ("Anna  Li", "Anna Li"), ("买买提•艾力", "买买提·艾力"), ("O'Neil", "O'Neil"), ("李明（父）", "李明(父)"), ("李明，", "李明"),
    ],
)  # fmt: skip
def test_a_name_keeps_its_own_characters(written: str, meant: str):
    assert name(written) == meant


@pytest.mark.parametrize("written", ["", " ", "-", "/", "无", "空置", "待定", "N/A", "——", "？！", "***"])
def test_nobody_is_nobody(written: str):
    assert name(written) == ""


@pytest.mark.parametrize("written", ["12345", "李明13912340000", date(2024, 3, 5)])
def test_what_is_no_name_is_refused(written: object):
    with pytest.raises(Unusable, match="name_unreadable"):
        name(written)  # type: ignore[arg-type]


@given(st.text(alphabet=st.characters(min_codepoint=0x3400, max_codepoint=0x9FFF), min_size=1, max_size=6))
def test_no_chinese_name_is_ever_changed(written: str):
    if written not in cleaning._NOBODY:
        assert name(written) == written
        assert name_key(" ".join(written)) == name_key(written)


@given(
    st.text(
        alphabet=st.characters(min_codepoint=0x20000, max_codepoint=0x3134F, categories=["Lo"]),
        min_size=1,
        max_size=4,
    )
)
def test_no_rare_character_is_ever_changed(written: str):
    assert name(written) == written


# --- phones


@pytest.mark.parametrize(
    "placeholder",
    [
        "18999999999",
        "00000000000",
        "13800000000",
        "12345678901",
        "11111111111",
        "0000",
        "1388888 8888",
        "１８９９９９９９９９９",
        "13800138000",
        "123456789",
        "98765432",
        "0571-88888888",
        "999-9999",
        "+8613800000000",
    ],
)
def test_what_is_typed_to_fill_the_field_is_empty(placeholder: str):
    entry = read(phone=placeholder)
    assert (entry.phone, entry.notes[:1], entry.reason) == ("", ["phone_placeholder"], "")


@pytest.mark.parametrize(
    ("written", "meant"),
    [("139 1234 0000", "13912340000"), ("１３９-１２３４-００００", "13912340000"), ("+86 139 1234 0000", "13912340000"), ("86-13912340000", "13912340000"), ("008613912340000", "13912340000"),
     ("0571－8800 0101", "057188000101"), ("（0571）88000101", "057188000101"), ("手机：13912340000", "13912340000"), ("无", ""), ("保密", ""), ("-", ""), ("0", "")],
)  # fmt: skip
def test_a_phone_is_read_as_people_write_it(written: str, meant: str):
    assert phone(written, Entry(1)) == meant


@pytest.mark.parametrize(
    "written",
    [
        "13912340000/0571-88000101",
        "13912340000、13912340001",
        "0571-88000101转8012",
        "18999999999/13912340000",
    ],
)
def test_of_several_phones_the_first_real_one_is_taken(written: str):
    entry = Entry(1)
    assert phone(written, entry) in ("13912340000", "057188000101")
    assert entry.notes


@pytest.mark.parametrize(
    ("written", "why"),
    [("一三九", "phone_unreadable"), ("12", "phone_unreadable"), ("1.39123E+10", "number_cut")],
)
def test_a_phone_that_cannot_be_read_is_said(written: str, why: str):
    with pytest.raises(Unusable, match=why):
        phone(written, Entry(1))


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_a_mobile_number_is_itself_or_a_placeholder(number: str):
    entry = Entry(1)
    found = phone(number, entry)
    assert found == ("" if cleaning.is_placeholder(number) else number)
    assert (entry.notes == ["phone_placeholder"]) == (not found)


# --- days


@pytest.mark.parametrize(
    "written",
    [
        "2024-03-05",
        "2024/3/5",
        "2024.3.5",
        "2024年3月5日",
        "20240305",
        "45356",
        "45356.0",
        "２０２４－３－５",
        "2024-03-05 00:00:00",
        "2024 年 3 月 5 日",
        date(2024, 3, 5),
    ],
)
def test_a_day_is_read_in_all_its_styles(written: object):
    assert day(written) == date(2024, 3, 5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "written",
    ["5/3/2024", "2024-13-01", "2024-02-30", "去年", "2024-3", "20241301", "0024-01-01", date(1800, 1, 1)],
)
def test_a_day_that_cannot_be_read_is_refused(written: object):
    with pytest.raises(Unusable, match="date_unreadable"):
        day(written)  # type: ignore[arg-type]


@given(
    st.dates(date(1950, 1, 1), date(2060, 1, 1)),
    st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"]),
)
def test_any_day_comes_back(meant: date, style: str):
    assert day(meant.strftime(style)) == meant
    assert day(str((meant - date(1899, 12, 30)).days)) == meant


# --- age


def test_a_date_of_birth_is_kept_of_minors_only():
    assert read(born="2010-01-01").born == "2010-01-01"
    adult = read(born="1980-01-01")
    assert (adult.born, adult.notes) == ("", ["tenure_assumed", "born_not_kept"])


def test_of_age_begins_on_the_birthday():
    eighteen = date(2008, 3, 5)
    assert read(born=str(eighteen)).born == ""
    assert read(born=str(eighteen + timedelta(days=1))).born == "2008-03-06"


def test_a_minor_may_own_and_a_guardian_votes():
    assert "guardian_votes" in read(born="2015-01-01", tenure="业主").notes


@pytest.mark.parametrize("born", ["2027-01-01", "1880-01-01"])
def test_nobody_is_born_tomorrow_or_in_another_age(born: str):
    assert read(born=born).reason == "date_unreadable"


# --- as what


@pytest.mark.parametrize(
    ("word", "tenure", "owns", "lives"),
    [("业主", "owner", True, True), ("配偶", "family", False, True), ("租客", "tenant", False, True), ("二房客", "subtenant", False, True), ("保姆", "live_in", False, True),
     ("房东", "owner", True, False), ("Owner", "owner", True, True), ("Live-in helper", "live_in", False, True), ("承租人", "tenant", False, True)],
)  # fmt: skip
def test_it_knows_as_what_people_live_there(word: str, tenure: str, owns: bool, lives: bool):
    entry = read(tenure=word)
    assert (entry.tenure, entry.owns, entry.lives) == (tenure, owns, lives)


def test_an_owner_who_does_not_live_there_only_owns():
    entry = read(tenure="业主", lives="否")
    assert (entry.owns, entry.lives) == (True, False)
    assert read(tenure="租客", lives="否").reason == "neither_lives_nor_owns"


def test_a_word_that_is_not_known_is_said():
    assert read(tenure="宠物").reason == "tenure_unknown"
    assert read(tenure="业主", lives="也许").reason == "lives_unreadable"


def test_the_heading_of_owners_stands_in_for_a_column():
    assert read(owners=True).owns
    assert read(owners=True, tenure="配偶").tenure == "family"


# --- dwellings, areas, cards


@pytest.mark.parametrize(
    "written",
    [
        "1-2-301",
        "1幢2单元301室",
        "１幢２单元３０１室",
        "1栋-2单元-0301",
        "01-02-0301",
        "1号楼2单元301",
        "1#2-301",
        "1 - 2 - 301",
        "1—2—301",
        "1座2单元301户",
    ],
)
def test_a_dwelling_is_one_however_it_is_written(written: str):
    assert address("", "", cleaning._plain(written)) == Address("1", "2", "301")


@pytest.mark.parametrize(
    "parts",
    [
        ("1幢", "2单元", "301室"),
        ("1", "2", "1-2-301"),
        ("1", "", "2-301"),
        ("1", "2", "2-301"),
        ("1", "", "2单元301"),
    ],
)
def test_columns_may_each_say_a_part_or_all(parts: tuple[str, str, str]):
    assert address(*parts) == Address("1", "2", "301")


@pytest.mark.parametrize(
    "parts",
    [("", "", "301"), ("", "", "1-2-3-4"), ("1", "2", "x-y-z"), ("1", "", "!!"), ("1", "2", "301" * 9)],
)
def test_a_dwelling_that_cannot_be_read_is_refused(parts: tuple[str, str, str]):
    with pytest.raises(DwellingUnreadable):
        address(*parts)


def test_a_spreadsheet_that_made_a_date_of_a_dwelling_is_told():
    assert read(room=date(2026, 1, 12)).reason == "became_a_date"


@given(st.integers(1, 99), st.integers(0, 9), st.integers(1, 9999))
def test_what_the_register_holds_is_found_again(building: int, entrance: int, room: int):
    where = Address(str(building), str(entrance) if entrance else "", str(room))
    assert known_as(where.building, where.number) == where
    assert address("", "", str(where)) == where


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("89.5", "89.50"),
        ("89.50㎡", "89.50"),
        ("1,089.5 平方米", "1089.50"),
        ("８９．５", "89.50"),
        ("89.5m²", "89.50"),
        ("", ""),
        ("/", ""),
    ],
)
def test_an_area_is_read(written: str, meant: str):
    assert area(written) == meant


@pytest.mark.parametrize("written", ["大", "-3", "0.001", "nan", "1e99", "89.5.1"])
def test_an_area_that_cannot_be_read_is_refused(written: str):
    with pytest.raises(Unusable, match="area_unreadable"):
        area(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("0012345678", ["0012345678"]), ("0012345678、0012345679", ["0012345678", "0012345679"]), ("0012345678\n0012345678", ["0012345678"]), ("188,24910", ["188,24910"]), ("０４:A2", ["04:A2"]), ("无", []), ("", [])],
)  # fmt: skip
def test_cards_are_taken_apart(written: str, meant: list[str]):
    assert cards(written) == meant


# --- the line


def test_a_name_that_is_missing_is_said_only_where_something_else_would_be_lost():
    assert read(name="", phone="13912340000").reason == "no_name"
    assert read(name="空置").reason == ""
    assert not read(name="").is_person


def test_an_endless_cell_is_refused():
    assert read(phone="1" * 301).reason == "cell_too_long"


def test_what_is_wrong_with_one_cell_does_not_hide_who_it_is():
    entry = read(phone="一三九")
    assert (entry.reason, entry.name, entry.dwelling) == (
        "phone_unreadable",
        "柳一",
        Address("1", "1", "101"),
    )


_anything = st.one_of(
    st.text(max_size=60), st.dates(), st.from_regex(r"[0-9.\-/年月日EXx]{0,24}", fullmatch=True)
)


@given(st.dictionaries(st.sampled_from(list(Field)), _anything))
def test_any_line_becomes_an_entry_and_back(cells: dict[Field, object]):
    entry = entry_of(Line(7, cells), owners=False, today=TODAY)  # type: ignore[arg-type]
    assert Entry.of_json(entry.as_json()) == entry


@given(
    st.text(max_size=30),
    st.from_regex(r"[1-9][0-9]{5}(19|20)[0-9]{9}[0-9Xx]", fullmatch=True),
    st.text(max_size=30),
)
def test_an_identity_number_is_cut_from_whatever_is_around_it(before: str, number: str, after: str):
    around = before.rstrip("0123456789０１２３４５６７８９ -_.\t\n\r") + "|" + number + "|" + after
    cut, found = without_identity(around)
    assert found
    assert number not in cut
