"""What was said goes in its time, or with whoever said it, and not before; that something was asked stays."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from committees import said, service
from committees.models import ServicePhoto, ServiceRequest, ServiceStep, ServiceWords
from committees.service import ServiceRefused
from portal import erasure
from residents.models import ErasureOrder, ErasurePlace, Unit
from tests import make
from tests.committees.service import asked, days_pass, done, fresh, picture
from vault import keys

pytestmark = pytest.mark.django_db
RULE = "committees.service_words"
ITS_TIME = timedelta(days=180)


@pytest.fixture
def over(resident, clerk, now) -> ServiceRequest:
    made = asked(resident, at=now, pictures=[picture()], unit=Unit.objects.get(number="101"))
    return done(made, clerk, at=now)


def left(request: ServiceRequest) -> tuple[int, int]:
    of_it = {"step__request": request}
    return ServiceWords.objects.filter(**of_it).count(), ServicePhoto.objects.filter(**of_it).count()


@pytest.mark.obligation("20", "9")
def test_half_a_year_after_it_was_done_words_pictures_and_dwelling_go(over):
    assert make.swept(RULE, at=timezone.now()) == 0
    old = days_pass(over, ITS_TIME)
    assert make.swept(RULE, at=timezone.now()) == 1
    gone = fresh(old)
    assert (left(gone), gone.unit_id, gone.forgotten_at is not None) == ((0, 0), None, True)
    assert keys.state(gone.key) == keys.State.DESTROYED
    assert [each.status for each in gone.steps.all()] == ["received", "done"]
    assert make.swept(RULE, at=timezone.now()) == 0


def test_what_is_open_stays(resident, clerk, now):
    made = days_pass(asked(resident, at=now), timedelta(days=900))
    assert make.swept(RULE, at=timezone.now()) == 0
    assert left(made) == (1, 0)


def test_nobody_forgets_it_before_its_time_and_nothing_comes_back(over, resident, clerk, now):
    young = days_pass(over, ITS_TIME - timedelta(days=2))
    row = ServiceRequest.objects.filter(pk=young.pk)
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        row.update(forgotten_at=now, unit=None)
    assert error.value.__cause__.sqlstate == "LM094"
    for table in ("committees_servicewords", "committees_servicephoto"):
        with pytest.raises(DatabaseError) as error, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")
        assert error.value.__cause__.sqlstate == "LM094"
    days_pass(young, timedelta(days=2))
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        row.update(forgotten_at=now)  # and the dwelling stays
    assert error.value.__cause__.sqlstate == "LM094"
    make.swept(RULE, at=timezone.now())
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        row.update(forgotten_at=None)
    assert error.value.__cause__.sqlstate == "LM090"
    with pytest.raises(ServiceRefused, match="forgotten"):
        service.reopen(request=young, words="x", token=uuid4(), by=resident.user, at=timezone.now())
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        ServiceStep.objects.create(
            neighborhood=young.neighborhood, request=young, number=3, status="reopened", by=resident.user,
            capacity="resident", token=uuid4(), at=now,
        )  # fmt: skip
    assert error.value.__cause__.sqlstate == "LM091"


@pytest.mark.obligation("9", "F23")
def test_erasing_a_person_takes_along_what_they_said(committed, over, resident, neighbor, clerk, now):
    still_open = asked(resident, at=now)
    another = asked(neighbor, at=now)
    with pytest.raises(DatabaseError, match="words are kept"):
        said.forget(ServiceRequest.objects.filter(resident=resident), at=now)
    make.tombstone(resident, at=timezone.now())
    for each in (over, still_open):
        gone = fresh(each)
        assert (left(gone), gone.unit_id, gone.is_open) == ((0, 0), None, False)
    assert (still_open.steps.last().capacity, still_open.steps.last().by) == ("system", None)
    assert left(another) == (1, 0)
    order = ErasureOrder.objects.get(resident=resident, purpose="person")
    targets = set(order.places.values_list("kind", "target"))
    for each in (over, still_open):
        assert {("rows", each.pk), ("key", each.key)} <= targets
    assert erasure.run(order=order.pk, at=timezone.now() + timedelta(minutes=1))
    assert not ErasurePlace.objects.open().filter(order=order).exists()
    assert keys.state(over.key) == keys.state(still_open.key) == keys.State.DESTROYED
    evidence = order.places.get(kind="pages").evidence
    assert {table: evidence[table] for table in said.TABLES} == dict.fromkeys(said.TABLES, True)
    assert keys.state(another.key) == keys.State.LIVE


def test_a_row_that_is_left_keeps_the_order_open(over):
    place = ErasurePlace(kind="rows", target=over.pk)
    assert erasure.rows(place) is None
