"""What happened at the door: late, twice, out of order, by a wrong clock; each is kept once and none is lost."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from access.events import Seen, take
from access.models import Device, EntryEvent
from tests import make
from tests.access.api.test_signing_in import problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def boot() -> str:
    return str(uuid.uuid4())


def event(sequence: int, at: datetime, credential=None, **also) -> dict:
    return {
        "sequence": sequence,
        "at": at.isoformat(),
        "kind": "card",
        "credential": credential and str(credential.pk),
        "outcome": "opened",
        "reason": "allowed",
        **also,
    }


def test_it_keeps_an_event_with_both_clocks(reader, card, boot, now):
    response = reader.events(event(1, now, card), boot=boot)
    assert {"accepted": 1, "duplicates": 0, "unknown": []}.items() <= response.json().items()
    assert make.is_signed(response)
    kept = EntryEvent.objects.get()
    assert (kept.device_time, kept.credential, kept.gate) == (now, card.pk, reader.device.gate)
    assert kept.received_at >= now
    assert (kept.kind, kept.outcome, kept.reason) == ("card", "opened", "allowed")


def test_it_keeps_an_event_once_however_often_it_comes(reader, card, boot, now):
    first = [event(number, now, card) for number in (1, 2, 2)]
    assert reader.events(*first, boot=boot).json()["duplicates"] == 1
    again = reader.events(*first, event(3, now, card), boot=boot).json()
    assert (again["accepted"], again["duplicates"]) == (1, 3)
    assert EntryEvent.objects.count() == 3
    assert reader.events(event(1, now), boot=str(uuid.uuid4())).json()["accepted"] == 1


def test_the_first_account_of_an_event_stands(reader, card, boot, now):
    reader.events(event(1, now, card), boot=boot)
    reader.events(event(1, now, card, outcome="refused", reason="outside_hours"), boot=boot)
    assert EntryEvent.objects.get().outcome == "opened"


def test_two_devices_count_for_themselves(reader, door, card, boot, now):
    reader.events(event(1, now, card), boot=boot)
    assert make.device(door).events(event(1, now, card), boot=boot).json()["accepted"] == 1


def test_it_takes_them_in_any_order(reader, boot, now):
    numbers = [9, 2, 7, 1]
    reader.events(*(event(number, now) for number in numbers), boot=boot)
    assert set(EntryEvent.objects.values_list("sequence", flat=True)) == set(numbers)


@pytest.mark.parametrize("years", [-1, 1])
def test_a_clock_that_is_a_year_off_is_believed_and_noted(reader, card, boot, now, years):
    by_the_door = now + timedelta(days=365 * years)
    assert reader.events(event(1, by_the_door, card), boot=boot).json()["accepted"] == 1
    kept = EntryEvent.objects.get()
    assert kept.device_time == by_the_door
    assert abs(kept.received_at - now) < timedelta(minutes=1)
    skew = Device.objects.get(pk=reader.device.pk).clock_skew
    assert abs(skew - timedelta(days=365 * years)) < timedelta(minutes=1)


@pytest.mark.parametrize("at", ["1970-01-01T00:00:00+00:00", "2199-12-31T23:59:59+00:00"])
def test_a_clock_that_lost_its_battery_breaks_nothing(reader, boot, at):
    assert reader.events({**event(1, datetime.now(UTC)), "at": at}, boot=boot).json()["accepted"] == 1


def test_an_unknown_credential_is_kept_and_named(reader, card, boot, now, door):
    nobody = uuid.uuid4()
    elsewhere = make.neighborhood()
    stranger = make.resident(elsewhere, at=now)
    theirs = make.card(stranger, at=now)
    answer = reader.events(
        event(1, now, card),
        event(2, now) | {"credential": str(nobody)},
        event(3, now, theirs),
        event(4, now, kind="unknown", outcome="refused", reason="unknown_card"),
        boot=boot,
    ).json()
    assert set(answer["unknown"]) == {str(nobody), str(theirs.pk)}
    assert answer["accepted"] == EntryEvent.objects.count() == 4


def test_an_ended_card_is_no_unknown_one(reader, card, boot, now):
    make.end(card, at=now)
    assert reader.events(event(1, now, card), boot=boot).json()["unknown"] == []


@pytest.mark.obligation("F3")
@pytest.mark.parametrize("field", ["photo", "name", "phone", "id_number", "face", "picture_url", "resident"])
def test_it_refuses_a_photo_a_name_and_whatever_else_was_not_asked_for(reader, card, boot, now, field):
    response = reader.events(event(1, now, card, **{field: "柳一"}), boot=boot)
    assert "柳一" not in problem(response, "malformed", 400)["detail"]
    response = reader.ask("POST", "events", body={"boot": boot, "events": [], field: "柳一"})
    problem(response, "malformed", 400)
    assert not EntryEvent.objects.exists()


@pytest.mark.obligation("F3")
@pytest.mark.parametrize(
    "reason", ["柳一", "0571 8800 0101", "057188000101", "ok\n柳一", "330106199001011234"]
)
def test_a_reason_is_a_code_and_never_words_or_numbers(reader, card, boot, now, reason):
    problem(reader.events(event(1, now, card, reason=reason), boot=boot), "malformed", 400)
    assert not EntryEvent.objects.exists()


@pytest.mark.parametrize("count", [501, 3_000, 10_000])
def test_too_many_at_once_are_refused_with_how_many_may_come(reader, boot, now, count):
    response = reader.events(*(event(number, now) for number in range(count)), boot=boot)
    assert problem(response, "too-many-events", 413)["max_events"] == 500
    assert not EntryEvent.objects.exists()


def test_as_many_as_may_come_come_in_one_go(reader, boot, now, card, django_assert_num_queries):
    events = [event(number, now, card) for number in range(500)]
    with django_assert_num_queries(7):  # device; savepoint, insert, count, skew, known, end
        assert reader.events(*events, boot=boot).json()["accepted"] == 500


GOOD = event(1, datetime(2026, 5, 1, tzinfo=UTC))
BOOT = str(uuid.uuid4())


@pytest.mark.parametrize(
    "bad",
    [
        {"sequence": -1},
        {"sequence": "1"},
        {"sequence": True},
        {"sequence": 2**63},
        {"sequence": None},
        {"at": "yesterday"},
        {"at": "2026-05-01T08:00:00"},  # of which zone?
        {"at": "2026-02-30T08:00:00Z"},
        {"at": 1777600000},
        {"at": "0001-01-01T00:00:00+14:00"},
        {"at": "9999-12-31T23:59:59-12:00"},
        {"kind": "fingerprint"},
        {"kind": ["card"]},
        {"kind": None},
        {"outcome": "ajar"},
        {"outcome": {}},
        {"reason": "x" * 41},
        {"reason": "<script>"},
        {"reason": 7},
        {"credential": "nobody"},
        {"credential": 7},
        {"credential": []},
    ],
)
def test_one_bad_event_and_none_is_written(reader, bad):
    response = reader.events({**GOOD, "sequence": 2}, {**GOOD, **bad}, boot=BOOT)
    said = problem(response, "malformed", 400)
    assert set(said["errors"]["events"]["1"]) == set(bad)
    assert make.is_signed(response)
    assert not EntryEvent.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"boot": BOOT},
        {"events": []},
        {"boot": BOOT, "events": None},
        {"boot": BOOT, "events": {}},
        {"boot": BOOT, "events": "all"},
        {"boot": BOOT, "events": [None]},
        {"boot": BOOT, "events": [[]]},
        {"boot": BOOT, "events": [7]},
        {"boot": 7, "events": []},
        {"boot": None, "events": []},
    ],
)
def test_a_body_of_another_shape_is_refused(reader, body):
    problem(reader.ask("POST", "events", body=body), "malformed", 400)


WHOLE = json.dumps({"boot": BOOT, "events": [GOOD]}).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        WHOLE[:-9],  # cut off
        WHOLE + b"}",
        b"[]",
        b"7",
        b"null",
        b'"text"',
        b"\xff\xfe{}",
        WHOLE.replace(b'"card"', b'"\xff"'),
        WHOLE.replace(b'"card"', b'"\\ud800"'),
        WHOLE.replace(b'"card"', b'"\\u0000"'),
        WHOLE.replace(b'"sequence": 1', b'"sequence": NaN'),
        WHOLE.replace(b'"sequence": 1', b'"sequence": Infinity'),
        WHOLE.replace(b'"sequence": 1', b'"sequence": 1e999'),
        WHOLE.replace(b'"sequence": 1', b'"sequence": 1.0'),
        WHOLE.replace(b'"sequence": 1', b'"sequence": ' + b"9" * 5000),
        WHOLE.replace(b'"sequence": 1', b'"sequence": 1, "sequence": 2'),
        b'{"boot":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"boot":' + b'{"a":' * 20 + b"1" + b"}" * 20 + b"}",
    ],
)
def test_json_that_is_none_or_says_two_things_is_refused(reader, raw):
    response = reader.ask("POST", "events", raw=raw)
    problem(response, "malformed" if raw == b"" else "body-malformed", 400)
    assert make.is_signed(response)
    assert not EntryEvent.objects.exists()
    assert reader.ask("POST", "events", raw=WHOLE).json()["accepted"] == 1


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_it_takes_json_only(reader, kind):
    problem(reader.ask("POST", "events", raw=WHOLE, content_type=kind), "not-json", 415)


def test_it_does_not_read_what_is_too_large(reader):
    problem(reader.ask("POST", "receipts", raw=b" " * 1_100_000), "too-large", 413)


@pytest.mark.obligation("F6")
def test_an_opening_leaves_an_event_and_sets_off_nothing(reader, card, boot, now, monkeypatch):
    """No advertising, no feed to anybody: no message, no mail, no row but the event, whichever way it was."""
    monkeypatch.setattr("residents.effects.call", lambda *_, **__: pytest.fail("an effect"))
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *_, **__: pytest.fail("a job"))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("a connection"))
    models = [
        model for model in apps.get_models() if model._meta.managed and model._meta.app_label != "vault"
    ]
    before = {model: model._base_manager.count() for model in models}
    kinds = ("card", "pin", "qr", "pass", "face")
    with CaptureQueriesContext(connection) as queries:
        taken = take(
            device=reader.device,
            boot=uuid.UUID(boot),
            events=[Seen(n, now, kind, card.pk, "opened", "allowed") for n, kind in enumerate(kinds)],
            at=now,
        )
    assert taken.accepted == len(kinds)
    changed = {model for model in models if model._base_manager.count() != before[model]}
    assert changed == {EntryEvent}
    written = {
        query["sql"].split()[2 if query["sql"].startswith("INSERT") else 1]
        for query in queries
        if query["sql"].startswith(("INSERT", "UPDATE"))
    }
    assert written == {'"access_entryevent"', '"access_device"'}
    assert mail.outbox == []
