from __future__ import annotations

import threading

from django.db import connection, connections


def test_it_runs_as_the_application_role(db):
    with connection.cursor() as cursor:
        cursor.execute("select current_user, current_database()")
        assert cursor.fetchone() == ("linmen_app", "linmen_rolled_back")


def test_committed(committed, app_sql, owner_sql):
    app_sql().execute("select 1")
    seen = []

    def look():
        with connections["vault"].cursor() as cursor:
            cursor.execute("select current_user, current_database()")
            seen.append(cursor.fetchone())
        connections.close_all()

    t = threading.Thread(target=look)
    t.start()
    t.join()
    assert seen == [("linmen_app", committed["vault"])]
