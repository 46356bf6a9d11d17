"""A hundred thousand people with all that hangs on them, written by the owner of the tables past their laws: to be read, and thrown
away with the database."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import connections

from portal import roles

# The tables that grow with people and years: nothing at the desk reads one of them from end to end.
LARGE = (
    "residents_resident",
    "residents_user",
    "residents_occupancy",
    "residents_ownership",
    "residents_lookup",
    "residents_erasureorder",
    "residents_erasureplace",
    "residents_alarm",
    "access_credential",
    "access_entryevent",
    "access_feedrow",
    "committees_servicerequest",
    "committees_rightschange",
    "ledger_entry",
    "django_admin_log",
)
_FILL = """
DROP TABLE IF EXISTS who;
CREATE TEMP TABLE who AS SELECT n, gen_random_uuid() AS id, gen_random_uuid() AS account, gen_random_uuid() AS home,
    gen_random_uuid() AS card FROM generate_series(%(first)s + 1, %(first)s + %(people)s) n;
INSERT INTO residents_user (last_login, id, password, is_superuser, username, language, is_staff, is_active, sessions_ended,
    date_joined) SELECT now(), account, '!', false, 'u' || n, 'en', false, true, 0, now() FROM who WHERE n %% 2 = 0;
INSERT INTO residents_unit (id, neighborhood_id, building_id, number) SELECT home, %(here)s, %(building)s, 'X' || n
    FROM who WHERE n %% 3 = 0;
INSERT INTO residents_resident (id, neighborhood_id, user_id, name, contact_key, keep_at_desk, created_at,
    left_because) SELECT id, %(here)s, CASE WHEN n %% 2 = 0 THEN account END, '柳' || n, gen_random_uuid(), false,
    now() - make_interval(mins => n), '' FROM who;
INSERT INTO residents_occupancy (id, neighborhood_id, resident_id, unit_id, tenure, since) SELECT gen_random_uuid(),
    %(here)s, w.id, h.home, 'family', current_date - w.n %% 4000 FROM who w JOIN who h ON h.n = w.n - w.n %% 3 AND h.n
    > 0;
INSERT INTO residents_ownership (id, neighborhood_id, resident_id, unit_id, since) SELECT gen_random_uuid(), %(here)s,
    id, home, current_date - n %% 4000 FROM who WHERE n %% 3 = 0;
INSERT INTO access_credential (id, neighborhood_id, resident_id, kind, digest, temporary, created_at, ended_because)
    SELECT card, %(here)s, id, 'card', sha256(int8send(n)), false, now() - make_interval(mins => n), '' FROM who;
INSERT INTO access_entryevent (id, neighborhood_id, gate_id, device_id, boot, sequence, kind, credential, outcome,
    reason, device_time, received_at) SELECT gen_random_uuid(), %(here)s, %(gate)s, %(device)s, gen_random_uuid(), n,
    'card', card, CASE WHEN n %% 50 = 0 THEN 'refused' ELSE 'opened' END, '', now() - make_interval(secs => n * 20),
    now() - make_interval(secs => n * 20) FROM who;
INSERT INTO access_feedrow (neighborhood_id, gate_id, credential_id, version, present, body, changed_at) SELECT
    %(here)s, %(gate)s, card, n, true, '{}', now() FROM who;
INSERT INTO residents_lookup (id, neighborhood_id, resident_id, by_id, what, capacity, reason, at, until) SELECT
    gen_random_uuid(), %(here)s, id, %(by)s, 'contact', 'property.clerk', 'a leak', now() - make_interval(mins => 20 *
    n), now() - make_interval(mins => 20 * n - 5) FROM who;
INSERT INTO residents_erasureorder (id, neighborhood_id, resident_id, purpose, cause, opened_at, journalled_at) SELECT
    home, %(here)s, id, 'face_at_gate', 'withdrawn', now() - make_interval(mins => 30 * n), now() FROM who;
INSERT INTO residents_erasureplace (id, order_id, kind, target, label, state, attempts, due_at, evidence, changed_at)
    SELECT gen_random_uuid(), home, 'rows', id, '', CASE WHEN n %% 20000 = 0 THEN 'waiting' ELSE 'gone' END, 0, now()
    - make_interval(mins => n), '{"rows": 0}', now() FROM who;
INSERT INTO residents_alarm (id, neighborhood_id, kind, at) SELECT gen_random_uuid(), %(here)s, 'looks.many', now() -
    make_interval(mins => 30 * n) FROM who;
INSERT INTO committees_servicerequest (id, neighborhood_id, resident_id, kind, body, key, token, status, opened_at,
    reply_days, done_days, reply_due_at, done_due_at, replied_at, ended_at) SELECT gen_random_uuid(), %(here)s, id,
    'repair', 'property', gen_random_uuid(), gen_random_uuid(), 'done', t, 3, 9, t + interval '3 days', t + interval
    '9 days', t, t FROM (SELECT id, now() - make_interval(mins => 40 * n) AS t FROM who) asked;
INSERT INTO committees_rightschange (id, neighborhood_id, user_id, what, capacity, at) SELECT gen_random_uuid(),
    %(here)s, %(by)s, 'term.appointed', 'property.clerk', now() - make_interval(mins => 30 * n) FROM who;
INSERT INTO ledger_entry (kind, subject, neighborhood, commitment) SELECT 'test.made', id, %(here)s,
    sha256(int8send(n)) FROM who;
INSERT INTO django_admin_log (action_time, user_id, content_type_id, object_id, object_repr, action_flag,
    change_message) SELECT now() - make_interval(mins => n), %(by)s, %(of_residents)s, id::text, 'resident', 2, ''
    FROM who;
"""


def fill(people: int, *, first: int = 0, **known: Any) -> None:
    """In committed databases alone. `known`: the ids that rows point to."""
    at = connections["default"].settings_dict
    with psycopg.connect(
        host=at["HOST"], port=at["PORT"], dbname=at["NAME"], user=roles.OWNER, autocommit=True
    ) as owner:
        for table in LARGE:
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in filter(str.strip, _FILL.split(";")):
            owner.execute(statement, {"people": people, "first": first, **known})
        owner.execute("ANALYZE")
