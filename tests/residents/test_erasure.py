"""Orders and places: completeness is asked of the places and never set."""

from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from ledger.models import Entry
from residents import erasure
from residents.models import ErasureOrder, ErasurePlace

pytestmark = pytest.mark.django_db
Kind, State = ErasurePlace.Kind, ErasurePlace.State


@pytest.fixture
def device():
    return uuid4()


@pytest.fixture
def order(resident, device, now):
    places = [
        erasure.Place(kind=Kind.KEY, target=uuid4()),
        erasure.Place(kind=Kind.DEVICE, target=uuid4(), device=device, label="南门"),
    ]
    return erasure.open_order(
        resident=resident, purpose="face_at_gate", cause=ErasureOrder.Cause.WITHDRAWN, places=places, at=now
    )


def gone(place, at):
    return erasure.mark_gone(place=place.pk, evidence={"read_back": True}, at=at)


@pytest.mark.obligation("9", "F15")
def test_it_is_complete_only_when_every_place_has_answered(order, now):
    for place in order.places.all():
        assert order not in ErasureOrder.objects.complete()
        assert not ErasureOrder.objects.get(pk=order.pk).is_complete
        assert gone(place, now)
    assert order in ErasureOrder.objects.complete()
    assert ErasureOrder.objects.get(pk=order.pk).is_complete
    assert Entry.objects.filter(kind="erasure.complete", subject=order.resident_id).count() == 1


@pytest.mark.obligation("F15")
def test_it_never_calls_an_order_without_places_complete(resident, now):
    order = erasure.open_order(
        resident=resident, purpose="face_at_gate", cause=ErasureOrder.Cause.WITHDRAWN, places=[], at=now
    )
    assert not order.is_complete
    assert order not in ErasureOrder.objects.complete()


def test_it_counts_an_answer_once(order, now):
    place = order.places.first()
    assert gone(place, now)
    assert not gone(place, now)


@pytest.mark.obligation("F15")
def test_it_shows_a_lost_device_as_lost_and_stays_incomplete(order, device, now):
    gone(order.places.get(kind=Kind.KEY), now)
    assert erasure.mark_lost(device=device, at=now) == 1
    assert order.places.get(device=device).state == State.LOST
    assert not ErasureOrder.objects.get(pk=order.pk).is_complete


def test_it_believes_a_lost_device_that_answers_after_all(order, device, now):
    erasure.mark_lost(device=device, at=now)
    assert gone(order.places.get(device=device), now)


@pytest.mark.obligation("F16")
def test_it_tries_again_later_and_later_for_ever(order, now):
    place = order.places.get(kind=Kind.KEY)
    waits = []
    for _ in range(30):
        place.refresh_from_db()
        erasure.postpone(place=place, at=now)
        waits.append(ErasurePlace.objects.get(pk=place.pk).due_at - now)
    assert waits == sorted(waits)
    assert waits[-1] == erasure.LONGEST_WAIT
    assert erasure.due(at=now + timedelta(hours=1)) == [order.pk]


def test_it_does_not_ask_devices(order, now):
    gone(order.places.get(kind=Kind.KEY), now)
    assert erasure.due(at=now + timedelta(days=9)) == []


@pytest.mark.obligation("F10", "F15")
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE residents_erasureplace SET state = 'waiting' WHERE state = 'gone'",
        "UPDATE residents_erasureplace SET target = gen_random_uuid()",
        "UPDATE residents_erasureplace SET device = NULL, kind = 'key'",
        "DELETE FROM residents_erasureplace",
    ],
)
def test_it_cannot_be_rewritten_by_raw_sql(committed, request, app_sql, sql):
    order, now = request.getfixturevalue("order"), request.getfixturevalue("now")
    gone(order.places.get(kind=Kind.KEY), now)
    with app_sql() as session, pytest.raises(psycopg.errors.Error) as refused:
        session.execute(sql)
    assert refused.value.sqlstate == "LM002"


@pytest.mark.obligation("F15")
def test_nothing_is_called_gone_without_what_was_seen(committed, request, app_sql):
    order = request.getfixturevalue("order")
    ErasureOrder.objects.filter(pk=order.pk).update(journalled_at=order.opened_at)
    with app_sql() as session, pytest.raises(psycopg.errors.CheckViolation, match="gone_with_evidence"):
        session.execute("UPDATE residents_erasureplace SET state = 'gone'")
