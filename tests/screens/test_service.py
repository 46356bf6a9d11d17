"""What a resident asks of a body, on their own pages: asked, followed, added to, opened again, called off. And nobody else."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from committees import appointing, assigning, noting, service_days
from committees import service as serving
from committees.models import Committee, ServicePhoto, ServiceRequest, Term
from committees.models.service import Kind
from portal.screens import service as screen
from residents import moving, standing_by
from residents.ages import today_in
from residents.models import Unit
from residents.register import move_in, register
from tests.cast import staff
from tests.committees.service import WHERE, Body, answers, asked, days_pass, done, fresh, picture

pytestmark = pytest.mark.django_db
NEW = "/service/new/repair/"


@pytest.fixture
def mine(resident, clerk, now) -> ServiceRequest:
    return asked(resident, at=now, unit=Unit.objects.get(number="101"), pictures=[picture(size=(80, 60))])


def url(name: str, request: ServiceRequest, **also) -> str:
    return reverse(name, kwargs={"wanted": request.pk, **also})


def form(client: Client, address: str = NEW) -> dict[str, str]:
    """As the page brings it, with its token."""
    page = client.get(address).content.decode()
    return {
        "token": re.search(r'name="token" value="([^"]+)"', page)[1],
        "where": "elsewhere",
        "place": "电梯",
    }


def jpeg(name: str = "lamp.jpg", **also) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, also.get("sent", picture(size=(80, 60))), "image/jpeg")


def test_the_kind_comes_first_and_says_whom_to_ring(me, here, clerk):
    type(here).objects.filter(pk=here.pk).update(guard_phone="0571 8800 1234")
    page = me.get("/service/new/").content.decode()
    for kind in ("repair", "noise", "complaint", "other"):
        assert f'href="/service/new/{kind}/"' in page
    assert "0571 8800 1234" in page
    assert me.get("/service/new/nonsense/").status_code == 404


def test_it_is_asked_and_followed(me, resident, clerk):
    home = str(Unit.objects.get(number="101").pk)
    sent = form(me) | {
        "where": home,
        "place": "",
        "words": "灯不亮\n<script>alert(1)</script>",
        "photo_2": jpeg(),
    }
    page = me.post(NEW, sent, follow=True)
    made = ServiceRequest.objects.get()
    assert page.redirect_chain == [(url("service", made), 302)]
    text = page.content.decode()
    assert (made.resident, str(made.unit), made.body) == (resident, "1 101", "property")
    assert "灯不亮<br>&lt;script&gt;" in text
    assert "An answer is due by" in text
    assert url("service_photo", made, number=1) in text
    assert "property company" in text
    assert "灯不亮" in me.get("/service/").content.decode()


def test_a_complaint_goes_to_whom_its_writer_chooses_and_to_nobody_unasked(me, here, clerk, now):
    answers(here, Body.OWNERS, at=now)
    sent = form(me, "/service/new/complaint/") | {"words": "物业不管"}
    page = me.post("/service/new/complaint/", sent).content.decode()
    assert "Choose one of them." in page
    assert "物业不管" in page  # nothing typed is lost
    assert not ServiceRequest.objects.exists()
    refused = me.post("/service/new/complaint/", sent | {"body": "residents"}).content.decode()
    assert "Select a valid choice" in refused
    me.post("/service/new/complaint/", sent | {"body": "owners"})
    assert ServiceRequest.objects.get().body == "owners"


def test_each_mistake_is_answered_beside_its_field_and_nothing_typed_is_lost(me, clerk):
    empty = me.post(NEW, {"token": uuid4()}).content.decode()
    assert "Choose where it is." in empty
    assert "Write what it is about, in a few words." in empty
    half = me.post(NEW, {"where": "elsewhere", "words": "灯不亮"}).content.decode()
    assert "Write where it is." in half
    assert "灯不亮" in half
    long = me.post(NEW, {"where": "elsewhere", "place": "x" * 201, "words": "字" * 2001}).content.decode()
    assert "Write at most 2000 characters." in long
    assert "字" * 2001 in long
    assert not ServiceRequest.objects.exists()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"%PDF-1.7", "Only photos in JPEG or PNG"),
        (b"", "The file is empty."),
        (picture()[:4000], "Part of the photo is missing."),
        (b"\xff" * (12 * 1024 * 1024 + 1), "larger than 12 megabytes"),
    ],
)
def test_a_photo_that_is_none_is_named_beside_its_field(me, clerk, sent, said):
    given = form(me) | {"words": "灯不亮", "photo_1": jpeg(), "photo_3": jpeg("lamp.jpg", sent=sent)}
    page = me.post(NEW, given).content.decode()
    wrong = re.findall(r'field--wrong">(.*?)</div>', page, re.DOTALL)
    assert len(wrong) == 1
    assert said in wrong[0]
    assert 'name="photo_3"' in wrong[0]
    assert "Choose your photos again" in page
    assert "灯不亮" in page
    assert not ServiceRequest.objects.exists()


def test_sent_twice_it_is_asked_once(me, clerk):
    sent = form(me) | {"words": "灯不亮"}
    first, second = me.post(NEW, sent), me.post(NEW, sent)
    assert first.url == second.url
    assert ServiceRequest.objects.count() == 1
    me.post(NEW, sent | {"token": "nonsense"})
    assert ServiceRequest.objects.count() == 2


def test_nobody_in_office_is_said_and_nothing_is_asked(me, resident):
    assert "Nobody is in office here just now" in me.get(NEW).content.decode()
    assert me.post(NEW, {"where": "elsewhere", "place": "x", "words": "x"}).status_code == 200
    assert not ServiceRequest.objects.exists()


def test_more_is_said_it_is_opened_again_and_called_off(me, mine, clerk):
    assert "Write something" in me.post(url("service_say", mine), {"words": " "}).content.decode()
    token = str(uuid4())
    for _ in range(2):  # sent twice
        me.post(url("service_say", mine), {"token": token, "words": "今晚也黑"})
    assert mine.steps.count() == 2
    assert me.post(url("service_reopen", mine), {"words": "x"}, follow=True).status_code == 200
    assert fresh(mine).status == "received"
    over = done(mine, clerk, at=timezone.now())
    page = me.get(url("service", mine)).content.decode()
    assert "换好了" in page
    assert "Property company · clerk" in page
    assert "This is not solved" in page
    assert "Call this request off" not in page
    late = me.post(url("service_say", mine), {"words": "等等"}).content.decode()
    assert "It has come further in the meantime" in late
    me.post(url("service_reopen", over), {"words": "还是不亮"})
    assert fresh(mine).status == "reopened"
    for _ in range(2):
        assert me.post(url("service_call_off", mine), follow=True).status_code == 200
    assert fresh(mine).status == "called_off"
    assert me.get(url("service_call_off", mine)).status_code == 405


def test_after_thirty_days_it_is_not_offered_and_not_done(me, mine, clerk):
    late = days_pass(done(mine, clerk, at=timezone.now()), serving.REOPEN)
    assert "This is not solved" not in me.get(url("service", late)).content.decode()
    me.post(url("service_reopen", late), {"words": "又坏了"})
    assert fresh(mine).status == "done"


def test_what_is_over_says_when_it_is_deleted_and_then_that_it_was(me, mine, clerk):
    over = done(mine, clerk, at=timezone.now())
    assert "The words and photos are deleted on" in me.get(url("service", over)).content.decode()
    from tests import make

    old = days_pass(over, timedelta(days=180))
    make.swept("committees.service_words", at=timezone.now())
    page = me.get(url("service", old)).content.decode()
    assert "are deleted: their time is over" in page
    assert "灯不亮" not in page
    assert me.get(url("service_photo", old, number=1)).status_code == 404
    assert me.get("/service/").status_code == 200


def test_each_photo_is_chosen_by_a_name_of_its_own(me, clerk):
    page = me.get(NEW).content.decode()
    photos = page.partition('<fieldset class="field options" aria-describedby="about-photos">')[2].partition(
        "</fieldset>"
    )[0]
    labels = re.findall(r"<label[^>]*>([^<]+)</label>", photos)
    assert len(set(labels)) == len(labels) == 4
    assert 'id="about-photos"' in photos


@pytest.mark.obligation("A2", "27")
def test_a_photo_is_served_to_whom_it_concerns_and_kept_by_nobody(me, them, mine, sign_in, clerk, here, now):
    address = url("service_photo", mine, number=1)
    answer = me.get(address)
    assert answer["Content-Type"] == "image/jpeg"
    assert "no-store" in answer["Cache-Control"]
    assert WHERE.encode() not in answer.content
    for none in (0, 2, 2**31, 2**63, 10**40):
        assert me.get(url("service_photo", mine, number=none)).status_code == 404
        assert sign_in(clerk).get(url("desk_service_photo", mine, number=none)).status_code == 404
    desk = url("desk_service_photo", mine, number=1)
    at_the_desk = sign_in(clerk).get(desk)
    assert "no-store" in at_the_desk["Cache-Control"]
    assert at_the_desk.content == answer.content
    assert them.get(address).status_code == 404
    assert Client().get(address).status_code == 302
    for other in (answers(here, Body.OWNERS, at=now), answers(here, Body.RESIDENTS, at=now)):
        assert sign_in(other).get(desk).status_code == 404
        assert sign_in(other).get(address).status_code != 200
    ServicePhoto.objects.get()


@pytest.mark.obligation("A2", "27")
def test_nobody_else_sees_or_moves_it_not_even_at_home(mine, resident, stranger, sign_in, here, now):
    at_home = register(neighborhood=here, name="柳三")
    at_home.user = type(resident.user).objects.create_user(username="at-home")
    at_home.save()
    move_in(resident=at_home, unit=Unit.objects.get(number="101"), since=now.date(), at=now)
    for other in (at_home, stranger):
        client = sign_in(other)
        assert "楼道灯" not in client.get("/service/").content.decode()
        assert client.get(url("service", mine)).status_code == 404
        for act in ("service_say", "service_reopen", "service_call_off"):
            assert client.post(url(act, mine), {"words": "x"}).status_code == 404
        assert client.get(url("service_photo", mine, number=1)).status_code == 404
    assert mine.steps.count() == 1


def test_whoever_moved_out_still_reads_and_calls_off_and_asks_nothing_new(me, mine, resident, now):
    moving.move_out(resident=resident, on=today_in(resident.neighborhood, now), by=resident.user, at=now)
    assert "楼道灯" in me.get(url("service", mine)).content.decode()
    assert "You do not live here any more" in me.get(NEW).content.decode()
    me.post(NEW, {"where": "elsewhere", "place": "x", "words": "x"})
    assert ServiceRequest.objects.count() == 1
    me.post(url("service_call_off", mine))
    assert fresh(mine).status == "called_off"


def test_home_shows_three_open_ones_for_the_same_queries(
    me, resident, clerk, now, django_assert_num_queries, django_assert_max_num_queries
):
    me.get("/")
    with django_assert_max_num_queries(40) as first:
        assert "Nothing of yours is open." in me.get("/").content.decode()
    many = [asked(resident, at=now) for _ in range(5)]
    done(many[0], clerk, at=timezone.now())
    with django_assert_num_queries(len(first.captured_queries)):
        page = me.get("/").content.decode()
    shown = re.findall(r'href="/service/([0-9a-f-]{36})/"', page)
    assert shown == [str(each.pk) for each in many[1:4]]
    assert "楼道灯" not in page  # whoever looks over the shoulder reads that there is one, and no more


def test_the_list_and_the_page_cost_the_same_for_more_of_them(
    me, resident, clerk, now, django_assert_num_queries, django_assert_max_num_queries, monkeypatch
):
    monkeypatch.setattr(screen, "PAGE", 3)
    first = asked(resident, at=now)
    me.get("/service/")
    with django_assert_max_num_queries(10) as few:
        me.get("/service/")
    with django_assert_max_num_queries(12) as one:
        me.get(url("service", first))
    for _ in range(6):
        asked(resident, at=now)
        serving.add_words(request=first, words="还有", token=uuid4(), by=resident.user, at=now)
    with django_assert_num_queries(len(few.captured_queries)):
        page = me.get("/service/").content.decode()
    assert "Page 1 of 3" in page
    with django_assert_num_queries(len(one.captured_queries)):
        me.get(url("service", first))


def test_a_helper_asks_for_a_repair_in_their_name_and_sees_nothing_of_it(
    me, them, resident, neighbor, clerk, now
):
    named = standing_by.name_helper(resident=resident, helper=neighbor, by=resident.user, at=now)
    address = reverse("helping_repair", args=[named.pk])
    assert address in them.get(reverse("helping", args=[named.pk])).content.decode()
    page = them.get(address).content.decode()
    assert "1 101" not in page  # where they live is theirs to say
    sent = form(them, address) | {"where": "home", "place": "", "words": "水管漏了", "photo_1": jpeg()}
    for _ in range(2):
        assert them.post(address, sent, follow=True).status_code == 200
    made = ServiceRequest.objects.get()
    assert (made.resident, str(made.unit), made.kind) == (resident, "1 101", "repair")
    assert them.get(url("service", made)).status_code == 404
    assert "水管漏了" not in them.get("/service/").content.decode()
    assert "Your helper, in your name" in me.get(url("service", made)).content.decode()
    assert "Write where it is." in them.post(address, sent | {"where": "elsewhere"}).content.decode()
    standing_by.end_helper(helper=named, by=resident.user, at=now)
    assert them.get(address).status_code == 404
    assert them.post(address, sent).status_code == 404


def test_a_stranger_asks_in_nobodys_name(sign_in, resident, neighbor, stranger, clerk, now):
    named = standing_by.name_helper(resident=resident, helper=neighbor, by=resident.user, at=now)
    for other in (stranger, resident):
        assert sign_in(other).get(reverse("helping_repair", args=[named.pk])).status_code == 404


def test_an_answer_stands_on_the_first_page_for_two_weeks(me, them, mine, clerk, now):
    assert url("service", mine) in me.get("/").content.decode()
    assert url("service", mine) not in them.get("/").content.decode()
    done(mine, clerk, at=now)
    assert url("service", mine) in me.get("/").content.decode()
    days_pass(mine, timedelta(days=15))
    assert url("service", mine) not in me.get("/").content.decode()


# --- Who sees to it, what is noted, and the days of each body


@pytest.mark.obligation("31")
def test_the_office_that_sees_to_it_is_read_and_the_name_only_if_it_is_public(me, mine, clerk, now):
    page = url("service", mine)
    assert "Seen to by" not in me.get(page).content.decode()
    assigning.assign(request=mine, to=clerk.pk, seen=0, token=uuid4(), by=clerk, at=now)
    text = me.get(page).content.decode()
    assert "Seen to by: Property company · clerk</p>" in text
    assert "clerk: clerk" not in text
    Term.objects.filter(user=clerk).update(public_name="王师傅", name_agreed=True)
    assert "Seen to by: Property company · clerk (王师傅)</p>" in me.get(page).content.decode()
    appointing.end(term=Term.objects.get(user=clerk), by=None, at=timezone.now())
    assert "Seen to by" not in me.get(page).content.decode()


@pytest.mark.obligation("27", "32")
def test_a_note_is_on_none_of_my_pages_and_each_says_where_it_is_read(me, mine, clerk, now, mailoutbox):
    noting.keep(request=mine, words="已联系维修公司", token=uuid4(), by=clerk, at=now)
    for page in ("/", "/service/", url("service", mine), "/record/", "/service/answered/", "/messages/"):
        assert "已联系" not in me.get(page, follow=True).content.decode(), page
    text = me.get(url("service", mine)).content.decode()
    assert "you have it in a copy of your data" in text
    assert mine.steps.count() == 1
    assert not any("已联系" in str(each.body) for each in mailoutbox)


def test_the_form_says_within_how_many_days_each_body_answers(me, here, clerk, owners_clerk, now):
    heads = staff(here, username="heads", kind=Body.PROPERTY, role=Term.Role.CHAIR, at=now)
    company = Committee.objects.get(neighborhood=here, kind=Body.PROPERTY)
    for kind in (Kind.REPAIR, Kind.COMPLAINT):
        service_days.say(committee=company, kind=kind, reply_days=1, done_days=5, by=heads, at=now)
    text = me.get(NEW).content.decode()
    assert "An answer is due within 1 day." in text
    assert "It should be done within 5 days." in text
    text = me.get("/service/new/complaint/").content.decode()
    assert "Property company: an answer within 1 days, done within 5 days" in text
    assert "committee: an answer within 7 days, done within 30 days" in text


@pytest.fixture
def owners_clerk(here, now):
    return answers(here, Body.OWNERS, at=now)
