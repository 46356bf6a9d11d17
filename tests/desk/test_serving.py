"""What residents ask, at the desk: by what is due, for the staff of the body that was asked and nobody else's."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from committees import appointing, service
from committees.models import ServiceRequest, Term
from portal.screens.desk import serving
from residents.models import LookUp, Unit
from tests import make
from tests.cast import staff
from tests.committees.service import WHERE, Body, answers, asked, days_pass, done, fresh, picture

pytestmark = pytest.mark.django_db
LIST = "/desk/service/"


@pytest.fixture
def lamp(resident, clerk, now) -> ServiceRequest:
    return asked(resident, at=now, unit=Unit.objects.get(number="101"))


@pytest.fixture
def owners(here, now):
    return answers(here, Body.OWNERS, at=now)


def page(request: ServiceRequest) -> str:
    return reverse("desk_service_one", kwargs={"wanted": request.pk})


def sent(client, request: ServiceRequest, **also) -> dict[str, str]:
    hidden = answering(client.get(page(request)).content.decode())
    return hidden | {"status": "replied", "words": "明天来"} | also


def answering(text: str) -> dict[str, str]:
    """What the form to the resident holds beforehand: the one that takes pictures."""
    form = text.split('enctype="multipart/form-data"')[1].split("</form>")[0]
    return dict(re.findall(r'name="(token|seen)" value="([^"]+)"', form))


def test_what_is_due_first_stands_first_with_dwelling_and_masked(desk, clerk, lamp, neighbor, resident, now):
    late = days_pass(asked(neighbor, at=now, words="水管漏了"), timedelta(days=3))
    text = desk(clerk).get(LIST).content.decode()
    assert re.findall(r"/desk/service/([0-9a-f-]{36})/", text) == [str(late.pk), str(lamp.pk)]
    assert "An answer was due by" in text
    assert "1 101" in text
    assert "柳＊" in text
    for hidden in ("柳一", "柳二", "0571 8800 0101", "88000101"):
        assert hidden not in text
    one = desk(clerk).get(page(lamp)).content.decode()
    assert "楼道灯不亮了" in one
    assert "柳一" not in one
    assert "0101" not in one
    assert not LookUp.objects.exists()


def test_it_is_answered_worked_on_and_done_and_the_resident_reads_the_role(desk, clerk, lamp, resident):
    client = desk(clerk)
    for status, words in (("replied", "明天来"), ("working", ""), ("working", "等零件"), ("done", "换好了")):
        assert client.post(page(lamp), sent(client, lamp, status=status, words=words)).url == LIST
    over = fresh(lamp)
    assert (over.status, over.steps.count()) == ("done", 5)
    text = client.get(page(lamp)).content.decode()
    assert "换好了" in text
    assert "Send it to the resident" not in text  # it is over
    assert str(lamp.pk) not in client.get(LIST).content.decode()
    assert "clerk" not in {str(each.by) for each in over.steps.all()}


def test_a_status_alone_is_no_answer_and_nothing_typed_is_lost(desk, clerk, lamp):
    client = desk(clerk)
    for status in ("replied", "done"):
        text = client.post(page(lamp), sent(client, lamp, status=status, words=" ")).content.decode()
        assert "a status alone is no answer" in text
    text = client.post(page(lamp), sent(client, lamp, status="reopened")).content.decode()
    assert "Select a valid choice" in text
    assert "明天来" in text
    assert lamp.steps.count() == 1


def test_who_comes_second_reads_first_and_sent_twice_is_once(desk, clerk, lamp, resident, here, now):
    client = desk(clerk)
    mine = sent(client, lamp)
    service.add_words(request=lamp, words="今晚也黑", token=uuid4(), by=resident.user, at=now)
    text = client.post(page(lamp), mine).content.decode()
    assert "Somebody wrote in the meantime" in text
    assert "今晚也黑" in text
    assert "明天来" in text
    again = mine | {"seen": answering(text)["seen"]}
    assert client.post(page(lamp), again).status_code == 302
    assert client.post(page(lamp), again).status_code == 302
    assert lamp.steps.count() == 3
    nonsense = client.post(page(lamp), again | {"seen": "x", "token": uuid4()})
    assert nonsense.status_code == 200


@pytest.mark.obligation("A2", "27")
def test_another_bodys_staff_see_and_do_nothing(desk, clerk, owners, lamp, resident, superuser, auditor, now):
    about_us = asked(resident, at=now, kind="complaint", body=Body.OWNERS, words="物业收钱不开票")
    for by, theirs, other in ((clerk, lamp, about_us), (owners, about_us, lamp)):
        client = desk(by)
        text = client.get(LIST).content.decode()
        assert str(theirs.pk) in text
        assert str(other.pk) not in text
        assert client.get(page(theirs)).status_code == 200
        assert client.get(page(other)).status_code == 404
        assert client.post(page(other), {"status": "done", "words": "x", "seen": 1}).status_code == 404
    for nobody in (superuser, auditor):
        client = desk(nobody)
        for each in (lamp, about_us):
            assert client.get(page(each)).status_code != 200
        assert "物业收钱" not in client.get(LIST, follow=True).content.decode()
    assert ServiceRequest.objects.filter(status="received").count() == 2


@pytest.mark.obligation("27", "46")
def test_nobody_reads_on_after_their_term(desk, clerk, lamp, now):
    client = desk(clerk)
    appointing.end(term=Term.objects.get(user=clerk), by=None, at=now)
    assert client.get(LIST).status_code == 404
    assert client.get(page(lamp)).status_code == 404


@pytest.mark.obligation("A2", "27")
def test_strangers_find_no_such_page(desk, lamp, outsider, neighbor):
    for other in (outsider, neighbor.user):
        assert desk(other).get(page(lamp)).status_code == 404


def test_their_own_they_read_at_home(desk, clerk, lamp, resident):
    type(resident).objects.filter(pk=resident.pk).update(user=clerk)
    client = desk(clerk)
    assert client.get(page(lamp)).status_code == 404
    assert str(lamp.pk) not in client.get(LIST).content.decode()


def test_the_first_screen_counts_what_is_open_and_late(desk, clerk, owners, lamp, neighbor, now):
    assert "1 request of a resident is open." in desk(clerk).get("/desk/").content.decode()
    days_pass(asked(neighbor, at=now), timedelta(days=3))
    text = desk(clerk).get("/desk/").content.decode()
    assert "2 requests of residents are open. 1 should have been answered by now." in text
    assert "of residents are open" not in desk(owners).get("/desk/").content.decode()


def test_the_list_costs_the_same_for_more_of_them(
    desk, clerk, here, lamp, now, monkeypatch, django_assert_num_queries, django_assert_max_num_queries
):
    monkeypatch.setattr(serving, "PAGE", 4)
    client = desk(clerk)
    client.get(LIST)
    with django_assert_max_num_queries(20) as few:
        client.get(LIST)
    for _ in range(6):
        asked(make.resident(here, at=now), at=now, pictures=[picture(size=(60, 40))])
    with django_assert_num_queries(len(few.captured_queries)):
        assert "Page 1 of 2" in client.get(LIST).content.decode()


# --- What is over

FINISHED = "/desk/service/finished/"


def test_what_is_over_is_found_again_as_long_as_its_words_are_kept(desk, clerk, lamp, neighbor, now):
    again = asked(neighbor, at=now, words="水管漏了")
    first, last = done(lamp, clerk, at=now), done(again, clerk, at=now)
    open_ = asked(neighbor, at=now, words="还没修")
    days_pass(first, timedelta(days=20))
    client = desk(clerk)
    assert FINISHED in client.get(LIST).content.decode()
    text = client.get(FINISHED).content.decode()
    assert re.findall(r"/desk/service/([0-9a-f-]{36})/", text) == [str(last.pk), str(first.pk)]
    assert str(open_.pk) not in text
    assert "柳＊" in text
    assert "柳二" not in text
    days_pass(first, timedelta(days=160))
    assert str(first.pk) not in client.get(FINISHED).content.decode()


@pytest.mark.obligation("27")
def test_another_body_an_outsider_and_whoever_asked_find_nothing_there(
    desk, clerk, owners, outsider, auditor, resident, lamp, now
):
    over = done(lamp, clerk, at=now)
    for who in (owners, outsider, auditor, resident.user):
        answer = desk(who).get(FINISHED)
        assert str(over.pk) not in answer.content.decode()
    assert desk(auditor).get(FINISHED).status_code in (302, 404)
    assert desk(resident.user).get(FINISHED).status_code == 404


def test_it_is_paged_and_costs_the_same(desk, clerk, here, now, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(serving, "PAGE", 3)
    client = desk(clerk)
    done(asked(make.resident(here, at=now), at=now), clerk, at=now)
    client.get(FINISHED)
    with CaptureQueriesContext(connection) as few:
        client.get(FINISHED)
    for _ in range(4):
        done(asked(make.resident(here, at=now), at=now), clerk, at=now)
    with django_assert_num_queries(len(few)):
        text = client.get(FINISHED).content.decode()
    assert len(re.findall(r"/desk/service/[0-9a-f-]{36}/", text)) == 3
    assert "?page=2" in text


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
