"""A draft is never stuck: whatever vanishes beside it, it is held back and told, called off, changed, or published."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from committees import audience, publishing, scheduling
from committees.models import Notice
from portal import sweeps
from residents.models import Building
from tests.committees.notices import attached, draft, published
from tests.committees.test_scheduling import HOUR, comes, planned, refused, run

pytestmark = pytest.mark.django_db


@pytest.fixture
def building(here) -> Building:
    return Building.objects.create(neighborhood=here, name="临时楼")


@pytest.fixture
def its(here, chair, building, now) -> Notice:
    """To be published for a building, which is no more by then."""
    made = planned(here, chair, now, audience="buildings", buildings=[building.pk])
    building.delete()
    return made


@pytest.mark.obligation("27")
def test_what_is_for_a_building_that_is_no_more_is_held_back_and_told(its, now):
    comes(its, now)
    assert run(now) == [False]
    assert list(scheduling.unpublished(at=now)) == [its]
    assert run(now) == []


def test_the_sweep_stays_whole(its, here, chair, now):
    comes(its, now)
    other = planned(here, chair, now, title="给大家的")
    comes(other, now)
    sweeps._publish(now)  # raises where one of them failed
    assert Notice.objects.published().get() == other


def test_it_is_called_off_and_then_is_for_whom_the_body_says(its, chair, now):
    scheduling.call_off(notice=its, by=chair, at=now)
    with pytest.raises(publishing.BuildingGone):
        publishing.publish(notice=its, by=chair, at=now)
    with pytest.raises(publishing.BuildingGone):
        scheduling.schedule(notice=its, publish_at=now + HOUR, by=chair, at=now)
    assert Notice.objects.filter(pk=its.pk).update(text="改了") == 1
    assert Notice.objects.filter(pk=its.pk).update(audience="all", buildings=[]) == 1
    publishing.publish(notice=its, by=chair, at=now)


@pytest.mark.obligation("31")
def test_a_building_is_asked_after_where_it_is_named_and_where_it_is_published(
    its, here, elsewhere, chair, now
):
    row = Notice.objects.filter(pk=its.pk)
    gone = its.buildings
    scheduling.call_off(notice=its, by=chair, at=now)
    refused("LM208", lambda: row.update(published_by=chair, published_at=now))
    theirs = Building.objects.create(neighborhood=elsewhere, name="远楼")
    refused("LM208", lambda: row.update(buildings=[theirs.pk]))
    refused("LM208", lambda: row.update(buildings=[*gone, theirs.pk]))
    refused("LM208", lambda: draft(here, chair, at=now, audience="buildings", buildings=gone))


@pytest.mark.obligation("27")
def test_whatever_a_law_refuses_at_its_moment_is_held_back(here, chair, now, monkeypatch):
    """Also what nobody foresaw in code."""
    building = Building.objects.create(neighborhood=here, name="临时楼")
    made = planned(here, chair, now, audience="buildings", buildings=[building.pk])
    building.delete()
    comes(made, now)
    monkeypatch.setattr(audience, "gone", lambda *, notice: False)
    assert run(now) == [False]
    assert list(scheduling.unpublished(at=now)) == [made]


def test_a_fault_of_the_database_holds_nothing_back(here, chair, now, monkeypatch):
    made = planned(here, chair, now)
    comes(made, now)

    def fails(**asked) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(publishing, "publish", fails)
    with pytest.raises(DatabaseError), transaction.atomic():
        run(now)
    assert Notice.objects.get(pk=made.pk).is_scheduled


def test_a_notice_is_taken_down_whatever_its_correction_is_for(here, chair, now):
    first, second = (Building.objects.create(neighborhood=here, name=name) for name in ("甲", "乙"))
    wrong = published(here, chair, at=now, audience="buildings", buildings=[first.pk])
    better = publishing.correct(notice=wrong, by=chair, at=now)
    both = sorted([first.pk, second.pk])
    Notice.objects.filter(pk=better.pk).update(buildings=both)
    scheduling.schedule(notice=better, publish_at=now + HOUR, by=chair, at=now)
    second.delete()
    publishing.take_down(notice=wrong, by=chair, at=now)
    better.refresh_from_db()
    assert (better.is_plain_draft, better.held_back_at is not None) == (True, True)


@pytest.mark.obligation("31")
def test_a_correction_reaches_who_is_still_there(here, chair, now):
    first, second = (Building.objects.create(neighborhood=here, name=name) for name in ("甲", "乙"))
    wrong = published(here, chair, at=now, audience="buildings", buildings=[first.pk, second.pk])
    better = publishing.correct(notice=wrong, by=chair, at=now)
    row = Notice.objects.filter(pk=better.pk)
    refused("LM208", lambda: row.update(buildings=[second.pk]))
    gone = first.pk
    first.delete()
    assert row.update(buildings=[second.pk]) == 1
    assert row.update(buildings=sorted([gone, second.pk])) == 1  # as it was said, too
    publishing.publish(notice=better, by=chair, at=now)


# --- A correction whose moment goes with the files


@pytest.mark.obligation("27", "31")
def test_a_correction_that_loses_its_moment_is_told_as_held_back(here, chair, now):
    wrong = draft(here, chair, at=now)
    attached(wrong, chair, at=now)
    publishing.publish(notice=wrong, by=chair, at=now)
    better = publishing.correct(notice=wrong, by=chair, at=now)
    scheduling.schedule(notice=better, publish_at=now + HOUR, by=chair, at=now)
    publishing.take_down(notice=wrong, by=chair, at=now)
    better.refresh_from_db()
    assert (better.is_plain_draft, better.files.count()) == (True, 0)
    assert list(scheduling.unpublished(at=now)) == [better]


@pytest.mark.obligation("27")
def test_nothing_else_is_held_back_before_it_was_due(here, chair, now):
    wrong = published(here, chair, at=now)
    better = publishing.correct(notice=wrong, by=chair, at=now)
    scheduling.schedule(notice=better, publish_at=now + HOUR, by=chair, at=now)
    row = Notice.objects.filter(pk=better.pk)
    refused("LM207", lambda: row.update(publish_at=None, scheduled_by=None, held_back_at=now))
    publishing.take_down(notice=published(here, chair, at=now), by=chair, at=now)  # another one
    refused("LM207", lambda: row.update(publish_at=None, scheduled_by=None, held_back_at=now))


# --- A meeting


def test_a_meeting_that_has_begun_is_not_announced_by_a_sweep_that_comes_late(here, chair, now):
    meets = {"kind": "meeting", "meets_at": now + 2 * HOUR, "place": "1 幢底层"}
    made = planned(here, chair, now, **meets)
    comes(made, now)
    assert not scheduling.publish_due(notice=made.pk, at=now + 2 * HOUR)
    assert list(scheduling.unpublished(at=now)) == [made]
    in_time = planned(here, chair, now, **meets)
    comes(in_time, now)
    assert scheduling.publish_due(notice=in_time.pk, at=now + 2 * HOUR - timedelta(minutes=1))


# --- What was read


@pytest.mark.obligation("31")
@pytest.mark.parametrize(
    "changed", [{"text": "x"}, {"title_en": "x", "text_en": "x"}, {"pinned": True}, {"audience": "owners"}]
)
def test_nobody_publishes_words_that_they_have_not_read(here, chair, now, changed):
    made = draft(here, chair, at=now)
    read = publishing.check_number(Notice.objects.get(pk=made.pk))
    Notice.objects.filter(pk=made.pk).update(**changed)
    with pytest.raises(publishing.ChangedMeanwhile):
        publishing.publish(notice=made, by=chair, at=now, read=read)
    with pytest.raises(publishing.ChangedMeanwhile):
        scheduling.schedule(notice=made, publish_at=now + HOUR, by=chair, at=now, read=read)
    anew = publishing.check_number(Notice.objects.get(pk=made.pk))
    publishing.publish(notice=made, by=chair, at=now, read=anew)


@pytest.mark.obligation("31")
def test_nor_a_file(here, chair, now):
    made = draft(here, chair, at=now)
    read = publishing.check_number(made)
    attached(made, chair, at=now)
    with pytest.raises(publishing.ChangedMeanwhile):
        publishing.publish(notice=made, by=chair, at=now, read=read)
