"""Slips at the desk: how many wait, one sheet, once; with a name and a dwelling on each and nothing else."""

from __future__ import annotations

from datetime import timedelta
from threading import Event, Thread
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from ledger.models import Entry
from residents import ages, letters, notifying, slips
from residents.models import DeskAct, Message, Resident
from residents.notifying import Topic, Way
from tests import make
from tests.access.test_enrolment_races import at_once
from tests.cast import settle
from tests.notifying.people import told, wants

# What was told then may be printed by now.
WEEK = timedelta(days=7)
pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(resident, neighbor, stranger, now):
    for who in (resident, neighbor, stranger):
        wants(who, Way.SLIP, at=now)
        told(who, at=now - WEEK)


@pytest.fixture
def desk(sign_in, clerk):
    return sign_in(clerk)


def printing(desk, token):
    return desk.post("/desk/slips/print/", {"token": str(token)})


def test_the_desk_says_how_many_wait_and_not_for_whom(waiting, desk, resident):
    for page in ("/desk/", "/desk/slips/"):
        said = desk.get(page).content.decode()
        assert "2 slips" in said
        assert resident.name not in said


def test_a_sheet_has_names_and_dwellings_and_the_same_words_for_all(
    waiting, desk, resident, neighbor, stranger, settings
):
    page = printing(desk, uuid4()).content.decode()
    for who, number in ((resident, "101"), (neighbor, "102")):
        assert who.name in page
        assert f"1 {number}" in page
    assert stranger.name not in page
    assert page.count("有一件事在等您") == 2
    assert page.count("Something waits for you.") == 2
    for never in ("8800", "13800", *(str(topic.label) for topic in Topic)):
        assert never not in page
    assert settings.SITE_ADDRESS in page
    assert Message.objects.filter(state="printed").count() == 2
    assert Entry.objects.filter(kind="message.printed").count() == 2


def test_the_same_form_again_shows_the_same_sheet_and_prints_nobody_anew(waiting, desk, resident, now):
    token = uuid4()
    first = printing(desk, token).content.decode()
    assert resident.name in first
    told(resident, at=now - WEEK + timedelta(minutes=1))
    again = printing(desk, token).content.decode()
    assert again.count('class="cut"') == 2
    assert Message.objects.filter(state="waiting", resident=resident).count() == 1
    assert resident.name in printing(desk, uuid4()).content.decode(), "what came since is another slip"


def test_an_old_sheet_or_anothers_is_not_shown(waiting, here, clerk, chair, now):
    token = uuid4()
    where = {"token": token, "neighborhood": here}
    assert slips.print_next(**where, by=clerk, at=now) == 2
    assert len(slips.printed(**where, by=clerk, at=now + timedelta(minutes=59))) == 2
    assert slips.printed(**where, by=clerk, at=now + timedelta(hours=1)) == []
    assert slips.printed(**where, by=chair, at=now) == []


@pytest.mark.obligation("27")
def test_staff_elsewhere_print_nothing_here(waiting, sign_in, outsider, here, now, resident, me, anybody):
    with pytest.raises(PermissionDenied):
        slips.print_next(token=uuid4(), neighborhood=here, by=outsider, at=now)
    for client in (sign_in(outsider), me, anybody):
        page = printing(client, uuid4())
        assert resident.name not in page.content.decode()
        assert (
            client.get("/desk/slips/").status_code in (302, 404)
            or "2 slips" not in client.get("/desk/slips/").content.decode()
        )
    assert not Message.objects.filter(state="printed", neighborhood=here).exists()


@pytest.mark.obligation("27")
def test_who_keeps_letters_at_the_desk_is_on_no_sheet(waiting, desk, resident, clerk, now):
    Resident.objects.filter(pk=resident.pk).update(keep_at_desk=True)  # with one that waits already
    assert resident.name not in printing(desk, uuid4()).content.decode()
    letters.keep_at_desk(resident=resident, by=clerk, at=now)
    assert not Message.objects.filter(resident=resident).exists()


def test_nonsense_for_a_form_prints_nothing(waiting, desk):
    for token in ("", "x"):
        assert printing(desk, token)["Location"] == "/desk/slips/"
    assert not Message.objects.filter(state="printed").exists()
    assert desk.get("/desk/slips/print/").status_code == 405


def test_two_presses_at_once_print_each_slip_once(committed, now):
    here = make.neighborhood()
    by = make.somebody()
    by.is_superuser = True
    by.save()
    for _ in range(4):
        who = wants(make.resident(here, at=now), Way.SLIP, at=now)
        told(who, at=now - WEEK)
    counts: list[int] = []

    def press() -> None:
        counts.append(slips.print_next(token=uuid4(), neighborhood=here, by=by, at=now))

    assert at_once(press, press) == [None, None]
    assert sum(counts) == 4
    assert Message.objects.filter(state="printed").count() == 4


