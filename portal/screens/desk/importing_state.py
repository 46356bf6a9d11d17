"""An import as a page tells of it: where it stands, how far it has come, and what can be done."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from residents.importing import sealed
from residents.importing.life import UNDO_WITHIN
from residents.models import Import, ImportRow

LOOK_AGAIN_SECONDS = 2
State = Import.State


@dataclass(frozen=True)
class Shown:
    source: Import
    headline: str
    counts: list[dict[str, Any]]
    refresh: int | None = None
    percent: int = 0
    may_apply: bool = False
    may_undo: bool = False
    nothing_to_do: bool = False
    undo_until: datetime | None = None
    about: dict[str, Any] = field(default_factory=dict)


def shown(source: Import, *, at: datetime, wholly: bool = False) -> Shown:
    undo_until = source.begun_at + UNDO_WITHIN if source.begun_at else None
    planned = source.state in (State.PLANNED, State.DROPPED)
    counts = source.planned if planned or source.state == State.APPLYING else source.became
    return Shown(
        source=source,
        headline=_headline(source),
        counts=[
            {"label": fate.label, "count": counts.get(fate, 0), "refused": fate == ImportRow.Fate.REFUSED}
            for fate in ImportRow.Fate
        ],
        refresh=LOOK_AGAIN_SECONDS if source.is_running else None,
        percent=100 * source.done // source.rows if source.rows else 100,
        may_apply=source.state == State.PLANNED and source.rows > 0,
        may_undo=source.state in (State.APPLIED, State.STOPPED)
        and undo_until is not None
        and at < undo_until,
        undo_until=undo_until,
        nothing_to_do=source.state == State.PLANNED
        and not counts.get(ImportRow.Fate.NEW)
        and not counts.get(ImportRow.Fate.CHANGED),
        about=sealed.about(source) if wholly else {},
    )


def _headline(source: Import) -> str:
    return {
        State.PLANNED: _("Looked at; nothing is written yet"),
        State.APPLYING: _("The list is being written"),
        State.APPLIED: _("The list is on the register"),
        State.STOPPED: _("It stopped before its end"),
        State.UNDOING: _("The list is being undone"),
        State.UNDONE: _("The list was undone"),
        State.DROPPED: _("The list was dropped"),
    }[State(source.state)]
