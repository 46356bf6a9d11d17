"""What a list, or undoing one, might be used for: to change what somebody is without a trace, or to lock them out."""

from __future__ import annotations

import pytest

from access import cards, gates, rules
from access.models import Gate, Rule
from consent.models import Purpose, Standing
from ledger.models import Entry
from residents import claiming, contact, register
from residents.importing import sealed
from residents.letters import write
from residents.models import ImportRow, Resident, Unit
from tests import make
from tests.cast import dwelling, settle
from tests.importing.conftest import notes
from tests.importing.sheets import xlsx
from tests.importing.test_undoing import HEADINGS, left
from tests.minors.conftest import allow_faces, family, says

pytestmark = pytest.mark.django_db

NUMBER = "330106199003071239"


@pytest.fixture
def door(here, now) -> Gate:
    return gates.put_up(neighborhood=here, name="南门", by_pin=True, at=now)


def opens(who: Resident, now) -> set[Gate]:
    return set(rules.gates_of(resident=who, at=now))


class TestAList:
    @pytest.mark.obligation("A2")
    def test_that_a_phone_was_overwritten_stands_in_the_ledger_of_its_person(
        self, bring_in, undo, resident, clerk
    ):
        """Staff ring back on it, and may then tell a PIN: whoever changed it first is not to be forgotten."""
        source = bring_in(
            xlsx([["1", "101", "", "柳一", "139 1234 0000", "", "", "", ""]], headings=HEADINGS)
        )
        resident.refresh_from_db()
        assert contact.phone_of(resident) == "13912340000"
        assert Entry.objects.filter(kind="register.corrected", subject=resident.pk).count() == 1
        undo(source)
        assert Entry.objects.filter(kind="register.corrected", subject=resident.pk).count() == 2

    def test_somebody_with_an_account_is_made_no_child(self, bring_in, resident):
        """Under 14 a guardian decides, and whoever is verified as one would decide for an adult."""
        row = ["1", "101", "", "柳一", "", "", "", "2016-01-01", ""]
        source = bring_in(xlsx([row], headings=HEADINGS))
        resident.refresh_from_db()
        assert resident.born is None
        assert source.became == {"same": 1}
        assert "born_theirs" in notes(source)[2]

    @pytest.mark.obligation("15")
    def test_a_birthday_does_not_move_under_a_yes_and_the_rest_of_the_list_comes_in(
        self, bring_in, here, clerk, now
    ):
        fam = family(here, clerk, at=now)
        allow_faces(here, at=now)
        face = make.draft_in_force(here, Purpose.FACE_AT_GATE, at=now)
        says(True, fam.mother, fam.by_mother, face, at=now)
        home = fam.child.occupancies.get().unit
        before = fam.child.born
        rows = [
            [home.building.name, home.number, "", "小柳", "", "", "", "2020-01-01", ""],
            ["1", "201", "", "杨一", "", "业主", "", "", ""],
        ]
        source = bring_in(xlsx(rows, headings=HEADINGS))
        fam.child.refresh_from_db()
        assert fam.child.born == before
        assert "born_decided_by" in notes(source)[2]
        assert Resident.objects.filter(name="杨一").exists()
        assert Standing.objects.filter(resident=fam.child).exists()

    @pytest.mark.parametrize(
        "written",
        [
            NUMBER,
            "330106 19900307 1239",
            "3301 0619 9003 0712 39",
            "3301-0619-9003-0712-39",
            "330106 1990 0307 1239",
            "330106-19900307-123-X",
            "33 0106 1990 0307 123 X",
            "３３０１０６１９９００３０７１２３９",
            "3 3 0 1 0 6 1 9 9 0 0 3 0 7 1 2 3 9",
            "330106900307123",
        ],
    )
    @pytest.mark.parametrize("column", [0, 1, 3, 4, 5, 8])
    @pytest.mark.obligation("20")
    def test_an_identity_number_is_dropped_however_it_is_parted_and_wherever_it_stands(
        self, look, here, written, column
    ):
        row = ["1", "201", "", "杨一", "13912340000", "业主", "2020-01-01", "", "0012345671"]
        row[column] = f"{row[column]} {written}" if column in (3, 5) else written
        source = look(xlsx([row], headings=HEADINGS))
        rows = list(ImportRow.objects.filter(source=source))
        kept = str([entry.as_json() for entry in sealed.entries(source, rows)]) + str(sealed.about(source))
        digits = "".join(each for each in kept if each.isascii() and each.isdigit())
        assert "19900307" not in digits, kept
        assert "0106900307" not in digits, kept


class TestUndoing:
    """Law 13: nobody is locked out by a form, not by one that takes another back either."""

    @pytest.mark.obligation("15")
    def test_a_birthday_that_somebody_decided_by_since_stays(self, bring_in, undo, here, clerk, now):
        fam = family(here, clerk, at=now)
        allow_faces(here, at=now)
        home = fam.child.occupancies.get().unit
        row = [home.building.name, home.number, "", "小柳", "", "", "", "2020-01-01", ""]
        source = bring_in(xlsx([row], headings=HEADINGS))
        fam.child.refresh_from_db()
        assert str(fam.child.born) == "2020-01-01"
        face = make.draft_in_force(here, Purpose.FACE_AT_GATE, at=now)
        says(True, fam.mother, fam.by_mother, face, at=now)
        undone = undo(source)
        fam.child.refresh_from_db()
        assert str(fam.child.born) == "2020-01-01"
        assert "decided_since" in left(undone)[2]

    def test_it_leaves_open_what_somebody_who_stays_gets_in_by(self, bring_in, undo, door, clerk, now):
        row = ["1", "201", "90", "杨一", "", "业主", "2020-01-01", "", "0012345671"]
        source = bring_in(xlsx([row], headings=HEADINGS), gates=[door.pk])
        who = Resident.objects.get(name="杨一")
        code = write(resident=who, by=clerk, at=now).code
        claiming.claim(
            code=code, username="yang", password="correct horse", language="en", address="1.2.3.4", at=now
        )
        assert opens(who, now) == {door}
        undone = undo(source)
        assert who.credentials.active().count() == 1
        assert opens(who, now) == {door}
        assert "gate_used" in left(undone)[2]

    def test_and_what_somebody_gets_in_by_who_came_since(self, bring_in, undo, here, door, clerk, now):
        dwelling(here, "301")
        source = bring_in(
            xlsx([["1", "301", "90", "", "", "", "", "", ""]], headings=HEADINGS), gates=[door.pk]
        )
        who = settle(here, number="399", name="新来", phone="", at=now)
        register.move_in(resident=who, unit=Unit.objects.get(number="301"), since=now.date(), at=now)
        cards.issue(resident=who, number="0477777777", at=now)
        undo(source)
        assert opens(who, now) == {door}

    def test_what_nobody_relies_on_is_closed(self, bring_in, undo, here, door, now):
        dwelling(here, "301")
        source = bring_in(
            xlsx([["1", "301", "90", "", "", "", "", "", ""]], headings=HEADINGS), gates=[door.pk]
        )
        assert Rule.objects.count() == 1
        assert left(undo(source)) == {}
        assert not Rule.objects.exists()


@pytest.mark.obligation("2")
def test_a_card_that_a_list_gives_in_another_s_name_stands_in_their_ledger(bring_in, resident):
    bring_in(xlsx([["1", "101", "", "柳一", "", "", "", "", "0012345671"]], headings=HEADINGS))
    assert resident.credentials.active().count() == 1
    assert Entry.objects.filter(kind="card.given", subject=resident.pk).count() == 1
