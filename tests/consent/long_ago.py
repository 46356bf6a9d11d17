"""Years pass over what somebody decided and over their erasure, whose days nobody but the owner of the tables could move."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import psycopg
from django.db import connection, connections

from portal import roles
from residents.models import Resident

LONG_AGO = """
CREATE OR REPLACE FUNCTION test_long_ago(who uuid, erased timestamptz, decided timestamptz, alone uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE residents_resident DISABLE TRIGGER residents_resident_stays_erased;
    UPDATE residents_resident SET left_at = $2, erased_at = $2 WHERE id = $1;
    ALTER TABLE residents_resident ENABLE ALWAYS TRIGGER residents_resident_stays_erased;
    ALTER TABLE consent_decision DISABLE TRIGGER consent_decision_append_only;
    UPDATE consent_decision SET at = $3 WHERE resident_id = $1 AND ($4 IS NULL OR id = $4);
    ALTER TABLE consent_decision ENABLE ALWAYS TRIGGER consent_decision_append_only;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_long_ago(uuid, timestamptz, timestamptz, uuid) TO linmen_app;
"""


def erased_at_exactly(who: Resident, at: datetime, *, decided: datetime, alone: UUID | None = None) -> None:
    """Of a tombstone; and everything that they decided, or this alone, was decided then."""
    there = connections["default"].settings_dict
    with psycopg.connect(
        host=there["HOST"], port=there["PORT"], dbname=there["NAME"], user=roles.OWNER, autocommit=True
    ) as owner:
        if owner.execute(
            "SELECT to_regprocedure('test_long_ago(uuid, timestamptz, timestamptz, uuid)')"
        ).fetchone() == (None,):
            owner.execute(LONG_AGO)
    with connection.cursor() as cursor:
        cursor.execute("SELECT test_long_ago(%s, %s, %s, %s)", [who.pk, at, decided, alone])
