"""How long an import is kept, as data, and forgetting it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from residents.models import Import, ImportRow
from vault import keys

# Long enough to ask a colleague about a line; nothing has come of the list yet.
LIFE_UNAPPLIED = timedelta(days=7)
# The law of the register: where somebody lives is taken back as a mistake within a week of being written, and not later.
# A day less, so that the last batch is undone within it too.
UNDO_WITHIN = timedelta(days=6)
# Long enough to find out what came of a line.
LIFE_APPLIED = timedelta(days=30)


def due(*, at: datetime) -> list[UUID]:
    """Imports whose time is over. One that is running is let finish first."""
    over = Import.objects.kept().filter(forget_at__lte=at).exclude(state__in=Import.RUNNING)
    return list(over.order_by("forget_at").values_list("pk", flat=True))


def forget(*, imported: UUID, at: datetime) -> bool:
    """Destroy the key, then the lines. What stays is that there was an import, by whom, when, and counts.

    In this order: whatever dies in between leaves nothing readable, and the next sweep goes on. False if it was done.
    """
    source = Import.objects.kept().exclude(state__in=Import.RUNNING).filter(pk=imported).first()
    if source is None:
        return False
    keys.destroy(id=source.key)
    with transaction.atomic():
        ImportRow.objects.filter(source=source).delete()
        if source.state == Import.State.PLANNED:
            source.state = Import.State.DROPPED
        forgotten = Import.objects.kept().filter(pk=imported)
        return bool(forgotten.update(state=source.state, about=None, gates=[], forgotten_at=at))
