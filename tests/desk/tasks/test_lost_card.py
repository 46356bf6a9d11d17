"""Lost card: blocked always, a way in left always, and a secret told to nobody but the person themself."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from access import cards, losing, reporting
from access.models import Credential
from gate import keypad
from residents.lookups import look_up
from residents.models import DeskAct, Helper
from tests.desk.tasks.conftest import CARD

KnownBy = DeskAct.KnownBy
SECRET = re.compile(r"<dd>(\d{5,8})</dd>")


@pytest.fixture
def path(resident, card) -> str:
    return f"/desk/people/{resident.pk}/lost/"


def live(resident) -> list[tuple[str, bool]]:
    found = Credential.objects.active().filter(resident=resident).order_by("kind", "created_at")
    return list(found.values_list("kind", "temporary"))


def secrets_on(page: str) -> list[str]:
    """Number and PIN, as printed; once for each language."""
    return SECRET.findall(page)


@pytest.mark.obligation("1", "2", "3")
def test_in_person_the_card_is_blocked_and_a_pin_is_printed(hut: Client, path, resident, card):
    assert resident.user is not None
    answer = hut.post(path, {"known_by": "in_person"})
    assert answer["Cache-Control"].startswith("max-age=0")
    card.refresh_from_db()
    assert card.ended_because == Credential.Ended.LOST
    assert live(resident) == [("pin", True)]
    number, pin = secrets_on(answer.content.decode())
    lent = Credential.objects.active().get(resident=resident)
    assert lent.number == number
    assert keypad.is_right(lent.verifier, pin)
    again = hut.get(f"/desk/people/{resident.pk}/").content.decode()
    assert number in again
    assert pin not in again, "the PIN itself is on no other page"


def test_the_slip_names_nobody_and_no_dwelling(hut: Client, path, resident):
    """Whoever finds it in the stairwell must not learn whose PIN it is."""
    page = hut.post(path, {"known_by": "in_person"}).content.decode()
    slip = page[page.index('<article class="slip-page"') : page.rindex("</article>")]
    assert "柳一" not in slip
    assert "柳＊" not in slip
    assert "1 101" not in slip
    assert str(resident.pk)[:8] not in slip
    assert "北门" in slip, "where there is no keypad it says what to do"


def test_it_is_in_the_persons_own_language_where_that_is_known(hut: Client, path, resident):
    resident.user.language = "en"
    resident.user.save()
    page = hut.post(path, {"known_by": "in_person"}).content.decode()
    assert page.count('<article class="slip-page"') == 1
    assert '<article class="slip-page" lang="en"' in page


def test_without_an_account_it_is_in_both(hut: Client, path, resident):
    resident.user = None
    resident.save()
    page = hut.post(path, {"known_by": "in_person"}).content.decode()
    assert re.findall(r'<article class="slip-page" lang="([\w-]+)"', page) == ["zh-hans", "en"]
    assert len(secrets_on(page)) == 4


@pytest.mark.parametrize("known_by", [KnownBy.RANG_BACK, KnownBy.VOICE])
def test_by_phone_a_pin_is_told_to_a_voice_or_number_that_is_known(hut: Client, path, resident, known_by):
    page = hut.post(path, {"known_by": known_by}).content.decode()
    assert secrets_on(page)
    acts = DeskAct.objects.filter(resident=resident).values_list("act", "known_by")
    assert set(acts) == {("card_lost", known_by), ("pin_lent", known_by)}


@pytest.mark.obligation("27")
@pytest.mark.parametrize("known_by", [KnownBy.UNSURE, KnownBy.HELPER])
def test_a_caller_who_is_not_known_has_the_card_blocked_and_is_told_nothing(
    hut: Client, path, resident, card, known_by
):
    """Somebody who found a card, or wants into another's home, gets a blocked card and no PIN."""
    page = hut.post(path, {"known_by": known_by}).content.decode()
    card.refresh_from_db()
    assert card.ended_because == Credential.Ended.LOST
    assert live(resident) == [("pin", True)], "nobody is left without a way in"
    assert secrets_on(page) == []
    assert "Tell nobody a PIN by phone." in page
    again = hut.post(path, {"known_by": known_by}).content.decode()
    assert secrets_on(again) == [], "asking twice does not help"


def test_what_waits_is_handed_out_in_person(hut: Client, path, resident):
    hut.post(path, {"known_by": "unsure"})
    assert "Hand out a PIN" in hut.get(f"/desk/people/{resident.pk}/").content.decode()
    page = hut.post(f"/desk/people/{resident.pk}/pin/", {"known_by": "in_person"}).content.decode()
    number, pin = secrets_on(page)
    lent = Credential.objects.active().get(resident=resident)
    assert (lent.number, keypad.is_right(lent.verifier, pin)) == (number, True)


def test_who_is_known_when_they_ring_again_is_told_a_new_one(hut: Client, path, resident):
    """A PIN that waits was told to nobody, so it is drawn anew; a form that is sent twice is answered too."""
    hut.post(path, {"known_by": "unsure"})
    page = hut.post(path, {"known_by": "rang_back"}).content.decode()
    number, pin = secrets_on(page)
    lent = Credential.objects.active().get(resident=resident)
    assert (lent.number, keypad.is_right(lent.verifier, pin)) == (number, True)


@pytest.mark.obligation("27")
def test_a_named_helper_reports_and_is_told_no_pin(hut: Client, path, resident, neighbor, now):
    Helper.objects.create(
        neighborhood=resident.neighborhood,
        resident=resident,
        helper=neighbor,
        since=now.date() - timedelta(days=2),
        named_by=resident.user,
    )
    page = hut.get(path).content.decode()
    assert "They named to help: 柳＊" in " ".join(page.split())
    assert secrets_on(hut.post(path, {"known_by": "helper"}).content.decode()) == []


