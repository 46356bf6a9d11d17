"""It undoes a whole list: what it made goes, what it changed is as before; what people have used since is kept and said."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.test.utils import CaptureQueriesContext

from access import cards, gates, rules
from access.models import Credential, FeedRow, Rule
from committees import publishing
from ledger.models import Entry
from residents import claiming, contact, moving
from residents.ages import today_in
from residents.correcting import correct
from residents.importing import undoing
from residents.importing.refusals import ImportRefused
from residents.letters import write
from residents.lookups import look_up
from residents.models import Building, Letter, Occupancy, Ownership, Resident, Unit
from residents.register import move_in
from tests import make
from tests.cast import dwelling
from tests.committees.notices import draft
from tests.importing.dump import different, dump
from tests.importing.sheets import xlsx
from vault import keys

pytestmark = pytest.mark.django_db

HEADINGS = ["楼栋", "房号", "面积", "姓名", "手机号", "身份", "入住日期", "出生日期", "门禁卡号"]
ROWS = [
    [
        "1",
        "101",
        "89.5",
        "柳一",
        "0571 8800 0777",
        "业主",
        "2020-01-01",
        "2012-01-01",
        "0012345670",
    ],  # is there
    ["1", "201", "90", "杨一", "13912340000", "业主", "2020-01-01", "", "0012345671"],
    ["1", "201", "", "杨二", "13912340001", "租客", "", "", "0012345672"],
    ["2", "101", "", "杨一", "13912340000", "房东", "", "", "0012345673"],
]


def left(source) -> dict[int, list[str]]:
    return {row.number: row.left for row in source.lines.order_by("number") if row.left}


@pytest.fixture
def source(bring_in, resident):
    return bring_in(xlsx(ROWS, headings=HEADINGS))


def test_everything_is_as_it_was(bring_in, undo, resident, now):
    cards.issue(resident=resident, number="0099999999", at=now)
    gate = gates.put_up(neighborhood=resident.neighborhood, name="南门", at=now)
    rules.add(gate=gate, unit=Unit.objects.get(), at=now)
    before = dump()
    source = bring_in(xlsx(ROWS, headings=HEADINGS), gates=[gate.pk])
    assert source.became == {"changed": 1, "new": 2} | {"changed": 2}
    assert {"residents_resident", "access_credential", "access_feedrow", "residents_unit"} <= different(
        before, dump()
    )
    assert Rule.objects.count() == 3
    undone = undo(source)
    assert (undone.state, undone.kept, left(undone)) == ("undone", 0, {})
    assert different(before, dump()) == set()
    assert contact.phone_of(Resident.objects.get()) == "057188000101"


def test_the_keys_of_phones_that_went_are_destroyed(source, undo, resident):
    theirs = list(Resident.objects.exclude(pk=resident.pk).values_list("contact_key", flat=True))
    assert {keys.state(each) for each in theirs} == {keys.State.LIVE}
    undo(source)
    assert {keys.state(each) for each in theirs} == {keys.State.DESTROYED}
    assert keys.state(resident.contact_key) == keys.State.LIVE


def test_whoever_opened_an_account_stays_with_all_that_is_theirs(source, undo, clerk, now):
    who = Resident.objects.get(name="杨一")
    code = write(resident=who, by=clerk, at=now).code
    claiming.claim(
        code=code, username="yang", password="correct horse", language="en", address="1.2.3.4", at=now
    )
    undone = undo(source)
    assert left(undone) == {
        2: ["card_only_way"],
        3: ["used_account", "used_dwelling"],
        5: ["used_account", "used_building", "used_dwelling"],
    }
    who.refresh_from_db()
    assert (who.name, contact.phone_of(who)) == ("杨一", "13912340000")
    assert who.ownerships.count() == 2
    assert who.credentials.active().count() == 2
    assert not Resident.objects.filter(name="杨二").exists()


def test_a_card_that_was_replaced_keeps_its_holder(source, undo, now):
    who = Resident.objects.get(name="杨二")
    old = who.credentials.get()
    new = cards.replace(card=old, number="0055555555", at=now)
    undone = undo(source)
    assert "used_card" in left(undone)[4]
    assert who.credentials.active().get() == new
    assert Occupancy.objects.filter(resident=who).exists()


def test_a_card_that_is_somebodys_only_way_in_stays(source, undo, resident):
    undone = undo(source)
    assert left(undone) == {2: ["card_only_way"]}
    assert resident.credentials.active().count() == 1


def test_a_phone_that_was_corrected_since_stays(bring_in, undo, resident, clerk, now):
    source = bring_in(xlsx([["1", "101", "", "柳一", "0571 8800 0777", "", "", "", ""]], headings=HEADINGS))
    correct(resident=resident, name="", phone="0571 8800 0888", by=clerk, at=now)
    assert left(undo(source)) == {2: ["changed_since"]}
    resident.refresh_from_db()
    assert contact.phone_of(resident) == "057188000888"


@pytest.mark.obligation("27")
@pytest.mark.parametrize("is_published", [False, True])
def test_a_building_that_a_notice_is_for_stays(source, undo, here, chair, now, is_published):
    """A notice names it by its number alone; a draft of which nobody has decided yet, too."""
    building = Building.objects.get(name="2")
    made = draft(here, chair, at=now, audience="buildings", buildings=[building.pk])
    if is_published:
        publishing.publish(notice=made, by=chair, at=now)
    undone = undo(source)
    assert "used_building" in left(undone)[5]
    assert Building.objects.filter(pk=building.pk).exists()
    assert not Unit.objects.filter(building=building).exists()


def test_a_dwelling_that_gates_are_opened_for_stays(source, undo, resident, now):
    unit = Unit.objects.get(number="201")
    gate = gates.put_up(neighborhood=resident.neighborhood, name="南门", at=now)
    rules.add(gate=gate, unit=unit, at=now)
    assert "used_dwelling" in left(undo(source))[3]
    assert Unit.objects.filter(pk=unit.pk).exists()
    assert not Building.objects.filter(name="2").exists()


def test_whoever_moved_out_at_the_desk_since_stays(source, undo, clerk, now):
    who = Resident.objects.get(name="杨二")
    moving.move_out(resident=who, on=today_in(source.neighborhood, now), by=clerk, paper="1/7", at=now)
    assert left(undo(source))[4] in (["used_home"], ["used_otherwise"])
    assert Resident.objects.filter(pk=who.pk).exists()


def test_no_home_is_taken_from_somebody_with_an_account(bring_in, undo, resident):
    dwelling(resident.neighborhood, "102")
    source = bring_in(
        xlsx([["1", "102", "", "柳一", "0571 8800 0101", "业主", "", "", ""]], headings=HEADINGS)
    )
    assert left(undo(source)) == {2: ["home_account"]}
    assert resident.occupancies.count() == 2
    assert not resident.ownerships.exists()


def test_it_is_undone_within_six_days(source, clerk, now):
    with pytest.raises(ImportRefused, match="too_late"):
        undoing.begin(source=source, by=clerk, at=now + timedelta(days=6))
    undoing.begin(source=source, by=clerk, at=now + timedelta(days=5, hours=23))


def test_whoever_moved_elsewhere_since_stays(source, undo, now):
    who = Resident.objects.get(name="杨二")
    move_in(resident=who, unit=make.unit(who.neighborhood), since=date(2026, 1, 1), at=now)
    assert "used_home" in left(undo(source))[4]


def test_a_letter_that_nobody_used_goes_too(source, undo, clerk, now):
    write(resident=Resident.objects.get(name="杨一"), by=clerk, at=now)
    undone = undo(source)
    assert not Letter.objects.exists()
    assert 3 not in left(undone)


def test_a_look_up_stays_and_hangs_on_an_empty_entry(source, undo, clerk, now):
    who = Resident.objects.get(name="杨二")
    look_up(resident=who, by=clerk, reason="水管漏了", capacity="property.clerk", at=now)
    assert left(undo(source))[4] == ["tombstone"]
    who.refresh_from_db()
    assert (who.name, who.phone_sealed, bool(who.erased_at)) == ("", None, True)
    assert who.look_ups.count() == 1
    assert not who.occupancies.exists()


def test_a_card_that_a_reader_has_heard_of_is_ended_and_the_reader_hears_that(bring_in, undo, resident, now):
    gate = gates.put_up(neighborhood=resident.neighborhood, name="南门", at=now)
    reader = make.device(gate, at=now)
    content = xlsx([["1", "201", "", "杨一", "", "业主", "", "", "0012345671"]], headings=HEADINGS)
    source = bring_in(content, gates=[gate.pk])
    card = Credential.objects.get(resident__name="杨一")
    assert str(card.pk) in reader.feed().content.decode()
    assert left(undo(source)) == {2: ["card_told", "tombstone"]}
    card.refresh_from_db()
    assert (bool(card.ended_at), card.resident.name) == (True, "")
    row = FeedRow.objects.get(credential=card)
    assert (row.present, row.body) == (False, {})


def test_the_latest_list_is_undone_first(bring_in, source, undo, clerk, now):
    later = bring_in(
        xlsx([["1", "201", "", "杨三", "", "家属", "", "", ""]], headings=HEADINGS),
        at=now + timedelta(hours=1),
    )
    with pytest.raises(ImportRefused, match="later_first"):
        undoing.begin(source=source, by=clerk, at=now)
    undo(later)
    assert undo(source).state == "undone"


@pytest.mark.obligation("27")
@pytest.mark.parametrize("who", ["chair", "auditor", "outsider"])
def test_the_stranger_undoes_nothing(request, source, who, now):
    with pytest.raises(PermissionDenied):
        undoing.begin(source=source, by=request.getfixturevalue(who), at=now)


def test_what_never_began_is_not_undone(look, clerk, now, client):
    planned = look(xlsx([["1", "201", "", "杨三", "", "家属", "", "", ""]], headings=HEADINGS))
    with pytest.raises(ImportRefused, match="not_applied"):
        undoing.begin(source=planned, by=clerk, at=now)
    client.force_login(clerk)
    page = client.post(f"/desk/import/{planned.pk}/undo/", follow=True, headers={"accept-language": "en"})
    assert "There is nothing here to be undone." in page.content.decode()


def test_it_is_undone_once(source, undo, clerk, now):
    undo(source)
    with pytest.raises(ImportRefused, match="not_applied"):
        undoing.begin(source=source, by=clerk, at=now)


def test_the_ledger_says_that_it_was_begun_applied_and_undone(source, undo):
    undo(source)
    told = list(Entry.objects.filter(kind__startswith="import.").order_by("pk"))
    assert [entry.kind for entry in told] == ["import.begun", "import.applied", "import.undone"]
    assert told[1].opening.payload == {"source": str(source.pk), "new": 2, "changed": 2}
    assert told[2].opening.payload == {"source": str(source.pk), "lines": 4, "kept": 1}


def test_the_number_of_queries_does_not_depend_on_the_number_of_lines(bring_in, undo):
    def cost(many: int) -> int:
        rows = [
            [
                "9",
                f"{100 + each}",
                "",
                f"杨{each}号",
                str(13912340000 + each),
                "业主",
                "",
                "",
                f"00{12345000 + each}",
            ]
            for each in range(many)
        ]
        source = bring_in(xlsx(rows, headings=HEADINGS))
        with CaptureQueriesContext(connections["default"]) as main:
            undo(source)
        return len(main)

    cost(1)
    # A little more, because Django deletes by the hundred.
    assert cost(200) < cost(3) + 8


def test_an_owner_of_two_dwellings_is_one_person(source):
    assert Ownership.objects.filter(resident=Resident.objects.get(name="杨一")).count() == 2
