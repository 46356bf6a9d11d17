"""What is for others is not there: on no list, no page, no file, no page that it is linked from."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from committees import publishing
from committees.models import Notice
from residents import moving
from residents.ages import today_in
from residents.models import Building, Unit
from tests import make
from tests.committees.notices import attached, draft, happened_at, pdf, published
from tests.screens.test_notices_after_leaving import LISTS, doors


@pytest.fixture
def second(here) -> Unit:
    building = Building.objects.create(neighborhood=here, name="贰号楼")
    return Unit.objects.create(neighborhood=here, building=building, number="201")


def said_to(unit: Unit, here, chair, at, title: str, **said) -> Notice:
    """Published for one building, with a file."""
    buildings = [unit.building_id]
    made = draft(here, chair, at=at, title=title, audience="buildings", buildings=buildings, **said)
    attached(made, chair, at=at, content=pdf(title.encode()))
    return publishing.publish(notice=made, by=chair, at=at)


def finds(client: Client, notice: Notice) -> set[bool]:
    found = {notice.title in client.get(each).content.decode() for each in LISTS[:3]}
    return found | {client.get(each).status_code == 200 for each in doors(notice)}


@pytest.mark.obligation("27", "31")
def test_it_is_read_by_whom_it_is_for_through_every_door_and_by_nobody_else(
    me: Client, sign_in, here, chair, second, now
):
    theirs = sign_in(make.resident(here, at=now, lives_in=second))
    made = said_to(second, here, chair, now, "水箱清洗", kind="document", pinned=True)
    assert (finds(theirs, made), finds(me, made)) == ({True}, {False})
    assert {me.get(each).status_code for each in doors(made)} == {404}
    assert "only for: 贰号楼" in theirs.get(doors(made)[0]).content.decode()
    assert "only for: 贰号楼" in theirs.get("/notices/").content.decode()
    assert "贰号楼" not in me.get("/notices/").content.decode()


@pytest.mark.obligation("27", "31")
def test_nor_is_it_named_where_it_is_linked_from(me: Client, sign_in, here, chair, clerk, second, now):
    theirs = sign_in(make.resident(here, at=now, lives_in=second))
    wrong = said_to(second, here, chair, now, "水箱清洗")
    better = publishing.correct(notice=wrong, by=chair, at=now)
    Notice.objects.filter(pk=better.pk).update(title="改期了", audience="all", buildings=[])
    publishing.publish(notice=better, by=chair, at=now)
    for client, seen in ((theirs, True), (me, False)):
        page = client.get(doors(better)[0]).content.decode()
        assert "改期了" in page
        assert ("水箱清洗" in page) is seen
        assert (str(wrong.pk) in page) is seen
    meeting = published(here, clerk, at=now, kind="meeting", meets_at=now, place="底层", title="说明会")
    said = {"kind": "document", "meeting": meeting, "committee": meeting.committee}
    paper = said_to(second, here, clerk, now, "贰号楼的表", **said)
    for client, seen in ((theirs, True), (me, False)):
        assert (paper.title in client.get(doors(meeting)[0]).content.decode()) is seen


@pytest.mark.obligation("27")
def test_nor_is_it_a_place_to_go_on_from(me: Client, here, chair, second, now):
    made = said_to(second, here, chair, now, "水箱清洗")
    for number in range(21):
        published(here, chair, at=now, title=f"{number:02}号")
    for address in ("/notices/", "/notices/documents/"):
        assert "Back to the newest" not in me.get(address, {"before": str(made.pk)}).content.decode()


def test_who_has_moved_on_is_told_that_what_they_read_was_put_right(
    me: Client, resident, here, chair, second, now
):
    first = make.home(resident)
    wrong = said_to(first, here, chair, now, "水箱清洗")
    happened_at(wrong, "published_at", now - timedelta(days=2))
    moving.move_within(
        people=[resident], to=second, on=today_in(here, now), by=resident.user, at=now, tenure="tenant"
    )
    assert "水箱清洗" in me.get(doors(wrong)[0]).content.decode()
    better = publishing.correct(notice=wrong, by=chair, at=now)
    Notice.objects.filter(pk=better.pk).update(title="改期了")
    publishing.publish(notice=better, by=chair, at=now)
    page = me.get(doors(wrong)[0]).content.decode()
    assert "A later notice puts this one right." in page
    assert "改期了" not in page
