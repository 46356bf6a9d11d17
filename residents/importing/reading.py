"""Bytes to lines: what stands under the known headings of the one sheet that has them. Nothing else leaves here.

Identity numbers are cut from every cell before it is handed on; columns without a known heading are not looked at.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from residents.importing import headings, packing
from residents.importing.headings import Field, Headings
from residents.importing.identity import without_identity
from residents.importing.refusals import FileRefused

Cell = str | date
DELIMITERS = (",", "\t", ";", "，", "|")
CSV_FIELD_CHARACTERS = 100_000
EXACT = 10**15  # a spreadsheet keeps fifteen digits of a number; beyond, it has made up the rest


@dataclass
class Line:
    """One line of the sheet as it stands there."""

    number: int  # as the spreadsheet counts, from 1
    cells: dict[Field, Cell]
    # What is wrong with a cell itself, whatever it should have said: a code of `words.REASONS`.
    trouble: str = ""
    identity: bool = False  # a number was cut from it


@dataclass
class Table:
    sheet: str
    headings: Headings
    lines: list[Line] = field(default_factory=list)

    @property
    def has(self) -> frozenset[Field]:
        return frozenset(self.headings.columns)


def read(*, content: bytes, sheet: str = "") -> Table:
    """The lines of an XLSX or a CSV. `sheet` names one of several that would fit.

    Raises: FileRefused
    """
    if len(content) > packing.FILE_BYTES:
        raise FileRefused("too_large", most=packing.FILE_BYTES // 1024 // 1024)
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise FileRefused("empty")
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")):
        table = _workbook(content, sheet.strip())
    else:
        table = _text(content)
    if not table.lines:
        raise FileRefused("no_lines", sheet=table.sheet)
    return table


def _workbook(content: bytes, wanted: str) -> Table:
    sheets = packing.look_into(content)
    names = "、".join(each.name for each in sheets)
    if wanted and wanted not in [each.name for each in sheets]:
        raise FileRefused("no_such_sheet", sheet=wanted, sheets=names)
    grids = _grids(content, [each.name for each in sheets if wanted in ("", each.name)])
    if not any(any(row) for grid in grids.values() for row in grid):
        raise FileRefused("empty")
    fits = {}
    for each in sheets:
        found = headings.find(grids[each.name], sheet=each.name) if each.name in grids else None
        if found is not None:
            fits[each.name] = (each, found)
    if not fits:
        raise FileRefused("no_headings" if len(sheets) == 1 else "wrong_sheet", sheets=names)
    if len(fits) > 1:
        raise FileRefused("several_sheets", sheets="、".join(fits))
    [(chosen, found)] = fits.values()
    grid = grids[chosen.name]
    return Table(chosen.name, found, _lines(grid, found, chosen))


def _grids(content: bytes, wanted: Sequence[str]) -> dict[str, list[list[Any]]]:
    """Each sheet's values, merged cells filled with what stands in their first."""
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        found = {}
        for name in wanted:
            sheet = workbook.get_sheet_by_name(name)
            found[name] = _filled(sheet.to_python(skip_empty_area=False), sheet.merged_cell_ranges or [])
    except CalamineError:
        raise FileRefused("unreadable") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how a fault in the reader's Rust shows itself
            raise
        raise FileRefused("unreadable") from None
    return found


def _filled(grid: list[list[Any]], merged: Sequence[Any]) -> list[list[Any]]:
    width = max((len(row) for row in grid), default=0)
    for (top, left), (bottom, right) in merged:
        if top >= len(grid) or left >= width:
            continue
        # The last lines of a sheet may hold nothing but merged cells.
        while len(grid) <= min(bottom, packing.LAST_ROW):
            grid.append([""] * width)
        for row in grid[top : bottom + 1]:
            row[left : min(right + 1, width)] = [grid[top][left]] * (min(right + 1, width) - left)
    return grid


