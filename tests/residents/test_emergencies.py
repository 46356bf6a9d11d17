"""A life is in danger: one person opens, everybody hears of it, and somebody else looks at it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from committees.models import Committee, Term
from ledger.models import Entry
from residents import ages, emergencies, lookups, notifying
from residents.ages import today_in
from residents.models import (
    Alarm,
    Emergency,
    EmergencyReview,
    LookUp,
    Message,
    Neighborhood,
    Resident,
    User,
    Wish,
)
from tests import make
from tests.cast import staff

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("16", "23", "27")]
REASON, TOLD = "smoke behind the door", "119 at 14:02"


def opened(of, by: User, at, **also) -> Emergency:
    words = {"reason": REASON, "told": TOLD, "capacity": "property.clerk"} | also
    return emergencies.break_glass(of=of, by=by, at=at, **words)


def reviewed(emergency: Emergency, by: User, at, **also) -> EmergencyReview:
    return emergencies.review(
        emergency=emergency, by=by, at=at, **{"needed": True, "words": "I rang 119"} | also
    )


@pytest.fixture
def child(resident, here, now) -> Resident:
    """Lives with `resident`."""
    made = make.resident(here, at=now, lives_in=make.home(resident))
    Resident.objects.filter(pk=made.pk).update(born=ages.years_before(today_in(here, now), 9))
    made.refresh_from_db()
    return made


@pytest.fixture
def second_clerk(here, now) -> User:
    return staff(here, username="clerk2", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)


@pytest.fixture
def head(here, now) -> User:
    return staff(here, username="head", kind=Committee.Kind.RESIDENTS, role=Term.Role.CHAIR, at=now)


@pytest.mark.obligation("A6")
def test_it_opens_one_person_for_half_an_hour_and_writes_it_down(resident, neighbor, clerk, now):
    made = opened(resident, clerk, now)
    assert lookups.details(resident=resident, by=clerk, at=now) == ("柳一", "057188000101")
    with pytest.raises(PermissionDenied):
        lookups.details(resident=resident, by=clerk, at=now + timedelta(minutes=30))
    with pytest.raises(PermissionDenied):
        lookups.details(resident=neighbor, by=clerk, at=now)
    entry = LookUp.objects.get()
    assert (entry.emergency, entry.reason, entry.until) == (made, REASON, made.until)
    kinds = list(Entry.objects.order_by("pk").values_list("kind", flat=True))
    assert {"look_up", "emergency", "alarm"} <= set(kinds)
    assert Alarm.objects.get(kind="emergency.opened").subject == made.pk


def test_it_opens_whoever_lives_in_one_dwelling_minors_too(resident, child, neighbor, clerk, now):
    with pytest.raises(lookups.NeedsApproval):
        lookups.look_up(resident=child, by=clerk, reason=REASON, capacity="x", at=now)
    made = opened(make.home(resident), clerk, now)
    assert set(made.look_ups.values_list("resident", flat=True)) == {resident.pk, child.pk}
    assert lookups.details(resident=child, by=clerk, at=now)[0] == child.name
    assert not lookups.is_open(resident=neighbor, by=clerk, at=now)
    assert not lookups.is_open(resident=child, by=clerk, at=made.until)


def test_it_tells_the_person_at_once(resident, clerk, here, now):
    Wish.objects.create(
        neighborhood=here, resident=resident, topic=notifying.Topic.DATA, way="sms", operator="t", by=resident.user, at=now
    )  # fmt: skip
    opened(resident, clerk, now)
    assert Message.objects.get().resident == resident


@pytest.mark.parametrize("missing", ["reason", "told"])
def test_it_wants_a_reason_and_who_was_told(resident, clerk, now, missing):
    with pytest.raises(emergencies.WordsMissing) as refused:
        opened(resident, clerk, now, **{missing: "  "})
    assert refused.value.field == missing
    assert not LookUp.objects.exists()


def test_strangers_and_who_may_not_look_open_nothing(
    resident, stranger, neighbor, clerk, outsider, chair, auditor, now
):
    for nosy in (outsider, chair, auditor, neighbor.user):
        with pytest.raises(PermissionDenied):
            opened(resident, nosy, now)
    with pytest.raises(PermissionDenied):
        opened(stranger, clerk, now)
    empty = make.home(
        make.resident(resident.neighborhood, at=now, until=today_in(resident.neighborhood, now))
    )
    with pytest.raises(emergencies.NobodyThere):
        opened(empty, clerk, now)
    assert not Emergency.objects.exists()


def test_pressed_twice_it_is_one(resident, clerk, now):
    assert opened(resident, clerk, now) == opened(resident, clerk, now + timedelta(seconds=2))
    assert LookUp.objects.count() == 1


def test_it_does_not_count_among_looks_and_is_not_stopped_by_them(resident, neighbor, clerk, now, settings):
    settings.LOOKS_AN_HOUR = 1
    opened(resident, clerk, now)
    lookups.look_up(resident=neighbor, by=clerk, reason=REASON, capacity="x", at=now)
    opened(neighbor, clerk, now)
    assert lookups.is_open(resident=neighbor, by=clerk, at=now + timedelta(minutes=20))


def test_two_that_wait_and_no_third_under_whichever_account(
    resident, neighbor, clerk, second_clerk, head, here, now
):
    make.one_person(here, clerk, second_clerk, at=now)
    third = make.resident(here, at=now)
    first = opened(resident, clerk, now)
    opened(neighbor, second_clerk, now)
    for by in (clerk, second_clerk):
        with pytest.raises(emergencies.TooManyWait):
            opened(third, by, now)
        with pytest.raises(DatabaseError, match="opens no third"), transaction.atomic():
            Emergency.objects.create(
                neighborhood=here, resident=third, by=by, capacity="x", reason="x", told="x", at=now,
                until=now + timedelta(minutes=30),
            )  # fmt: skip
    reviewed(first, head, now)
    opened(third, clerk, now)


def test_somebody_else_of_an_office_looks_at_it_once(
    resident, clerk, second_clerk, auditor, chair, head, outsider, superuser, now
):
    made = opened(resident, clerk, now)
    for by in (clerk, second_clerk, outsider, superuser, resident.user):
        with pytest.raises(PermissionDenied):
            reviewed(made, by, now)
    with pytest.raises(emergencies.WordsMissing):
        reviewed(made, head, now, words=" ")
    assert list(emergencies.waiting(neighborhood=made.neighborhood)) == [made]
    done = reviewed(made, auditor, now, needed=False)
    assert (done.capacity, done.needed) == ("residents.auditor", False)
    assert not emergencies.waiting(neighborhood=made.neighborhood).exists()
    for by in (chair, head):
        with pytest.raises(emergencies.AlreadyReviewed):
            reviewed(made, by, now)
    assert Entry.objects.filter(kind="emergency.reviewed", subject=resident.pk).count() == 1


def test_nobody_looks_at_their_own_under_another_account_or_at_what_opened_themselves(
    resident, clerk, chair, head, here, now
):
    make.one_person(here, clerk, chair, at=now)
    made = opened(resident, clerk, now)
    with pytest.raises(emergencies.NotByOneself):
        reviewed(made, chair, now)
    Resident.objects.filter(pk=resident.pk).update(user=head)
    with pytest.raises(emergencies.NotByOneself):
        reviewed(made, head, now)
    for by in (clerk, chair, head, User.objects.create(username="nobody")):
        with pytest.raises(DatabaseError, match="somebody else of the staff"), transaction.atomic():
            EmergencyReview.objects.create(
                neighborhood=here, emergency=made, by=by, capacity="x", needed=True, words="x", at=now
            )


def test_a_term_that_ended_this_morning_reviews_nothing(resident, clerk, chair, now):
    made = opened(resident, clerk, now)
    chair.terms.update(ends=today_in(resident.neighborhood, now))
    with pytest.raises(PermissionDenied):
        reviewed(made, chair, now)


def test_raw_rows_open_nothing(resident, child, neighbor, clerk, second_clerk, here, now):
    """As the application's own role, past every function."""
    made = Emergency.objects.create(
        neighborhood=here, resident=child, by=clerk, capacity="x", reason="x", told="x", at=now,
        until=now + timedelta(minutes=10),
    )  # fmt: skip
    row = {
        "neighborhood": here,
        "resident": child,
        "by": clerk,
        "capacity": "x",
        "reason": "x",
        "emergency": made,
    }
    row |= {"at": now, "until": made.until}
    for wrong in (
        {"resident": neighbor},  # about somebody else
        {"resident": resident},  # who lives with them
        {"by": second_clerk},  # by somebody else
        {"until": now + timedelta(minutes=11)},  # for longer
        {"at": now - timedelta(minutes=1)},  # before it was opened
        {"what": "entry", "event": child.pk},  # for something else
    ):
        with pytest.raises(DatabaseError, match="while it lasts"), transaction.atomic():
            LookUp.objects.create(**row | wrong)
    with pytest.raises(DatabaseError, match="another of the staff has approved"), transaction.atomic():
        LookUp.objects.create(**row | {"emergency": None})
    LookUp.objects.create(**row)
    with pytest.raises(DatabaseError, match="lookup_once_in_an_emergency"), transaction.atomic():
        LookUp.objects.create(**row)
    base = {
        "neighborhood": here,
        "resident": resident,
        "by": second_clerk,
        "capacity": "x",
        "reason": "x",
        "told": "x",
    }
    base |= {"at": now, "until": now + timedelta(minutes=30)}
    for wrong, why in (
        ({"until": now + timedelta(minutes=31)}, "emergency_is_short"),
        ({"unit": make.home(resident)}, "emergency_of_one"),
        ({"resident": None}, "emergency_of_one"),
        ({"told": ""}, "emergency_says_why_and_who_was_told"),
        ({"by": neighbor.user}, "one of the staff"),
    ):
        with pytest.raises(DatabaseError, match=why), transaction.atomic():
            Emergency.objects.create(**base | wrong)


