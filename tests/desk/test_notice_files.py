"""Files of notices on the desk: added and taken off a draft, read by a second of the body, and by no other body before."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from committees import publishing
from committees.models import Committee, Notice, NoticeFile, Term
from tests.cast import staff
from tests.committees.notices import attached, draft, pdf, published
from tests.committees.service import picture
from tests.desk.test_notices import read

NOTICES = "/admin/committees/notice/"


def at(notice: Notice, act: str = "add-file") -> str:
    return f"{NOTICES}{notice.pk}/{act}/"


def file(content: bytes | None = None, name: str = "a.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, pdf() if content is None else content)


def words(**changed: object) -> dict[str, object]:
    return {"file": file(), "title": "收支表", "shows": "", "title_en": "", "shows_en": "", **changed}


@pytest.fixture
def made(here, chair, now) -> Notice:
    return draft(here, chair, at=now)


def test_a_body_adds_files_reads_them_and_publishes(desk, here, chair, made, now):
    client: Client = desk(chair)
    page = client.get(at(made)).content.decode()
    assert 'enctype="multipart/form-data"' in page
    assert "recognises a name" in page
    assert client.post(at(made), words(file=file(pdf(b"/Author (Lin)")))).status_code == 302
    sent = words(file=file(picture(size=(60, 40)), "a.jpg"), title="图", shows="五条横条")
    assert client.post(at(made), sent).status_code == 302
    second = desk(staff(here, username="two", kind=Committee.Kind.OWNERS, role=Term.Role.CLERK, at=now))
    for address in (at(made, "change"), at(made, "publish")):
        page = second.get(address).content.decode()
        for said in ("收支表", "五条横条", "Author: Lin", f"{made.pk}/files/1/"):
            assert said in page
    answer = second.get(at(made, "files/1"))
    assert (answer.status_code, answer["Content-Disposition"][:10]) == (200, "attachment")
    publish = at(made, "publish")
    assert second.post(publish, read(second, publish)).status_code == 302
    assert made.files.count() == 2
    assert "published already" in client.post(at(made), words()).content.decode()
    assert "published already" in client.post(at(made, "take-file-off"), {"number": 1}).content.decode()


BAD = [
    ({"file": file(b"")}, "The file is empty"),
    ({"file": ""}, "Choose a file."),
    ({"file": file(b"<html>", "a.pdf")}, "Only a PDF, or a picture"),
    ({"file": file(pdf(b"/S /JavaScript"))}, "something that acts by itself"),
    ({"file": file(pdf(b"/Encrypt 1 0 R"))}, "locked by a password"),
    ({"file": file(picture(size=(40, 40)))}, "Write what the picture shows"),
    ({"file": file(picture(size=(40, 40))), "shows": "x", "title_en": "x"}, "In English, both the title"),
    ({"shows_en": "x"}, "In English, both the title"),
    ({"title": ""}, "Write what it is."),
    ({"title": "请打 13805714321"}, "no telephone number"),
]


@pytest.mark.parametrize(("changed", "said"), BAD)
def test_what_is_wrong_is_said_beside_it_and_nothing_typed_is_lost(desk, chair, made, changed, said):
    for each in changed.values():
        if hasattr(each, "seek"):
            each.seek(0)
    sent = words(**{"title": "看得见的题", "shows": ""} | changed)
    page = desk(chair).post(at(made), sent).content.decode()
    assert said in page
    assert "Choose the file again" in page
    assert changed.get("title", "看得见的题") in page
    assert not NoticeFile.objects.exists()


@pytest.mark.parametrize(("language", "said"), [("en", "larger than 12 megabytes"), ("zh-hans", "12 MB")])
def test_one_that_is_too_large_is_dropped_while_it_comes(desk, chair, made, settings, language, said):
    settings.UPLOAD_BYTES = 1000
    client = desk(chair)
    page = client.post(
        at(made), words(file=file(pdf(bytes(2000))), title="还在"), headers={"accept-language": language}
    ).content.decode()
    assert said in page
    assert "还在" in page


def test_sent_twice_it_is_one_and_a_sixth_is_one_too_many(desk, chair, made):
    client = desk(chair)
    for _ in range(2):
        assert client.post(at(made), words()).status_code == 302
    assert made.files.count() == 1
    for number in range(4):
        assert client.post(at(made), words(file=file(pdf(b"%d" % number)))).status_code == 302
    assert "five files at most" in client.post(at(made), words(file=file(pdf(b"six")))).content.decode()


def test_whoever_hears_the_page_hears_what_belongs_together(desk, chair, made, now):
    client = desk(chair)
    page = client.get(at(made)).content.decode()
    described = re.findall(r'aria-describedby="(\w+)"', page)
    assert "id_file_helptext" in described
    assert all(f'id="{each}"' in page for each in described)
    attached(made, chair, at=now)
    page = client.get(at(made, "take-file-off")).content.decode()
    choices = page.partition("<fieldset")[2].partition("</fieldset>")[0]
    assert "Which file?</legend>" in re.sub(r"\s*:?\s*</legend>", "</legend>", choices)
    assert 'type="radio"' in choices


def test_one_is_taken_off_and_twice_is_told(desk, chair, made, now):
    attached(made, chair, at=now)
    attached(made, chair, at=now, content=pdf(b"two"), title="第二份")
    client = desk(chair)
    page = client.get(at(made, "take-file-off")).content.decode()
    assert "第二份 (PDF" in page
    assert "checked" not in page
    assert "Choose one of them" in client.post(at(made, "take-file-off")).content.decode()
    assert client.post(at(made, "take-file-off"), {"number": 1}).status_code == 302
    assert client.post(at(made, "take-file-off"), {"number": 1}).status_code == 200
    assert made.files.get().title == "第二份"


@pytest.mark.obligation("27", "A2")
@pytest.mark.parametrize("who", ["clerk", "auditor", "outsider", "resident"])
def test_nobody_else_adds_or_sees_the_file_of_a_draft(request, desk, chair, made, now, who):
    attached(made, chair, at=now)
    found = request.getfixturevalue(who)
    client = desk(getattr(found, "user", found))
    assert client.get(at(made, "files/1")).status_code in (302, 403, 404)
    assert client.post(at(made), words(file=file(pdf(b"x")))).status_code in (302, 403, 404)
    assert client.post(at(made, "take-file-off"), {"number": 1}).status_code in (302, 403, 404)
    assert made.files.count() == 1
    assert Client().get(at(made, "files/1")).status_code == 302


def test_what_is_published_everybody_on_its_desk_may_see(desk, here, chair, clerk, outsider, made, now):
    attached(made, chair, at=now)
    publishing.publish(notice=made, by=chair, at=now)
    assert desk(clerk).get(at(made, "files/1")).status_code == 200
    assert desk(clerk).get(at(made, "files/2")).status_code == 404
    assert desk(outsider).get(at(made, "files/1")).status_code == 404


@pytest.mark.obligation("31")
@pytest.mark.parametrize("who", ["chair", "clerk", "auditor", "superuser", "outsider"])
def test_what_was_taken_down_is_handed_to_nobody_and_listed_by_its_title(
    request, desk, chair, made, now, who
):
    attached(made, chair, at=now, content=pdf(b"/Author (Lin)"))
    attached(made, chair, at=now, content=picture(size=(60, 40)), title="图", shows="五条横条")
    publishing.publish(notice=made, by=chair, at=now)
    client = desk(request.getfixturevalue(who))
    assert who == "outsider" or client.get(at(made, "files/1")).status_code == 200
    publishing.take_down(notice=made, by=chair, at=now)
    for number in (1, 2, 3):
        assert client.get(at(made, f"files/{number}")).status_code == 404
    answer = client.get(at(made, "change"))
    if who == "outsider":
        assert answer.status_code == 302
        return
    page = answer.content.decode()
    assert "收支表 (PDF" in page
    assert "Taken down: nobody is given them any more." in page
    for gone in ("/files/", "五条横条", "Author: Lin"):
        assert gone not in page


@pytest.mark.obligation("31")
def test_putting_right_what_was_taken_down_takes_no_file_along(desk, chair, made, now):
    attached(made, chair, at=now)
    publishing.publish(notice=made, by=chair, at=now)
    client = desk(chair)
    begun = client.post(at(made, "correct"))["Location"]
    assert "/files/1/" in client.get(begun).content.decode()
    publishing.take_down(notice=made, by=chair, at=now)
    page = client.post(at(made, "correct"), follow=True).content.decode()
    assert "it was begun before" in page
    assert "/files/" not in page
    assert Notice.objects.count() == 2
    Notice.objects.get(corrects=made).delete()
    assert "/files/" not in client.post(at(made, "correct"), follow=True).content.decode()


def test_minutes_are_put_to_a_meeting_of_their_own_body(desk, here, chair, clerk, now):
    ours = published(here, chair, at=now, kind="meeting", title="业委会例会", meets_at=now, place="1 幢")
    theirs = published(here, clerk, at=now, kind="meeting", title="物业说明会", meets_at=now, place="1 幢")
    client = desk(chair)
    page = client.get(f"{NOTICES}add/").content.decode()
    assert "业委会例会" in page
    assert "物业说明会" not in page
    sent = {
        "committee": str(ours.committee_id),
        "kind": "document",
        "sort": "minutes",
        "meeting": str(ours.pk),
        "title": "纪要",
        "text": "到会 5 人。",
        "title_en": "",
        "text_en": "",
        "place": "",
        "until": "",
        "meets_at_0": "",
        "meets_at_1": "",
    }
    for wrong in ({"meeting": str(theirs.pk)}, {"kind": "notice"}):
        assert client.post(f"{NOTICES}add/", sent | wrong).status_code == 200
    assert client.post(f"{NOTICES}add/", sent).status_code == 302
    assert ours.papers.get().sort == "minutes"


def test_the_page_costs_the_same_with_one_file_and_with_five(
    desk, chair, made, now, django_assert_num_queries
):
    client = desk(chair)
    attached(made, chair, at=now)
    client.get(at(made, "change"))
    with CaptureQueriesContext(connection) as few:
        client.get(at(made, "change"))
    for number in range(4):
        attached(made, chair, at=now, content=pdf(b"%d" % number))
    with django_assert_num_queries(len(few)):
        client.get(at(made, "change"))
