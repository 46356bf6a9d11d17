"""How often somebody may look at people's details, and what about it the auditor hears of."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connections
from django.utils import timezone

from access import cards, naming
from access.models import EntryEvent
from committees.models import Committee, Term
from residents import ages, approving, lookups, watching
from residents.ages import today_in
from residents.models import Alarm, Approval, Building, LookUp, Neighborhood, Occupancy, Resident, Unit, User
from residents.register import register
from tests import make
from tests.cast import dwelling, staff

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("23")]
REASON = "a parcel lies here"
Kind = Alarm.Kind


def look(resident: Resident, by: User, at: datetime, **also) -> LookUp:
    return lookups.look_up(resident=resident, by=by, reason=REASON, capacity="property.clerk", at=at, **also)


def looked(resident: Resident, by: User, moments: list[datetime]) -> None:
    LookUp.objects.bulk_create(
        LookUp(
            neighborhood=resident.neighborhood, resident=resident, by=by, capacity="property.clerk", reason=REASON,
            at=each, until=each + timedelta(minutes=15),
        )
        for each in moments
    )  # fmt: skip


def heard() -> list[str]:
    return sorted(Alarm.objects.values_list("kind", flat=True))


@pytest.fixture
def noon(here: Neighborhood, now: datetime) -> datetime:
    """A time of day at which nobody wonders, not long ago by the clock that the database goes by."""
    local = now.astimezone(ZoneInfo(here.time_zone))
    for zone in ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Auckland"):
        if 8 <= now.astimezone(ZoneInfo(zone)).hour < 20:
            Neighborhood.objects.filter(pk=here.pk).update(time_zone=zone)
            here.time_zone = zone
            return now
    raise AssertionError(local)


@pytest.fixture
def second_clerk(here: Neighborhood, now: datetime) -> User:
    return staff(here, username="clerk2", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)


@pytest.mark.obligation("27", "F24")
def test_it_lets_thirty_in_an_hour_and_says_when_the_next_is_possible(resident, clerk, second_clerk, noon):
    first = noon - timedelta(minutes=50)
    looked(resident, clerk, [first + timedelta(seconds=each) for each in range(29)])
    look(resident, clerk, noon)
    with pytest.raises(lookups.LooksSpent) as spent:
        look(resident, clerk, noon)
    assert (spent.value.most, spent.value.span) == (30, watching.HOUR)
    assert spent.value.again_at == first + timedelta(hours=1)
    assert LookUp.objects.count() == 30
    look(resident, second_clerk, noon)  # somebody else's are their own
    assert heard() == ["looks.many"]


def test_it_lets_a_hundred_in_a_day(resident, clerk, noon):
    first = noon - timedelta(hours=23)
    looked(resident, clerk, [first + timedelta(minutes=13 * each) for each in range(100)])
    with pytest.raises(lookups.LooksSpent) as spent:
        look(resident, clerk, noon)
    assert spent.value.again_at == first + timedelta(days=1)


def test_a_setting_lowers_it_and_never_raises_it(resident, clerk, noon, settings):
    settings.LOOKS_AN_HOUR = 3
    for _each in range(3):
        look(resident, clerk, noon)
    with pytest.raises(lookups.LooksSpent):
        look(resident, clerk, noon)
    settings.LOOKS_AN_HOUR, settings.LOOKS_A_DAY = 1000, 1000
    assert [most for most, _span in watching.limits()] == [30, 100]


@pytest.mark.obligation("27")
def test_two_accounts_of_one_person_are_one(resident, clerk, second_clerk, here, noon, settings):
    settings.LOOKS_AN_HOUR = 4
    make.one_person(here, clerk, second_clerk, at=noon)
    for by in (clerk, second_clerk, clerk, second_clerk):
        look(resident, by, noon)
    for by in (clerk, second_clerk):
        with pytest.raises(lookups.LooksSpent):
            look(resident, by, noon)


def test_whose_entry_it_was_counts_as_well(resident, clerk, here, noon, settings):
    settings.LOOKS_AN_HOUR = 2
    gate = make.gate(here, at=noon)
    card = cards.issue(resident=resident, number="04A20009", at=noon)
    event = EntryEvent.objects.create(
        neighborhood=here, gate=gate, device=make.device(gate).device, boot=uuid4(), sequence=1, kind="card",
        outcome="opened", reason="", credential=card.pk, device_time=noon, received_at=noon,
    )  # fmt: skip
    naming.ask(event=event, by=clerk, reason=REASON, at=noon)
    look(resident, clerk, noon)
    with pytest.raises(lookups.LooksSpent):
        naming.ask(event=event, by=clerk, reason=REASON, at=noon)


def test_to_practise_is_not_to_look(clerk, noon, settings):
    settings.LOOKS_AN_HOUR = 1
    place = Neighborhood.objects.create(name="练习小区", practice=True)
    somebody = register(neighborhood=place, name="假人")
    for _each in range(3):
        look(somebody, clerk, noon)
    assert heard() == []


def test_many_ring_before_it_is_too_many(resident, clerk, noon, settings):
    settings.LOOKS_AN_HOUR = 4
    for _each in range(2):
        look(resident, clerk, noon)
    assert heard() == []
    look(resident, clerk, noon)
    look(resident, clerk, noon)
    assert heard() == ["looks.many"]


@pytest.mark.parametrize(
    ("hour", "minute", "rings"), [(21, 59, False), (22, 0, True), (5, 59, True), (6, 0, False)]
)
def test_at_night_by_the_clock_of_the_neighborhood(resident, clerk, here, now, hour, minute, rings):
    zone = ZoneInfo(here.time_zone)
    at = now.astimezone(zone).replace(hour=hour, minute=minute, second=0, microsecond=0).astimezone(UTC)
    look(resident, clerk, at)
    assert heard() == (["looks.at_night"] if rings else [])


def test_it_knows_neighbors_of_ones_own_and_whom_one_lived_with(resident, clerk, here, noon):
    """`resident` lives in building 1."""
    look(resident, clerk, noon)
    assert heard() == []
    mine = make.resident(here, at=noon, lives_in=dwelling(here, "777"))
    Resident.objects.filter(pk=mine.pk).update(user=clerk)
    entry = look(resident, clerk, noon)
    assert Alarm.objects.get().subject == entry.pk
    assert heard() == ["looks.own_neighbors"]
    look(mine, clerk, noon)  # themselves
    assert Alarm.objects.count() == 1


def test_a_former_household_is_known_too(clerk, here, noon):
    former = make.resident(here, at=noon)
    unit = make.home(former)
    other = Unit.objects.create(
        neighborhood=here, building=Building.objects.create(neighborhood=here, name="9"), number="101"
    )
    mine = make.resident(here, at=noon, lives_in=other)
    Resident.objects.filter(pk=mine.pk).update(user=clerk)
    look(former, clerk, noon)
    assert heard() == []
    today = today_in(here, noon)
    Occupancy.objects.create(
        neighborhood=here, resident=mine, unit=unit, since=today - timedelta(days=900),
        until=today - timedelta(days=300),
    )  # fmt: skip
    look(former, clerk, noon)
    assert heard() == ["looks.own_neighbors"]


@pytest.mark.obligation("16")
def test_a_minor_whom_nobody_approved_rings_when_tried(resident, clerk, here, noon):
    child = make.resident(here, at=noon)
    Resident.objects.filter(pk=child.pk).update(born=ages.years_before(today_in(here, noon), 9))
    child.refresh_from_db()
    with pytest.raises(lookups.NeedsApproval):
        look(child, clerk, noon)
    assert heard() == ["looks.minors_refused"]


@pytest.mark.obligation("16")
def test_to_ask_is_usual_and_to_ask_again_after_a_no_is_not(clerk, here, noon):
    child = make.resident(here, at=noon)
    Resident.objects.filter(pk=child.pk).update(born=ages.years_before(today_in(here, noon), 9))
    child.refresh_from_db()
    boss = staff(here, username="manager", kind=Committee.Kind.PROPERTY, role=Term.Role.CHAIR, at=noon)
    asking = {"resident": child, "by": clerk, "reason": REASON, "capacity": "property.clerk", "at": noon}
    asked = lookups.look_up_or_ask(**asking)
    assert isinstance(asked, Approval)
    assert heard() == []
    approving.answer(approval=asked, yes=False, by=boss, at=noon)
    lookups.look_up_or_ask(**asking)
    assert heard() == ["looks.minors_refused"]


@pytest.mark.obligation("27", "F24")
def test_of_two_at_once_at_the_limit_one_passes(committed, settings):
    """On real commits, in two threads that stand at the last one together."""
    settings.LOOKS_AN_HOUR = 3
    now = timezone.now()
    here = Neighborhood.objects.create(name="柳岸小区")
    clerk = staff(here, username="clerk", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
    who = make.resident(here, at=now)
    looked(who, clerk, [now, now])
    together, done = threading.Barrier(2), []

    def tries() -> None:
        try:
            together.wait(10)
            look(who, clerk, timezone.now())
            done.append("seen")
        except lookups.LooksSpent:
            done.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=tries) for _each in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert sorted(done) == ["refused", "seen"]
    assert LookUp.objects.count() == 3
    assert "looks.many" in heard()  # though the look was refused and rolled back
    assert Unit.objects.exists()
