"""Letters at the desk: who sees the page, what it prints, and what it never says."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest

from residents import letters
from residents.models import Letter, LetterBatch, Resident
from tests.crowd import crowd
from tests.desk.letters import OVERVIEW, PAGES, PRINT, chosen, person
from tests.desk.letters import newcomer as newcomer
from tests.desk.letters import people as people

# Not a part of a row's address: three of its groups may have no letter in them.
CODE = re.compile(r"(?<![\w-])[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}(?![\w-])")

# --- who


def shut(answer) -> bool:
    """There is no such page for them; whoever works elsewhere is shown to their own lists."""
    return answer.status_code == 404 or (answer.status_code == 302 and answer["Location"] == "/admin/")


@pytest.mark.obligation("A2", "27", "F24")
@pytest.mark.parametrize("who", ["chair", "auditor", "resident"])
def test_whoever_may_not_write_the_register_sees_none_of_it(request, desk, people, newcomer, who):
    found = request.getfixturevalue(who)
    client = desk(found.user if isinstance(found, Resident) else found)
    for address in (*(f"{OVERVIEW}{each}" for each in PAGES), person(newcomer)):
        assert shut(client.get(address)), address
    assert shut(client.post(PRINT, chosen()))
    assert shut(client.post(person(newcomer, "write/"), {"goes": "desk"}))
    assert not Letter.objects.exists()


def test_whoever_is_not_signed_in_is_asked_to(client, people):
    assert client.get(OVERVIEW)["Location"] == "/sign-in/?next=/desk/letters/"
    assert client.post(PRINT, chosen())["Location"].startswith("/sign-in/")


@pytest.mark.obligation("A2", "27")
def test_staff_elsewhere_reach_nobody_here(desk, busybody, here, clerk, people, newcomer, now):
    client = desk(busybody)
    batch = LetterBatch.objects.create(neighborhood=here, made_by=clerk, capacity="x", made_at=now)
    letter = letters.write(resident=newcomer, by=clerk, at=now).letter
    for address in (
        f"{OVERVIEW}?in={here.pk}",
        f"{OVERVIEW}people/?in={here.pk}",
        person(newcomer),
        f"{OVERVIEW}batches/{batch.pk}/",
    ):
        assert client.get(address).status_code == 404
    for address in (
        *(person(newcomer, f"{act}/") for act in ("write", "slip", "keep", "mail")),
        *(f"{OVERVIEW}batches/{batch.pk}/{act}/" for act in ("again", "deliver")),
        f"{OVERVIEW}{letter.pk}/hand-over/",
    ):
        given = {"goes": "desk", "seen": "known", "token": uuid4()}
        assert client.post(address, given).status_code == 404, address
    assert client.post(f"{PRINT}?in={here.pk}", chosen()).status_code == 404
    client.post(f"{OVERVIEW}people/deliver/", {"letter": letter.pk})
    letter.refresh_from_db()
    assert letter.delivered_at is None
    assert Letter.objects.count() == 1


@pytest.mark.parametrize("asked", ["x", "'", "0", "\0"])
def test_no_such_neighborhood(desk, clerk, asked):
    assert desk(clerk).get(OVERVIEW, {"in": asked}).status_code == 404


def test_it_shows_the_neighborhood_that_the_desk_has_in_hand(desk, superuser, here, elsewhere):
    client = desk(superuser)
    for place in (here, elsewhere):
        client.post("/desk/neighborhood/", {"neighborhood": place.pk})
        assert place.display_name in client.get(OVERVIEW).content.decode()


def test_a_link_from_the_full_lists_takes_in_hand_where_it_leads(desk, superuser, elsewhere, newcomer):
    client = desk(superuser)
    client.post("/desk/neighborhood/", {"neighborhood": elsewhere.pk})
    assert client.get(person(newcomer)).status_code == 404
    link = client.post(f"/admin/residents/resident/{newcomer.pk}/letters/")["Location"]
    assert client.get(link).status_code == 200
    assert client.get(person(newcomer)).status_code == 200


# --- the batch


@pytest.mark.obligation("A2", "27")
def test_names_stand_in_the_clear_on_the_paper_and_nowhere_else(desk, clerk, people):
    client = desk(clerk)
    answer = client.post(PRINT, chosen())
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert page.count('class="sheet"') == len(people)
    assert all(each.name in page for each in people)
    batch = LetterBatch.objects.get()
    for address in (
        *(f"{OVERVIEW}{each}" for each in PAGES),
        f"{OVERVIEW}batches/{batch.pk}/",
        person(people[0]),
    ):
        shown = client.get(address).content.decode()
        assert not [each.name for each in people if each.name in shown], address
        assert "住＊" in shown or "people/" not in address


def test_every_sheet_has_a_code_that_works(desk, clerk, people, client):
    page = desk(clerk).post(PRINT, chosen()).content.decode()
    codes = CODE.findall(page)
    assert len(set(codes)) == len(people)
    assert all(client.get(f"/l/{code}/")["Location"] == "/claim/" for code in codes)


def test_it_is_never_an_answer_to_an_address(desk, clerk, people):
    client = desk(clerk)
    assert client.get(PRINT).status_code == 405
    assert client.get(f"{PRINT}?where=all&who=no_letter&token={uuid4()}").status_code == 405


def test_it_is_not_printed_for_another_site(people, clerk):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(clerk)
    assert strict.post(PRINT, chosen()).status_code == 403


def test_sent_twice_it_says_what_happened_and_makes_no_second_set(desk, clerk, people):
    client, given = desk(clerk), chosen()
    client.post(PRINT, given)
    answer = client.post(PRINT, given)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "This batch was printed already" in page
    assert "Print them again, with new codes" in page
    assert not [each.name for each in people if each.name in page]
    assert Letter.objects.count() == len(people)


def test_printing_again_says_so_and_replaces_the_codes(desk, clerk, people, client):
    staff = desk(clerk)
    first = staff.post(PRINT, chosen()).content.decode()
    batch = LetterBatch.objects.get()
    token = uuid4()
    again = staff.post(f"{OVERVIEW}batches/{batch.pk}/again/", {"token": token})
    assert again.content.decode().count('class="sheet"') == len(people)
    code = CODE.findall(first)[0]
    assert (
        "only the code on the newest"
        in client.get(f"/l/{code}/", follow=True, headers={"accept-language": "en"}).content.decode()
    )
    assert staff.post(f"{OVERVIEW}batches/{batch.pk}/again/", {"token": token}).status_code == 409
    assert Letter.objects.count() == 2 * len(people)


def test_a_token_of_another_neighborhood_tells_nothing(desk, clerk, busybody, elsewhere, people, now):
    batch = LetterBatch.objects.create(neighborhood=elsewhere, made_by=busybody, capacity="x", made_at=now)
    client = desk(clerk)
    client.raise_request_exception = False
    answer = client.post(PRINT, chosen(token=batch.pk))
    assert answer.status_code >= 400
    assert "远山苑" not in answer.content.decode()
    assert not Letter.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"who": ""},
        {"who": "everybody"},
        {"where": ""},
        {"where": str(uuid4())},
        {"token": "x"},
        {"token": ""},
    ],
)
def test_a_form_filled_badly_prints_nothing(desk, clerk, people, changes):
    answer = desk(clerk).post(PRINT, chosen(**changes))
    assert answer.status_code == 200
    assert not Letter.objects.exists()


def test_nothing_is_chosen_beforehand(desk, clerk, people):
    page = desk(clerk).get(OVERVIEW).content.decode()
    assert "checked" not in page
    assert "Please look at this again" in desk(clerk).get(f"{OVERVIEW}choose/").content.decode()


def test_it_says_how_many_first_and_leads_to_the_next_batch(desk, clerk, here, now, monkeypatch):
    from residents import batches

    monkeypatch.setattr(batches, "AT_ONCE", 3)
    crowd(here, buildings=1, dwellings=2, at=now)
    client = desk(clerk)
    page = client.get(f"{OVERVIEW}choose/?where=all&who=no_letter").content.decode()
    assert "4 people get a letter each." in page
    assert "Make 3 letters" in page
    assert "The next batch: 1 letter left" in client.post(PRINT, chosen()).content.decode()
    assert "The next batch" not in client.post(PRINT, chosen()).content.decode()
    assert "Nothing was printed" in client.post(PRINT, chosen()).content.decode()


def test_a_batch_is_marked_as_delivered_at_once(desk, clerk, people):
    client = desk(clerk)
    client.post(PRINT, chosen())
    batch = LetterBatch.objects.get()
    assert client.get(f"{OVERVIEW}batches/{batch.pk}/deliver/").status_code == 405
    page = client.post(f"{OVERVIEW}batches/{batch.pk}/deliver/", follow=True).content.decode()
    assert "8 letters are marked as delivered." in page
    assert not Letter.objects.filter(delivered_at=None).exists()


def test_the_page_of_a_batch_asks_as_much_for_many_letters(desk, clerk, here, now, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = desk(clerk)
    crowd(here, buildings=1, dwellings=1, at=now, each=1)
    client.get(OVERVIEW)
    with CaptureQueriesContext(connection) as few:
        client.post(PRINT, chosen())
    from residents.models import Building

    Building.objects.filter(neighborhood=here).update(name="老楼")
    crowd(here, buildings=1, dwellings=40, at=now)
    with django_assert_num_queries(len(few)):
        assert client.post(PRINT, chosen()).content.decode().count('class="sheet"') == 80


# --- the list


def test_the_list_sifts_by_building_and_state(desk, clerk, people, here, now):
    client = desk(clerk)
    letters.write(resident=people[0], by=clerk, at=now)
    page = client.get(f"{OVERVIEW}people/?state=written").content.decode()
    assert page.count('name="letter"') == 1
    building = here.buildings.get(name="2 幢")
    page = client.get(f"{OVERVIEW}people/?where={building.pk}").content.decode()
    assert page.count("住＊") == 4
    assert client.get(f"{OVERVIEW}people/?state=nonsense&where=x&page=x").status_code == 200


def test_what_is_ticked_is_marked_as_delivered(desk, clerk, people, now):
    first, second = [letters.write(resident=each, by=clerk, at=now).letter for each in people[:2]]
    desk(clerk).post(f"{OVERVIEW}people/deliver/", {"letter": [first.pk]})
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.delivered_how == "mailbox"
    assert second.delivered_at is None
    assert desk(clerk).post(f"{OVERVIEW}people/deliver/", {"letter": ["x"]}).status_code == 400


def test_a_letter_for_the_desk_cannot_be_ticked(desk, clerk, people, now):
    letters.write(resident=people[0], by=clerk, at_desk=True, at=now)
    page = desk(clerk).get(f"{OVERVIEW}people/?state=written").content.decode()
    assert 'name="letter"' not in page
    assert "kept at the desk" in page


def test_pages_ask_as_much_for_many_people(desk, clerk, here, now):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def asked(address: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"{OVERVIEW}{address}").status_code == 200
        return len(seen)

    client = desk(clerk)
    for each in crowd(here, buildings=1, dwellings=1, at=now):
        letters.write(resident=each, by=clerk, at=now)
    client.get(OVERVIEW)
    few = [asked(address) for address in PAGES]
    for building in here.buildings.all():
        building.name = "老楼"
        building.save()
    for each in crowd(here, buildings=3, dwellings=5, at=now):
        letters.write(resident=each, by=clerk, at=now)
    assert [asked(address) for address in PAGES] == few
