"""Days that pass in the demo between calling a vote and counting it.

The database takes its own clock and nobody's word for when owners were called and when they voted, so nobody who works in the
demo can write a past. Whoever owns the tables sets back what is there, all days of one meeting together: as it would stand had it
been begun earlier. What does it is made for the filling and gone after it, and refuses to be made outside a demo. The ledger is
not touched: it goes on saying when each thing was really written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings
from django.db import connection

from committees.models import Meeting

_PASS = """
CREATE OR REPLACE FUNCTION demo_days_pass(meeting uuid, days integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    law text;
    laws text[] := ARRAY(SELECT format('ALTER TABLE %s %%s TRIGGER %I', t.tgrelid::regclass, t.tgname) FROM pg_trigger t
        WHERE t.tgrelid IN ('public.committees_meeting'::regclass, 'public.committees_turnout'::regclass) AND t.tgenabled = 'A');
BEGIN
    SET CONSTRAINTS ALL IMMEDIATE;
    FOREACH law IN ARRAY laws LOOP
        EXECUTE format(law, 'DISABLE');
    END LOOP;
    UPDATE public.committees_meeting m SET opens_on = m.opens_on - $2, closes_on = m.closes_on - $2,
        drafted_at = m.drafted_at - make_interval(days => $2), noticed_at = m.noticed_at - make_interval(days => $2)
        WHERE m.id = $1;
    UPDATE public.committees_turnout t SET at = t.at - make_interval(days => $2) WHERE t.meeting_id = $1;
    FOREACH law IN ARRAY laws LOOP
        EXECUTE format(law, 'ENABLE ALWAYS');
    END LOOP;
    SET CONSTRAINTS ALL DEFERRED;
END
$$;
REVOKE EXECUTE ON FUNCTION demo_days_pass(uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION demo_days_pass(uuid, integer) TO linmen_app;
"""
_NO_MORE = "DROP FUNCTION demo_days_pass(uuid, integer)"


class NoDemo(Exception):
    """Elsewhere days pass by themselves."""


@contextmanager
def can_pass() -> Iterator[None]:
    """Raises: NoDemo"""
    if not settings.DEMO:
        raise NoDemo
    named, at = settings.OWNER_DATABASES["default"], connection.settings_dict
    at = at if settings.TESTING else named
    with psycopg.connect(
        host=at["HOST"] or None,
        port=at["PORT"] or None,
        dbname=at["NAME"],
        user=named["USER"],
        password=named["PASSWORD"] or None,
        autocommit=True,  # beside the filling's own transaction, which calls what is made here
    ) as owner:
        owner.execute(_PASS)
        try:
            yield
        finally:
            owner.execute(_NO_MORE)


def go_by(meeting: Meeting, *, days: int) -> Meeting:
    """All that was written of it lies so many days further back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT demo_days_pass(%s, %s)", [meeting.pk, days])
    return Meeting.objects.select_related("neighborhood", "committee").get(pk=meeting.pk)
