"""Writing into a copy what no act of ours would: the database must refuse it."""

from __future__ import annotations

from django.db import connection, transaction

from residents.models import Resident
from sharing import copying
from sharing.models import Answer, Copy, Disclosure


def begun(disclosure: Disclosure) -> Copy:
    """A copy that is being settled, with nobody in it yet."""
    there = disclosure.copies.filter(state=Copy.State.SETTLING).first()
    return there or Copy.objects.create(
        neighborhood_id=disclosure.neighborhood_id,
        disclosure=disclosure,
        number=1,
        key=copying.key_for(disclosure.request.recipient_id),
        mark=bytes(32),
        settled_at=disclosure.asked_at,
    )


def put_in(copy: Copy, resident: Resident, answer: Answer, fields: str = '["name"]') -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sharing_disclosedrow (copy_id, resident_id, answer_id, fields, tag)"
            " VALUES (%s, %s, %s, %s, sharing_tag(%s, %s))",
            [copy.pk, resident.pk, answer.pk, fields, copy.mark, resident.pk],
        )
