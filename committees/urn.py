"""The urn of a meeting: what is sealed while a vote runs, and gone when it has been counted.

In it are the running sums of the secret topics and a key for readings of paper. Whoever has the database and not the vault's
wrapping key reads nothing of it; when the vote is counted or called off the row goes, then its key, then the pages that held
earlier versions of it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from committees.commitments import Sums
from committees.models import Meeting, Urn
from vault import keys, rewrite, sealing

PURPOSE = "vote"
AFTER_A_CRASH = timedelta(days=30)
TABLE = Urn._meta.db_table


@dataclass
class Opened:
    """As it is in memory, while its row is locked."""

    row: Urn
    key: UUID
    mac: bytes
    sums: dict[int, Sums] = field(default_factory=dict)  # by the number of the topic

    def digest(self, *, sheet: UUID, answers: Mapping[int, str]) -> bytes:
        """Of what somebody read on a sheet. Without the key nobody finds out by trying."""
        spelled = ",".join(f"{number}={answers[number]}" for number in sorted(answers))
        return hmac.digest(self.mac, f"{sheet}|{spelled}".encode(), hashlib.sha256)

    def keep(self) -> None:
        self.row.sealed = _sealed(self)
        self.row.save(update_fields=["sealed"])


def begin(meeting: Meeting) -> Urn:
    """Empty, with the notice. The key is made before, in the vault's own transaction."""
    row = Urn(meeting=meeting, neighborhood_id=meeting.neighborhood_id)
    secret = meeting.topics.filter(secret=True).values_list("number", flat=True)
    nothing = {number: Sums() for number in secret}
    row.sealed = _sealed(Opened(row, meeting.key, secrets.token_bytes(32), nothing))
    row.save(force_insert=True)
    return row


def ensure_key(meeting: Meeting) -> None:
    keys.ensure(id=meeting.key, subject=meeting.pk, purpose=PURPOSE)


def held(meeting: Meeting) -> Urn:
    """Closed, and locked until the transaction ends. It is taken before the meeting and the vote, by whoever hands in, reads
    and counts.

    Raises: Urn.DoesNotExist where it was counted or called off
    """
    return Urn.objects.select_for_update().get(pk=meeting.pk)


def locked(meeting: Meeting) -> Opened:
    """Raises: Urn.DoesNotExist"""
    return opened(held(meeting), meeting)


def opened(row: Urn, meeting: Meeting) -> Opened:
    plain = json.loads(
        sealing.decrypt(key=meeting.key, ciphertext=bytes(row.sealed), context=_context(meeting.pk))
    )
    sums = {
        int(number): Sums(*(int(each, 16) for each in values)) for number, values in plain["sums"].items()
    }
    return Opened(row, meeting.key, bytes.fromhex(plain["mac"]), sums)


def empty(row: Urn) -> None:
    """Counted, or called off: the row in this transaction, its key when that has committed."""
    meeting = row.pk
    row.delete()
    transaction.on_commit(lambda: _end(meeting), robust=True)


def forget(*, at: datetime) -> int:
    """For the sweep: what a crash left between a count and the end of its key. How many keys ended."""
    recent = Q(result__counted_at__gt=at - AFTER_A_CRASH) | Q(called_off_at__gt=at - AFTER_A_CRASH)
    over = Meeting.objects.filter(recent, urn=None).values_list("key", flat=True)
    ended = keys.destroy_many(ids=list(over))
    if ended:
        rewrite.rewrite(table=TABLE, using="default")
    return ended


def _end(meeting: UUID) -> None:
    """Earlier versions of the urn are in its file still; nobody can read them, and soon they are not there either."""
    keys.destroy(id=Meeting.objects.values_list("key", flat=True).get(pk=meeting))
    rewrite.rewrite(table=TABLE, using="default")


def _sealed(opened: Opened) -> bytes:
    """Always as long: how many digits a sum has would tell of the first votes, to whoever sees one version after another."""
    plain = {
        "mac": opened.mac.hex(),
        "sums": {
            str(number): [
                f"{value:064x}"
                for value in (each.yes_heads, each.yes_area, each.blind_heads, each.blind_area)
            ]
            for number, each in opened.sums.items()
        },
    }
    context = _context(opened.row.meeting_id)
    return sealing.encrypt(key=opened.key, plaintext=json.dumps(plain).encode(), context=context)


def _context(meeting: UUID) -> str:
    return f"committees.urn|{meeting}"
