"""Time passes over what somebody did, by days that nobody but the owner of the tables could move."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection, connections

from portal import roles
from residents.models import MinorsAudit, Resident, User

LEFT = """
CREATE OR REPLACE FUNCTION test_left_at(who uuid, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE residents_resident DISABLE TRIGGER residents_resident_leaves_now;
    UPDATE residents_resident SET left_at = $2,
        left_because = CASE left_because WHEN '' THEN 'moved_out' ELSE left_because END WHERE id = $1;
    ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER residents_resident_leaves_now;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_left_at(uuid, timestamptz) TO linmen_app;
"""
ERASED = """
CREATE OR REPLACE FUNCTION test_erased_at(who uuid, at timestamptz, decided timestamptz, alone uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE residents_resident DISABLE TRIGGER residents_resident_leaves_now;
    ALTER TABLE residents_resident DISABLE TRIGGER residents_resident_stays_erased;
    UPDATE residents_resident SET left_at = $2, erased_at = $2 WHERE id = $1;
    ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER residents_resident_stays_erased;
    ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER residents_resident_leaves_now;
    ALTER TABLE consent_decision DISABLE TRIGGER consent_decision_append_only;
    UPDATE consent_decision SET at = $3 WHERE resident_id = $1 AND ($4 IS NULL OR id = $4);
    ALTER TABLE consent_decision ENABLE ALWAYS TRIGGER consent_decision_append_only;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_erased_at(uuid, timestamptz, timestamptz, uuid) TO linmen_app;
"""
GIVEN = """
CREATE OR REPLACE FUNCTION test_given_at(who uuid, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE residents_resident DISABLE TRIGGER residents_resident_leaves_now;
    ALTER TABLE residents_resident DISABLE TRIGGER residents_resident_stays_erased;
    UPDATE residents_resident SET left_at = $2, erased_at = $2 WHERE id = $1;
    ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER residents_resident_stays_erased;
    ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER residents_resident_leaves_now;
    ALTER TABLE sharing_answer DISABLE TRIGGER sharing_answer_append_only;
    UPDATE sharing_answer SET at = $2 WHERE resident_id = $1;
    ALTER TABLE sharing_answer ENABLE ALWAYS TRIGGER sharing_answer_append_only;
    ALTER TABLE sharing_copy DISABLE TRIGGER sharing_copy_forward_only;
    UPDATE sharing_copy SET settled_at = $2 WHERE id IN (SELECT copy_id FROM sharing_disclosedrow WHERE resident_id = $1);
    ALTER TABLE sharing_copy ENABLE ALWAYS TRIGGER sharing_copy_forward_only;
    ALTER TABLE sharing_order DISABLE TRIGGER sharing_order_as_drafted;
    UPDATE sharing_order SET drafted_at = $2 WHERE id IN (SELECT order_id FROM sharing_orderperson WHERE resident_id = $1);
    ALTER TABLE sharing_order ENABLE ALWAYS TRIGGER sharing_order_as_drafted;
    ALTER TABLE sharing_leakperson DISABLE TRIGGER sharing_leakperson_append_only;
    UPDATE sharing_leakperson SET at = $2 WHERE resident_id = $1;
    ALTER TABLE sharing_leakperson ENABLE ALWAYS TRIGGER sharing_leakperson_append_only;
    ALTER TABLE sharing_leaktold DISABLE TRIGGER sharing_leaktold_append_only;
    UPDATE sharing_leaktold SET at = $2 WHERE about_id = $1 OR reader_id = $1;
    ALTER TABLE sharing_leaktold ENABLE ALWAYS TRIGGER sharing_leaktold_append_only;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_given_at(uuid, timestamptz) TO linmen_app;
"""
AUDITED = """
CREATE OR REPLACE FUNCTION test_audited_at(audit uuid, who uuid, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE residents_minorsaudit DISABLE TRIGGER residents_minorsaudit_goes_forward;
    ALTER TABLE residents_minorsaudit DISABLE TRIGGER committees_minorsaudit_by_an_auditor;
    UPDATE residents_minorsaudit SET closed_at = $3, closed_by_id = $2, capacity = 'x', findings = 'x' WHERE id = $1;
    ALTER TABLE residents_minorsaudit ENABLE ALWAYS TRIGGER committees_minorsaudit_by_an_auditor;
    ALTER TABLE residents_minorsaudit ENABLE ALWAYS TRIGGER residents_minorsaudit_goes_forward;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_audited_at(uuid, uuid, timestamptz) TO linmen_app;
"""

BORN = """
CREATE OR REPLACE FUNCTION test_born_on(who uuid, day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE residents_resident DISABLE TRIGGER residents_resident_lawful;
    UPDATE residents_resident SET born = $2 WHERE id = $1;
    ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER residents_resident_lawful;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_born_on(uuid, date) TO linmen_app;
"""


def left_at(who: Resident, at: datetime) -> None:
    """They have left, and it was this long ago."""
    _run("test_left_at(uuid, timestamptz)", LEFT, [who.pk, at])
    who.left_at = at


def erased_at(who: Resident, at: datetime, *, decided: datetime, alone: UUID | None = None) -> None:
    """They are a tombstone since then; and everything that they decided, or this alone, was decided then."""
    _run("test_erased_at(uuid, timestamptz, timestamptz, uuid)", ERASED, [who.pk, at, decided, alone])


def given_at(who: Resident, at: datetime) -> None:
    """They are a tombstone since then; and what they answered, what was given of theirs and what they were told is as old."""
    _run("test_given_at(uuid, timestamptz)", GIVEN, [who.pk, at])


def audited_at(audit: MinorsAudit, by: User, at: datetime) -> None:
    """A yearly audit was closed by them, this long ago."""
    _run("test_audited_at(uuid, uuid, timestamptz)", AUDITED, [audit.pk, by.pk, at])


def born_on(who: Resident, day: date) -> None:
    """Also where they are of age by now, and the day has not been forgotten yet."""
    _run("test_born_on(uuid, date)", BORN, [who.pk, day])
    who.born = day


def _run(signature: str, function: str, values: list[Any]) -> None:
    there = connections["default"].settings_dict
    with psycopg.connect(
        host=there["HOST"], port=there["PORT"], dbname=there["NAME"], user=roles.OWNER, autocommit=True
    ) as owner:
        if owner.execute("SELECT to_regprocedure(%s)", [signature]).fetchone() == (None,):
            owner.execute(function)
    with connection.cursor() as cursor:
        name = signature.partition("(")[0]
        cursor.execute(f"SELECT {name}({', '.join(['%s'] * len(values))})", values)
