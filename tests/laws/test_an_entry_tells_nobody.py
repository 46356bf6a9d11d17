"""An entry leaves a row of codes and nothing else: no photo, no name, and nothing goes out (F3, F6)."""

from __future__ import annotations

import inspect
import socket
import uuid
from typing import Any

import psycopg
import pytest
from celery import Celery
from django.apps import apps
from django.core import mail
from django.core.cache import cache
from django.db import connection

from access import events
from access.models import Device, EntryEvent
from portal.celery import app as celery
from tests import make
from tests.laws.conftest import Execute

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(db, now) -> make.Reader:
    gate = make.gate(make.neighborhood(), at=now)
    return make.device(gate, at=now)


@pytest.fixture
def card(reader, now):
    who = make.resident(reader.device.neighborhood, at=now)
    make.rule(reader.device.gate, who, at=now)
    return make.card(who, at=now)


def entry(card, now, **also) -> dict[str, Any]:
    return {
        "sequence": 1, "at": now.isoformat(), "kind": "card", "credential": str(card.pk), "outcome": "opened",
        "reason": "allowed", **also,
    }  # fmt: skip


# Column -> what may be in it. Whoever adds one argues for it here, before a reader of every gate in the country.
COLUMNS = {
    "id": "uuid",
    "neighborhood_id": "uuid",
    "gate_id": "uuid",
    "device_id": "uuid",
    "boot": "uuid",
    "sequence": "bigint",
    "kind": "character varying",
    "credential": "uuid",
    "outcome": "character varying",
    "reason": "character varying",
    "device_time": "timestamp with time zone",
    "received_at": "timestamp with time zone",
}


@pytest.mark.obligation("F3")
def test_there_is_no_column_for_a_photo_a_name_a_phone_or_an_identity_number(execute: Execute):
    found = execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'access_entryevent'"
    )
    assert dict(found) == COLUMNS


@pytest.mark.obligation("F3")
def test_it_does_not_lead_to_a_person_by_itself():
    """Its credential is an opaque number without a foreign key; nothing else here is somebody's."""
    to = {
        field.name: field.related_model._meta.label for field in EntryEvent._meta.fields if field.is_relation
    }
    assert to == {"neighborhood": "residents.Neighborhood", "gate": "access.Gate", "device": "access.Device"}
    pointing = [
        model._meta.label
        for model in apps.get_models()
        for field in model._meta.fields
        if field.related_model is EntryEvent
    ]
    assert pointing == [], "nor does a row beside it"


@pytest.mark.obligation("F3")
@pytest.mark.parametrize("column", ["kind", "outcome", "reason"])
@pytest.mark.parametrize(
    "words", ["柳一", "0571 8800 0101", "057188000101", "330106199001011234", "Liu Yi", "a\nb", "LIU"]
)
def test_the_database_takes_codes_and_no_words(reader, card, now, execute: Execute, column, words):
    reader.events(entry(card, now), boot=str(uuid.uuid4()))
    with pytest.raises(psycopg.errors.CheckViolation):
        execute(f"UPDATE access_entryevent SET {column} = %s", [words])


def everything() -> dict[str, list[dict[str, Any]]]:
    return {
        model._meta.label: list(model._default_manager.using(alias).order_by("pk").values())
        for model in apps.get_models()
        if model._meta.managed and not model._meta.proxy
        for alias in ["vault" if model._meta.app_label == "vault" else "default"]
    }


@pytest.mark.obligation("F6")
@pytest.mark.parametrize(("outcome", "reason"), [("opened", "allowed"), ("refused", "unknown_card")])
def test_an_entry_is_one_row_and_sets_nothing_off(reader, card, now, monkeypatch, outcome, reason):
    """No message, no task, no letter, no call to anywhere: whoever advertises to those who come home has to change this."""
    sent: list[str] = []
    monkeypatch.setattr(Celery, "send_task", lambda self, name, *a, **k: sent.append(name))
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda self, *a, **k: sent.append(self.name))
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: sent.append(task.name))
    connect = socket.socket.connect

    def dialled(self: socket.socket, address: object) -> object:
        if self.family != socket.AF_UNIX:
            sent.append(f"a call to {address}")
        return connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", dialled)
    before = everything()
    assert (
        reader.events(entry(card, now, outcome=outcome, reason=reason), boot=str(uuid.uuid4())).json()[
            "accepted"
        ]
        == 1
    )
    after = everything()
    assert sent == []
    assert mail.outbox == []
    changed = {label for label in after if after[label] != before[label]}
    assert changed == {"access.EntryEvent", "access.Device"}
    assert len(after["access.EntryEvent"]) == len(before["access.EntryEvent"]) + 1
    # Of the device, how far its clock is off.
    kept = [{**row, "clock_skew": None, "last_poll_at": None} for row in before["access.Device"]]
    assert [{**row, "clock_skew": None, "last_poll_at": None} for row in after["access.Device"]] == kept
    assert celery.conf.result_backend is None
    assert Device.objects.get().clock_skew is not None
    assert cache.get("entry") is None


@pytest.mark.obligation("F6")
def test_the_database_sets_nothing_off_either(execute: Execute):
    """The only trigger keeps it within its neighborhood; the others are foreign keys. Nobody listens, nothing copies it."""
    own = execute(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = 'access_entryevent'::regclass AND NOT tgisinternal"
    )
    assert own == [("access_entryevent_same_neighborhood",)]
    (source,) = execute("SELECT prosrc FROM pg_proc WHERE proname = 'linmen_same_neighborhood'")[0]
    assert "notify" not in source.lower()
    assert "insert" not in source.lower().replace("tg_op = 'insert'", "")
    assert execute("SELECT count(*) FROM pg_publication") == [(0,)]
    with connection.cursor() as cursor:
        assert "access_entryevent" in connection.introspection.table_names(cursor)


@pytest.mark.obligation("F6")
def test_taking_an_event_calls_no_effect():
    assert "effects" not in inspect.getsource(events)
