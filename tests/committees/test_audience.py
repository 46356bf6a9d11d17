"""Whom a notice is for: said in the draft, standing with the words, never narrower than the law or a notice it puts right."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from committees import audience, publishing
from committees.models import Committee, Notice
from residents import moving, owning, standing_by
from residents.ages import today_in
from residents.models import Building, Message, Resident, Unit
from residents.notifying import Topic, Way
from tests import make
from tests.committees.notices import attached, draft, happened_at, published
from tests.minors.conftest import family
from tests.notifying.people import wants

WEEK = timedelta(days=7)
Audience = Notice.Audience


def refused(state, act) -> None:
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        act()
    assert error.value.__cause__.sqlstate == state


def built(where, name: str) -> Unit:
    building = Building.objects.create(neighborhood=where, name=name)
    return Unit.objects.create(neighborhood=where, building=building, number=f"{name}-101")


@pytest.fixture
def second(here) -> Unit:
    """A dwelling of building 2; `resident` and `neighbor` live in building 1."""
    return built(here, "2")


@pytest.fixture
def of_second(here, second, now) -> Resident:
    return make.resident(here, at=now, lives_in=second)


def for_building(unit: Unit) -> dict[str, object]:
    return {"audience": Audience.BUILDINGS, "buildings": [unit.building_id]}


def reads(who: Resident, notice: Notice, at) -> bool:
    """And it is one answer from both sides."""
    return audience.reader(resident=who, at=at).readable().filter(pk=notice.pk).exists()


def is_for(who: Resident, notice: Notice, at) -> bool:
    return audience.people(notice=notice, at=at).filter(pk=who.pk).exists()


@pytest.mark.obligation("27", "31")
def test_what_is_for_a_building_is_read_by_whoever_lives_there_or_owns_there(
    here, chair, clerk, resident, neighbor, second, of_second, now
):
    made = published(here, chair, at=now, **for_building(second))
    assert [reads(who, made, now) for who in (of_second, resident, neighbor)] == [True, False, False]
    assert set(audience.people(notice=made, at=now)) == {of_second}
    owning.own(resident=neighbor, unit=second, since=today_in(here, now), by=clerk, at=now)
    assert reads(neighbor, made, now)
    assert set(audience.people(notice=made, at=now)) == {of_second, neighbor}


@pytest.mark.obligation("27")
def test_what_is_for_owners_or_for_who_lives_here_is_for_nobody_else(
    here, chair, clerk, resident, neighbor, second, now
):
    owning.own(resident=neighbor, unit=second, since=today_in(here, now), by=clerk, at=now)
    away = make.resident(here, at=now)
    owning.own(resident=away, unit=second, since=today_in(here, now), by=clerk, at=now)
    moving.move_out(resident=away, on=today_in(here, now), by=away.user, at=now)
    away.refresh_from_db()
    owners = published(here, chair, at=now, audience=Audience.OWNERS)
    living = published(here, chair, at=now, audience=Audience.LIVING)
    for notice, expected in ((owners, [False, True, True]), (living, [True, True, False])):
        everyone = (resident, neighbor, away)
        assert [reads(who, notice, now) for who in everyone] == expected
        assert [is_for(who, notice, now) for who in everyone] == expected


@pytest.mark.obligation("A2", "27")
def test_a_stranger_reads_what_is_for_their_kind_elsewhere_alone(here, chair, stranger, now):
    for said in (Audience.ALL, Audience.LIVING):
        assert not reads(stranger, published(here, chair, at=now, audience=said), now)


def test_who_moves_in_reads_what_was_said_to_the_house_and_who_moved_out_goes_on(
    here, chair, resident, second, now
):
    old = published(here, chair, at=now, **for_building(second))
    happened_at(old, "published_at", now - WEEK)
    first = make.home(resident)
    said_here = published(here, chair, at=now, **for_building(first))
    happened_at(said_here, "published_at", now - WEEK)
    assert [reads(resident, each, now) for each in (old, said_here)] == [False, True]
    moving.move_within(
        people=[resident], to=second, on=today_in(here, now), by=resident.user, at=now, tenure="tenant"
    )
    assert [reads(resident, each, now) for each in (old, said_here)] == [True, True]
    later = published(here, chair, at=now, **for_building(first))
    assert not reads(resident, later, now + timedelta(days=1))
    # And who lives here no more reads what was said to their building in their days.
    moving.move_out(resident=resident, on=today_in(here, now), by=resident.user, at=now)
    resident.refresh_from_db()
    assert reads(resident, said_here, now)
    assert not is_for(resident, said_here, now)


@pytest.mark.obligation("15", "27")
def test_a_guardian_and_a_helper_read_what_is_for_whom_they_stand_by(
    here, chair, clerk, resident, neighbor, second, now
):
    fam = family(here, clerk, at=now)
    moving.move_within(
        people=[fam.child], to=second, on=today_in(here, now), by=fam.mother.user, at=now, tenure="family"
    )
    made = published(here, chair, at=now, **for_building(second))
    assert (reads(fam.mother, made, now), reads(resident, made, now)) == (True, False)
    standing_by.end_guardianship(guardianship=fam.by_mother, by=clerk, at=now)
    assert not reads(fam.mother, made, now)
    old = make.resident(here, at=now, lives_in=second)
    named = standing_by.name_helper(resident=old, helper=neighbor, by=old.user, at=now)
    assert reads(neighbor, made, now)
    standing_by.end_helper(helper=named, by=old.user, at=now)
    assert not reads(neighbor, made, now)


@pytest.mark.obligation("27", "31")
def test_only_whom_it_is_for_is_told(here, chair, resident, second, of_second, now):
    for who in (resident, of_second):
        wants(who, Way.SLIP, at=now, topics=[Topic.NOTICE])
    published(here, chair, at=now, **for_building(second))
    assert set(Message.objects.values_list("resident", flat=True)) == {of_second.pk}
    published(here, chair, at=now)
    assert set(Message.objects.values_list("resident", flat=True)) == {of_second.pk, resident.pk}


@pytest.mark.obligation("31")
@pytest.mark.parametrize(
    "changed", [{"audience": "all", "buildings": []}, {"audience": "owners", "buildings": []}]
)
def test_it_stands_once_it_is_published_and_is_in_its_number(here, chair, second, now, changed):
    made = draft(here, chair, at=now, **for_building(second))
    attached(made, chair, at=now)
    with connection.cursor() as cursor:
        ask = "SELECT committees_notice_hash(n) FROM committees_notice n WHERE id = %s"
        before = cursor.execute(ask, [made.pk]).fetchone()
        with transaction.atomic():
            Notice.objects.filter(pk=made.pk).update(**changed)
            other = cursor.execute(ask, [made.pk]).fetchone()
            transaction.set_rollback(True)
    assert other != before
    publishing.publish(notice=made, by=chair, at=now)
    refused("LM088", lambda: Notice.objects.filter(pk=made.pk).update(**changed))
    assert Notice.objects.get(pk=made.pk).buildings == [second.building_id]


@pytest.mark.obligation("31")
@pytest.mark.parametrize("sort", Notice.Sort.values)
def test_what_the_law_makes_public_is_for_everybody(here, chair, second, now, sort):
    for said in (for_building(second), {"audience": Audience.OWNERS}, {"audience": Audience.LIVING}):
        with pytest.raises(DatabaseError, match="what_the_law_makes_public_is_for_all"), transaction.atomic():
            draft(here, chair, at=now, kind="document", sort=sort, **said)
    made = draft(here, chair, at=now, kind="document", sort=sort)
    with pytest.raises(DatabaseError, match="what_the_law_makes_public"), transaction.atomic():
        Notice.objects.filter(pk=made.pk).update(audience=Audience.OWNERS)


@pytest.mark.obligation("31", "44")
def test_a_meeting_of_the_owners_and_its_papers_are_for_everybody(here, chair, clerk, second, now):
    meets = {"kind": "meeting", "meets_at": now, "place": "1 幢底层"}
    refused("LM209", lambda: draft(here, chair, at=now, **meets, **for_building(second)))
    meeting = published(here, chair, at=now, **meets)
    paper = {"kind": "document", "meeting": meeting}
    refused("LM209", lambda: draft(here, chair, at=now, audience=Audience.OWNERS, **paper))
    made = draft(here, chair, at=now, **paper)
    refused("LM209", lambda: Notice.objects.filter(pk=made.pk).update(audience=Audience.LIVING))
    # A company may meet those of one building.
    assert published(here, clerk, at=now, **meets, **for_building(second)).audience == "buildings"


@pytest.mark.obligation("31")
def test_a_correction_reaches_all_who_read_what_it_puts_right(here, chair, resident, second, now):
    first = make.home(resident)
    for_all = published(here, chair, at=now)
    better = publishing.correct(notice=for_all, by=chair, at=now)
    row = Notice.objects.filter(pk=better.pk)
    for said in (for_building(second), {"audience": Audience.OWNERS}, {"audience": Audience.LIVING}):
        refused("LM208", lambda said=said: row.update(**said))
    for_two = published(
        here, chair, at=now, audience=Audience.BUILDINGS, buildings=[first.building_id, second.building_id]
    )
    again = publishing.correct(notice=for_two, by=chair, at=now)
    assert set(again.buildings) == {first.building_id, second.building_id}
    row = Notice.objects.filter(pk=again.pk)
    refused("LM208", lambda: row.update(**for_building(second)))
    refused("LM208", lambda: row.update(audience=Audience.LIVING, buildings=[]))
    row.update(audience=Audience.ALL, buildings=[])
    assert publishing.publish(notice=again, by=chair, at=now).audience == "all"


@pytest.mark.obligation("A2")
def test_its_buildings_are_of_its_own_neighborhood(here, elsewhere, chair, second, now):
    refused("LM208", lambda: draft(here, chair, at=now, **for_building(built(elsewhere, "2"))))
    twice = [second.building_id, second.building_id]
    made = draft(here, chair, at=now, audience=Audience.BUILDINGS, buildings=twice)
    assert Notice.objects.get(pk=made.pk).buildings == [second.building_id]


def test_what_was_said_to_a_building_that_is_no_more_can_be_put_right(here, chair, resident, now):
    building = Building.objects.create(neighborhood=here, name="临时楼")
    gone = building.pk
    made = published(here, chair, at=now, audience=Audience.BUILDINGS, buildings=[gone])
    building.delete()
    assert not reads(resident, made, now)
    better = publishing.correct(notice=made, by=chair, at=now)
    assert better.buildings == [gone]
    refused("LM208", lambda: draft(here, chair, at=now, audience=Audience.BUILDINGS, buildings=[gone]))


@pytest.mark.parametrize(
    ("said", "has"), [("buildings", False), ("all", True), ("owners", True), ("living", True)]
)
def test_buildings_are_named_where_it_is_for_buildings_and_nowhere_else(here, chair, second, now, said, has):
    buildings = [second.building_id] if has else []
    with pytest.raises(DatabaseError, match="notice_for_buildings_says_which"), transaction.atomic():
        draft(here, chair, at=now, audience=said, buildings=buildings)


def test_it_costs_the_same_for_few_and_for_many(here, chair, resident, second, now):
    def cost(act) -> int:
        with CaptureQueriesContext(connection) as seen:
            act()
        return len(seen)

    made = draft(here, chair, at=now, **for_building(second))
    asked = [lambda: list(audience.reader(resident=resident, at=now).readable())]
    asked.append(lambda: audience.people(notice=made, at=now).count())
    few = [cost(each) for each in asked]
    assert few == [2, 1]
    for number in range(12):
        make.resident(here, at=now, lives_in=built(here, f"b{number}"))
        published(here, chair, at=now, **for_building(second))
    moving.move_within(
        people=[resident], to=second, on=today_in(here, now), by=resident.user, at=now, tenure="tenant"
    )
    assert [cost(each) for each in asked] == few
    assert len(audience.reader(resident=resident, at=now).readable()) == 12
    assert Committee.objects.filter(neighborhood=here).count() == 1
