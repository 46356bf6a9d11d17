"""What a reader says of itself: strict, bounded, once a minute, and of nobody."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from access import states
from access.models import DeviceState
from tests import make

pytestmark = pytest.mark.django_db
STATE = {"waiting": 3, "power": "mains", "agent": "0.1.0", "clock_off": -4}


def say(reader, **state):
    boot = str(uuid.uuid4())
    return reader.ask("POST", "events", body={"boot": boot, "events": [], "state": {**STATE, **state}})


def test_it_is_kept_as_the_reader_said_it(reader):
    response = say(reader)
    assert response.status_code == 200
    assert make.is_signed(response)
    kept = DeviceState.objects.get()
    assert (kept.device, kept.neighborhood) == (reader.device, reader.device.neighborhood)
    assert (kept.waiting, kept.power, kept.agent, kept.clock_off) == (3, "mains", "0.1.0", -4)


def test_it_is_written_once_a_minute_at_most(reader, now):
    said = states.Said(**STATE)
    assert states.note(device=reader.device, said=said, at=now)
    with CaptureQueriesContext(connection) as seen:
        assert not states.note(device=reader.device, said=said, at=now + timedelta(seconds=59))
    assert not DeviceState.objects.exclude(told_at=now).exists()
    assert len(seen) <= 2
    assert states.note(device=reader.device, said=said, at=now + timedelta(seconds=60))


def test_a_reader_that_says_it_with_every_breath_is_answered_all_the_same(reader):
    assert say(reader).status_code == 200
    assert say(reader, power="battery").status_code == 200
    assert DeviceState.objects.get().power == "mains"


@pytest.mark.parametrize(
    "bent",
    [
        {"waiting": -1},
        {"waiting": "3"},
        {"waiting": True},
        {"waiting": 10**7 + 1},
        {"power": "solar"},
        {"power": ""},
        {"agent": "柳一"},
        {"agent": "13800001234"},
        {"agent": "1.0; DROP TABLE access_device"},
        {"agent": "1" * 21},
        {"clock_off": 10**9},
        {"name": "柳一"},
    ],
)
@pytest.mark.obligation("27")
def test_what_was_not_asked_for_is_refused_and_nothing_is_kept(reader, bent):
    assert say(reader, **bent).status_code == 400
    assert not DeviceState.objects.exists()


def test_without_it_events_come_in_as_before(reader):
    assert reader.events(boot=str(uuid.uuid4())).status_code == 200
    assert not DeviceState.objects.exists()


@pytest.mark.parametrize(
    "bent", [{"power": "solar"}, {"agent": "13800001234"}, {"waiting": 10**7 + 1}, {"clock_off": 10**9}]
)
def test_the_database_takes_nothing_else_either(reader, now, bent):
    row = {**STATE, **bent, "device": reader.device, "neighborhood": reader.device.neighborhood}
    with pytest.raises(IntegrityError), transaction.atomic():
        DeviceState.objects.create(**row, told_at=now)


def test_the_database_refuses_a_second_word_within_the_minute(reader, now):
    states.note(device=reader.device, said=states.Said(**STATE), at=now)
    for later in (timedelta(seconds=59), timedelta(seconds=-1)):
        with pytest.raises(DatabaseError, match="once a minute") as refused, transaction.atomic():
            DeviceState.objects.update(told_at=now + later)
        assert refused.value.__cause__.sqlstate == "LM180"


def test_a_reader_speaks_for_itself_and_for_no_other_neighborhood(reader, now):
    elsewhere = make.neighborhood()
    with pytest.raises(DatabaseError, match="another neighborhood"), transaction.atomic():
        DeviceState.objects.create(device=reader.device, neighborhood=elsewhere, **STATE, told_at=now)
