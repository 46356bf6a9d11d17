"""It reads what people have, and says in words what it cannot read."""

from __future__ import annotations

import io
import re
import struct
import time
import zipfile
from datetime import date

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from residents.importing import packing, words
from residents.importing.headings import Field
from residents.importing.reading import read
from residents.importing.refusals import FileRefused
from tests.importing.sheets import HEADINGS, csv, xlsx

LIU = ["1", "1-101", "柳一", "0571 8800 0101", "业主", "0012345678"]


def refusal(content: bytes, sheet: str = "") -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        read(content=content, sheet=sheet)
    return refused.value


def answer(content: bytes) -> str:
    try:
        read(content=content)
    except FileRefused as refused:
        return refused.reason
    return "read"


def cells(content: bytes, line: int = 0) -> dict[Field, object]:
    return read(content=content).lines[line].cells


# --- what is read


def test_it_reads_a_spreadsheet():
    table = read(content=xlsx([LIU]))
    assert table.sheet == "住户"
    assert table.lines[0].number == 2
    assert table.lines[0].cells[Field.NAME] == "柳一"
    assert table.lines[0].cells[Field.CARD] == "0012345678"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"], ids=lambda encoding: str(encoding)
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "，", "|"])
def test_it_reads_csv_in_the_usual_encodings_and_delimiters(encoding: str, delimiter: str):
    text = (
        delimiter.join(["姓名", "房屋", "电话"])
        + "\r\n"
        + delimiter.join(["柳一", "1-1-101", "057188000101"])
        + "\r\n"
    )
    assert cells(csv(text, encoding)) == {
        Field.NAME: "柳一",
        Field.ROOM: "1-1-101",
        Field.PHONE: "057188000101",
    }


def test_it_keeps_a_rare_character_in_gb18030_and_in_a_spreadsheet():
    text = "姓名,房屋\n𠮷㐂,1-1-101\n"
    assert cells(csv(text, "gb18030"))[Field.NAME] == "𠮷㐂"
    assert cells(xlsx([["1", "101", "𠮷㐂", "", "", ""]]))[Field.NAME] == "𠮷㐂"


def test_it_fills_merged_cells_down():
    rows = [
        ["1幢", "101", "柳一", "", "业主", ""],
        [None, None, "柳二", "", "配偶", ""],
        [None, "102", "柳三", "", "业主", ""],
    ]

    def merge(sheet) -> None:
        sheet.merge_cells("A2:A4")
        sheet.merge_cells("B2:B3")

    content = xlsx(rows, bend=merge)
    lines = read(content=content).lines
    assert [line.cells[Field.BUILDING] for line in lines] == ["1幢"] * 3
    assert [line.cells[Field.ROOM] for line in lines] == ["101", "101", "102"]


def test_it_finds_the_headings_below_a_title():
    content = xlsx([["柳岸小区住户登记表"], ["制表：某某", "2024年"], HEADINGS, LIU], headings=None)
    assert cells(content)[Field.NAME] == "柳一"


def test_it_finds_the_sheet_whose_headings_fit():
    assert read(content=xlsx([LIU], title="名单", others=["说明", "统计"])).sheet == "名单"


def test_it_reads_the_sheet_that_is_named_where_several_would_fit():
    def second(sheet):
        other = sheet.parent.create_sheet("租户")
        other.append(HEADINGS)
        other.append(["2", "201", "杨一", "", "租客", ""])

    content = xlsx([LIU], bend=second)
    assert refusal(content).reason == "several_sheets"
    assert refusal(content).told == {"sheets": "住户、租户"}
    assert read(content=content, sheet="租户").lines[0].cells[Field.NAME] == "杨一"


def test_it_takes_numbers_and_days_of_a_spreadsheet_as_they_were_meant():
    content = xlsx(
        [[1, 101, "柳一", 13912340000, date(2024, 3, 5), 4012345678]],
        headings=["幢", "房号", "姓名", "电话", "入住日期", "卡号"],
    )
    found = cells(content)
    assert found[Field.PHONE] == "13912340000"
    assert found[Field.SINCE] == date(2024, 3, 5)
    assert found[Field.CARD] == "4012345678"


def test_it_takes_the_value_of_a_formula_and_marks_a_line_that_has_none():
    assert read(content=xlsx([["=1", "101", "柳一", "", "", ""]])).lines[0].trouble == "formula_without_value"
    # As a spreadsheet saves it: the formula with what it came to.
    content = _with_values(
        xlsx([["=1+1", "101", "柳一", "", "", ""]]), rb"<f>1\+1</f><v( />|></v>)", b"<f>1+1</f><v>2</v>"
    )
    line = read(content=content).lines[0]
    assert (line.trouble, line.cells[Field.BUILDING]) == ("", "2")


