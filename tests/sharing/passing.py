"""What only time does: the owner of the tables is the only one who could move what the database's clock wrote."""

from __future__ import annotations

from uuid import UUID

import psycopg
from django.db import connection, connections

from portal import roles
from sharing.models import Order, Request

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
    _asked_of_the_owner("test_question_is_over", PASS, request.pk)
    request.refresh_from_db()
    return request


COME = """
CREATE OR REPLACE FUNCTION test_its_day_comes("order" uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    days interval := (SELECT tell_on - clock_timestamp() + interval '1 minute' FROM sharing_order WHERE id = $1);
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE sharing_order DISABLE TRIGGER sharing_order_as_drafted;
    UPDATE sharing_order SET drafted_at = drafted_at - days, tell_on = tell_on - days WHERE id = $1;
    ALTER TABLE sharing_order ENABLE ALWAYS TRIGGER sharing_order_as_drafted;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
GRANT EXECUTE ON FUNCTION test_its_day_comes(uuid) TO linmen_app;
"""


def its_day_comes(order: Order) -> Order:
    """Since a minute ago these people are to be told."""
    _asked_of_the_owner("test_its_day_comes", COME, order.pk)
    order.refresh_from_db()
    return order


def _asked_of_the_owner(name: str, written: str, about: UUID) -> None:
    there = connections["default"].settings_dict
    with psycopg.connect(
        host=there["HOST"], port=there["PORT"], dbname=there["NAME"], user=roles.OWNER, autocommit=True
    ) as owner:
        if owner.execute("SELECT to_regprocedure(%s)", [f"{name}(uuid)"]).fetchone() == (None,):
            owner.execute(written)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name}(%s)", [about])
