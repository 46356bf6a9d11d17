"""Who of a body sees to a request, what its staff note for themselves, and pictures with an answer: at the desk."""

from __future__ import annotations

import io
import re
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from committees import appointing
from committees.models import ServiceRequest, Term
from portal.screens.desk import serving
from residents.models import Unit
from tests import make
from tests.cast import staff
from tests.committees.service import WHERE, Body, answers, asked, picture
from tests.desk.test_serving import LIST, page, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def lamp(resident, clerk, now) -> ServiceRequest:
    return asked(resident, at=now, unit=Unit.objects.get(number="101"))


@pytest.fixture
def owners(here, now):
    return answers(here, Body.OWNERS, at=now)


# --- Who sees to it


@pytest.fixture
def second(here, clerk, now):
    return staff(here, username="second", kind=Body.PROPERTY, role=Term.Role.CLERK, at=now)


def form_of(client, request: ServiceRequest, act: str) -> dict[str, str]:
    """What the page itself would send to `assign` or `note`."""
    text = client.get(page(request)).content.decode()
    form = text.split(f'action="{page(request)}{act}/"')[1].split("</form>")[0]
    return dict(re.findall(r'name="(token|seen)" value="([^"]+)"', form))


def assign(client, request: ServiceRequest, to):
    said = form_of(client, request, "assign") | {"to": getattr(to, "pk", to) or ""}
    return client.post(f"{page(request)}assign/", said)


def whose(client, wanted: str) -> list[str]:
    text = client.get(f"{LIST}?whose={wanted}").content.decode()
    return re.findall(r"/desk/service/([0-9a-f-]{36})/", text)


@pytest.mark.obligation("27")
def test_it_is_taken_given_and_laid_down_from_its_page(desk, clerk, second, lamp, resident):
    client = desk(clerk)
    assert "Nobody sees to it" in client.get(page(lamp)).content.decode()
    assert assign(client, lamp, clerk).url == page(lamp)
    assert "You see to it" in client.get(page(lamp)).content.decode()
    assert "Property company · clerk: clerk" in desk(second).get(page(lamp)).content.decode()
    assign(client, lamp, second)
    assert whose(client, "mine") == []
    assert whose(desk(second), "mine") == [str(lamp.pk)]
    assign(desk(second), lamp, None)
    assert whose(client, "nobodys") == [str(lamp.pk)]
    assert lamp.assignments.count() == 3
    assert lamp.steps.count() == 1


def test_whoever_is_second_is_told_who_was_faster_and_nonsense_is_refused(desk, clerk, second, lamp, owners):
    mine = form_of(desk(clerk), lamp, "assign")
    assign(desk(second), lamp, second)
    text = desk(clerk).post(f"{page(lamp)}assign/", mine | {"to": clerk.pk}).content.decode()
    assert "Somebody was faster" in text
    assert "Property company · clerk: second" in text
    for wrong in (owners.pk, uuid4(), "nonsense"):
        answer = assign(desk(clerk), lamp, wrong)
        assert answer.status_code == 200
        assert "Please look at this again" in answer.content.decode()
    assert lamp.assignments.get().assignee == second
    assert desk(clerk).get(f"{page(lamp)}assign/").status_code == 405


@pytest.mark.obligation("A2", "27")
def test_nobody_else_assigns_or_notes(desk, owners, lamp, superuser, auditor, outsider, neighbor, resident):
    for who in (owners, superuser, auditor, outsider, neighbor.user, resident.user):
        for act in ("assign", "note"):
            answer = desk(who).post(f"{page(lamp)}{act}/", {"to": who.pk, "seen": 0, "note": "x"})
            assert answer.status_code in (302, 404), who
            assert "/login" not in getattr(answer, "url", "") or who is not owners
    assert not lamp.assignments.exists()
    assert not lamp.notes.exists()


@pytest.mark.obligation("27", "46")
def test_whose_right_ended_sees_to_nothing_on_the_next_page(desk, clerk, second, lamp):
    assign(desk(clerk), lamp, clerk)
    appointing.end(term=Term.objects.get(user=clerk), by=None, at=timezone.now())
    client = desk(second)
    assert "Nobody sees to it" in client.get(page(lamp)).content.decode()
    assert whose(client, "nobodys") == [str(lamp.pk)]
    assert "clerk: clerk" not in client.get(LIST).content.decode()


