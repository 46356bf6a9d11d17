"""Find a person: by dwelling in any spelling, number, card or whole phone; by name beside the dwelling only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from residents import finding, lookups
from residents.finding import GUESSES
from residents.models import Building, LookUp, Unit
from residents.register import move_in, register
from tests.cast import settle
from tests.desk.tasks.conftest import CARD
from tests.drawn import without_drawn

FIND = "/desk/find/"


@pytest.fixture
def homes(here, resident, neighbor) -> dict[str, Unit]:
    """Dwellings as registers really spell them. 101 and 102 of building 1 are the cast's."""
    spelled = {
        "1 幢": ("301", "1301"), "12号楼": ("2-301", "801"), "A座": ("1203",), "翠楼": ("101",), "Block B": ("7",),
    }  # fmt: skip
    made = {}
    for building, numbers in spelled.items():
        place = Building.objects.create(neighborhood=here, name=building)
        for number in numbers:
            made[f"{building} {number}"] = Unit.objects.create(
                neighborhood=here, building=place, number=number
            )
    return made


class TestSpelling:
    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("1-301", "1 幢 301"),
            ("1幢301", "1 幢 301"),
            ("1 幢 301 室", "1 幢 301"),
            ("１－３０１", "1 幢 301"),
            ("一幢三〇一室", "1 幢 301"),
            ("1栋301", "1 幢 301"),
            ("1号楼301房", "1 幢 301"),
            ("1#301", "1 幢 301"),
            ("01-0301", "1 幢 301"),
            ("building 1, room 301", "1 幢 301"),
            ("12-2-301", "12号楼 2-301"),
            ("12号楼2单元301室", "12号楼 2-301"),
            ("十二栋二单元301", "12号楼 2-301"),
            ("12 / 801", "12号楼 801"),
            ("a1203", "A座 1203"),
            ("A座1203", "A座 1203"),
            ("翠楼101室", "翠楼 101"),
            ("翠101", "翠楼 101"),
            ("b 7", "Block B 7"),
        ],
    )
    def test_it_knows_what_is_meant(self, homes, here, typed, meant):
        assert finding.dwellings(typed, neighborhood=here) == [homes[meant].pk]

    def test_a_number_alone_offers_every_building(self, homes, here):
        found = set(finding.dwellings("101", neighborhood=here))
        assert found == {homes["翠楼 101"].pk, Unit.objects.get(building__name="1", number="101").pk}

    def test_parts_that_run_together_are_offered_and_not_guessed(self, homes, here):
        found = set(finding.dwellings("1301", neighborhood=here))
        assert found == {homes["1 幢 301"].pk, homes["1 幢 1301"].pk}

    @pytest.mark.parametrize(
        "typed", ["", "   ", "--", "9-999", "柳一", "'; DROP TABLE", "\x00", "１" * 500, "🙂"]
    )
    def test_what_is_none_finds_none(self, homes, here, typed):
        assert finding.dwellings(typed, neighborhood=here) == []


def found_directly(client: Client, what: str, name: str = "") -> str:
    """Where one leads who is found at once."""
    response = client.post(FIND, {"what": what, "name": name})
    return response["Location"] if response.status_code == 302 else ""


def test_one_person_is_opened_at_once(hut: Client, resident):
    assert found_directly(hut, "1-101") == f"/desk/people/{resident.pk}/"


def test_several_are_listed_masked(hut: Client, resident, now):
    other = register(neighborhood=resident.neighborhood, name="欧阳雨")
    move_in(resident=other, unit=resident.occupancies.get().unit, since=now.date(), at=now)
    page = hut.post(FIND, {"what": "1-101"}).content.decode()
    assert "柳＊" in page
    assert "欧＊" in page
    assert "柳一" not in page
    assert "欧阳雨" not in page


def test_by_the_beginning_of_the_number(hut: Client, resident, neighbor):
    assert found_directly(hut, str(resident.pk)[:8]) == f"/desk/people/{resident.pk}/"
    assert found_directly(hut, str(resident.pk)[:5]) == "", "too little"


def test_by_a_card_tapped_on_the_desk_reader(hut: Client, resident, card):
    assert found_directly(hut, CARD) == f"/desk/people/{resident.pk}/"


@pytest.mark.obligation("F24")
def test_by_a_phone_number_in_full_and_not_in_part(hut: Client, resident):
    assert found_directly(hut, "0571-8800 0101") == f"/desk/people/{resident.pk}/"
    assert found_directly(hut, "0571 8800 01") == ""