def test_it_marks_a_line_whose_cell_shows_an_error():
    assert read(content=xlsx([["#REF!", "101", "柳一", "", "", ""]])).lines[0].trouble == "cell_error"


def test_it_marks_a_card_number_that_the_spreadsheet_has_cut():
    line = read(content=xlsx([["1", "101", "柳一", "", "", 4012345678901234]])).lines[0]
    assert line.trouble == "number_cut"


def test_it_skips_lines_in_which_nothing_stands():
    assert [line.number for line in read(content=xlsx([LIU, [], ["", " "], LIU])).lines] == [2, 5]


# --- identity numbers


@pytest.mark.parametrize(
    "number",
    ["33010619900307123X", "330106199003071234", "330106900307123", "３３０１０６１９９００３０７１２３Ｘ", "330106 19900307 1234",
     "330106-19900307-123x", "330 106 1990 03 07 1234", 330106199003071234, "3.30106E+17", "身份证330106199003071234（柳）"],
)  # fmt: skip
@pytest.mark.parametrize("column", range(6))
def test_it_cuts_an_identity_number_from_whatever_column(number: object, column: int):
    row: list[object] = list(LIU)
    row[column] = number
    line = read(content=xlsx([row])).lines[0]
    assert line.identity
    said = "".join(str(cell) for cell in line.cells.values())
    assert "19900307" not in said
    assert "900307123" not in said
    assert "E+17" not in said


def test_it_says_of_a_column_that_is_headed_so_only_once():
    table = read(
        content=xlsx([["330106199003071234", "1-1-101", "柳一"]], headings=["身份证", "房屋", "姓名"])
    )
    assert table.headings.identity == ["身份证"]
    assert not table.lines[0].identity


def test_it_drops_a_column_that_is_headed_so_whatever_stands_in_it():
    content = xlsx([["A1234567", "1-1-101", "柳一"]], headings=["护照号码", "房屋", "姓名"])
    table = read(content=content)
    assert table.headings.identity == ["护照号码"]
    assert "A1234567" not in str(table)


def test_it_says_that_there_was_a_number_in_a_column_it_does_not_read():
    line = read(
        content=xlsx([["柳一", "1-1-101", "证件330106199003071234"]], headings=["姓名", "房屋", "备注"])
    ).lines[0]
    assert line.identity
    assert "330106" not in str(line)


def test_it_repeats_no_identity_number_that_stands_among_the_headings():
    content = xlsx([["柳一", "1-1-101", ""]], headings=["姓名", "房屋", "330106199003071234"])
    assert read(content=content).headings.ignored == []


def test_it_does_not_take_phones_and_cards_for_identity_numbers():
    line = read(
        content=xlsx([["1", "101", "柳一", "13912340000/0571-88001234", "", "0012345678、04A2B3C4D5E6F7"]])
    ).lines[0]
    assert not line.identity


# --- what is refused


@pytest.mark.parametrize(
    "content", [b"", b" \r\n", b"\xef\xbb\xbf", xlsx([], headings=None), csv(",,,\n,,\n")]
)
def test_it_refuses_an_empty_file(content: bytes):
    assert refusal(content).reason == "empty"


def test_it_refuses_headings_with_nothing_below():
    assert refusal(xlsx([])).reason == "no_lines"


def test_it_refuses_two_hundred_thousand_lines_at_once():
    content = _with_rows(200_000)
    assert len(content) < packing.FILE_BYTES
    began = time.process_time()  # of this process alone: the machine may be busy with others
    refused = refusal(content)
    assert refused.reason == "too_many_rows"
    assert refused.told == {"sheet": "住户", "most": 20_000}
    assert time.process_time() - began < 5


def test_it_refuses_two_hundred_thousand_lines_of_csv_at_once():
    began = time.process_time()
    assert refusal(csv("姓名,房屋\n" + "柳一,1-1-101\n" * 200_000)).reason == "too_many_rows"
    assert time.process_time() - began < 5


def test_it_refuses_a_cell_at_the_far_corner_without_making_room_for_it():
    assert (
        refusal(xlsx([LIU], bend=lambda sheet: sheet.__setitem__("XFD1048576", "x"))).reason
        == "too_many_rows"
    )
    assert (
        refusal(xlsx([LIU], bend=lambda sheet: sheet.__setitem__("XFD2", "x"))).reason == "too_many_columns"
    )


def test_it_refuses_macros():
    assert refusal(_with_part(xlsx([LIU]), "xl/vbaProject.bin", b"code")).reason == "macros"


def test_it_refuses_a_zip_bomb_by_what_it_declares():
    assert refusal(_with_part(xlsx([LIU]), "xl/media/a.bin", b"\0" * (40 * 1024 * 1024))).reason == "zip_bomb"