def test_the_lists_cost_the_same_and_keep_their_sieve(
    desk, clerk, second, here, lamp, now, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(serving, "PAGE", 2)
    client = desk(clerk)
    assign(client, lamp, clerk)
    for wanted in ("all", "mine", "nobodys", "nonsense"):
        client.get(f"{LIST}?whose={wanted}")
    with CaptureQueriesContext(connection) as few:
        assert len(whose(client, "mine")) == 1
    count = len(few)  # the next page forgets them
    for _ in range(3):
        each = asked(make.resident(here, at=now), at=now)
        assign(client, each, clerk)
    with django_assert_num_queries(count):
        text = client.get(f"{LIST}?whose=mine").content.decode()
    assert "?whose=mine&amp;page=2" in text
    with django_assert_num_queries(count):
        client.get(LIST)


def test_the_first_screen_says_whose_they_are(desk, clerk, second, lamp, neighbor, resident, now):
    assign(desk(clerk), lamp, clerk)
    for _ in range(2):
        asked(neighbor, at=now)
    theirs = asked(resident, at=now)
    assign(desk(second), theirs, second)
    assert "Yours: 1, nobody’s: 2, colleagues’: 1" in desk(clerk).get("/desk/").content.decode()


# --- What stays inside

INSIDE = "已联系维修公司，周三上门"


@pytest.mark.obligation("27", "32")
def test_a_note_is_read_by_the_staff_of_the_body_and_by_nobody_else(
    desk, clerk, second, owners, superuser, auditor, lamp, resident, neighbor
):
    said = form_of(desk(clerk), lamp, "note") | {"note": INSIDE}
    assert desk(clerk).post(f"{page(lamp)}note/", said).url == page(lamp)
    assert desk(clerk).post(f"{page(lamp)}note/", said).status_code == 302  # sent twice
    text = desk(second).get(page(lamp)).content.decode()
    assert text.count(INSIDE) == 1
    assert text.index("Inside: not for the resident") < text.index(
        INSIDE
    )  # and after all that is said outside
    assert INSIDE not in desk(clerk).get(LIST).content.decode()
    assert INSIDE not in desk(clerk).get("/desk/").content.decode()
    for who in (owners, superuser, auditor, resident.user, neighbor.user):
        assert INSIDE not in desk(who).get(page(lamp), follow=True).content.decode()
    assert lamp.notes.count() == 1


@pytest.mark.obligation("27")
def test_neither_form_is_taken_for_the_other(desk, clerk, lamp):
    """Sent to the other one's address, with the token and all."""
    client = desk(clerk)
    inside = form_of(client, lamp, "note") | {"note": INSIDE}
    assert client.post(page(lamp), inside).status_code == 200  # to the answer: nothing is said
    client.post(f"{page(lamp)}note/", inside)
    replayed = sent(client, lamp) | {"token": inside["token"], "words": INSIDE}
    text = client.post(page(lamp), replayed).content.decode()
    assert "kept inside as a note, and is not sent" in text
    outside = sent(client, lamp)
    assert client.post(f"{page(lamp)}note/", outside).status_code == 200  # to the notes: nothing is noted
    assert client.post(page(lamp), outside).status_code == 302
    text = client.post(f"{page(lamp)}note/", outside | {"note": "明天来"}).content.decode()
    assert "sent to the resident already" in text
    assert (lamp.notes.count(), lamp.steps.count()) == (1, 2)


def test_an_empty_or_long_note_comes_back_with_what_was_typed(desk, clerk, lamp):
    client = desk(clerk)
    for wrong, words in (("", "Write what is to be remembered"), ("字" * 1001, "Write at most 1000")):
        text = client.post(
            f"{page(lamp)}note/", form_of(client, lamp, "note") | {"note": wrong}
        ).content.decode()
        assert words in text
        assert wrong in text
    assert not lamp.notes.exists()


# --- Pictures with an answer


def test_a_picture_comes_with_the_answer_and_both_sides_see_it(desk, clerk, resident, here, now):
    lamp = asked(resident, at=now, pictures=[picture(size=(60, 40))] * 2)
    client = desk(clerk)
    shown = SimpleUploadedFile("done.jpg", picture(), "image/jpeg")
    said = sent(client, lamp, status="done", words="换好了，见图") | {"photo_2": shown}
    assert client.post(page(lamp), said).url == LIST
    for reader, address in ((clerk, page(lamp)), (resident.user, f"/service/{lamp.pk}/")):
        as_reader = desk(reader)
        text = as_reader.get(address).content.decode()
        assert re.findall(r"/photos/(\d+)/", text) == ["1", "2", "3"]
        found = as_reader.get(f"{address}photos/3/")
        assert (found.status_code, found["Content-Type"]) == (200, "image/jpeg")
        with Image.open(io.BytesIO(found.content)) as opened:
            assert (opened.size, dict(opened.getexif())) == ((600, 400), {})
        assert WHERE.encode() not in found.content
        for none in (0, 4, 99):
            assert as_reader.get(f"{address}photos/{none}/").status_code == 404


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg onload='alert(1)'/>", "Only photos in JPEG or PNG"),
        (b"\xff\xd8\xff" + b"no jpeg" * 99, "Part of the photo is missing"),
        (b"", "The file is empty"),
        (b"x" * (12 * 1024 * 1024 + 1), "larger than 12 megabytes"),
    ],
)
def test_what_is_no_picture_is_refused_and_the_words_stay(desk, clerk, lamp, content, words):
    client = desk(clerk)
    wrong = SimpleUploadedFile("x.jpg", content, "image/jpeg")
    said = sent(client, lamp, status="done", words="换好了") | {"photo_1": wrong}
    text = client.post(page(lamp), said).content.decode()
    assert words in text
    assert "换好了" in text
    assert "Choose your photos again" in text
    assert lamp.steps.count() == 1
