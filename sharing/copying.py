"""Copies: who is in one stands first, then its files are written and encrypted to the recipient's key, then it is handed
over once (law 7).

1. `settle`: one statement puts down everybody who agrees at this moment, with the values. The database compares.
2. `write`: whoever has the lease reads those rows a thousand at a time and keeps age ciphertext, a piece at a time. One who
   is killed has handed over nothing: the next begins the files anew from the same rows.
3. `hand`: under the lock that every answer takes the database compares once more, values too. Where anything is not as
   residents agree to now, the copy is void and another is made. So a no that comes before the file is fetched is in time.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from ledger.record import record
from residents import notifying
from residents.models import Resident
from sharing import enclosing
from sharing.models import Copy, DisclosedRow, Disclosure, GivenValues, Leaves, Piece, RecipientKey, Request

MARK_BYTES = 32

SETTLE = """
WITH due AS (
    SELECT d.*, encode(substring(sha256(%(mark)s || uuid_send(d.resident)) FOR 8), 'hex') AS tag
    FROM sharing_due(%(request)s) d),
put AS (
    INSERT INTO sharing_disclosedrow (copy_id, resident_id, answer_id, fields, tag, place)
    SELECT %(copy)s, resident, answer, fields, tag, row_number() OVER (ORDER BY tag) - 1 FROM due
    RETURNING id, resident_id)
INSERT INTO sharing_givenvalues (row_id, name, dwelling, phone_sealed, salt)
SELECT put.id, due.name, due.dwelling, due.phone, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
FROM put JOIN due ON due.resident = put.resident_id
"""


class CopyNotReady(Exception):
    """It is not written yet, or it is void."""


class CopyIsStale(Exception):
    """Since it was made somebody said no, moved, or is called otherwise. It is not given; where nothing of it ever was,
    another is being made."""


def living_key(request: Request) -> RecipientKey | None:
    """The confirmed key of the recipient, without which nothing is released."""
    return RecipientKey.objects.living().filter(recipient=request.recipient_id).first()


@transaction.atomic
def settle(*, disclosure: UUID, at: datetime) -> Copy | None:
    """Begin a copy with everybody who agrees at this moment, unless there is one. Safe to repeat and to race.

    None while the recipient has no confirmed key: it waits for one.
    """
    given = Disclosure.objects.get(pk=disclosure)
    request = Request.objects.select_for_update().get(pk=given.request_id)
    there = given.copies.exclude(state=Copy.State.VOID).first()
    key = living_key(request)
    if there is not None or key is None:
        return there
    copy = Copy.objects.create(
        neighborhood_id=given.neighborhood_id,
        disclosure=given,
        key=key,
        mark=secrets.token_bytes(MARK_BYTES),
        made_at=at,
    )
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, {"mark": copy.mark, "request": request.pk, "copy": copy.pk})
        copy.people = cursor.rowcount
    copy.save(update_fields=["people"])
    return copy


def write(*, copy: UUID, at: datetime) -> bool:
    """Write the files of a copy, unless somebody does, or did. Safe to repeat, to race and to kill."""
    attempt = _claim(copy)
    if attempt is None:
        return False
    held = Copy.objects.select_related("key", "disclosure__request__recipient").get(pk=copy)
    leaves, digest = enclosing.enclose(held, attempt)
    with transaction.atomic():
        done = Copy.objects.filter(pk=copy, state=Copy.State.BUILDING, attempt=attempt)
        if not done.update(leased_until=None, written=2 * F("people")):
            return False
        Leaves.objects.bulk_create(
            Leaves(copy=held, number=number, hashes=b"".join(each)) for number, each in enumerate(leaves)
        )
        done.update(state=Copy.State.READY, sha256=digest, ready_at=at)
        record(
            kind="disclosure.built",
            subject=held.disclosure_id,
            neighborhood=held.neighborhood_id,
            payload={
                "copy": held.pk,
                "request": held.disclosure.request_id,
                "recipient": held.disclosure.request.recipient_id,
                "key": held.key_id,
                "sha": digest.hex(),
            },
        )
    return True


def _claim(copy: UUID) -> int | None:
    """Take the copy up, by the database's clock; what an earlier attempt wrote goes."""
    free = Copy.objects.filter(Q(leased_until=None) | Q(leased_until__lt=Now()), state=Copy.State.BUILDING)
    until = Now() + timedelta(seconds=settings.COPY_LEASE_SECONDS)
    with transaction.atomic():
        if not free.filter(pk=copy).update(leased_until=until, attempt=F("attempt") + 1, written=0):
            return None
        attempt: int = Copy.objects.values_list("attempt", flat=True).get(pk=copy)
        Piece.objects.filter(copy=copy).exclude(attempt=attempt).delete()
    return attempt


