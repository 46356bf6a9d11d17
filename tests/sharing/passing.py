"""What only time does: the owner of the tables is the only one who could move what the database's clock wrote."""

from __future__ import annotations

import psycopg
from django.db import connection, connections

from portal import roles
from sharing.models import Request

PASS = """
CREATE OR REPLACE FUNCTION test_question_is_over(request uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    days interval := (SELECT deadline - clock_timestamp() + interval '1 minute' FROM sharing_request WHERE id = $1);
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE sharing_request DISABLE TRIGGER sharing_request_forward_only;
    ALTER TABLE sharing_answer DISABLE TRIGGER sharing_answer_append_only;
    UPDATE sharing_request SET opened_at = opened_at - days, deadline = deadline - days WHERE id = $1;
    UPDATE sharing_answer SET at = at - days WHERE request_id = $1;
    ALTER TABLE sharing_answer ENABLE ALWAYS TRIGGER sharing_answer_append_only;
    ALTER TABLE sharing_request ENABLE ALWAYS TRIGGER sharing_request_forward_only;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_question_is_over(uuid) TO linmen_app;
"""


def its_time_passes(request: Request) -> Request:
    """The deadline was a minute ago, and all that was said, was said before it."""
    there = connections["default"].settings_dict
    with psycopg.connect(
        host=there["HOST"], port=there["PORT"], dbname=there["NAME"], user=roles.OWNER, autocommit=True
    ) as owner:
        named = "SELECT to_regprocedure('test_question_is_over(uuid)')"
        if owner.execute(named).fetchone() == (None,):
            owner.execute(PASS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT test_question_is_over(%s)", [request.pk])
    request.refresh_from_db()
    return request