def _lines(grid: list[list[Any]], found: Headings, sheet: packing.Sheet | None = None) -> list[Line]:
    lines = []
    for at, row in enumerate(grid[found.row + 1 :], start=found.row + 1):
        line = _line(at, row, found, sheet)
        if line.trouble or any(line.cells.values()):
            lines.append(line)
    if len(lines) > packing.ROWS:
        raise FileRefused("too_many_rows", sheet=sheet.name if sheet else "CSV", most=packing.ROWS)
    return lines


def _line(at: int, row: Sequence[Any], found: Headings, sheet: packing.Sheet | None) -> Line:
    line = Line(at + 1, {})
    for which, column in found.columns.items():
        cell = _cell(row[column] if column < len(row) else "")
        if isinstance(cell, str):
            cell, cut = without_identity(cell)
            line.identity |= cut
        line.cells[which] = cell
        if sheet is not None and (at, column) in sheet.without_value:
            line.trouble = "formula_without_value"
        elif sheet is not None and (at, column) in sheet.errors:
            line.trouble = "cell_error"
        elif which == Field.CARD and _is_cut(row[column] if column < len(row) else "") and not line.identity:
            line.trouble = "number_cut"
    # What stands elsewhere is dropped unread, save for its shape: the page says that there was such a number. Of a
    # column that is headed so it says it once.
    others = (cell for column, cell in enumerate(row) if column not in found.dropped)
    line.identity |= any(without_identity(_words(cell))[1] for cell in others)
    return line


def _is_cut(cell: Any) -> bool:
    return isinstance(cell, float) and cell >= EXACT


def _words(cell: Any) -> str:
    return cell if (cell := _cell(cell)) and isinstance(cell, str) else ""


def _cell(cell: Any) -> Cell:
    """Text, or a day. A whole number has no fraction: a phone is not 13812345678.0."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 10**21 else str(cell)
    return cell.strip() if isinstance(cell, str) else str(cell) if isinstance(cell, int) else ""


def _text(content: bytes) -> Table:
    text = _decoded(content)
    if not any(character.isalnum() for character in text[:100_000]):
        raise FileRefused("empty")
    best: tuple[int, list[list[str]], Headings] | None = None
    for delimiter in DELIMITERS:
        grid = _split(text, delimiter)
        found = headings.find(grid, sheet="CSV")
        if found is not None and (best is None or len(found.columns) > best[0]):
            best = (len(found.columns), grid, found)
    if best is None:
        raise FileRefused(_why_not(text))
    _many, grid, found = best
    return Table("CSV", found, _lines(grid, found))


def _decoded(content: bytes) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return _try(content, encoding) or _undecodable()
    # GB18030 holds all of GBK, and takes nearly any bytes: so UTF-8 first, which takes hardly any but its own.
    found = _try(content, "utf-8") or _try(content, "gb18030")
    if found is None or any(
        unicodedata.category(each) in ("Cc", "Co", "Cn") for each in found[:20_000] if each not in "\t\r\n"
    ):
        _undecodable()
    assert found is not None
    return found


def _undecodable() -> str:
    raise FileRefused("encoding")


def _try(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _split(text: str, delimiter: str) -> list[list[str]]:
    before = csv.field_size_limit(CSV_FIELD_CHARACTERS)
    grid: list[list[str]] = []
    try:
        # Not strict: a stray quotation mark in somebody's note is no reason to refuse a list.
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            grid.append(row[: packing.COLUMNS])
            if len(grid) > packing.LAST_ROW or (
                sum(map(bool, grid[-1])) and len(grid) > packing.ROWS + headings.LOOK_AT
            ):
                raise FileRefused("too_many_rows", sheet="CSV", most=packing.ROWS)
    except csv.Error:
        return []
    finally:
        csv.field_size_limit(before)
    return grid


def _why_not(text: str) -> str:
    """No headings: because nothing parts the columns, or because nobody knows what they say."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    known = sum(1 for word in headings.KNOWN if len(word) > 1 and word in headings.fold(first))
    return "delimiter" if known >= 2 else "no_headings_csv"