def due() -> list[UUID]:
    """Releases of which no copy is begun though the recipient has a key, or of which one is not written and nobody writes."""
    of_it = Copy.objects.filter(disclosure=OuterRef("pk"))
    idle = of_it.filter(Q(leased_until=None) | Q(leased_until__lt=Now()), state=Copy.State.BUILDING)
    key = RecipientKey.objects.living().filter(recipient=OuterRef("request__recipient"))
    unbegun = ~Exists(of_it.exclude(state=Copy.State.VOID)) & Exists(key)
    waiting = Disclosure.objects.filter(unbegun | Exists(idle))
    return list(waiting.order_by("asked_at", "pk").values_list("pk", flat=True))


def make(*, disclosure: UUID, at: datetime) -> bool:
    """Settle and write: what the worker is asked for. Safe to repeat, to race and to kill."""
    copy = settle(disclosure=disclosure, at=at)
    return copy is not None and write(copy=copy.pk, at=at)


@transaction.atomic
def _hand(copy: UUID, at: datetime) -> Copy | None:
    """None where it is stale. By the lock of the request one answer comes before this, and the next after it."""
    found = Copy.objects.select_related("disclosure", "neighborhood").get(pk=copy)
    request = (
        Request.objects.select_for_update(of=("self",))
        .select_related("recipient")
        .get(pk=found.disclosure.request_id)
    )
    held = Copy.objects.select_for_update().get(pk=copy)
    if held.state not in (Copy.State.READY, Copy.State.HANDED):
        raise CopyNotReady
    if not _is_due(held) or not RecipientKey.objects.living().filter(pk=held.key_id).exists():
        if held.state == Copy.State.READY:
            void(Copy.objects.filter(pk=held.pk))
        return None
    if held.state == Copy.State.READY:
        Copy.objects.filter(pk=held.pk).update(state=Copy.State.HANDED, handed_at=at)
        enclosing.commit(held, request)
        # Not on paper, or the desk would see on its sheet who had said yes.
        notifying.tell(
            neighborhood=found.neighborhood,
            residents=DisclosedRow.objects.filter(copy=held).values("resident"),
            topic=notifying.Topic.DATA,
            at=at,
            on_paper=False,
        )
    held.refresh_from_db()
    return held


def hand(*, copy: UUID, at: datetime) -> Copy:
    """Give the copy to its recipient: the moment of disclosure. A copy that was handed before is given again only if it is
    still exactly what residents agree to.

    Raises: CopyNotReady, CopyIsStale. Not within a transaction that an exception undoes, or a stale copy stays ready.
    """
    held = _hand(copy, at)
    if held is None:
        raise CopyIsStale
    return held


def _is_due(copy: Copy) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sharing_copy_is_due(%s)", [copy.pk])
        [same] = cursor.fetchone()
    return bool(same)


def pieces(copy: Copy, format: str) -> Iterator[bytes]:
    """The encrypted file of a copy, in order: concatenated, it is what `age -d` opens."""
    made = Piece.objects.filter(copy=copy, attempt=copy.attempt, format=format).order_by("number")
    return (bytes(content) for content in made.values_list("content", flat=True).iterator(chunk_size=8))


@transaction.atomic
def void(copies: QuerySet[Copy]) -> int:
    """Of these, those that nobody was given never will be: their files and values go, that they were made is kept."""
    held = list(copies.open().order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    Copy.objects.filter(pk__in=held).update(state=Copy.State.VOID, leased_until=None)
    Piece.objects.filter(copy__in=held).delete()
    GivenValues.objects.filter(row__copy__in=held).delete()
    return len(held)


@transaction.atomic
def forget(*, resident: Resident, at: datetime) -> list[Any]:
    """Of the effect `forget_given`: what was to be given of somebody who is erased is not, and the values of what was given
    go. That it was given is kept, with a number that leads to nobody."""
    mine = DisclosedRow.objects.filter(resident=resident)
    void(Copy.objects.filter(rows__in=mine))
    GivenValues.objects.filter(row__in=mine).delete()
    return []