def test_none_is_of_another_neighborhood_or_of_a_practice(
    here, elsewhere, stranger, resident, clerk, head, now
):
    row = {
        "by": clerk,
        "capacity": "x",
        "reason": "x",
        "told": "x",
        "at": now,
        "until": now + timedelta(minutes=9),
    }
    with pytest.raises(DatabaseError, match="another neighborhood"), transaction.atomic():
        Emergency.objects.create(neighborhood=here, resident=stranger, **row)
    place = Neighborhood.objects.create(name="练习小区", practice=True)
    with pytest.raises(DatabaseError, match="nobody is real"), transaction.atomic():
        Emergency.objects.create(neighborhood=place, resident=resident, **row)
    made = opened(resident, clerk, now)
    with pytest.raises(DatabaseError, match="another neighborhood"), transaction.atomic():
        EmergencyReview.objects.create(
            neighborhood=elsewhere, emergency=made, by=head, capacity="x", needed=True, words="x"
        )


def test_nobody_unwrites_one(resident, clerk, head, now):
    made = opened(resident, clerk, now)
    done = reviewed(made, head, now)
    for act in (
        lambda: Emergency.objects.filter(pk=made.pk).update(reason="y"),
        lambda: EmergencyReview.objects.filter(pk=done.pk).update(needed=False),
        lambda: EmergencyReview.objects.filter(pk=done.pk).delete(),
        lambda: LookUp.objects.filter(emergency=made).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_of_two_at_once_with_one_that_waits_one_passes(committed):
    now = timezone.now()
    here = Neighborhood.objects.create(name="柳岸小区")
    clerk = staff(here, username="clerk", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
    people = [make.resident(here, at=now) for _each in range(3)]
    opened(people[0], clerk, now)
    together, done = threading.Barrier(2), []

    def tries(who: Resident) -> None:
        try:
            together.wait(10)
            opened(who, clerk, timezone.now())
            done.append("open")
        except emergencies.TooManyWait:
            done.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=tries, args=[who]) for who in people[1:]]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert sorted(done) == ["open", "refused"]
    assert Emergency.objects.count() == 2
