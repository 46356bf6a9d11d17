"""What is in the archive that somebody ordered of themselves, and the worker's part of it: see `residents.archives`.

The same file as a program reads it (docs/record.md), and the same as a person reads it, in the language they ordered it in.
"""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from portal.screens.record import asked, export
from portal.screens.record.lines import Line
from portal.screens.record.sources import ENTRIES, SOURCES
from residents import archives
from residents.models import Archive

log = logging.getLogger(__name__)

JSON, HTML = "record.json", "record.html"


class Taken(Exception):
    """Somebody else has taken it up meanwhile, or it is wanted no more."""


@dataclass(frozen=True)
class Section:
    title: str
    lines: Sequence[Line]


def work(*, archive: UUID, at: datetime) -> bool:
    """Make it, if nobody else is at it. Safe to repeat, to race and to kill."""
    attempt = archives.begin(archive=archive, at=at)
    if attempt is None:
        return False
    try:
        return archives.finish(attempt, _made(attempt, at), at=timezone.now())
    except Taken:
        return False
    except Exception as error:  # noqa: BLE001  (whatever it is, the next sweep tries again, and so often only)
        # By name only: a database's message can hold the row.
        log.error("archive %s: %s", attempt.pk, type(error).__name__)
        archives.give_back(attempt)
        return False


def _made(attempt: Archive, at: datetime) -> bytes:
    zone = ZoneInfo(attempt.resident.neighborhood.time_zone)
    with translation.override(attempt.language), timezone.override(zone):
        record = _record(attempt, at)
        files = {JSON: record.encode(), HTML: _page(attempt, json.loads(record), at).encode()}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as folder:
        for name, content in files.items():
            folder.writestr(
                zipfile.ZipInfo(name, at.astimezone(zone).timetuple()[:6]), content, zipfile.ZIP_DEFLATED
            )
    return made.getvalue()


def _record(attempt: Archive, at: datetime) -> str:
    """A part begins with its name (`export.written`); what has come so far is told as it comes."""
    lists = sum(source.shape is not None for source in (*SOURCES, ENTRIES))
    parts, done, found = len(export.FACTS) + len(export.OWN) + lists, 0, []
    for piece in export.written(resident=attempt.resident, own=True, at=at):
        found.append(piece)
        if piece.startswith(',\n"'):
            done = min(done + 1, parts)
            until = timezone.now() + archives.LEASE
            if not archives.go_on(attempt, done=done, parts=parts, until=until):
                raise Taken
    return "".join(found)


def _page(attempt: Archive, record: dict[str, object], at: datetime) -> str:
    sections: dict[str, list[Line]] = {}  # several tables can say one kind of thing
    for source in (*SOURCES, ENTRIES):
        rows = (source.filed or source.rows)(attempt.resident).order_by(f"-{source.clock}", "-pk")
        title = str(source.kind.label) if source.kind else _("When I came and went")
        sections.setdefault(title, []).extend(source.line(row) for row in rows)
    sections[_("What I asked of a body")] = list(asked.lines(attempt.resident))
    shown = {"at": at, "record": record, "sections": _newest_first(sections)}
    return render_to_string("archive_file.html", shown)


def _newest_first(sections: Mapping[str, Sequence[Line]]) -> list[Section]:
    return [
        Section(title, sorted(lines, key=attrgetter("at"), reverse=True))
        for title, lines in sections.items()
        if lines
    ]
