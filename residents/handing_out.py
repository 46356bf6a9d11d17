"""A court or an authority is given what a legal hold keeps: one file that only it opens (obligation 10, ADR 47).

One of the residents' committee has the order in hand and asks, another has read it too and agrees; only then is there anything to
make. Whoever runs the system makes it, once, with the command `hand_out`: everything the hold keeps, and nothing else, encrypted
to the recipient's age key as it is opened. Nothing of it lies anywhere in the clear, and nothing that was made from a face is in
it, since no hold keeps any. The person is told, at once or on the day on which they may know of the hold.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pyrage
from django.db import IntegrityError, transaction
from pyrage import x25519

from residents import holds, notifying
from residents.models import HandOut, HeldRow, Hold, User
from residents.one_person import is_one_person
from vault import sealing

SCHEMA = "linmen-handed-out/1"
AT_ONCE = 500


class HandOutRefused(Exception):
    """Nothing was written. `reason` is one of: words, key, open_already, closed, same_person, nothing, made, exists."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def ask(*, hold: Hold, to: str, order: str, key: str, by: User, at: datetime) -> HandOut:
    """One of the staff has the order in hand, and the key was read out by whoever it is for.

    Raises: PermissionDenied, HoldRefused, HandOutRefused
    """
    hold = holds.locked(hold)
    holds.insist(hold, by, at)
    to, order, key = to.strip(), order.strip(), key.strip()
    if not (to and order):
        raise HandOutRefused("words")
    _recipient(key)
    if not Hold.objects.in_force(at).filter(pk=hold.pk).exists():
        raise HandOutRefused("closed")
    try:
        with transaction.atomic():
            made = HandOut.objects.create(
                neighborhood_id=hold.neighborhood_id, hold=hold, to=to, order=order, key=key, asked_by=by
            )
    except IntegrityError:
        raise HandOutRefused("open_already") from None
    holds.note(hold, "hand_out_asked", {"by": by.pk, **_hashes(made)})
    return made


@transaction.atomic
def agree(*, hold: Hold, by: User, at: datetime) -> HandOut:
    """A second has read the order too, and heard the same key.

    Raises: PermissionDenied, HoldRefused, HandOutRefused
    """
    hold = holds.locked(hold)
    holds.insist(hold, by, at)
    asked = HandOut.objects.open().filter(hold=hold, agreed_by=None).first()
    if asked is None or not Hold.objects.in_force(at).filter(pk=hold.pk).exists():
        raise HandOutRefused("closed")
    if is_one_person(asked.asked_by_id, by.pk):
        raise HandOutRefused("same_person")
    asked.agreed_by, asked.agreed_at = by, at
    asked.save(update_fields=["agreed_by", "agreed_at"])
    holds.note(hold, "hand_out_agreed", {"by": by.pk, "asked_by": asked.asked_by_id, **_hashes(asked)})
    return asked


@transaction.atomic
def drop(*, hold: Hold, by: User, at: datetime) -> None:
    """It is not to be handed out, as long as it was not.

    Raises: PermissionDenied, HoldRefused, HandOutRefused
    """
    hold = holds.locked(hold)
    holds.insist(hold, by, at)
    waiting = HandOut.objects.open().filter(hold=hold).first()
    if waiting is None:
        raise HandOutRefused("closed")
    holds.note(hold, "hand_out_dropped", {"by": by.pk, **_hashes(waiting)})
    waiting.delete()


def make(*, handout: UUID, path: Path, at: datetime) -> HandOut:
    """The file, once. It gets its name when the database knows of it: cut off before, nothing was handed out; cut off after,
    the same call gives the finished file its name.

    Raises: HandOutRefused
    """
    part = path.with_name(f"{path.name}.part")
    if path.exists():
        raise HandOutRefused("exists")
    made = HandOut.objects.filter(pk=handout).first()
    if made is None:
        raise HandOutRefused("closed")
    if made.handed_at is None:
        made = _make(made, part, at)
    elif not part.exists() or sha256(part.read_bytes()).hexdigest() != made.sha256:
        raise HandOutRefused("made")
    part.rename(path)
    _settle(path.parent)
    return made


@transaction.atomic
def _make(handout: HandOut, part: Path, at: datetime) -> HandOut:
    hold = holds.locked(
        handout.hold
    )  # nothing more is kept, and the hold does not end, until this is written
    found = HandOut.objects.open().filter(pk=handout.pk, agreed_by__isnull=False).first()
    if found is None or not Hold.objects.in_force(at).filter(pk=hold.pk).exists():
        raise HandOutRefused("closed")
    rows = list(_opened(hold))
    if not rows:
        raise HandOutRefused("nothing")
    said = {
        "schema": SCHEMA,
        "number": str(found.pk),
        "hold": str(hold.pk),
        "person": str(hold.resident_id),
        "to": found.to,
        "order": found.order,
        "made": at.isoformat(),
        "rows": rows,
    }
    file = pyrage.encrypt(json.dumps(said, ensure_ascii=False, indent=1).encode(), [_recipient(found.key)])
    _write(part, file)
    found.rows, found.sha256, found.handed_at = len(rows), sha256(file).hexdigest(), at
    found.save(update_fields=["rows", "sha256", "handed_at"])
    said_of_it = {"sha": found.sha256, "lines": found.rows, "by": found.agreed_by_id}
    holds.note(hold, "handed_out", {**said_of_it, "asked_by": found.asked_by_id, **_hashes(found)})
    if hold.told_at:
        notifying.tell(
            neighborhood=hold.neighborhood,
            residents=[hold.resident_id],
            topic=notifying.Topic.DATA,
            at=at,
        )
    return found


def _opened(hold: Hold) -> Iterator[dict[str, Any]]:
    """Each copy as it was sealed. One that does not open stops it: a file with a gap would say that there was nothing."""
    kept = list(HeldRow.objects.filter(hold=hold).order_by("source", "kept_at", "pk"))
    for first in range(0, len(kept), AT_ONCE):
        some = kept[first : first + AT_ONCE]
        plain = sealing.decrypt_many(
            sealing.Sealed(hold.key, bytes(each.sealed), holds.context(hold.pk, each.source, each.row))
            for each in some
        )
        for each, copy in zip(some, plain, strict=True):
            if copy is None:
                raise HandOutRefused("nothing")
            yield {
                "source": each.source,
                "row": str(each.row),
                "kept": each.kept_at.isoformat(),
                "copy": json.loads(copy),
            }


def _recipient(key: str) -> x25519.Recipient:
    """Raises: HandOutRefused"""
    try:
        return x25519.Recipient.from_str(key)
    except pyrage.RecipientError:
        raise HandOutRefused("key") from None


def _write(path: Path, content: bytes) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _hashes(handout: HandOut) -> dict[str, str]:
    said = {"to_sha": handout.to, "document_sha": handout.order, "fingerprint": handout.key}
    return {name: sha256(words.encode()).hexdigest() for name, words in said.items()}
