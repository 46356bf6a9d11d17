"""What the staff of a body note for themselves about a request: a firm that was rung, a part that was ordered.

It is about a resident, so it is theirs to have in a copy of their data (obligation 32, ADR 68); and it is never part of the
conversation. It has a table of its own, a seal of its own and a form of its own, so that neither a slip nor a form sent twice
makes it words to the resident. The database has the last word (`0023_a_request_is_assigned_to_one`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from committees import said
from committees.models import ServiceNote, ServiceRequest
from committees.models.handling import MOST_NOTES
from committees.roles import capacities
from residents.models import User
from vault import keys

ANSWER = "answer_service"
LONGEST = 1000


class NoteRefused(Exception):
    """Nothing was written. `reason` is one of: not_theirs, forgotten, too_many, said."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Noted:
    """In the clear, for whoever may read it."""

    capacity: str
    at: datetime
    words: str


def keep(*, request: ServiceRequest, words: str, token: UUID, by: User, at: datetime) -> ServiceNote:
    """One of the staff of the body that was asked, also once it is done. Sent twice, it is one note.

    Raises: NoteRefused
    """
    pk = uuid4()
    try:
        sealed = said.seal_note(key=request.key, note=pk, words=words)
    except keys.KeyDestroyed:
        raise NoteRefused("forgotten") from None
    with transaction.atomic():
        held = (
            ServiceRequest.objects.select_for_update(no_key=True, of=("self",))
            .select_related("resident", "neighborhood")
            .get(pk=request.pk)
        )
        office = capacities(user=by, neighborhood=held.neighborhood, perm=ANSWER, at=at).get(held.body)
        if office is None or held.resident.user_id == by.pk:
            raise NoteRefused("not_theirs")
        if known := held.notes.filter(token=token).first():
            return known
        if held.forgotten_at is not None:
            raise NoteRefused("forgotten")
        if held.steps.filter(token=token).exists():
            raise NoteRefused("said")
        number = held.notes.count() + 1
        if number > MOST_NOTES:
            raise NoteRefused("too_many")
        return ServiceNote.objects.create(
            pk=pk,
            neighborhood_id=held.neighborhood_id,
            request=held,
            number=number,
            by=by,
            capacity=office,
            token=token,
            at=at,
            sealed=sealed,
        )


def of(request: ServiceRequest) -> Sequence[Noted]:
    """Oldest first. Two queries, one of them to the vault."""
    found = said.noted([request.pk]).get(request.pk, [])
    return [Noted(row.capacity, row.at, words) for row, words in found]
