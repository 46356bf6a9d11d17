"""The database, asked in raw SQL: a gate in service opens by card, whatever else it takes (law 1)."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from django.db import connection, transaction

from access.models import Gate
from tests.laws.conftest import WAYS_ROUND, Execute, refusal

pytestmark = [pytest.mark.django_db, pytest.mark.obligation("A1", "1", "2")]

REFUSED = psycopg.errors.CheckViolation
COLUMNS = (
    "id, neighborhood_id, name, name_en, in_service, by_card, by_pin, by_qr, by_face, by_fingerprint, feed_floor, place,"
    " high_risk, second_factor"
)
INSERT = (
    f"INSERT INTO access_gate ({COLUMNS}) VALUES"
    " (gen_random_uuid(), %(here)s, '北门', '', %(in_service)s, %(card)s, %(pin)s, %(qr)s, %(face)s, true, 0, 'main_gate',"
    " false, false)"
)


@pytest.fixture
def gate(here):
    return Gate.objects.create(neighborhood=here, name="南门", in_service=True, by_card=True, by_face=True)


@pytest.mark.parametrize("pin", [True, False])  # not everybody has chosen one
@pytest.mark.parametrize("qr", [True, False])
@pytest.mark.parametrize("face", [True, False])
def test_none_can_be_made(here, execute: Execute, pin, qr, face):
    values = {"here": here.pk, "in_service": True, "card": False, "pin": pin, "qr": qr, "face": face}
    with pytest.raises(REFUSED):
        execute(INSERT, values)
    execute(INSERT, {**values, "card": True})


@pytest.mark.parametrize(
    "steps",
    [
        ["UPDATE access_gate SET by_card = false"],
        ["UPDATE access_gate SET by_card = false, by_pin = true"],
        [
            # One that has not served yet: what has, changes no method out of service either.
            (
                "INSERT INTO access_gate SELECT (jsonb_populate_record(g, jsonb_build_object("
                "'id', gen_random_uuid(), 'name', '西门', 'in_service', false))).* FROM access_gate g"
            ),
            "UPDATE access_gate SET by_card = false WHERE name = '西门'",
            "UPDATE access_gate SET in_service = true WHERE name = '西门'",
        ],
        ["UPDATE access_gate SET by_card = NULL"],
        ["UPDATE access_gate SET in_service = NULL, by_card = false"],
    ],
    ids=["at once", "by way of a PIN", "by way of out of service", "unknown", "neither in nor out"],
)
def test_none_can_be_got_to_step_by_step(gate, execute: Execute, steps):
    for step in steps[:-1]:
        execute(step)
    with pytest.raises(psycopg.errors.IntegrityError):
        execute(steps[-1])


def test_none_can_be_copied_in(here, execute: Execute):
    with pytest.raises(REFUSED), transaction.atomic(), connection.connection.cursor() as cursor:
        with cursor.copy(f"COPY access_gate ({COLUMNS}) FROM STDIN") as copy:
            copy.write_row(
                (
                    uuid.uuid4(),
                    here.pk,
                    "北门",
                    "",
                    True,
                    False,
                    False,
                    True,
                    True,
                    True,
                    0,
                    "main_gate",
                    False,
                    False,
                )
            )


def test_none_can_be_merged_in(gate, execute: Execute):
    with pytest.raises(REFUSED):
        execute(
            "MERGE INTO access_gate g USING (SELECT 1) s ON true WHEN MATCHED THEN UPDATE SET by_card = false"
        )


@pytest.mark.parametrize("way", WAYS_ROUND)
def test_no_setting_of_a_session_helps(gate, execute: Execute, way):
    dropping = "ALTER TABLE access_gate DROP CONSTRAINT gate_is_never_biometric_only"
    assert refusal(execute, way, "access_gate", dropping)
    assert refusal(execute, way, "access_gate", "UPDATE public.access_gate SET by_card = false")
    assert execute("SELECT by_card FROM public.access_gate") == [(True,)]
