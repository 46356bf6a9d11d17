"""1,200 households from a list that is dirty on purpose: as the dry run said, again nothing, and undone as if never."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from access import gates
from access.models import Credential, Rule
from residents import contact
from residents.importing import applying, running, undoing, uploading
from residents.models import Import, Occupancy, Ownership, Resident, Unit
from tests.importing.conftest import to_the_end
from tests.importing.dump import different, dump
from tests.importing.sheets import PLACEHOLDERS, community, xlsx

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(900)]

HOUSEHOLDS = 1200


def dirty() -> tuple[list[str], list[list[Any]], dict[int, str]]:
    """(headings, rows, what must be refused and why, by line)"""
    headings, rows = community(HOUSEHOLDS)
    number = len(rows)

    def bent(of: int, **changes: Any) -> list[Any]:
        row = list(rows[of])
        for heading, value in changes.items():
            row[[each.replace(" ", "").replace("　", "") for each in headings].index(heading)] = value
        return row

    more = [
        (rows[4], "twice"),
        (bent(10, 联系电话="13912349999", 姓名=rows[10][5]), "twice_differs"),
        (bent(20, 姓名="新一", 单元="", 房号="很远", 门禁卡号=""), "dwelling_unreadable"),
        (bent(20, 姓名="新二", 联系电话="一三九", 门禁卡号=""), "phone_unreadable"),
        (bent(20, 姓名="新三", 入住日期="5/3/2024", 门禁卡号=""), "date_unreadable"),
        (bent(20, 姓名="新四", 与业主关系="宠物", 门禁卡号=""), "tenure_unknown"),
        (bent(20, 姓名="", 门禁卡号=""), "no_name"),
        (bent(20, 姓名="新五", 门禁卡号="=A1"), "formula_without_value"),
        (bent(20, 姓名="新六", 门禁卡号="丢失"), "card_unreadable"),
        (bent(20, 姓名="新七", **{"建筑面积(㎡)": 77.5}, 门禁卡号=""), "area_differs"),
        (bent(31, 姓名="新八", 门禁卡号="0099990001"), "card_of_two"),
        (bent(33, 姓名="新九", 门禁卡号="0099990001"), "card_of_two"),
    ]  # fmt: skip
    refused = {number + 2 + at: why for at, (_row, why) in enumerate(more)}
    return headings, [*rows, *(row for row, _why in more)], refused


@pytest.fixture(scope="module")
def sheet() -> tuple[bytes, dict[int, str], int]:
    headings, rows, refused = dirty()

    def merge(page) -> None:
        page.insert_rows(1)
        page["A1"] = "柳岸小区住户登记总表"
        page.merge_cells("A1:M1")

    return (
        xlsx(rows, headings=headings, bend=merge),
        {line + 1: why for line, why in refused.items()},
        len(rows),
    )


def test_it_is_brought_in_as_planned_again_changes_nothing_and_undone_is_as_before(sheet, here, clerk, now):
    content, refused, count = sheet
    gate = gates.put_up(neighborhood=here, name="南门", at=now)
    before = dump()
    began, worked = time.monotonic(), time.process_time()
    source = uploading.dry_run(
        neighborhood=here, by=clerk, content=content, make_dwellings=True, gates=[gate.pk], at=now
    )
    assert different(before, dump()) == set()
    planned = {row.number: (row.fate, row.reason) for row in source.lines.all()}
    assert {line: why for line, (fate, why) in planned.items() if fate == "refused"} == refused
    assert len(planned) == count

    applying.begin(source=source, by=clerk, at=now)
    seen = []
    with (
        CaptureQueriesContext(connections["default"]) as main,
        CaptureQueriesContext(connections["vault"]) as vault,
    ):
        while running.work(imported=source.pk, at=now):
            seen.append(Import.objects.get(pk=source.pk).done)
    took = time.monotonic() - began
    per_line = (len(main) + len(vault)) / count
    print(f"{count} lines in {took:.1f} s, {per_line:.3f} queries for each line")
    assert time.process_time() - worked < 60, "of this process alone: the machine may be busy with others"
    assert per_line < 0.25
    assert seen == sorted(set(seen)), "progress is shown, batch by batch"
    assert len(seen) > 10

    source.refresh_from_db()
    became = {row.number: (row.outcome or row.fate, row.reason) for row in source.lines.all()}
    assert became == planned
    assert source.became == source.planned
    _is_right(count - len(refused))

    after = dump(versions=True)
    again = uploading.dry_run(
        neighborhood=here, by=clerk, content=content, make_dwellings=True, gates=[gate.pk], at=now
    )
    assert Counter(again.planned) == {"same": count - len(refused), "refused": len(refused)}
    applying.begin(source=again, by=clerk, at=now)
    assert to_the_end(again, now).became == again.planned
    assert different(after, dump(versions=True)) == set(), "not one row was written"
    undoing.begin(source=again, by=clerk, at=now)
    assert to_the_end(again, now).kept == 0
    assert different(after, dump(versions=True)) == set()

    undoing.begin(source=source, by=clerk, at=now)
    assert to_the_end(source, now).kept == 0
    assert different(before, dump()) == set(), "as if it had never been"


def _is_right(people: int) -> None:
    assert Unit.objects.count() == HOUSEHOLDS
    assert Rule.objects.filter(resident=None).count() == HOUSEHOLDS
    assert Resident.objects.count() == people == Credential.objects.count()
    assert Ownership.objects.count() == HOUSEHOLDS
    landlords = Ownership.objects.exclude(resident__in=Occupancy.objects.values("resident")).count()
    assert landlords == HOUSEHOLDS // 10
    assert Resident.objects.filter(name="𠮷二㐂").exists()
    assert not Resident.objects.filter(name__contains=" ").exists()
    phones = set(contact.phones_of(list(Resident.objects.select_related("neighborhood"))).values())
    assert len(phones) > 2_500
    assert not phones & set(PLACEHOLDERS)
    children = Resident.objects.exclude(born=None)
    assert 0 < children.count() < 700
