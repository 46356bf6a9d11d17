"""Making what is given: rows first, then files that only the recipient can open.

1. `settle`: in one statement the database writes down who is given, which fields, and with what values (`sharing_due`).
2. `write`: one worker with a lease reads these rows and encrypts them, piece by piece, to the recipient's key. Killed at any
   point, the next attempt drops the pieces and begins anew from the same rows.
3. `finish`, and again `hand` at the moment it leaves: the database compares the rows with what is agreed to now. Any
   difference (a no, somebody who left, a birthday, another number) voids the copy, and another is made.

Each of these takes the request's lock, with which answers take turns: a no that comes before `hand` is in time. Nothing
that is made here can be read here: age, to an ssh-ed25519 key, and the key's other half is the recipient's.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q

from ledger.record import Act, record, record_many
from residents import alarms, effects
from residents.models import Alarm
from sharing import given, telling, writing
from sharing.models import Copy, Disclosure, Piece, RecipientKey, Request, Sheet

log = logging.getLogger(__name__)

# How long a release is good for, and how long what was handed over may be fetched again where it broke off.
LIFE, LIFE_ONCE_HANDED = timedelta(days=30), timedelta(days=1)
# So often at once, where residents change their minds while it is made; then the next sweep.
TRIES = 3
KEY_ENDED, STALE = "LM123", "LM127"

SETTLE = """
WITH due AS MATERIALIZED (SELECT * FROM sharing_due(%(request)s)), written AS (
    INSERT INTO sharing_disclosedrow (copy_id, resident_id, answer_id, order_id, fields, tag)
    SELECT %(copy)s, resident, answer,
        CASE WHEN answer IS NULL THEN (SELECT id FROM sharing_order WHERE request_id = %(request)s) END, fields, left(encode(sha256(%(mark)s || uuid_send(resident)), 'hex'), 12) AS tag
    FROM due ORDER BY tag RETURNING id, resident_id
)
INSERT INTO sharing_givenvalues (row_id, name, dwelling, phone_sealed, salt)
SELECT written.id, due.name, due.dwelling, due.phone,
    sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
FROM written JOIN due ON due.resident = written.resident_id
"""

# Nobody of a copy is erased, moves out or gets another name in between.
PEOPLE = """
SELECT count(*) FROM (SELECT FROM residents_resident WHERE id IN (
    SELECT resident_id FROM sharing_disclosedrow WHERE copy_id = %s) ORDER BY id FOR SHARE) held
