"""Notices, meetings and documents, as residents read them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from committees import publishing
from committees.models import Committee
from tests.committees.notices import draft, published


def test_it_shows_what_is_published_with_who_says_it(me: Client, here, chair, now):
    made = published(here, chair, at=now, title="修电梯", text="周三修电梯。\n\n<b>不</b>停水。")
    page = me.get("/notices/").content.decode()
    assert f"/notices/{made.pk}/" in page
    assert "修电梯" in page
    assert "Owners&#x27; committee" in page
    page = me.get(f"/notices/{made.pk}/").content.decode()
    assert "<p>周三修电梯。</p>" in page
    assert "&lt;b&gt;不&lt;/b&gt;停水" in page
    assert 'lang="zh-Hans"' in page  # an English page says so


def test_it_speaks_english_where_somebody_wrote_it(me: Client, here, chair, now):
    made = published(here, chair, at=now, title_en="Lift repair", text_en="On Wednesday.")
    page = me.get(f"/notices/{made.pk}/").content.decode()
    assert "Lift repair" in page
    assert "On Wednesday." in page
    assert "停水" not in page
    chinese = me.get(f"/notices/{made.pk}/", headers={"accept-language": "zh-hans"}).content.decode()
    assert "明天上午停水两小时。" in chinese


def test_a_meeting_says_when_and_where(me: Client, here, chair, now):
    made = published(
        here,
        chair,
        at=now,
        kind="meeting",
        title="业主大会",
        meets_at=now + timedelta(days=9),
        place="2 幢底层",
    )
    for address in ("/", "/notices/", f"/notices/{made.pk}/"):
        page = me.get(address).content.decode()
        assert "2 幢底层" in page
        assert "Meeting" in page


def test_a_draft_and_what_was_taken_down_are_not_there(me: Client, here, chair, now):
    made = draft(here, chair, at=now)
    gone = published(here, chair, at=now, title="说错了")
    publishing.take_down(notice=gone, by=chair, at=now)
    for address in ("/", "/notices/"):
        page = me.get(address).content.decode()
        assert "停水" not in page
        assert "说错了" not in page
    for each in (made.pk, gone.pk, uuid4()):
        assert me.get(f"/notices/{each}/").status_code == 404


@pytest.mark.obligation("A2", "31")
def test_a_stranger_finds_nothing_of_it(sign_in, stranger, anybody: Client, here, chair, now):
    made = published(here, chair, at=now)
    client = sign_in(stranger)
    assert client.get(f"/notices/{made.pk}/").status_code == 404
    for address in ("/", "/notices/", f"/notices/?before={made.pk}"):
        assert "停水" not in client.get(address).content.decode()
    for address in ("/notices/", f"/notices/{made.pk}/"):
        answer = anybody.get(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in/")


def test_a_correction_and_what_it_puts_right_name_each_other(me: Client, here, chair, now):
    wrong = published(here, chair, at=now, title="周三停水")
    better = publishing.correct(notice=wrong, by=chair, at=now)
    type(better).objects.filter(pk=better.pk).update(title="周四停水")
    assert "周四停水" not in me.get(f"/notices/{wrong.pk}/").content.decode()
    publishing.publish(notice=better, by=chair, at=now)
    page = me.get(f"/notices/{wrong.pk}/").content.decode()
    assert "A later notice puts this one right:" in page
    assert "周四停水" in page
    assert "周三停水" in me.get(f"/notices/{better.pk}/").content.decode()
    publishing.take_down(notice=wrong, by=chair, at=now)
    assert "周三停水" not in me.get(f"/notices/{better.pk}/").content.decode()


def test_home_shows_the_newest_three_that_still_count(me: Client, here, chair, now: datetime):
    published(here, chair, at=now, title="第零", pinned=True)
    published(here, chair, at=now, title="过期了", until=now.date() - timedelta(days=2))
    for title in ("第一", "第二", "第三"):
        published(here, chair, at=now, title=title)
    page = me.get("/").content.decode()
    assert [title in page for title in ("第零", "第三", "第二", "第一", "过期了")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    assert page.index("第零") < page.index("第三") < page.index("第二")
    assert "过期了" in me.get("/notices/").content.decode()


def test_it_is_read_page_by_page_each_once(me: Client, here, chair, now):
    made = [published(here, chair, at=now, title=f"第{number:02}号") for number in range(45)]
    top = published(here, chair, at=now, title="置顶", pinned=True)
    seen: list[str] = []
    address, pages = "/notices/", 0
    while address:
        page = me.get(address).content.decode()
        pages += 1
        seen += [str(each.pk) for each in reversed([top, *made]) if f"/notices/{each.pk}/" in page]
        more = page.partition('href="?before=')[2].partition('"')[0]
        # What comes in meanwhile moves nothing on the pages after.
        published(here, chair, at=now, title="刚到") if pages == 1 else None
        address = f"/notices/?before={more}" if more else ""
    assert pages == 3
    assert sorted(seen) == sorted(str(each.pk) for each in [top, *made])


def test_what_there_is_no_room_for_on_top_stands_where_its_day_is(me: Client, here, chair, now):
    made = [published(here, chair, at=now, title=f"顶{number:02}", pinned=True) for number in range(25)]
    made += [published(here, chair, at=now, title=f"第{number:02}号") for number in range(20)]
    seen: list[str] = []
    address = "/notices/"
    while address:
        page = me.get(address).content.decode()
        seen += [each.title for each in made if f"/notices/{each.pk}/" in page]
        more = page.partition('href="?before=')[2].partition('"')[0]
        address = f"/notices/?before={more}" if more else ""
    assert sorted(seen) == sorted(each.title for each in made)


def test_words_in_chinese_say_so_wherever_they_are_linked_from(me: Client, here, chair, now):
    said = {"kind": "meeting", "meets_at": now + timedelta(days=9), "place": "2 幢底层"}
    meeting = published(here, chair, at=now, title="业主大会", **said)
    wrong = published(
        here, chair, at=now, kind="document", meeting=meeting, title_en="Agenda", text_en="One."
    )
    better = publishing.correct(notice=wrong, by=chair, at=now)
    type(better).objects.filter(pk=better.pk).update(title="议程改了", title_en="", text_en="")
    publishing.publish(notice=better, by=chair, at=now)
    page = me.get(f"/notices/{wrong.pk}/").content.decode()  # in English, and linked to two that are not
    assert re.search(r'<a [^>]*lang="zh-Hans"[^>]*>议程改了', page)
    assert re.search(r'<a [^>]*lang="zh-Hans"[^>]*>业主大会', page)
    page = me.get(f"/notices/{better.pk}/").content.decode()
    assert re.search(r'<a href="[^"]*">Agenda', page)


@pytest.mark.parametrize("before", ["", "x", "1", "00000000-0000-4000-8000-000000000000", "<script>"])
def test_an_address_that_means_nothing_is_the_first_page(me: Client, here, chair, now, before):
    published(here, chair, at=now)
    answer = me.get("/notices/", {"before": before})
    assert answer.status_code == 200
    assert "停水" in answer.content.decode()


def test_reading_writes_nothing_down(me: Client, here, chair, now):
    made = published(here, chair, at=now)
    me.get(f"/notices/{made.pk}/")  # a browser is counted once, and no row says which: test_opened.py
    for address in ("/", "/notices/", f"/notices/{made.pk}/"):
        with CaptureQueriesContext(connection) as seen:
            me.get(address)
        written = [each["sql"] for each in seen if each["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]
        assert written == []


def test_it_costs_the_same_with_one_and_with_many(
    me: Client, here, chair, clerk, now, django_assert_num_queries, django_assert_max_num_queries
):
    made = published(here, chair, at=now)
    addresses = ("/", "/notices/", f"/notices/{made.pk}/")
    few = []
    me.get(addresses[-1])  # counted once
    for address, most in zip(addresses, (35, 7, 10), strict=True):
        with django_assert_max_num_queries(most) as first:
            me.get(address)
        few.append(len(first.captured_queries))
    for number in range(30):
        published(here, (chair, clerk)[number % 2], at=now, pinned=number < 4)
    for address, count in zip(addresses, few, strict=True):
        with django_assert_num_queries(count):
            me.get(address)
    assert Committee.objects.filter(neighborhood=here).count() == 2
