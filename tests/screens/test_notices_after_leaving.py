"""Who has left reads what was published while they lived or owned here, and nothing later; who moved or came back reads all."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from committees import publishing
from committees.models import Notice
from residents import leaving, moving, owning
from residents.ages import today_in
from residents.models import Resident
from tests.cast import dwelling
from tests.committees.notices import attached, draft, happened_at, pdf, published

WEEK = timedelta(days=7)


def shown(here, chair, at: datetime, title: str, **said) -> Notice:
    """Published then, with a file."""
    made = draft(here, chair, at=at, title=title, **said)
    attached(made, chair, at=at, content=pdf(title.encode()))
    publishing.publish(notice=made, by=chair, at=at)
    happened_at(made, "published_at", at)
    return made


@pytest.fixture
def before(here, chair, now) -> Notice:
    return shown(here, chair, now - WEEK, "那时的通知", kind="document", sort="rules")


@pytest.fixture
def after(here, chair, now) -> Notice:
    return shown(here, chair, now + timedelta(hours=1), "后来的通知", kind="document", sort="rules")


def move_out(resident: Resident, at: datetime) -> None:
    moving.move_out(resident=resident, on=today_in(resident.neighborhood, at), by=resident.user, at=at)
    resident.refresh_from_db()


def doors(notice: Notice) -> tuple[str, str]:
    return f"/notices/{notice.pk}/", f"/notices/{notice.pk}/files/1/"


LISTS = ("/", "/notices/", "/notices/documents/", "/notices/documents/?sort=rules")


def reads(client: Client, notice: Notice) -> set[bool]:
    """Through every door there is."""
    found = {notice.title in client.get(each).content.decode() for each in LISTS}
    return found | {client.get(each).status_code == 200 for each in doors(notice)}


@pytest.mark.obligation("31")
def test_who_has_left_reads_what_was_said_to_them_and_nothing_later(me: Client, resident, before, after, now):
    assert (reads(me, before), reads(me, after)) == ({True}, {True})
    move_out(resident, now)
    assert (reads(me, before), reads(me, after)) == ({True}, {False})
    assert {me.get(each).status_code for each in doors(after)} == {404}


@pytest.mark.obligation("31")
def test_nor_through_what_is_linked_to_it(me: Client, resident, here, chair, before, now):
    meeting = shown(here, chair, now - WEEK, "例会", kind="meeting", meets_at=now, place="1 幢底层")
    better = publishing.correct(notice=before, by=chair, at=now)
    Notice.objects.filter(pk=better.pk).update(title="改过的通知")
    publishing.publish(notice=better, by=chair, at=now)
    minutes = shown(here, chair, now + WEEK, "会后纪要", kind="document", meeting=meeting)
    agenda = shown(here, chair, now - timedelta(days=1), "会前议程", kind="document", meeting=meeting)
    assert "改过的通知" in me.get(doors(before)[0]).content.decode()
    move_out(resident, now)
    happened_at(better, "published_at", now + timedelta(minutes=1))
    page = me.get(doors(before)[0]).content.decode()
    # That it holds no longer is said; what holds now is for those who live here.
    assert "It was published after you left" in page
    assert "改过的通知" not in page
    assert str(better.pk) not in page
    page = me.get(doors(meeting)[0]).content.decode()
    assert "会前议程" in page
    assert "会后纪要" not in page
    assert str(minutes.pk) not in page
    assert "例会" in me.get(doors(agenda)[0]).content.decode()
    happened_at(better, "published_at", now - timedelta(minutes=1))
    assert "改过的通知" in me.get(doors(before)[0]).content.decode()


def test_an_address_of_a_later_one_is_no_place_to_go_on_from(
    me: Client, resident, here, chair, before, after, now
):
    move_out(resident, now)
    for number in range(21):
        shown(here, chair, now - timedelta(days=9, minutes=number), f"{number:02}号")
    for address in ("/notices/", "/notices/documents/"):
        as_nothing = me.get(address, {"before": "x"}).content.decode()
        assert "Back to the newest" not in as_nothing
        assert "Back to the newest" not in me.get(address, {"before": str(after.pk)}).content.decode()
    page = me.get("/notices/").content.decode()
    more = page.partition('href="?before=')[2].partition('"')[0]
    assert "20号" in me.get("/notices/", {"before": more}).content.decode()


def test_what_is_on_top_later_is_not_on_theirs(me: Client, resident, here, chair, now):
    shown(here, chair, now + WEEK, "置顶的事", pinned=True)
    move_out(resident, now)
    for address in ("/", "/notices/"):
        assert "置顶的事" not in me.get(address).content.decode()


def test_who_moves_to_another_building_reads_on(me: Client, resident, here, before, after, now):
    other = dwelling(here, "2201")
    moving.move_within(
        people=[resident], to=other, on=today_in(here, now), by=resident.user, at=now, tenure="tenant"
    )
    assert (reads(me, before), reads(me, after)) == ({True}, {True})


def test_who_moves_back_reads_what_was_said_meanwhile(me: Client, resident, here, before, after, now):
    move_out(resident, now)
    assert reads(me, after) == {False}
    moving.move_in(resident=resident, unit=dwelling(here, "301"), since=today_in(here, now), at=now)
    assert (reads(me, before), reads(me, after)) == ({True}, {True})


def test_nor_has_whoever_a_mistake_moved_out(me: Client, resident, clerk, here, after, now):
    moving.move_out(resident=resident, on=today_in(here, now), by=clerk, paper="folder 3", at=now)
    assert reads(me, after) == {False}
    resident.refresh_from_db()
    moving.put_right(resident=resident, by=resident.user, at=now)
    assert reads(me, after) == {True}


def test_who_moves_out_and_still_owns_reads_on_until_it_is_sold(
    me: Client, resident, clerk, here, chair, before, after, now
):
    today = today_in(here, now)
    unit = resident.occupancies.get().unit
    owned = owning.own(resident=resident, unit=unit, since=today - WEEK, by=clerk, at=now)
    move_out(resident, now)
    assert (reads(me, before), reads(me, after)) == ({True}, {True})
    # Sold the day after tomorrow; what came in between stays theirs to read.
    then = now + timedelta(days=2)
    owning.end(ownership=owned, by=clerk, at=then)
    assert leaving.belonged_until(resident=resident, at=now) is None
    late = shown(here, chair, then + timedelta(days=1), "卖掉以后")
    until = leaving.belonged_until(resident=resident, at=then)
    assert until is not None
    assert now + timedelta(hours=1) < until < now + timedelta(days=3)
    readable = Notice.objects.published().said_before(until)
    assert set(readable) == {before, after}
    assert late not in readable


@pytest.mark.obligation("A2")
def test_a_stranger_who_left_elsewhere_reads_nothing_here(sign_in, stranger, before, now):
    client = sign_in(stranger)
    move_out(stranger, now)
    assert reads(client, before) == {False}


def test_it_costs_one_query_more_for_who_has_left_and_none_for_others(
    me: Client, resident, here, chair, before, now
):
    counts = []
    me.get(doors(before)[0])  # counted once
    for _ in range(2):
        counts.append([])
        for address in ("/notices/", "/notices/documents/", *doors(before)):
            with CaptureQueriesContext(connection) as seen:
                me.get(address)
            counts[-1].append(len(seen))
        move_out(resident, now) if resident.left_at is None else None
    assert [left - lived for lived, left in zip(*counts, strict=True)] == [1, 1, 1, 1]
    for number in range(30):
        published(here, chair, at=now, title=f"{number}号")
    with CaptureQueriesContext(connection) as seen:
        me.get("/notices/")
    assert len(seen) == counts[1][0]