"""


class CopyIsStale(Exception):
    """It is not what residents agree to at this moment, or its key has ended: it goes to nobody. Another is on its way."""


def key_for(recipient: UUID) -> RecipientKey | None:
    """The living, confirmed key to which this recipient is given anything. Without one nothing is released."""
    return RecipientKey.objects.confirmed().filter(recipient=recipient).first()


def hand(*, copy: Copy, at: datetime) -> Copy:
    """Let the recipient have it, now: the one moment after which a no can only ask for deletion.

    Under the request's lock the database compares what is due with the settled rows and values. If nothing differs, the copy
    is handed over (and stays so: handing it over again, after a download that broke off, compares again). Otherwise a copy that
    was not handed over is void, another is ordered, and this is raised. The void is written before the raise: catch it
    inside your transaction, or it is rolled back with that, and the copy is found stale the next time.

    Raises: CopyIsStale
    """
    held = _hand(copy.pk, at)
    if held is None:
        raise CopyIsStale
    return held


def pieces(*, copy: Copy, format: str) -> Iterator[bytes]:
    """The file as it was encrypted, a piece at a time, so that none of it is held whole.

    Raises: CopyIsStale unless it was handed over
    """
    if not Copy.objects.filter(pk=copy.pk, state=Copy.State.HANDED).exists():
        raise CopyIsStale
    of = Piece.objects.filter(copy=copy, format=format)
    return (
        bytes(of.values_list("content", flat=True).get(number=number))
        for number in of.order_by("number").values_list("number", flat=True)
    )


def work(*, disclosure: UUID, at: datetime) -> Copy | None:
    """All that is to be done for this release now. The copy, if this made one. Safe to repeat, to race and to kill."""
    for _ in range(TRIES):
        copy = (
            settle(disclosure=disclosure, at=at)
            or Copy.objects.idle(at).filter(disclosure=disclosure).first()
        )
        if copy is None:
            return None
        if (made := write(copy=copy.pk, at=at)) is None:
            return None
        if made.state == Copy.State.READY:
            return made
    return None


def due(*, at: datetime) -> list[UUID]:
    """For the sweep: releases of which no copy stands, and copies that nobody works on."""
    living = Copy.objects.living().filter(disclosure=OuterRef("pk"))
    key = RecipientKey.objects.confirmed().filter(recipient=OuterRef("request__recipient"))
    none = Q(_may_be_given("request"), ~Exists(living), Exists(key), asked_at__gt=at - LIFE)
    found = Disclosure.objects.filter(none | Q(pk__in=Copy.objects.idle(at).values("disclosure")))
    return list(found.order_by("asked_at").values_list("pk", flat=True))


@transaction.atomic
def settle(*, disclosure: UUID, at: datetime) -> Copy | None:
    """Write down, in one statement, who is given what. None if that was done, or there is nobody to give it to, or nothing is
    given any more: of what is closed, or under a contract that is over, each copy would be void and order the next."""
    request = _locked(disclosure)
    key = key_for(request.recipient_id)
    if not Request.objects.filter(_may_be_given("pk"), pk=request.pk).exists():
        return None
    if key is None or Copy.objects.living().filter(disclosure=disclosure).exists():
        return None
    copy = Copy.objects.create(
        neighborhood_id=request.neighborhood_id,
        disclosure_id=disclosure,
        number=Copy.objects.filter(disclosure=disclosure).count() + 1,
        key=key,
        mark=secrets.token_bytes(32),
        settled_at=at,
    )
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, {"request": request.pk, "copy": copy.pk, "mark": bytes(copy.mark)})
        copy.rows_settled, copy.state = cursor.rowcount, Copy.State.BUILDING
    copy.save(update_fields=["rows_settled", "state"])
    return copy


def write(*, copy: UUID, at: datetime) -> Copy | None:
    """Encrypt what was settled, and finish. None if somebody else is at it, or has taken it up meanwhile."""
    attempt = writing.begin(copy, at)
    if attempt is None:
        return None
    try:
        digest = attempt.write()
        with transaction.atomic():
            made = finish(copy=copy, attempt=attempt.number, digest=digest, at=at)
            if made is not None and attempt.formula:
                where, rings = attempt.request.neighborhood, Alarm.Kind.SHARING_FORMULA
                alarms.sound(kind=rings, neighborhood=where, subject=made.pk, at=at)
        return made
    except writing.Taken:
        return None


@transaction.atomic
def finish(*, copy: UUID, attempt: int, digest: bytes, at: datetime) -> Copy | None:
    """Ready, if it is still what is agreed to; else void."""
    held = Copy.objects.select_related("disclosure").get(pk=copy)
    request = _locked(held.disclosure_id)
    mine = Copy.objects.filter(pk=copy, attempt=attempt, state=Copy.State.BUILDING)
    done = 2 * F("rows_settled")
    found = _moved(mine, state=Copy.State.READY, done=done, sha256=digest, ready_at=at, leased_until=None)
    if found is None:
        return _void(held, at)
    if not found:
        return None
    held.refresh_from_db()
    record_many(_acts(held, request))
    telling.of(copy=held, request=request, at=at)
    return held


@transaction.atomic
def _hand(pk: UUID, at: datetime) -> Copy | None:
    copy = Copy.objects.get(pk=pk)
    _locked(copy.disclosure_id)
    if copy.state == Copy.State.READY:
        # The people before the copy, as in an erasure, which holds its person and then voids copies: else each would wait
        # for the other.
        with connection.cursor() as cursor:
            cursor.execute(PEOPLE, [pk])
    copy.refresh_from_db()
    if copy.state == Copy.State.HANDED:
        return None if _is_stale(pk) else copy
    if copy.state != Copy.State.READY:
        return None
    if not _moved(Copy.objects.filter(pk=pk, state=Copy.State.READY), state=Copy.State.HANDED, handed_at=at):
        _void(copy, at)
        return None
    copy.refresh_from_db()
    record(
        kind="copy.handed",
        subject=copy.pk,
        neighborhood=copy.neighborhood_id,
        payload={"disclosure": copy.disclosure_id, "key": copy.key_id},
    )
    return copy


def _may_be_given(request: str) -> Func:
    """Neither closed, nor under a contract that is over: the database answers, which also refuses."""
    return Func(F(request), function="sharing_may_be_given", output_field=BooleanField())


def _moved(copies: object, **to: object) -> int | None:
    """How many went on; None if the database says that it is not what is agreed to now, or that the key has ended."""
    try:
        with transaction.atomic():
            return copies.update(**to)  # type: ignore[attr-defined, no-any-return]
    except DatabaseError as refused:
        if getattr(refused.__cause__, "sqlstate", "") not in (STALE, KEY_ENDED):
            raise
        return None


def _void(copy: Copy, at: datetime) -> Copy:
    Copy.objects.filter(pk=copy.pk).update(state=Copy.State.VOID, voided_at=at, leased_until=None)
    copy.refresh_from_db()
    record(
        kind="copy.void",
        subject=copy.pk,
        neighborhood=copy.neighborhood_id,
        payload={"disclosure": copy.disclosure_id},
    )
    order = copy.disclosure_id
    transaction.on_commit(lambda: effects.call("disclose_soon", disclosure=order), robust=True)
    return copy


def _locked(disclosure: UUID) -> Request:
    """The lock that answers take turns with."""
    request = Disclosure.objects.values_list("request", flat=True).get(pk=disclosure)
    held = Request.objects.select_for_update(of=("self",)).select_related("recipient", "neighborhood")
    return held.get(pk=request)


def _is_stale(copy: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sharing_stale(%s)", [copy])
        return bool(cursor.fetchone()[0])


def _acts(copy: Copy, request: Request) -> list[Act]:
    """That it was made, and the root of each of its sheets. Nothing in them counts people."""
    about = {
        "disclosure": copy.disclosure_id,
        "request": request.pk,
        "recipient": request.recipient_id,
        # The words that the person is shown, so that they can be checked as well.
        "who_sha": sha256(request.recipient.name.encode()).hexdigest(),
        "purpose_sha": sha256(request.purpose.encode()).hexdigest(),
        "purpose_en_sha": sha256(request.purpose_en.encode()).hexdigest(),
    }
    made = Act(
        kind="copy.made",
        subject=copy.pk,
        neighborhood=copy.neighborhood_id,
        payload={
            "disclosure": copy.disclosure_id,
            "key": copy.key_id,
            "sha": bytes(copy.sha256 or b"").hex(),
        },
    )
    sheets = Sheet.objects.filter(copy=copy).order_by("number").values_list("number", "leaves")
    return [made] + [
        Act(
            kind="disclosed.sheet",
            subject=copy.pk,
            neighborhood=copy.neighborhood_id,
            payload={**about, "copy": copy.pk, "number": number, "root": given.root(bytes(leaves)).hex()},
        )
        for number, leaves in sheets.iterator(chunk_size=20)
    ]
