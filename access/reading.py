"""A page of the feed for one device, with the templates on it sealed to that device.

A template goes out only past four doors: the standing is held while the copy is written down, so that a withdrawal
either finds the copy or prevents it; consent is live by the clock; a sign hangs beside the device; and the vault still
has the key.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.expressions import RawSQL
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from access import templates
from access.cursor import Cursor, CursorAhead, CursorTooOld
from access.devices import Caller
from access.models import Credential, Device, FeedRow, SealedCopy, Template
from gate.sealing import is_of_this_model, seal_template
from residents.models import ErasurePlace
from vault.keys import KeyMissing
from vault.sealing import Tampered

logger = logging.getLogger(__name__)

# The share that a withdrawal waits for, and that waits for a withdrawal (law 3). By the database's clock as well, for its
# triggers go by that.
HOLD_STANDINGS = """
    SELECT s.id FROM consent_standing s
    JOIN consent_decision d ON d.id = s.decision_id
    JOIN consent_form f ON f.id = d.form_id AND f.state IN ('published', 'reworded')
    WHERE s.id IN (SELECT t.standing_id FROM access_template t WHERE t.credential_id = ANY(%s))
        AND s.expires_at > GREATEST(%s, clock_timestamp())
        AND EXISTS (SELECT FROM access_sign g WHERE g.device_id = %s AND g.taken_down_at IS NULL)
    ORDER BY s.id FOR KEY SHARE OF s
