"""Lists as people keep them, made by the tests. Everybody in them is made up, and so is every number."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

HEADINGS = ["楼栋", "房号", "姓名", "手机号", "身份", "门禁卡号"]


def xlsx(
    rows: Sequence[Sequence[Any]],
    *,
    headings: Sequence[Any] | None = HEADINGS,
    title: str = "住户",
    bend: Callable[[Worksheet], None] | None = None,
    others: Sequence[str] = (),
) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in ([headings] if headings else []) + list(rows):
        sheet.append(list(row))
    if bend:
        bend(sheet)
    for name in others:
        book.create_sheet(name)["A1"] = "别的"
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def csv(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


# --- a community of many households, dirty on purpose

FAMILIES = "柳杨梅兰竹菊松柏桐桂荷莲枫槐榆杏桃梨棠樱"
GIVEN = "一二三四五六七八九十"
IDENTITY = "33010619900307{:03}X"  # no real one: the check letter is wrong for most
PLACEHOLDERS = ("18999999999", "00000000000", "13800000000", "12345678901", "无", "")


def community(households: int = 1200) -> tuple[list[str], list[list[Any]]]:
    """(headings, rows): about five lines for every two households, cards and phones and all that is wrong with them."""
    headings = ["序号", "楼 栋", "单元", "房号", "建筑面积(㎡)", "姓　名", "身份证号码", "联系电话", "与业主关系", "入住日期",
                "出生日期", "门禁卡号", "备注"]  # fmt: skip
    rows: list[list[Any]] = []
    for home in range(households):
        building, entrance, room = (
            home // 120 + 1,
            home % 120 // 30 + 1,
            home % 30 // 2 * 100 + home % 2 + 101,
        )
        for who in range(2 + home % 2):
            rows.append(_line(len(rows), home, who, building, entrance, room))
    return headings, rows


def _line(number: int, home: int, who: int, building: int, entrance: int, room: int) -> list[Any]:
    family = FAMILIES[home % len(FAMILIES)]
    name = family + GIVEN[home // 7 % 10] + GIVEN[who]
    if home % 97 == 0:
        name = "𠮷" + GIVEN[who] + "㐂"
    if home % 31 == 0:
        name = f"{name[0]}　{name[1:]} "
    phone: Any = 13900000000 + 7 * number + 1234
    if number % 9 == 0:
        phone = PLACEHOLDERS[number // 9 % len(PLACEHOLDERS)]
    elif number % 11 == 0:
        phone = "".join(chr(ord(digit) + 0xFEE0) for digit in str(phone))
    elif number % 13 == 0:
        phone = f"{str(phone)[:3]}-{str(phone)[3:7]} {str(phone)[7:]}"
    tenure = ("业主", "配偶", "子女")[who] if home % 10 else ("房东", "租客", "保姆")[who]
    since: Any = (date(2019, 3, 5), "2019-03-05", "2019/3/5", "2019年3月5日", 43529)[number % 5]
    born: Any = date(2015, 6, 1) if who == 2 and home % 10 else date(1980, 1, 2) if number % 2 else ""
    card: Any = 4_000_000_000 + number if number % 4 else f"０{4_000_000_000 + number}"
    note = f"证件 {IDENTITY.format(number % 1000)}" if number % 17 == 0 else "老住户"
    return [
        number + 1, f"{building}幢" if home % 2 else building, f"{entrance}单元", f"{room:04}室" if home % 3 else room,
        "89.50㎡" if home % 2 else 120.25, name, IDENTITY.format(number % 1000) if number % 3 else 330106199003070000 + number,
        phone, tenure, since, born, card, note,
    ]  # fmt: skip
