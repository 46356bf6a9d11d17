"""Every line has its fate before anything is written, and the register is as it was."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.test.utils import CaptureQueriesContext

from access import cards
from access.models import Credential
from residents import contact, moving
from residents.ages import today_in
from residents.importing import uploading
from residents.importing.refusals import ImportRefused
from residents.models import Import, Occupancy, Ownership, Resident, Unit
from residents.register import move_in, register
from tests.cast import dwelling
from tests.importing.conftest import fates, notes
from tests.importing.sheets import xlsx

pytestmark = pytest.mark.django_db


def test_a_new_person_is_new_and_nothing_is_written(look):
    source = look(xlsx([["1", "1-101", "杨一", "", "业主", "0012345678"]]))
    assert fates(source) == {2: ("new", "")}
    assert not Resident.objects.exists()
    assert not Unit.objects.exists()


def test_a_dwelling_that_does_not_exist_is_refused_unless_it_may_be_made(look):
    content = xlsx([["1", "1-101", "杨一", "", "业主", ""]])
    assert fates(look(content, make_dwellings=False)) == {2: ("refused", "dwelling_unknown")}
    assert fates(look(content)) == {2: ("new", "")}


def test_a_list_of_dwellings_makes_dwellings(bring_in, here):
    content = xlsx([["1", "1-101", "89.5㎡"], ["1", "1-102", ""]], headings=["楼栋", "房号", "面积"])
    assert bring_in(content, make_dwellings=False).became == {"new": 2}
    assert [(str(unit), unit.area and str(unit.area)) for unit in Unit.objects.order_by("number")] == [
        ("1 1-101", "89.50"),
        ("1 1-102", None),
    ]
    assert bring_in(content, make_dwellings=False).became == {"same": 2}


def test_an_empty_dwelling_on_a_list_of_people_is_a_dwelling(bring_in):
    assert bring_in(xlsx([["1", "101", "空置", "", "", ""]])).became == {"new": 1}
    assert not Resident.objects.exists()


def test_whoever_is_there_is_the_same(look, resident):
    assert fates(look(xlsx([["1", "101", "柳 一", "0571-88000101", "", ""]]))) == {2: ("same", "")}


def test_a_new_phone_is_a_change_and_an_empty_one_says_nothing(bring_in, resident):
    assert bring_in(xlsx([["1幢", "0101室", "柳一", "无", "", ""]])).became == {"same": 1}
    assert bring_in(xlsx([["1幢", "0101室", "柳一", "0571 8800 0999", "", ""]])).became == {"changed": 1}
    resident.refresh_from_db()
    assert contact.phone_of(resident) == "057188000999"


def test_an_owner_who_is_family_so_far_becomes_an_owner(bring_in, resident):
    assert bring_in(xlsx([["1", "101", "柳一", "", "业主", ""]])).became == {"changed": 1}
    assert resident.occupancies.get().tenure == Occupancy.Tenure.OWNER
    assert Ownership.objects.get().resident == resident


def test_a_list_ends_nothing(bring_in, resident, now):
    bring_in(xlsx([["1", "101", "柳一", "", "业主", ""]]))
    bring_in(xlsx([["1", "101", "柳一", "", "租客", ""]]))
    assert Ownership.objects.get().until is None


def test_the_same_name_and_phone_in_another_dwelling_is_the_same_person(bring_in, resident):
    dwelling(resident.neighborhood, "102")
    assert bring_in(xlsx([["1", "102", "柳一", "0571 8800 0101", "业主", ""]])).became == {"changed": 1}
    assert Resident.objects.count() == 1
    assert resident.occupancies.count() == 2


def test_the_same_name_in_another_dwelling_without_a_phone_is_somebody_else(bring_in, resident):
    dwelling(resident.neighborhood, "102")
    assert bring_in(xlsx([["1", "102", "柳一", "", "业主", ""]])).became == {"new": 1}


def test_nobody_is_known_across_neighborhoods(look, stranger):
    source = look(xlsx([["1", "901", "山一", "0571 8800 0901", "", ""]]))
    assert fates(source) == {2: ("new", "")}


@pytest.mark.parametrize("also", [{}, {"number": "102"}])
def test_who_moved_out_is_not_moved_in_again(look, resident, clerk, now, also):
    today = today_in(resident.neighborhood, now)
    moving.move_out(resident=resident, on=today, by=clerk, paper="1/7", at=now)
    dwelling(resident.neighborhood, "102")
    row = ["1", also.get("number", "101"), "柳一", "0571 8800 0101", "", ""]
    assert fates(look(xlsx([row]))) == {2: ("refused", "moved_out")}


def test_since_when_somebody_lives_here_is_not_rewritten(bring_in, resident):
    headings = ["楼栋", "房号", "姓名", "入住日期"]
    assert bring_in(xlsx([["1", "101", "柳一", "2001-01-01"]], headings=headings)).became == {"same": 1}


def test_who_comes_without_a_card_is_said_to_have_no_way_in_yet(look):
    assert "no_way_in" in notes(look(xlsx([["1", "101", "杨一", "", "业主", ""]])))[2]
    assert "no_way_in" not in notes(look(xlsx([["1", "101", "杨一", "", "业主", "0012345678"]])))[2]
    assert "no_way_in" not in notes(look(xlsx([["1", "101", "杨一", "", "房东", ""]])))[2]


def test_who_owns_no_more_does_not_own_again(look, resident, now):
    Ownership.objects.create(
        neighborhood=resident.neighborhood,
        resident=resident,
        unit=Unit.objects.get(),
        since=date(2020, 1, 1),
        until=now.date() - timedelta(days=1),
    )
    assert fates(look(xlsx([["1", "101", "柳一", "", "房东", ""]]))) == {2: ("refused", "owns_no_more")}


def test_two_of_one_name_are_told_apart_by_the_phone_alone(look, resident, now):
    unit = Unit.objects.get()
    other = register(neighborhood=resident.neighborhood, name="柳一", phone="0571 8800 0555")
    move_in(resident=other, unit=unit, since=now.date(), at=now)
    assert fates(look(xlsx([["1", "101", "柳一", "0571 8800 0555", "", ""]]))) == {2: ("same", "")}
    assert fates(look(xlsx([["1", "101", "柳一", "", "", ""]]))) == {2: ("refused", "ambiguous")}


# --- what only the whole list shows


def test_one_person_twice_counts_once(look):
    row = ["1", "101", "杨一", "", "业主", "0012345678"]
    assert fates(look(xlsx([row, row, ["1", "101", "杨 一", "无", "", ""]]))) == {
        2: ("new", ""),
        3: ("refused", "twice"),
        4: ("refused", "twice"),
    }


def test_a_second_line_may_bring_a_second_card_and_again_changes_nothing(bring_in):
    content = xlsx(
        [["1", "101", "杨一", "", "业主", "0012345678"], ["1", "101", "杨一", "", "业主", "0012345679"]]
    )
    assert bring_in(content).became == {"new": 1, "changed": 1}
    assert Credential.objects.count() == 2
    assert bring_in(content).became == {"same": 2}


def test_lines_that_contradict_each_other_are_refused(look):
    rows = [["1", "101", "杨一", "13912340000", "业主", ""], ["1", "101", "杨一", "13912340001", "业主", ""]]
    assert fates(look(xlsx(rows))) == {2: ("new", ""), 3: ("refused", "twice_differs")}


def test_lines_of_two_dwellings_never_take_turns_with_one_persons_phone(bring_in, resident):
    dwelling(resident.neighborhood, "102")
    bring_in(xlsx([["1", "102", "柳一", "0571 8800 0101", "业主", ""]]))
    content = xlsx(
        [["1", "101", "柳一", "0571 8800 0201", "", ""], ["1", "102", "柳一", "0571 8800 0202", "", ""]]
    )
    assert bring_in(content).became == {"changed": 1, "refused": 1}
    assert bring_in(content).became == {"same": 1, "refused": 1}


def test_a_card_of_two_is_nobodys(look):
    rows = [
        ["1", "101", "杨一", "", "业主", "0012345678"],
        ["1", "102", "杨二", "", "业主", "００１２-３４５６７８"],
        ["1", "103", "杨三", "", "业主", "0012345679"],
    ]
    assert fates(look(xlsx(rows))) == {
        2: ("refused", "card_of_two"),
        3: ("refused", "card_of_two"),
        4: ("new", ""),
    }


def test_a_card_that_is_somebodys_here_is_refused(look, resident, now):
    cards.issue(resident=resident, number="0012345678", at=now)
    assert fates(look(xlsx([["1", "102", "杨一", "", "业主", "0012345678"]]))) == {
        2: ("refused", "card_taken")
    }


def test_a_card_number_that_is_none_is_refused(look):
    assert fates(look(xlsx([["1", "102", "杨一", "", "业主", "丢了"]]))) == {
        2: ("refused", "card_unreadable")
    }


def test_a_dwelling_of_two_sizes_is_refused_the_second_time(look):
    content = xlsx([["1", "101", "89.5"], ["1", "101", "90"]], headings=["楼栋", "房号", "面积"])
    assert fates(look(content)) == {2: ("new", ""), 3: ("refused", "area_differs")}


def test_a_shared_phone_is_kept_and_said(bring_in):
    source = bring_in(
        xlsx([["1", "101", "杨一", "13912340000", "", ""], ["1", "101", "杨二", "13912340000", "", ""]])
    )
    assert source.became == {"new": 2}
    assert all("phone_shared" in said for said in notes(source).values())
    assert {contact.phone_of(each) for each in Resident.objects.all()} == {"13912340000"}


def test_a_minor_may_own_and_it_is_said(bring_in):
    content = xlsx(
        [["1", "101", "杨一", "业主", "2015-01-01"]], headings=["楼栋", "房号", "姓名", "身份", "出生日期"]
    )
    source = bring_in(content)
    assert source.became == {"new": 1}
    assert notes(source) == {2: ["guardian_votes", "no_way_in"]}
    assert Resident.objects.get().born == date(2015, 1, 1)


def test_a_lent_pin_ends_with_the_card_of_a_list(bring_in, resident, now):
    from access import pins

    pins.lend(resident=resident, at=now)
    bring_in(xlsx([["1", "101", "柳一", "", "", "0012345678"]]))
    assert list(resident.credentials.active().values_list("kind", flat=True)) == ["card"]


# --- who may


@pytest.mark.obligation("27")
@pytest.mark.parametrize("who", ["chair", "auditor", "outsider"])
def test_only_who_may_write_the_register_may_look(request, look, who):
    with pytest.raises(PermissionDenied):
        look(xlsx([["1", "101", "杨一", "", "", ""]]), by=request.getfixturevalue(who))


def test_cards_and_gates_need_a_right_of_their_own(look, clerk, monkeypatch):
    from committees import roles

    granted = {**roles.ROLE_PERMISSIONS, ("property", "clerk"): frozenset({"manage_register"})}
    monkeypatch.setattr(roles, "ROLE_PERMISSIONS", granted)
    with pytest.raises(ImportRefused, match="no_cards"):
        look(xlsx([["1", "101", "杨一", "", "", "0012345678"]]))
    look(xlsx([["1", "101", "杨一"]], headings=["楼栋", "房号", "姓名"]))


def test_a_gate_of_another_neighborhood_is_not_opened(look, elsewhere, here, now):
    from access import gates

    theirs, ours = (gates.put_up(neighborhood=each, name="门", at=now) for each in (elsewhere, here))
    source = look(xlsx([["1", "101", "杨一", "", "", ""]]), gates=[theirs.pk, ours.pk])
    assert source.gates == [str(ours.pk)]


# --- what it costs


def test_the_number_of_queries_does_not_depend_on_the_number_of_lines(look):
    def cost(many: int) -> int:
        rows = [
            [1, f"{100 + each}", f"杨{each}号", 13912340000 + each, "业主", f"00{12345000 + each}"]
            for each in range(many)
        ]
        with (
            CaptureQueriesContext(connections["default"]) as main,
            CaptureQueriesContext(connections["vault"]) as vault,
        ):
            look(xlsx(rows))
        return len(main) + len(vault)

    cost(1)
    assert cost(3) == cost(300)


def test_a_second_list_waits_while_one_runs(look, clerk, now):
    from residents.importing import applying

    first, second = (
        look(xlsx([["1", "101", "杨一", "", "", ""]])),
        look(xlsx([["1", "102", "杨二", "", "", ""]])),
    )
    applying.begin(source=first, by=clerk, at=now)
    with pytest.raises(ImportRefused, match="another_runs"):
        look(xlsx([["1", "103", "杨三", "", "", ""]]))
    with pytest.raises(ImportRefused, match="another_runs"):
        applying.begin(source=second, by=clerk, at=now)
    with pytest.raises(ImportRefused, match="not_planned"):
        applying.begin(source=first, by=clerk, at=now)
    assert Import.objects.running().count() == 1


def test_a_dry_run_holds_no_plain_word_of_anybody(look):
    source = look(xlsx([["1", "101", "杨一", "13912340000", "", "0012345678"]]))
    row = source.lines.get()
    assert row.resident is None
    held = bytes(row.content) + str([row.notes, row.made, row.reason, source.planned, source.gates]).encode()
    for word in ("杨一", "13912340000", "0012345678"):
        assert word.encode() not in held
    assert uploading.sealed.entries(source, [row])[0].name == "杨一"
