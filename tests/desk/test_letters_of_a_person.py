"""Letters of one person at the desk: printed once, gone a way that was asked, or handed over."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry

from residents import letters
from residents.models import Letter
from residents.register import register
from tests.desk.letters import OVERVIEW, PAGES, PRINT, chosen, person
from tests.desk.letters import newcomer as newcomer
from tests.desk.letters import people as people
from tests.drawn import without_drawn


def test_a_letter_is_printed_once_and_is_not_kept(desk, clerk, newcomer):
    client = desk(clerk)
    answer = client.post(person(newcomer, "write/"), {"goes": "mailbox"})
    page = answer.content.decode()
    code = answer.context["sheets"][0]["code"]
    assert page.count(code) == 1
    assert "柳三" in page
    assert "1 103" in page
    assert "no-store" in answer["Cache-Control"]
    assert code not in client.get(person(newcomer)).content.decode()
    assert code not in str(list(LogEntry.objects.values()))


def test_somebody_without_a_dwelling_gets_theirs_at_the_desk(desk, clerk, here):
    owner = register(neighborhood=here, name="柳四")
    answer = desk(clerk).post(person(owner, "write/"), {"goes": "desk"})
    assert "This one is kept at the desk" in answer.content.decode()


def test_whoever_has_an_account_gets_a_way_back_instead(desk, clerk, resident):
    client = desk(clerk)
    assert "A letter to get back in" in client.get(person(resident)).content.decode()
    page = client.post(person(resident, "write/"), {"goes": "mailbox"}).content.decode()
    assert "Choose a new password with this letter" in page
    assert Letter.objects.get().purpose == "recover"


def test_how_it_goes_is_asked(desk, clerk, newcomer):
    for goes in ("", "slip", "x"):
        assert desk(clerk).post(person(newcomer, "write/"), {"goes": goes}).status_code == 400
    assert not Letter.objects.exists()


def test_a_slip_asks_how_they_were_known_and_names_nobody(desk, clerk, resident):
    client = desk(clerk)
    answer = client.post(person(resident, "slip/"))
    assert answer.status_code == 422
    assert "Say first how you know that it is this person." in answer.content.decode()
    assert not Letter.objects.exists()
    answer = client.post(person(resident, "slip/"), {"seen": "document"})
    page = answer.content.decode()
    assert re.search(r"<dd>[0-9A-Z]{4}(-[0-9A-Z]{4})+</dd>", page)
    assert "no-store" in answer["Cache-Control"]
    assert "柳" not in page.replace("柳岸小区", "")
    assert "r101" not in page


def test_a_person_without_an_account_gets_no_slip(desk, clerk, newcomer):
    answer = desk(clerk).post(person(newcomer, "slip/"), {"seen": "known"}, follow=True)
    assert "This person has no account yet." in answer.content.decode()


@pytest.mark.obligation("A2", "27")
def test_the_way_into_a_colleagues_account_is_not_for_a_clerk(desk, clerk, chair, superuser, here):
    home = register(neighborhood=here, name="何建国")
    home.user = chair
    home.save()
    client = desk(clerk)
    page = client.get(person(home)).content.decode()
    assert "only who runs the system can write such a letter" in page
    assert "Make the slip" not in page
    client.post(person(home, "write/"), {"goes": "desk"})
    client.post(person(home, "slip/"), {"seen": "known"})
    assert not Letter.objects.exists()
    desk(superuser).post(person(home, "write/"), {"goes": "desk"})
    assert Letter.objects.exists()


def test_a_letter_is_handed_over_to_somebody_who_was_seen(desk, clerk, newcomer, now):
    letter = letters.write(resident=newcomer, by=clerk, at_desk=True, at=now).letter
    client = desk(clerk)
    assert client.post(f"{OVERVIEW}{letter.pk}/hand-over/").status_code == 422
    client.post(f"{OVERVIEW}{letter.pk}/hand-over/", {"seen": "known"})
    letter.refresh_from_db()
    assert (letter.delivered_how, letter.seen) == ("by_hand", "known")
    again = client.post(f"{OVERVIEW}{letter.pk}/hand-over/", {"seen": "known"}, follow=True)
    assert "in the meantime" in again.content.decode()


@pytest.mark.obligation("27")
def test_the_mark_stands_on_the_page_of_the_person_only(desk, clerk, newcomer, people, chair):
    client = desk(clerk)
    client.post(person(newcomer, "keep/"))
    words = "others read their mail. Speak of it to nobody"
    assert words in client.get(person(newcomer)).content.decode()
    for address in (*PAGES, "people/?state=none"):
        assert words not in client.get(f"{OVERVIEW}{address}").content.decode()
    for who in (clerk, chair):
        page = desk(who).get(f"/admin/residents/resident/{newcomer.pk}/change/").content.decode()
        assert "mail" not in without_drawn(page).lower().replace("e-mail", "")
    printed = client.post(PRINT, chosen()).content.decode()
    assert "柳三" not in printed


def test_only_in_person_may_letters_go_by_mail_again(desk, clerk, newcomer):
    client = desk(clerk)
    client.post(person(newcomer, "keep/"))
    assert client.post(person(newcomer, "mail/")).status_code == 422
    newcomer.refresh_from_db()
    assert newcomer.keep_at_desk
    client.post(person(newcomer, "mail/"), {"seen": "document"})
    newcomer.refresh_from_db()
    assert not newcomer.keep_at_desk


def test_the_page_of_a_person_tells_what_became_of_each_letter(desk, clerk, newcomer, now):
    letters.write(resident=newcomer, by=None, at=now - timedelta(days=61))
    letters.write(resident=newcomer, by=clerk, at=now)
    page = desk(clerk).get(person(newcomer)).content.decode()
    assert "Replaced" in page
    assert "Good until" in page
    assert "Property company · clerk" in page


def test_the_admin_leads_to_it(desk, clerk, newcomer):
    answer = desk(clerk).post(f"/admin/residents/resident/{newcomer.pk}/letters/")
    assert answer["Location"] == f"{person(newcomer)}?in={newcomer.neighborhood_id}"
