"""Files of notices, and the papers of a meeting, as residents read them; and who does not."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.formats import date_format

from committees import publishing
from committees.models import Notice
from tests.committees.notices import attached, draft, pdf, published
from tests.committees.service import picture


@pytest.fixture
def shown(here, chair, now) -> Notice:
    made = draft(here, chair, at=now, title_en="Accounts", text_en="All of it.")
    attached(made, chair, at=now, title='收支表 "甲"')
    attached(
        made,
        chair,
        at=now,
        title="图",
        title_en="A picture",
        shows="五条横条",
        shows_en="Five bars",
        content=picture(size=(80, 60)),
    )
    return publishing.publish(notice=made, by=chair, at=now)


def address(notice: Notice, number: int = 1) -> str:
    return f"/notices/{notice.pk}/files/{number}/"


def test_they_stand_on_the_page_with_what_they_are(me: Client, shown):
    page = me.get(f"/notices/{shown.pk}/").content.decode()
    assert f'href="{address(shown)}" lang="zh-Hans"' in page
    assert "in Chinese" in page  # only one of them
    assert page.count("in Chinese") == 1
    assert 'alt="Five bars"' in page
    assert "A picture" in page
    assert bytes(shown.hash).hex() in page
    chinese = me.get(f"/notices/{shown.pk}/", headers={"accept-language": "zh-hans"}).content.decode()
    assert 'alt="五条横条"' in chinese
    assert 'lang="zh-Hans"' not in chinese.partition("<main")[2]


@pytest.mark.obligation("27")
def test_a_pdf_is_taken_along_and_a_picture_is_looked_at(me: Client, shown):
    for number, kind, disposition, begins in (
        (1, "application/pdf", "attachment; filename", b"%PDF-"),
        (2, "image/jpeg", "inline; filename", b"\xff\xd8\xff"),
    ):
        answer = me.get(address(shown, number))
        assert answer.content.startswith(begins)
        assert answer["Content-Type"] == kind
        assert answer["Content-Disposition"].startswith(disposition)
        assert "\n" not in answer["Content-Disposition"]
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"].startswith("private, no-store")
        assert me.head(address(shown, number)).status_code == 200
        assert me.post(address(shown, number)).status_code == 405


@pytest.mark.obligation("A2", "31")
def test_nobody_else_is_given_one_nor_told_that_it_is_there(
    me: Client, sign_in, stranger, anybody: Client, shown, here, chair, now
):
    unsaid = draft(here, chair, at=now)
    attached(unsaid, chair, at=now)
    elsewhere, nowhere = sign_in(stranger), f"/notices/{uuid4()}/files/1/"
    bodies = {elsewhere.get(each).content for each in (address(shown), address(unsaid), nowhere)}
    assert len(bodies) == 1
    for client, asked in (
        (elsewhere, address(shown)),
        (elsewhere, nowhere),
        (me, address(unsaid)),
        (me, address(shown, 3)),
        (me, nowhere),
    ):
        assert client.get(asked).status_code == 404
    for asked in (address(shown), address(unsaid), nowhere):
        answer = anybody.get(asked)
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/sign-in/")


@pytest.mark.obligation("31")
def test_what_is_taken_down_takes_its_files_down_at_the_same_moment(me: Client, shown, chair, now):
    assert me.get(address(shown)).status_code == 200
    publishing.take_down(notice=shown, by=chair, at=now)
    assert me.get(address(shown)).status_code == 404
    assert me.get(address(shown, 2)).status_code == 404


def test_a_meeting_shows_its_papers_in_time_order_with_their_files(me: Client, here, chair, now):
    meeting = published(
        here, chair, at=now, kind="meeting", title="例会", meets_at=now - timedelta(days=3), place="1 幢底层"
    )
    for title in ("议程", "纪要"):
        made = draft(here, chair, at=now, title=title, kind="document", sort="minutes", meeting=meeting)
        attached(made, chair, at=now, title=f"{title}原件")
        publishing.publish(notice=made, by=chair, at=now)
    gone = published(here, chair, at=now, title="说错了", kind="document", meeting=meeting)
    publishing.take_down(notice=gone, by=chair, at=now)
    draft(here, chair, at=now, title="还没说", kind="document", meeting=meeting)
    page = me.get(f"/notices/{meeting.pk}/").content.decode()
    assert page.index("1 幢底层") < page.index("议程") < page.index("议程原件") < page.index("纪要原件")
    assert date_format(now, "Y") in page
    assert "Minutes" in page
    assert "说错了" not in page
    assert "还没说" not in page
    other = me.get(f"/notices/{made.pk}/").content.decode()
    assert "例会" in other
    publishing.take_down(notice=meeting, by=chair, at=now)
    assert "例会" not in me.get(f"/notices/{made.pk}/").content.decode()


def test_documents_are_sifted_by_body_and_sort(me: Client, sign_in, stranger, here, chair, clerk, now):
    for by, sort, title in (
        (chair, "minutes", "业委会纪要"),
        (chair, "rules", "管理规约"),
        (clerk, "accounts", "物业收支"),
        (clerk, "", "其他文件"),
    ):
        published(here, by, at=now, kind="document", sort=sort, title=title)
    published(here, chair, at=now, title="停水")
    names = ("业委会纪要", "管理规约", "物业收支", "其他文件", "停水")
    for asked, seen in (
        ("", "11110"),
        ("?body=owners", "11000"),
        ("?body=owners&sort=rules", "01000"),
        ("?sort=accounts", "00100"),
        ("?body=property&sort=contract", "00000"),
        ("?body=nonsense&sort='&before=x", "11110"),
    ):
        answer = me.get(f"/notices/documents/{asked}")
        page = answer.content.decode()
        assert "".join(str(int(name in page)) for name in names) == seen
    page = me.get("/notices/documents/?body=owners&sort=rules").content.decode()
    assert 'href="?sort=rules"' in page  # every body, the sort stays
    assert 'href="?body=owners&amp;sort=minutes"' in page
    assert "管理规约" not in sign_in(stranger).get("/notices/documents/").content.decode()


def test_they_are_read_page_by_page_with_the_choice_kept(me: Client, here, chair, now):
    made = [
        published(here, chair, at=now, kind="document", sort="rules", title=f"{n:02}号") for n in range(45)
    ]
    seen, asked, pages = [], "?sort=rules", 0
    while asked:
        page = me.get(f"/notices/documents/{asked}").content.decode()
        pages += 1
        seen += [each.title for each in made if each.title in page]
        more = page.partition('href="?sort=rules&amp;before=')[2].partition('"')[0]
        asked = f"?sort=rules&before={more}" if more else ""
    assert (pages, sorted(seen)) == (3, [each.title for each in made])


def test_it_costs_the_same_with_one_and_with_many_and_no_file_comes_along(
    me: Client, here, chair, now, django_assert_num_queries
):
    meeting = published(here, chair, at=now, kind="meeting", meets_at=now, place="x")

    def paper(number: int) -> None:
        made = draft(here, chair, at=now, title=f"纪要 {number}", kind="document", meeting=meeting)
        for each in range(1 + number):
            attached(made, chair, at=now, content=pdf(b"%d" % each))
        publishing.publish(notice=made, by=chair, at=now)

    paper(0)
    few = {}
    me.get(f"/notices/{meeting.pk}/")  # counted once
    for each, most in ((f"/notices/{meeting.pk}/", 10), ("/notices/documents/", 13)):
        with CaptureQueriesContext(connection) as seen:
            me.get(each)
        few[each] = len(seen)
        assert len(seen) <= most
        brought = [
            q["sql"]
            for q in seen
            if '"content"' in q["sql"].replace('octet_length("committees_noticefile"."content")', "")
        ]
        assert brought == []
    for number in range(1, 5):
        paper(number)
    for each, count in few.items():
        with django_assert_num_queries(count):
            page = me.get(each)
        assert len(page.content) < 40_000


def test_reading_writes_nothing_down(me: Client, shown):
    me.get(f"/notices/{shown.pk}/")  # a browser is counted once, and no row says which: test_opened.py
    for each in (f"/notices/{shown.pk}/", address(shown), "/notices/documents/"):
        with CaptureQueriesContext(connection) as seen:
            me.get(each)
        assert not [q for q in seen if q["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]