"""


# As it is sent. Of a snapshot there are thousands of rows: what PostgreSQL keeps as JSON it also writes as JSON.
WRITTEN = """(jsonb_build_object('credential', access_feedrow.credential_id, 'version', access_feedrow.version,
    'present', access_feedrow.present) || access_feedrow.body)::text"""


@dataclass(frozen=True)
class Page:
    rows: list[str]  # each a JSON object, as it is sent
    cursor: Cursor
    more: bool
    keep: list[str] | None  # at the end of a snapshot: whoever is not on it is to be erased


def read_page(*, caller: Caller, cursor: Cursor | None, limit: int, at: datetime) -> Page:
    """The next rows for this device, at most `limit`. A constant number of queries.

    Raises: CursorAhead, CursorTooOld
    """
    if cursor is None:
        cursor = Cursor(0, began=caller.last_version)
    else:
        _insist_on_known(caller, cursor)
    if cursor.began is None:
        return _follow(caller, cursor, limit, at)
    return _snapshot(caller, cursor.version, cursor.began, limit, at)


def is_idle(*, caller: Caller, cursor: Cursor | None, told: str) -> bool:
    """There is nothing to tell this device: no row it has not read, and no fact of its gate that it was not told.

    Raises: CursorAhead, CursorTooOld
    """
    if cursor is None or cursor.began is not None:
        return False
    _insist_on_known(caller, cursor)
    return cursor.version >= caller.newest and cursor.told == told


def _insist_on_known(caller: Caller, cursor: Cursor) -> None:
    if cursor.highest > caller.last_version:
        raise CursorAhead
    if cursor.highest < caller.device.gate.feed_floor:
        raise CursorTooOld


def _follow(caller: Caller, cursor: Cursor, limit: int, at: datetime) -> Page:
    if cursor.version >= caller.newest:
        return Page([], cursor, more=False, keep=None)
    rows = _read(_rows(caller).filter(version__gt=cursor.version), limit)
    # Tombstones may have been dropped since the device was looked up; the floor came with the rows.
    if rows and rows[0].floor > cursor.version:
        raise CursorTooOld
    page = rows[:limit]
    reached = Cursor(page[-1].version) if page else cursor
    return Page(_as_sent(caller.device, page, at), reached, more=len(rows) > limit, keep=None)


def _snapshot(caller: Caller, known: int, began: int, limit: int, at: datetime) -> Page:
    """What was present when it began. What changed since then follows as changes."""
    # A tombstone is worth sending only to who may hold the credential: then the receipt names the right version.
    held = SealedCopy.objects.filter(device=caller.device, credential=OuterRef("credential"))
    awaited = ErasurePlace.objects.open().filter(
        device=caller.device.pk, target=OuterRef("credential"), kind=ErasurePlace.Kind.DEVICE
    )
    told = Q(present=True) | Exists(held) | Exists(awaited)
    rows = _read(_rows(caller).filter(told, version__gt=known, version__lte=began), limit)
    page = rows[:limit]
    sent = _as_sent(caller.device, page, at)
    if len(rows) > limit:
        return Page(sent, Cursor(page[-1].version, began), more=True, keep=None)
    # Read after the rows. One that came meanwhile is harmless on the list, and one that left comes as a change.
    keep = FeedRow.objects.filter(gate=caller.device.gate_id, present=True).order_by("credential_id")
    return Page(
        sent,
        Cursor(began),
        more=caller.last_version > began,
        keep=list(keep.values_list(Cast("credential_id", TextField()), flat=True)),
    )


class _Row(NamedTuple):
    credential: UUID
    version: int
    present: bool
    kind: str | None
    floor: int
    written: str


def _rows(caller: Caller) -> QuerySet[FeedRow]:
    return FeedRow.objects.filter(gate=caller.device.gate_id).order_by("version")


def _read(rows: QuerySet[FeedRow], limit: int) -> list[_Row]:
    """One more than `limit`, if there is one."""
    read = rows.values_list(
        "credential_id",
        "version",
        "present",
        KeyTextTransform("kind", "body"),
        "gate__feed_floor",
        RawSQL(WRITTEN, ()),  # noqa: S611  (a constant)
    )
    return [_Row(*each) for each in read[: limit + 1]]


def _as_sent(device: Device, rows: Sequence[_Row], at: datetime) -> list[str]:
    faces = {row.credential: row.version for row in rows if row.present and row.kind == Credential.Kind.FACE}
    sealed = _sealed(device, faces, at) if faces else {}
    return [
        f'{row.written[:-1]}, "template": "{sealed[row.credential]}"}}'
        if row.credential in sealed
        else row.written
        for row in rows
    ]


def _sealed(device: Device, versions: dict[UUID, int], at: datetime) -> dict[UUID, str]:
    """Templates by credential, sealed to the device, base64. Those the server no longer holds are left out."""
    opened = _open(_write_copies(device, versions, at))
    recipient = X25519PublicKey.from_public_bytes(bytes(device.sealing_key))
    return {
        credential: base64.b64encode(
            seal_template(
                packed=packed,
                recipient=recipient,
                device=str(device.pk),
                credential=str(credential),
                version=versions[credential],
            )
        ).decode()
        for credential, packed in opened.items()
        # What another model made is near nobody by this one: it goes to no gate, and its owner is asked anew by a form.
        if is_of_this_model(packed)
    }


@transaction.atomic
def _write_copies(device: Device, versions: dict[UUID, int], at: datetime) -> list[Template]:
    """Write down who is about to hold a copy, before it exists: then a withdrawal asks that device too."""
    with connection.cursor() as cursor:
        cursor.execute(HOLD_STANDINGS, [list(versions), at, device.pk])
        standing = [row[0] for row in cursor.fetchall()]
    if not standing:
        return []
    found = list(
        Template.objects.filter(credential__in=versions, standing__in=standing)
        .select_related("standing")
        .order_by("credential_id")
    )
    SealedCopy.objects.bulk_create(
        [
            SealedCopy(
                device=device,
                credential_id=template.credential_id,
                standing_id=template.standing_id,
                version=versions[template.credential_id],
            )
            for template in found
        ],
        update_conflicts=True,
        unique_fields=["device", "credential"],
        update_fields=["standing", "version", "acknowledged"],
    )
    return found


def _open(found: Iterable[Template]) -> dict[UUID, bytes]:
    """Plain templates by credential. One that is damaged must not keep the others, or any card, from a gate."""
    found = list(found)
    try:
        return templates.open_many(found)
    except (KeyMissing, Tampered):
        pass
    opened: dict[UUID, bytes] = {}
    for template in found:
        try:
            opened |= templates.open_many([template])
        except (KeyMissing, Tampered):
            logger.exception("template of credential %s cannot be opened", template.credential_id)
    return opened
