"""What somebody at the desk would try, to learn or to hold what is not theirs without a trace."""

from __future__ import annotations

import pytest
from django.test import Client

from access import losing
from access.models import Credential
from ledger.models import Entry
from residents import moving
from residents.ages import today_in
from residents.models import DeskAct, LookUp, Occupancy, Resident
from tests.cast import dwelling, settle
from tests.desk.tasks.conftest import CARD
from tests.desk.tasks.test_lost_card import secrets_on
from tests.drawn import without_drawn

LENT = {"kind": "pin", "temporary": True}


def of(resident: Resident, act: str) -> str:
    return f"/desk/people/{resident.pk}/{act}/"


def told(page: str) -> bool:
    return bool(secrets_on(page)) or "<kbd>" in page


class TestAPinIsToldToItsPersonAndLeavesATrace:
    """Law 6: whoever has the PIN of somebody goes in as them. There is no desk page that gives one away in silence."""

    @pytest.mark.obligation("2")
    @pytest.mark.parametrize("known_by", ["helper", "unsure"])
    def test_a_caller_for_another_is_told_none(self, hut: Client, resident, card, known_by):
        sent = {"card": card.pk, "known_by": known_by}
        page = hut.post(of(resident, "lost"), sent).content.decode()
        assert not told(page)
        assert "Tell nobody a PIN by phone" in page
        assert resident.credentials.active().filter(**LENT).exists(), "it waits for them"
        assert DeskAct.objects.get().known_by == known_by

    def test_nor_in_the_full_lists(self, hut: Client, resident, card):
        page = hut.post(f"/admin/access/credential/{card.pk}/lost/", {"known_by": "unsure"}, follow=True)
        pin = resident.credentials.active().get(**LENT)
        assert pin.number not in without_drawn(page.content.decode(), card.pk, resident.pk)
        assert DeskAct.objects.get().known_by == "unsure"

    def test_none_is_drawn_for_who_has_a_card_that_works(self, hut: Client, resident, card):
        page = hut.post(of(resident, "pin"), {"known_by": "in_person"}).content.decode()
        assert not told(page)
        assert not Credential.objects.filter(kind="pin").exists()

    def test_none_is_drawn_before_it_is_said_how_they_are_known(self, hut: Client, resident, card, now):
        losing.report_lost(resident=resident, by=None, at=now)
        before = resident.credentials.active().get(**LENT)
        for sent in ({}, {"known_by": "unsure"}, {"known_by": "helper"}):
            page = hut.post(of(resident, "pin"), sent).content.decode()
            assert not told(page), sent
        assert resident.credentials.active().get(**LENT) == before

    def test_each_that_is_told_stands_in_the_record_of_its_person(
        self, hut: Client, desk, resident, card, now
    ):
        hut.post(of(resident, "lost"), {"card": card.pk, "known_by": "in_person"})
        assert told(hut.post(of(resident, "pin"), {"known_by": "voice"}).content.decode())
        acts = list(DeskAct.objects.order_by("at").values_list("act", "known_by"))
        assert acts == [("card_lost", "in_person"), ("pin_lent", "in_person"), ("pin_lent", "voice")]
        assert resident.user is not None
        assert "A PIN was lent to you" in desk(resident.user).get("/record/").content.decode()

    def test_nobody_was_rung_back_of_whom_no_number_is_kept(self, hut: Client, here, south, now):
        silent = settle(here, number="111", name="柳无话", phone="", at=now)
        page = hut.post(of(silent, "pin"), {"known_by": "rang_back"}).content.decode()
        assert not told(page)
        assert "no number of theirs" in page

    def test_a_pin_for_somebody_who_left_is_refused_in_words(self, hut: Client, resident, card, now):
        moving.move_out(resident=resident, on=today_in(resident.neighborhood, now), by=resident.user, at=now)
        resident.refresh_from_db()
        assert resident.left_at
        answer = hut.post(f"/desk/people/{resident.pk}/pin/", {"known_by": "in_person"})
        assert secrets_on(answer.content.decode()) == []
        assert answer.status_code == 200
        assert not Credential.objects.active().filter(resident=resident).exists()


class TestNamesAndPhonesAreNotForGuessing:
    def test_taking_somebody_in_says_nothing_of_a_name_before_it_is_done(
        self, hut: Client, resident, south, card, now
    ):
        """With another's card on the reader nobody would be taken in, and each guess would be free."""
        answers = set()
        for name in (resident.name, "柳二二"):
            sent = {"dwelling": "1-101", "name": name, "tenure": "family", "card": CARD}
            sent["since"] = now.date().isoformat()
            page = hut.post("/desk/new/", sent).content.decode()
            answers.add(("lives there already" in page, "has this card" in page))
        assert answers == {(False, True)}

    @pytest.mark.parametrize("of", ["name", "phone"])
    def test_guessing_is_slowed_and_stands_in_the_ledger_once(self, hut: Client, here, resident, of):
        for number in range(30):
            sent = (
                {"what": "1-101", "name": f"柳{number}"} if of == "name" else {"what": f"139000{number:05}"}
            )
            page = hut.post("/desk/find/", sent).content.decode()
        assert "tried several times" in page
        assert Entry.objects.filter(kind="desk.guessed", neighborhood=here.pk).count() == 1
        right = {"what": "1-101", "name": "柳一"} if of == "name" else {"what": "0571 8800 0101"}
        assert hut.post("/desk/find/", right).status_code == 200, "not even the right one is confirmed now"
        assert hut.post("/desk/find/", {"what": str(resident.pk)[:8]}).status_code == 302
        assert hut.post("/desk/find/", {"what": "1-101"}).status_code == 302

    def test_cards_that_are_tapped_are_no_guesses(self, hut: Client, resident, card):
        for _ in range(30):
            assert hut.post("/desk/find/", {"what": CARD}).status_code == 302
        assert not LookUp.objects.exists()

    def test_an_identity_number_does_not_become_part_of_a_name(self, hut: Client, here, south, now):
        dwelling(here, "305")
        sent = {"dwelling": "1-305", "name": "林新 330106199003071239", "tenure": "tenant"}
        sent["since"] = now.date().isoformat()
        page = hut.post("/desk/new/", sent).content.decode()
        assert not Occupancy.objects.filter(unit__number="305").exists()
        assert "number of a document" in page


class TestACardInAnothersNameIsNotGivenOutInSilence:
    """Whoever holds it goes in as that person, so they read that there is one, and the ledger says who gave it out."""

    @pytest.mark.parametrize("path", ["/desk/people/{}/card/", "/admin/residents/resident/{}/card/"])
    @pytest.mark.obligation("2")
    def test_at_the_desk(self, hut: Client, desk, resident, card, path):
        sent = {"tapped": "0479990001"} if "desk" in path else {"number": "0479990001", "tapped": "on"}
        assert hut.post(path.format(resident.pk), sent).status_code == 302
        assert resident.credentials.active().count() == 2
        assert Entry.objects.get(kind="card.given").subject == resident.pk
        assert resident.user is not None
        assert desk(resident.user).get("/record/").content.decode().count("Card was added") == 2
