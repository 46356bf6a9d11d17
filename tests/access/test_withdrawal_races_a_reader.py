"""A withdrawal against a receipt, and against a revocation, arriving in its very middle: no place is left waiting for
somebody who has answered or never will (law 12)."""

import threading

import pytest
from django.db import connections, transaction

from access import devices, feed, retention, templates
from access.models import FeedRow, SealedCopy
from residents.models import ErasurePlace
from tests import make
from tests.access.test_feed_under_writers import stop

pytestmark = pytest.mark.django_db
State = ErasurePlace.State


@pytest.fixture
def place(committed, now):
    return make.neighborhood()


@pytest.fixture
def door(place, now):
    return make.gate(place, at=now)


@pytest.fixture
def who(place, door, now):
    found = make.resident(place, at=now)
    make.rule(door, found, at=now)
    return found


@pytest.fixture
def in_the_middle(monkeypatch):
    """Starts `act` in another session once the withdrawal has read the copies, and gives it time to get ahead."""
    started = []

    def arrange(act):
        def run():
            try:
                act()
            finally:
                connections.close_all()

        def meanwhile(standing):
            started.append(threading.Thread(target=run))
            started[-1].start()
            started[-1].join(0.5)
            return before(standing)

        before = retention._enrolments
        monkeypatch.setattr(retention, "_enrolments", meanwhile)
        return lambda: [thread.join() for thread in started]

    return arrange


def device_places():
    return list(ErasurePlace.objects.filter(kind=ErasurePlace.Kind.DEVICE).values_list("state", flat=True))


@pytest.mark.obligation("9", "F15")
def test_a_receipt_for_an_earlier_tombstone_is_not_lost(place, door, who, now, in_the_middle):
    face = make.face(who, at=now)
    reader = make.device(door)
    reader.feed(reader.feed().json()["cursor"])
    with transaction.atomic():
        templates.retire(credential=face, at=now)
        feed.refresh(credentials=[face], at=now)
    version = FeedRow.objects.get(credential=face).version
    answers = []
    done = in_the_middle(lambda: answers.append(reader.receipts(make.receipt(face, version, at=now))))
    stop(who, now)
    done()
    if answers[0].json()["accepted"] != [
        str(face.pk)
    ]:  # it came before the tombstone's new version: told again
        version = FeedRow.objects.get(credential=face).version
        reader.receipts(make.receipt(face, version, at=now))
    assert device_places() == [State.GONE]
    assert not SealedCopy.objects.exists()


@pytest.mark.obligation("F15")
def test_a_reader_revoked_meanwhile_is_shown_as_lost(place, door, who, now, in_the_middle):
    make.face(who, at=now)
    reader = make.device(door)
    reader.feed()
    done = in_the_middle(lambda: devices.revoke(device=reader.device, at=now))
    stop(who, now)
    done()
    assert device_places() == [State.LOST]