@pytest.mark.parametrize("known_by", ["unsure", "helper", "", "x"])
def test_it_is_handed_out_to_nobody_who_is_not_known(hut: Client, path, resident, known_by):
    hut.post(path, {"known_by": "unsure"})
    page = hut.post(f"/desk/people/{resident.pk}/pin/", {"known_by": known_by}).content.decode()
    assert secrets_on(page) == []
    assert not DeskAct.objects.filter(act="pin_lent").exists()


def test_no_pin_beside_a_card_that_works(hut: Client, resident, card):
    page = hut.post(f"/desk/people/{resident.pk}/pin/", {"known_by": "in_person"}).content.decode()
    assert "a card or a PIN of their own that works" in page
    assert live(resident) == [("card", False)]
    assert not DeskAct.objects.exists(), "what was not done is not written down"


def test_a_spare_card_is_lent_over_the_counter(hut: Client, path, resident):
    page = hut.post(path, {"known_by": "in_person", "spare": "SPARE0001"}).content.decode()
    assert live(resident) == [("card", True)]
    assert secrets_on(page) == []


@pytest.mark.parametrize("spare", ["SPARE0001", "?!"])
def test_a_spare_that_is_taken_or_no_card_is_answered_by_a_pin(
    hut: Client, path, resident, neighbor, now, spare
):
    cards.issue(resident=neighbor, number="SPARE0001", at=now)
    page = hut.post(path, {"known_by": "in_person", "spare": spare}).content.decode()
    assert live(resident) == [("pin", True)]
    assert "a PIN was lent instead" in page


def test_no_spare_goes_through_the_telephone(hut: Client, path, resident, card):
    page = hut.post(path, {"known_by": "voice", "spare": "SPARE0001"}).content.decode()
    assert "handed over in person" in page
    assert live(resident) == [("card", False)], "nothing was done yet"


class TestTwoCards:
    @pytest.fixture
    def second(self, resident, card, now) -> Credential:
        return cards.issue(resident=resident, number="0473334444", at=now)

    @pytest.mark.parametrize("said", [None, "nonsense", "27d5e29b-8c8e-4e6b-9a09-0d7b8e3b2a11"])
    def test_it_asks_which(self, hut: Client, path, second, card, said):
        page = hut.post(path, {"known_by": "in_person"} | ({"card": said} if said else {})).content.decode()
        assert "Which card?" in page
        card.refresh_from_db()
        assert card.ended_at is None

    def test_one_is_blocked_and_the_other_is_what_remains(self, hut: Client, path, resident, second, card):
        page = hut.post(path, {"known_by": "unsure", "card": str(card.pk)}).content.decode()
        assert live(resident) == [("card", False)]
        assert secrets_on(page) == []
        assert "waits" not in page

    def test_who_does_not_know_has_both_blocked(self, hut: Client, path, resident, second):
        hut.post(path, {"known_by": "in_person", "card": "all"})
        assert live(resident) == [("pin", True)]

    def test_another_persons_card_is_not_on_offer(self, hut: Client, path, neighbor, second, now):
        theirs = cards.issue(resident=neighbor, number="0475556666", at=now)
        hut.post(path, {"known_by": "in_person", "card": str(theirs.pk)})
        theirs.refresh_from_db()
        assert theirs.ended_at is None


def test_nothing_is_chosen_beforehand(hut: Client, path):
    page = hut.get(path).content.decode()
    assert "checked" not in page
    assert "This field is required" in hut.post(path, {"known_by": ""}).content.decode()


@pytest.mark.obligation("27", "A6")
def test_the_resident_reads_what_was_done_and_how_they_were_known(hut: Client, desk, path, resident):
    hut.post(path, {"known_by": "unsure"})
    page = desk(resident.user).get("/record/").content.decode()
    assert "Your card was reported lost and blocked" in page
    assert "by phone; I am not sure" in page
    assert "Property company · clerk" in page


def test_to_ring_back_takes_a_look_up_first(hut: Client, path, resident, clerk, now):
    assert "057188000101" not in hut.get(path).content.decode()
    look_up(resident=resident, by=clerk, reason="ring back", capacity="x", at=now)
    assert "057188000101" in hut.get(path).content.decode()


def test_it_cannot_be_undone_or_rewritten_by_the_application(hut: Client, path, resident, app_sql):
    hut.post(path, {"known_by": "voice"})
    act = DeskAct.objects.first()
    from django.db import DatabaseError, transaction

    for change in (lambda: DeskAct.objects.update(known_by="in_person"), act.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


@pytest.mark.obligation("27")
def test_nobody_else_reports_for_them(nobody_else, path, resident, card):
    nobody_else(path)
    nobody_else(path, {"known_by": "in_person"})
    nobody_else(f"/desk/people/{resident.pk}/pin/", {"known_by": "in_person"})
    card.refresh_from_db()
    assert card.ended_at is None
    assert not DeskAct.objects.exists()


def test_the_function_itself_asks_for_the_right(resident, card, outsider, now):
    from django.core.exceptions import PermissionDenied

    with pytest.raises(PermissionDenied):
        reporting.report(resident=resident, known_by=KnownBy.IN_PERSON, by=outsider, at=now)
    with pytest.raises(PermissionDenied):
        reporting.hand_out(resident=resident, known_by=KnownBy.IN_PERSON, by=outsider, at=now)
    card.refresh_from_db()
    assert card.ended_at is None


def test_the_old_card_can_be_found_no_more(hut: Client, path, resident, neighbor, card):
    hut.post(path, {"known_by": "in_person"})
    response = hut.post("/desk/find/", {"what": CARD})
    assert response.status_code == 200, "a card that ended is nobody's"
    assert losing.loans(resident.neighborhood, at=card.created_at)