@pytest.mark.obligation("27")
class TestNames:
    @pytest.mark.parametrize("typed", ["柳一", "柳", "Liu"])
    def test_a_name_alone_finds_nobody(self, hut: Client, resident, typed):
        page = hut.post(FIND, {"what": typed}).content.decode()
        assert "Nobody is found by that." in page
        assert str(resident.pk)[:8] not in page

    def test_dwelling_and_whole_name_find_the_person(self, hut: Client, resident):
        assert found_directly(hut, "1-101", "柳一") == f"/desk/people/{resident.pk}/"
        assert found_directly(hut, "1-101", " 柳 一 ") == f"/desk/people/{resident.pk}/"

    @pytest.mark.parametrize(
        ("what", "name"), [("1-101", "柳二"), ("1-101", "柳"), ("1-102", "柳一"), ("9-9", "柳一")]
    )
    def test_a_wrong_name_is_told_nothing(self, hut: Client, resident, neighbor, what, name):
        """Not who lives there, not whether the dwelling exists: the same page whatever was wrong."""
        page = hut.post(FIND, {"what": what, "name": name}).content.decode()
        assert "Nobody is found by that." in page
        assert "/desk/people/" not in page
        assert "＊" not in page

    def test_names_are_not_for_guessing(self, hut: Client, resident):
        cache.clear()
        for _ in range(GUESSES):
            hut.post(FIND, {"what": "1-101", "name": "柳三"})
        page = hut.post(FIND, {"what": "1-101", "name": "柳一"})
        assert page.status_code == 200
        assert "tried several times" in page.content.decode()
        cache.clear()


class TestOnePerson:
    def test_they_are_masked_until_a_reason_is_given(self, hut: Client, resident, card):
        path = f"/desk/people/{resident.pk}/"
        page = hut.get(path).content.decode()
        assert "柳＊" in page
        assert "0571" not in without_drawn(page, resident.pk)
        hut.post(f"{path}look-up/", {"what_for": "urgent", "words": "water from above"})
        page = hut.get(path).content.decode()
        assert "柳一" in page
        assert "057188000101" in page
        entry = LookUp.objects.get()
        assert entry.what == LookUp.What.CONTACT
        assert "water from above" in entry.reason

    def test_it_closes_after_a_quarter_of_an_hour(self, hut: Client, resident, clerk, now):
        lookups.look_up(
            resident=resident, by=clerk, reason="water", capacity="x", at=now - timedelta(minutes=16)
        )
        assert "柳一" not in hut.get(f"/desk/people/{resident.pk}/").content.decode()

    def test_no_reason_opens_nothing_and_the_cursor_stands_there(self, hut: Client, resident):
        page = hut.post(f"/desk/people/{resident.pk}/look-up/", {"words": "water"}).content.decode()
        assert not LookUp.objects.exists()
        assert "柳一" not in page
        assert page.count("autofocus") == 2, "the first task, and then the field that is wrong"

    def test_who_may_not_look_up_has_no_such_form(self, desk, chair, resident):
        client = desk(chair)
        path = f"/desk/people/{resident.pk}/"
        assert "look-up/" not in client.get(path).content.decode()
        answer = client.post(f"{path}look-up/", {"what_for": "urgent", "words": "water"})
        assert answer.status_code == 404
        assert not LookUp.objects.exists()

    def test_the_tasks_go_on_with_them(self, hut: Client, resident):
        page = hut.get(f"/desk/people/{resident.pk}/").content.decode()
        assert f'href="/desk/people/{resident.pk}/lost/"' in page
        assert f'href="/desk/people/{resident.pk}/visitor/"' in page

    def test_their_number_is_printed_and_nothing_else_of_theirs(self, hut: Client, resident):
        page = hut.post(f"/desk/people/{resident.pk}/slip/").content.decode()
        assert str(resident.pk)[:8] in page
        assert "柳" not in page.replace("柳岸小区", "")
        assert "101" not in without_drawn(page, resident.pk)

    @pytest.mark.obligation("27", "F24")
    def test_nobody_else_sees_them(self, nobody_else, resident, card):
        path = f"/desk/people/{resident.pk}/"
        nobody_else(path)
        nobody_else(f"{path}look-up/", {"what_for": "urgent", "words": "water"})
        nobody_else(f"{path}slip/", {})
        nobody_else(FIND, {"what": "1-101"})
        nobody_else(FIND, {"what": CARD})
        assert not LookUp.objects.exists()


@pytest.mark.obligation("23", "27")
def test_what_is_asked_stands_in_no_address(hut: Client, resident):
    """A phone or card number in an address would be in every log on the way: nothing is found by one."""
    page = hut.get(f"{FIND}?what=0571+8800+0101").content.decode()
    assert "/desk/people/" not in page
    assert '<form method="post" novalidate' in page


def test_it_costs_as_many_queries_in_a_larger_neighborhood(hut: Client, here, homes, resident, now):
    hut.post(FIND, {"what": "9-999"})

    def queries(what: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            hut.post(FIND, {"what": what})
        return len(captured)

    def one_more_at_home() -> None:
        unit = resident.occupancies.get().unit
        move_in(resident=register(neighborhood=here, name="柳"), unit=unit, since=now.date(), at=now)

    one_more_at_home()  # of one alone the page itself is shown
    few = [queries(what) for what in ("9-999", "101", "0571 8800 0101")]
    for number in range(300, 320):
        settle(here, number=str(number), name="柳", phone="", at=now)
        one_more_at_home()
    assert [queries(what) for what in ("9-999", "101", "0571 8800 0101")] == few
