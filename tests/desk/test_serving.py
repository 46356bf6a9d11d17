"""What residents ask, at the desk: by what is due, for the staff of the body that was asked and nobody else's."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from committees import appointing, service
from committees.models import ServiceRequest, Term
from portal.screens.desk import serving
from residents.models import LookUp, Unit
from tests import make
from tests.committees.service import Body, answers, asked, days_pass, done, fresh, picture
from tests.drawn import without_drawn

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
    assert "0101" not in without_drawn(one, resident.pk)
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
