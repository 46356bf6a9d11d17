"""Two where two are asked for: one person with two accounts is one (law 5)."""

from __future__ import annotations

from uuid import UUID

from django.db import connection


def is_one_person(account: UUID | None, other: UUID) -> bool:
    """As far as the register knows. The database answers, which also refuses."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT residents_one_person(%s, %s)", [account, other])
        row = cursor.fetchone()
    return row is None or row[0] is not False