def test_it_refuses_a_zip_bomb_that_declares_little():
    """The sizes in the headers are changed; the bytes unpack to what they unpack to."""
    content = bytearray(_with_part(xlsx([LIU]), "xl/worksheets/sheet9.xml", b" " * (30 * 1024 * 1024)))
    at = content.rindex(b"PK\x01\x02")
    assert content[at + 46 : at + 46 + 24] == b"xl/worksheets/sheet9.xml"
    struct.pack_into("<I", content, at + 24, 1000)
    assert refusal(bytes(content)).reason == "zip_bomb"


def test_it_refuses_a_file_that_is_too_large():
    assert refusal(b"x" * (packing.FILE_BYTES + 1)).reason == "too_large"


def test_it_refuses_an_old_or_locked_workbook():
    assert refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600).reason == "old_or_locked"


def test_it_refuses_entities_in_the_xml():
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet><sheetData/></worksheet>'
    assert refusal(_with_part(xlsx([LIU]), "xl/worksheets/sheet1.xml", bomb)).reason == "unreadable"


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04rubbish", b"PK\x05\x06" + b"\0" * 18, None],
)
def test_it_refuses_what_is_no_workbook(content: bytes | None):
    if content is None:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr("word/document.xml", "<w/>")
        content = held.getvalue()
    assert refusal(content).reason == "unreadable"


def test_it_names_the_sheets_when_none_fits():
    refused = refusal(xlsx([["a", "b"]], headings=["水表", "读数"], title="水费", others=["说明"]))
    assert refused.reason == "wrong_sheet"
    assert refused.told == {"sheets": "水费、说明"}
    assert refusal(xlsx([["a", "b"]], headings=["水表", "读数"], title="水费")).reason == "no_headings"


def test_it_names_a_sheet_that_is_not_there():
    assert refusal(xlsx([LIU]), sheet="没有").told == {"sheet": "没有", "sheets": "住户"}


@pytest.mark.parametrize(
    "pair", [("姓名", "姓名"), ("姓名", "住户姓名"), ("Name", "姓 名＊"), ("业主姓名", "姓名")]
)
def test_it_names_two_headings_that_say_the_same(pair: tuple[str, str]):
    refused = refusal(xlsx([["柳一", "1-1-101", "柳二"]], headings=[pair[0], "房屋", pair[1]]))
    assert refused.reason == "headed_alike"
    assert (refused.told["first"], refused.told["second"]) == pair


def test_it_refuses_a_delimiter_that_nobody_uses():
    assert refusal(csv("姓名^房屋^电话\n柳一^1-1-101^\n")).reason == "delimiter"
    assert refusal(csv("a,b\n1,2\n")).reason == "no_headings_csv"


def test_it_refuses_bytes_that_are_no_text():
    assert refusal(bytes(range(256)) * 10).reason == "encoding"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_refusal_has_its_words_in_both_languages(language: str):
    told = {"sheet": "住户", "sheets": "a、b", "most": 10, "first": "姓名", "second": "名字"}
    with translation.override(language):
        for table in (words.FILES, words.STANDSTILLS, words.REASONS, words.NOTES, words.LEFT):
            for code, said in table.items():
                text = str(said) % told
                assert text
                assert any(
                    "\u4e00" <= each <= "\u9fff"
                    for each in text.replace("住户", "").replace("姓名", "").replace("名字", "")
                ) == (language == "zh-hans"), code


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2_000))
def test_whatever_the_bytes_it_reads_or_refuses(content: bytes):
    assert answer(content) in {*words.FILES, "read"}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 6000), st.binary(min_size=1, max_size=40))
def test_a_damaged_workbook_is_read_or_refused(at: int, damage: bytes):
    content = bytearray(xlsx([LIU]))
    content[at % len(content) : at % len(content) + len(damage)] = damage
    assert answer(bytes(content)) in {*words.FILES, "read"}


# --- bending files


def _rewritten(content: bytes, bend) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new:
        bend(old, new)
    return held.getvalue()


def _with_part(content: bytes, name: str, part: bytes) -> bytes:
    def bend(old, new):
        for each in old.namelist():
            if each != name:
                new.writestr(each, old.read(each))
        new.writestr(name, part)

    return _rewritten(content, bend)


def _with_values(content: bytes, before: bytes, after: bytes) -> bytes:
    name = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read(name)
    changed, times = re.subn(before, after, xml)
    assert times == 1
    return _with_part(content, name, changed)


def _with_rows(count: int) -> bytes:
    row = '<row r="{0}"><c r="A{0}" t="n"><v>1</v></c><c r="B{0}" t="n"><v>{0}</v></c></row>'
    body = "".join(row.format(number) for number in range(1, count + 1))
    xml = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{body}</sheetData></worksheet>'
    return _with_part(xlsx([LIU]), "xl/worksheets/sheet1.xml", xml.encode())