def test_a_sheet_is_in_my_record(waiting, desk, me):
    printing(desk, uuid4())
    assert "A slip with your name and dwelling" in me.get("/record/").content.decode()


def test_for_who_has_no_account_the_desk_switches_it_on_and_off(here, desk, clerk, now):
    who = settle(here, number="301", name="柳三", phone="", at=now)
    Resident.objects.filter(pk=who.pk).update(user=None)
    page = f"/desk/people/{who.pk}/slips/"
    assert "Slips are switched off." in desk.get(page).content.decode()
    assert "Switch slips on or off" in desk.get(f"/desk/people/{who.pk}/letters/").content.decode()
    bad = desk.post(page, {"slips": "on"}).content.decode()
    assert "field--wrong" in bad, "first how they know who it is"
    assert notifying.chosen(who) == set()
    desk.post(page, {"slips": "on", "known_by": "in_person"})
    assert notifying.chosen(who) == {(topic, Way.SLIP) for topic in Topic} - {(Topic.DECIDE, Way.SLIP)}
    assert "Slips are switched on." in desk.get(page).content.decode()
    desk.post(page, {"slips": "off", "known_by": "voice"})
    assert notifying.chosen(who) == set()
    assert DeskAct.objects.filter(resident=who).count() == 2


def test_a_slip_waits_for_the_day_on_which_all_are_printed(desk, resident, now):
    wants(resident, Way.SLIP, at=now)
    told(resident, at=now)
    assert "0 slips" in desk.get("/desk/slips/").content.decode()
    assert printing(desk, uuid4())["Location"] == "/desk/slips/"
    assert not Message.objects.filter(state="printed").exists()


def test_for_a_child_under_fourteen_no_slip_is_put_out(waiting, here, desk, resident, clerk, now):
    born = ages.years_before(ages.today_in(here, now), 10)
    child = settle(here, number="302", name="柳小", phone="", at=now)
    Resident.objects.filter(pk=child.pk).update(user=None, born=born)
    child.refresh_from_db()
    page = f"/desk/people/{child.pk}/slips/"
    assert "under fourteen" in desk.post(page, {"slips": "on", "known_by": "in_person"}).content.decode()
    assert notifying.chosen(child) == set()
    Resident.objects.filter(pk=resident.pk).update(born=born)  # with one that waits already
    resident.refresh_from_db()
    assert notifying.offers(resident=resident, address=None, at=now) == []
    assert resident.name not in printing(desk, uuid4()).content.decode()


def test_not_for_who_has_one(desk, resident, now):
    page = f"/desk/people/{resident.pk}/slips/"
    wants(resident, Way.SLIP, at=now)
    assert "switched" not in desk.get(page).content.decode(), "what they chose is theirs to know"
    notifying.choose(resident=resident, wanted=[], by=resident.user, at=now)
    assert "choose for themselves" in desk.get(page).content.decode()
    said = desk.post(page, {"slips": "on", "known_by": "in_person"}).content.decode()
    assert "choose for themselves" in said
    assert notifying.chosen(resident) == set()


def test_a_sheet_costs_the_same_for_two_and_for_twenty(waiting, desk, here, now):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert printing(desk, uuid4()).status_code == 200
        return len(seen)

    few = queries()
    for number in range(400, 420):
        who = wants(settle(here, number=str(number), name="柳", phone="", at=now), Way.SLIP, at=now)
        told(who, at=now - WEEK)
    assert queries() == few


def test_one_that_came_to_be_as_its_wish_ended_holds_up_nobody(
    committed, resident, neighbor, here, clerk, now
):
    for who in (resident, neighbor):
        wants(who, Way.SLIP, at=now)
    told(neighbor, at=now - WEEK)
    written, ended = Event(), Event()

    def tell() -> None:
        with transaction.atomic():
            told(resident, at=now - WEEK)
            written.set()
            ended.wait(30)
        connection.close()

    telling = Thread(target=tell)
    telling.start()
    assert written.wait(30)
    notifying.choose(resident=resident, wanted=[], by=resident.user, at=now)
    ended.set()
    telling.join()
    assert Message.objects.filter(resident=resident).exists()
    assert list(slips.waiting(neighborhood=here, at=now)) == [neighbor]
    assert slips.print_next(token=uuid4(), neighborhood=here, by=clerk, at=now) == 1
