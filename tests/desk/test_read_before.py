"""Who publishes has the words before them, and nobody publishes or writes over what somebody else saved meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from committees import publishing, scheduling
from committees.models import Committee, Notice, Term
from residents.models import Building, User
from tests.cast import staff
from tests.committees.notices import attached, draft, happened_at, published
from tests.desk.test_notices import read, saved, words
from tests.desk.test_whom_and_when import HOUR, at, day_and_time

AGAIN = "It was changed meanwhile; read it again."


@pytest.fixture
def other(here, chair, now) -> User:
    """Another of the same body."""
    return staff(here, username="secretary", kind=Committee.Kind.OWNERS, role=Term.Role.CLERK, at=now)


@pytest.fixture
def made(here, chair, now) -> Notice:
    return draft(
        here, chair, at=now, text="明天上午停水。\n\n<b>六点</b>起。", title_en="Water", text_en="From six."
    )


@pytest.mark.obligation("31")
@pytest.mark.parametrize("act", ["publish", "schedule"])
def test_the_page_of_the_act_shows_all_that_people_will_read(desk, here, chair, made, now, act):
    attached(made, chair, at=now)
    client: Client = desk(chair)
    page = client.get(at(made, act)).content.decode()
    for said in (
        "停水通知",
        "明天上午停水。",
        "&lt;b&gt;六点&lt;/b&gt;",
        "Water",
        "From six.",
        "收支表",
        "Everybody here",
    ):
        assert said in page
    assert 'lang="zh-Hans"' in page
    Notice.objects.filter(pk=made.pk).update(
        kind="meeting", meets_at=now + timedelta(days=9), place="一幢底层", pinned=True, until=now.date() + timedelta(days=9)
    )  # fmt: skip
    page = client.get(at(made, act)).content.decode()
    for said in ("Meeting", "一幢底层", "on top of the list", "It counts until"):
        assert said in page


@pytest.mark.obligation("31")
@pytest.mark.parametrize("act", ["publish", "schedule"])
def test_what_somebody_else_saved_meanwhile_is_read_first(desk, here, chair, other, made, now, act):
    client = desk(chair)
    sent = read(client, at(made, act)) | (day_and_time(here, now + 2 * HOUR) if act == "schedule" else {})
    assert desk(other).post(at(made, "change"), saved(made, text="后天停水。")).status_code == 302
    page = client.post(at(made, act), sent).content.decode()
    assert AGAIN in page
    assert "后天停水。" in page
    made.refresh_from_db()
    assert made.is_plain_draft
    # The page that came back carries what it shows.
    again = page.partition('name="read" value="')[2].partition('"')[0]
    assert client.post(at(made, act), sent | {"read": again}).status_code == 302
    made.refresh_from_db()
    assert not made.is_plain_draft
    in_chinese = {"accept-language": "zh-hans"}
    better = draft(here, chair, at=now)
    assert "请重新读一遍" in client.post(at(better, act), {}, headers=in_chinese).content.decode()


def test_a_page_that_read_nothing_publishes_nothing(desk, chair, made):
    client = desk(chair)
    for sent in ({}, {"read": "x"}, {"read": ""}):
        assert AGAIN in client.post(at(made, "publish"), sent).content.decode()
    assert not Notice.objects.published().exists()


def test_all_that_is_wrong_is_said_at_once(desk, here, chair, made):
    page = desk(chair).post(at(made, "schedule"), {"read": "x", "time": "10:00"}).content.decode()
    assert AGAIN in page
    assert "Name the day." in page
    assert "10:00" in page


# --- Two who write


def test_nobody_writes_over_what_they_have_not_seen_and_nothing_typed_is_lost(desk, chair, other, made):
    mine, theirs = saved(made, text="我写的"), saved(made, text="别人写的")
    assert desk(other).post(at(made, "change"), theirs).status_code == 302
    client = desk(chair)
    page = client.post(at(made, "change"), mine).content.decode()
    assert "Somebody saved this draft after you had opened it" in page
    assert "我写的" in page
    made.refresh_from_db()
    assert made.text == "别人写的"
    # Knowing that, theirs is put in place of it.
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    assert client.post(at(made, "change"), mine | {"seen": seen}).status_code == 302
    made.refresh_from_db()
    assert made.text == "我写的"


def test_something_else_that_is_wrong_does_not_make_it_seen(desk, chair, other, made):
    mine = saved(made, text="请致电 138 0571 4321")
    assert desk(other).post(at(made, "change"), saved(made, text="别人写的")).status_code == 302
    page = desk(chair).post(at(made, "change"), mine).content.decode()
    assert "no telephone number" in page
    assert "Somebody saved this draft" in page


@pytest.mark.parametrize("act", ["publish", "schedule"])
def test_what_is_published_or_will_be_loses_no_word_that_is_typed(
    desk, here, chair, made, now, act, monkeypatch
):
    """Between the look at the draft and its lock."""
    client, mine = desk(chair), saved(made, text="我写的")
    begin = publishing.check_number

    def meanwhile(notice: Notice) -> str:
        monkeypatch.setattr(publishing, "check_number", begin)
        if act == "publish":
            publishing.publish(notice=notice, by=chair, at=now)
        else:
            scheduling.schedule(notice=notice, publish_at=now + HOUR, by=chair, at=now)
        return begin(notice)

    monkeypatch.setattr(publishing, "check_number", meanwhile)
    page = client.post(at(made, "change"), mine).content.decode()
    assert "call that off first" in page
    assert "我写的" in page


def test_a_page_of_before_saves_nothing(desk, chair, made):
    page = desk(chair).post(at(made, "change"), words(made.committee, text="x")).content.decode()
    assert "Somebody saved this draft after you had opened it" in page


# --- What vanished, in words


@pytest.fixture
def its(here, chair, now) -> Notice:
    """For a building that is no more."""
    building = Building.objects.create(neighborhood=here, name="临时楼")
    made = draft(here, chair, at=now, audience="buildings", buildings=[building.pk])
    scheduling.schedule(notice=made, publish_at=now + HOUR, by=chair, at=now)
    building.delete()
    return made


@pytest.mark.obligation("27")
def test_the_way_out_of_a_building_that_is_no_more_is_said(desk, here, chair, its, now):
    client = desk(chair)
    assert client.post(at(its, "call-off")).status_code == 302
    page = client.post(at(its, "publish"), read(client, at(its, "publish"))).content.decode()
    assert "a building that it is for is no more" in page
    assert client.post(at(its, "change"), saved(its, audience="all")).status_code == 302
    assert client.post(at(its, "publish"), read(client, at(its, "publish"))).status_code == 302
    assert Notice.objects.published().get() == its


def test_a_correction_is_for_the_buildings_that_are_there(desk, here, chair, now):
    first, second = (Building.objects.create(neighborhood=here, name=name) for name in ("甲", "乙"))
    wrong = published(here, chair, at=now, audience="buildings", buildings=[first.pk, second.pk])
    better = publishing.correct(notice=wrong, by=chair, at=now)
    first.delete()
    client, to = desk(chair), {"audience": "buildings", "buildings": str(second.pk)}
    assert client.post(at(better, "change"), saved(better, **to)).status_code == 302
    assert client.post(at(better, "publish"), read(client, at(better, "publish"))).status_code == 302


def test_a_law_that_nobody_foresaw_is_answered_in_words(desk, here, chair, now, monkeypatch):
    made = draft(here, chair, at=now)
    client = desk(chair)
    monkeypatch.setattr("committees.wording.broken", lambda *, notice: [])
    Notice.objects.filter(pk=made.pk).update(text="请致电 138 0571 4321")
    sent = read(client, at(made, "publish"))
    answer = client.post(at(made, "publish"), sent)
    assert answer.status_code == 200
    assert "This would break a rule of the house" in answer.content.decode()


def test_why_it_was_held_back_is_said(desk, here, chair, now):
    meets = {"kind": "meeting", "meets_at": now + 2 * HOUR, "place": "1 幢底层"}
    made = draft(here, chair, at=now, **meets)
    scheduling.schedule(notice=made, publish_at=now + HOUR, by=chair, at=now)
    happened_at(made, "publish_at", now - HOUR)
    assert not scheduling.publish_due(notice=made.pk, at=now + 3 * HOUR)
    assert "its meeting had begun" in desk(chair).get(at(made, "change")).content.decode()
