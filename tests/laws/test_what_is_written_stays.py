"""The database, asked in raw SQL: what was decided, looked at, answered and recorded cannot be unwritten (laws 5 to 9)."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from consent import withdrawal
from consent.models import Purpose
from consent.voices import own
from residents import emergencies
from residents.erasure import mark_gone
from residents.models import Alarm, AlarmRead, LookUp
from tests.enrolling import agree
from tests.laws.conftest import WAYS_ROUND, Execute, refusal
from tests.sharing import giving, leaking

pytestmark = pytest.mark.django_db

# Table -> a column to rewrite.
WRITTEN = {
    "consent_decision": "kind",
    "ledger_entry": "kind",
    "residents_alarm": "kind",
    "residents_alarmread": "by_id",
    "residents_emergency": "reason",
    "residents_emergencyreview": "words",
    "residents_lookup": "reason",
    "sharing_answer": "yes",
    "sharing_disclosedrow": "fields",
    "sharing_leak": "noticed_at",
    "sharing_leakperson": "reason",
    "sharing_leaksource": "kind",
    "sharing_leakstep": "words",
    "sharing_leaktold": "way",
}
# Refused for the rows that stand in them; drafts and open places may still change.
SETTLED = {
    "consent_form": "controller_name",
    "consent_formtext": "title",
    "consent_standing": "expires_at",
    "residents_erasureplace": "target",
}


@pytest.fixture
def written(resident, clerk, chair, forms, now):
    """Something in most of them."""
    agree(resident, forms, at=now)
    order = withdrawal.withdraw(
        resident=resident, purpose=Purpose.TEMPLATE_ON_SERVER, voice=own(resident.user, "en"), at=now,
    )  # fmt: skip
    mark_gone(place=order.places.first().pk, evidence={"rows": 0}, at=now)
    LookUp.objects.create(
        neighborhood=resident.neighborhood, resident=resident, by=clerk, capacity="clerk",
        reason="a parcel", until=now + timedelta(minutes=15),
    )  # fmt: skip
    opened = emergencies.break_glass(
        of=resident, by=clerk, reason="smoke", told="119", capacity="property.clerk", at=now
    )
    emergencies.review(emergency=opened, by=chair, needed=True, words="I asked", at=now)
    AlarmRead.objects.create(neighborhood=resident.neighborhood, alarm=Alarm.objects.get(), by=chair)
    giving.given(resident)
    leaking.told(resident.neighborhood, by=chair)


def rewrites(table: str, column: str) -> list[str]:
    return [
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"MERGE INTO {table} USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
        f"WITH gone AS (DELETE FROM {table} RETURNING 1) SELECT count(*) FROM gone",
        f"DROP TABLE {table}",
        f"ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT NULL",
    ]


def content(execute: Execute, table: str) -> object:
    spelled = f"SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM public.{table} t"
    return execute(spelled)


@pytest.mark.obligation("35", "27", "A6", "F18", "F19")
@pytest.mark.parametrize("way", WAYS_ROUND)
def test_no_row_of_an_append_only_table_changes(written, execute: Execute, way):
    for table, column in WRITTEN.items():
        before = content(execute, table)
        for statement in rewrites(table, column):
            assert refusal(execute, way, table, statement), statement
        assert content(execute, table) == before


@pytest.mark.obligation("35", "F15")
@pytest.mark.parametrize("way", WAYS_ROUND)
def test_no_settled_row_changes(written, execute: Execute, way):
    for table, column in SETTLED.items():
        before = content(execute, table)
        taken = f"UPDATE {table} SET {column} = DEFAULT"
        for statement in [*rewrites(table, column)[2:3], taken, f"DROP TABLE {table}"]:
            assert refusal(execute, way, table, statement), statement
        assert content(execute, table) == before


@pytest.mark.obligation("F15")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE residents_erasureplace SET state = 'waiting' WHERE state = 'gone'",
        "UPDATE residents_erasureplace SET kind = 'key' WHERE kind <> 'key'",
        "UPDATE residents_erasureplace SET order_id = gen_random_uuid()",
        "DELETE FROM residents_erasureplace",
        "DELETE FROM residents_erasureorder; SET CONSTRAINTS ALL IMMEDIATE",
    ],
)
def test_an_erasure_only_goes_forward(written, execute: Execute, statement):
    before = content(execute, "residents_erasureplace")
    with pytest.raises(psycopg.Error):
        execute(statement)
    assert content(execute, "residents_erasureplace") == before


@pytest.mark.obligation("6", "A5")
@pytest.mark.parametrize(
    "values",
    [
        "'given', %(clerk)s, 'self', %(neighborhood)s, %(resident)s",
        "'given', NULL, 'system', %(neighborhood)s, %(resident)s",
        "'given', NULL, 'self', %(neighborhood)s, %(resident)s",
        "'given', %(neighbor)s, 'self', %(neighborhood)s, %(resident)s",
    ],
    ids=["by a clerk", "by the clock", "by nobody", "by a neighbor"],
)
def test_nobody_decides_for_a_resident(resident, neighbor, clerk, forms, execute: Execute, values):
    form = forms[Purpose.FACE_AT_GATE]
    known = {
        "clerk": clerk.pk,
        "neighbor": neighbor.user_id,
        "resident": resident.pk,
        "neighborhood": resident.neighborhood_id,
        "form": form.pk,
        "hash": form.content_hash,
    }
    with pytest.raises(psycopg.Error):
        execute(
            "INSERT INTO consent_decision (id, kind, actor_id, capacity, neighborhood_id, resident_id, form_id,"
            f" purpose, route, language, form_hash) VALUES (gen_random_uuid(), {values}, %(form)s,"
            " 'face_at_gate', 'portal', 'en', %(hash)s)",
            known,
        )


@pytest.mark.obligation("6", "A5")
def test_no_standing_without_a_yes(resident, forms, execute: Execute, now):
    standing = agree(resident, forms, Purpose.FACE_AT_GATE, at=now)[Purpose.FACE_AT_GATE]
    with pytest.raises(psycopg.Error):
        execute(
            "INSERT INTO consent_standing (id, neighborhood_id, resident_id, purpose, decision_id, key, since,"
            " expires_at) SELECT gen_random_uuid(), neighborhood_id, resident_id, 'template_on_server',"
            " decision_id, gen_random_uuid(), since, expires_at FROM consent_standing WHERE id = %s",
            [standing.pk],
        )
