"""Paper form: what can be printed, and the way of a paper from hand to hand. No page says who said no."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from access import cards
from consent.models import Decision, Form, Paper, Purpose
from gate.photos import Refusal
from portal.screens.desk.paper_words import REFUSED, of_picture
from residents.models import DeskAct, User
from tests import make
from tests.cast import draft
from tests.consent.papers import FACE, days_pass, handed, returned, sheet
from tests.consent.papers import at_home as at_home
from tests.consent.papers import back as back
from tests.consent.papers import carded as carded
from tests.consent.papers import confirmed as confirmed
from tests.consent.papers import due as due
from tests.consent.papers import second_clerk as second_clerk


def upload(picture: bytes | None = None, **data):
    from django.core.files.uploadedfile import SimpleUploadedFile

    sent = {"answer": "yes", "known_by": "in_person", **data}
    if picture is not None:
        sent["scan"] = SimpleUploadedFile("scan.jpg", picture, content_type="image/jpeg")
    return sent


def text(response) -> str:
    return response.content.decode()


def test_the_published_words_are_printed_whole_and_marked_as_a_copy(hut: Client, forms):
    form = forms[FACE]
    assert f"/desk/paper/forms/{form.pk}/" in text(hut.get("/desk/paper/"))
    page = text(hut.get(f"/desk/paper/forms/{form.pk}/"))
    for language in ("zh-hans", "en"):
        for part in ("title", "what_for", "effect", "rights", "other_way_in"):
            assert f"{part} ({language})" in page
    assert "A copy to read: nothing is agreed to on this paper" in page


def test_a_draft_is_nothing_to_take_home(hut: Client, here, forms):
    unfinished = draft(here, FACE, version=2)
    assert str(unfinished.pk) not in text(hut.get("/desk/paper/"))
    assert hut.get(f"/desk/paper/forms/{unfinished.pk}/").status_code == 404


def test_a_blank_request_comes_in_both_languages_with_as_many_boxes(hut: Client):
    page = text(hut.get("/desk/paper/request/"))
    chinese, english = (part.split("</article>")[0] for part in page.split('<article class="paper-page"')[1:])
    assert chinese.count("paper-page__line") == english.count("paper-page__line")
    assert chinese.count("<li>") == english.count("<li>") == 6


@pytest.mark.obligation("6", "14")
def test_what_is_printed_takes_nothing_in_and_nothing_is_ticked(hut: Client, carded, forms, clerk, now):
    paper = handed(carded, forms[FACE], clerk, now)
    for path in ("/desk/paper/", "/desk/paper/request/", f"/desk/paper/{paper.pk}/sheet/"):
        assert hut.post(path, {"choice": "yes"}).status_code == 405
    page = text(hut.get(f"/desk/people/{carded.pk}/paper/")) + text(hut.get(f"/desk/paper/{paper.pk}/"))
    assert " checked" not in page
    assert not Decision.objects.exists()


@pytest.mark.obligation("6", "13", "14")
def test_the_sheet_says_what_was_published_in_their_language_with_two_equal_boxes(
    hut: Client, carded, forms, clerk, now
):
    User.objects.filter(pk=carded.user_id).update(language="en")
    asked = hut.post(f"/desk/people/{carded.pk}/paper/", {"purpose": FACE, "known_by": "in_person"})
    paper = Paper.objects.get()
    assert paper.language == "en"
    page = text(hut.get(asked.url))
    for part in ("title", "what_for", "method", "at_the_end", "effect", "rights", "other_way_in"):
        assert f"{part} (en)" in page
        assert f"{part} (zh-hans)" not in page
    boxes = re.search(r'<ul class="paper-page__answers">(.*?)</ul>', page, re.S)[1]
    assert boxes.count('<li><span class="paper-page__box"></span>') == 2
    assert paper.number in page
    assert "<svg" in page
    assert bytes(paper.form.content_hash).hex() in page
    for words in ("Take this home", "How to stop it", "Signature"):
        assert words in page


def test_who_has_no_account_is_asked_for_their_language_and_nothing_is_chosen(hut: Client, here, forms, now):
    old = make.resident(here, at=now, account=False)
    make.card(old, at=now)
    path = f"/desk/people/{old.pk}/paper/"
    assert "In which language?" in text(hut.get(path))
    hut.post(path, {"purpose": FACE, "known_by": "in_person"})
    assert not Paper.objects.exists()
    hut.post(path, {"purpose": FACE, "known_by": "in_person", "language": "zh-hans"})
    assert Paper.objects.get().language == "zh-hans"


def test_without_a_card_the_page_says_what_comes_first(hut: Client, resident, forms):
    page = text(hut.post(f"/desk/people/{resident.pk}/paper/", {"purpose": FACE, "known_by": "in_person"}))
    assert "The card comes first" in page
    assert not Paper.objects.exists()


@pytest.mark.obligation("6", "F9")
def test_the_whole_way_of_a_yes(hut: Client, desk, at_home, clerk, second_clerk, now):
    found = hut.post("/desk/paper/find/", {"number": at_home.number.lower()})
    assert found.url == f"/desk/paper/{at_home.pk}/"
    slip = text(hut.post(f"{found.url}back/", upload(sheet())))
    assert at_home.number in slip
    assert "不作数" in slip or "还不" in slip or "does not count yet" in slip
    other = desk(second_clerk)
    assert "1 signed paper waits" in text(other.get("/desk/paper/"))
    assert "1 signed paper waits for a second" in text(other.get("/desk/"))
    assert "waits for a second" not in text(hut.get("/desk/"))  # of the staff: not of the first
    second = other.get("/desk/paper/next/").url
    page = text(other.get(second))
    assert f"/desk/paper/{at_home.pk}/picture/" in page
    assert "clerk" not in re.sub(r"<[^>]*>", "", page)  # nor who it was
    picture = other.get(f"/desk/paper/{at_home.pk}/picture/")
    assert picture["content-type"] == "image/jpeg"
    assert "no-store" in picture["cache-control"]
    assert hut.get(f"/desk/paper/{at_home.pk}/picture/").status_code == 404  # the first does not look again
    slip = text(other.post(second, {"reading": "yes"}))
    assert at_home.number in slip
    assert other.get(f"/desk/paper/{at_home.pk}/picture/").status_code == 404
    paper = days_pass(at_home, 0)
    assert paper.confirmed_by == second_clerk
    assert DeskAct.objects.filter(resident=at_home.resident).count() == 3


@pytest.mark.obligation("12")
def test_after_a_no_every_page_says_merely_that_it_is_done(hut: Client, at_home):
    one = f"/desk/paper/{at_home.pk}/"
    hut.post(f"{one}back/", upload(answer="no"))
    assert Decision.objects.get().kind == "refused"
    page = text(hut.get(one))
    assert "Done." in page
    person = text(hut.get(f"/desk/people/{at_home.resident_id}/paper/"))
    assert at_home.number not in person
    for path in ("/desk/", "/desk/paper/", f"/desk/people/{at_home.resident_id}/"):
        assert at_home.number not in text(hut.get(path))


@pytest.mark.obligation("12")
def test_a_no_and_a_yes_that_counted_look_the_same(hut: Client, due, carded, neighbor, forms, clerk, now):
    from datetime import timedelta

    from consent import papers

    papers.take_effect(paper=due.pk, at=now + timedelta(minutes=1))
    make.card(neighbor, at=now)
    no = handed(neighbor, forms[FACE], clerk, now)
    papers.receive_no(paper=no, known_by=DeskAct.KnownBy.IN_PERSON, by=clerk, at=now)

    def page(paper):
        return re.sub(r'value="[^"]+"', "", text(hut.get(f"/desk/paper/{paper.pk}/"))).replace(
            paper.number, ""
        )

    assert page(no) == page(due)


def test_a_yes_without_a_picture_or_with_a_hostile_one_is_not_taken_in(hut: Client, at_home, settings):
    path = f"/desk/paper/{at_home.pk}/back/"
    for picture, words in (
        (None, "add a picture"),
        (b"", "The file is empty"),
        (b"%PDF-1.7 not a picture", "in a form we cannot read"),
        (b"<svg onload=alert(1)>", "not a photo"),
        (sheet()[:300], "cut off"),
        (b"\xff\xd8\xff" + b"0" * (13 * 1024 * 1024), "larger than 12 megabytes"),
    ):
        page = text(hut.post(path, upload(picture)))
        assert words in page, words
    at_home.refresh_from_db()
    assert at_home.received_at is None


def test_every_reason_has_its_words():
    pictures = [
        "empty", "not_a_picture", "truncated", "too_many_pixels", "file_too_large", "animated", "format_not_supported",
    ]  # fmt: skip
    assert set(pictures) <= {each.value for each in Refusal}
    assert all(of_picture(reason) for reason in pictures)
    import inspect

    from consent import papers

    raised = set(re.findall(r'PaperRefused\("(\w+)"\)', inspect.getsource(papers)))
    assert raised == set(REFUSED)


def test_the_desk_stops_a_paper_in_one_act(hut: Client, back):
    page = text(hut.post(f"/desk/paper/{back.pk}/stop/", {"stop-known_by": "voice"}))
    assert back.number in page
    back.refresh_from_db()
    assert back.stopped_because == "resident"


def test_nobody_else_prints_them_or_takes_them_in(nobody_else, forms, back, elsewhere, now):
    person = back.resident_id
    nobody_else("/desk/paper/")
    nobody_else("/desk/paper/request/")
    nobody_else(f"/desk/paper/forms/{forms[FACE].pk}/")
    for path in ("", "sheet/", "second/", "picture/"):
        nobody_else(f"/desk/paper/{back.pk}/{path}")
    nobody_else(f"/desk/people/{person}/paper/")
    nobody_else(f"/desk/people/{person}/paper/", {"purpose": FACE, "known_by": "in_person"})
    nobody_else(f"/desk/paper/{back.pk}/second/", {"reading": "yes"})
    nobody_else(f"/desk/paper/{back.pk}/stop/", {"stop-known_by": "voice"})
    nobody_else(f"/desk/paper/{back.pk}/back/", {"answer": "no", "known_by": "in_person"})
    back.refresh_from_db()
    assert (back.stopped_at, back.confirmed_at) == (None, None)


def test_a_number_of_another_neighborhood_leads_nowhere(desk, outsider, back):
    answer = desk(outsider).post("/desk/paper/find/", {"number": back.number})
    assert answer.status_code == 404 or answer.url == "/desk/paper/"


def test_a_form_of_another_neighborhood_is_not_there(hut: Client, elsewhere, now):
    theirs: Form = make.form(elsewhere, FACE, at=now)
    assert hut.get(f"/desk/paper/forms/{theirs.pk}/").status_code == 404


# --- The resident's own pages


@pytest.mark.obligation("8")
def test_the_resident_sees_it_and_stops_it_with_one_press(desk, back, neighbor):
    client = desk(back.resident.user)
    home = text(client.get("/"))
    stop = f"/decisions/papers/{back.pk}/stop/"
    assert stop in home
    assert stop not in text(desk(neighbor.user).get("/"))
    assert desk(neighbor.user).post(stop).status_code == 404
    assert client.get(stop).status_code == 405
    client.post(stop)
    back.refresh_from_db()
    assert back.stopped_because == "resident"
    assert stop not in text(client.get("/"))
    assert "The picture of a paper that you signed" in text(client.get("/deletions/"))


def test_the_record_says_it_was_on_paper_and_who_did_what(desk, carded, forms, clerk, now):
    from tests.consent.papers import said_no

    said_no(handed(carded, forms[FACE], clerk, now), clerk, now)
    record = text(desk(carded.user).get("/record/"))
    assert "You, on paper" in record
    assert "A form that you signed came back, and was written down" in record


# --- The auditor


def test_the_auditor_reads_counts_per_clerk_and_never_what_was_said(
    desk, auditor, clerk, here, forms, now, outsider
):
    from consent import papers

    for number in range(11):
        who = make.resident(here, at=now)
        cards.issue(resident=who, number=f"AB{number:06}", at=now)
        paper = days_pass(handed(who, forms[FACE], clerk, now))
        if number % 2:
            returned(paper, clerk, now)
        else:
            papers.receive_no(paper=paper, known_by=DeskAct.KnownBy.IN_PERSON, by=clerk, at=now)
    page = text(desk(auditor).get("/admin/consent/paper/"))
    cells = re.findall(r"<td>(.*?)</td>", page)
    assert "clerk" in cells
    # Handed out, taken in with a yes. Six noes stand nowhere, and nothing that could be taken off gives them.
    assert {"11", "5"} <= set(cells)
    assert not {"6", "10"} & set(cells)
    assert "fewer than 5" in cells
    assert desk(clerk).get("/admin/consent/paper/").status_code == 403
    assert text(desk(outsider).get("/admin/consent/paper/")).count("<td>clerk</td>") == 0
    assert desk(auditor).get(f"/admin/consent/paper/{Paper.objects.first().pk}/change/").status_code == 404


def test_purposes_are_asked_one_at_a_time(hut: Client, carded, forms):
    hut.post(
        f"/desk/people/{carded.pk}/paper/",
        {"purpose": [FACE, Purpose.PHOTO_OVER_INTERNET], "known_by": "in_person"},
    )
    assert Paper.objects.count() == 1
