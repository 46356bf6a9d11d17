"""What the record is made of: each table that holds something for the person to read, as data.

Whoever adds a table about residents that they are to see adds a row here, and it is on the page, in the list with its
filters, on paper and in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from access import entries
from access.models import Credential, Pass, TapRequest
from committees.models import Sheet, Turnout
from consent import telling
from consent.models import Decision
from portal.screens.record import lines, shapes, vote_lines, vote_shapes
from portal.screens.record.lines import Line
from residents.models import DeskAct, Letter, LookUp, Message, Resident
from sharing import given, leak_notices
from sharing.models import Answer


class Kind(models.TextChoices):
    """In the order of the page: first what others did."""

    VIEWED = "viewed", _("Who viewed my information")
    GIVEN = "given", _("What was given, to whom")
    DECIDED = "decided", _("What I decided")
    DESK = "desk", _("What the desk did for me")
    LETTERS = "letters", _("Letters written to you")
    CARDS = "cards", _("My cards and PINs")
    VISITS = "visits", _("Visitor passes made for me")
    TOLD = "told", _("What I was told")


@dataclass(frozen=True, kw_only=True)
class Source:
    """`clock` is when it happened, as a path from a row; `rows` joins whatever a line and a shape need."""

    code: str  # its name in places and in the file
    kind: Kind | None
    clock: str
    rows: Callable[[Resident], QuerySet[Any]]
    line: Callable[[Any], Line]
    shape: Callable[[Any], shapes.Json] | None
    filed: Callable[[Resident], QuerySet[Any]] | None = None  # where the file holds more than the pages
    numbered: bool = False  # its keys are numbers and no UUIDs

    def when(self, row: Any) -> datetime:
        at: datetime = attrgetter(self.clock.replace("__", "."))(row)
        return at


def _plain(resident: Resident) -> QuerySet[Credential]:
    return Credential.objects.plain().filter(resident=resident)


SOURCES: Sequence[Source] = (
    Source(
        code="look_ups",
        kind=Kind.VIEWED,
        clock="at",
        rows=lambda resident: LookUp.objects.filter(resident=resident).select_related(
            "approval", "emergency__review"
        ),
        line=lines.look_up,
        shape=shapes.look_up,
    ),
    Source(
        code="disclosures",
        kind=Kind.GIVEN,
        clock="copy__ready_at",
        rows=lambda resident: (
            given.shown()
            .filter(resident=resident)
            .select_related("copy__disclosure__request__recipient", "recalled__recall__confirmation", "order")
        ),
        line=lines.disclosed,
        shape=shapes.disclosed,
        numbered=True,
    ),
    Source(
        code="handed",
        kind=Kind.GIVEN,
        clock="handed_at",
        rows=lambda resident: Message.objects.handed().filter(resident=resident),
        line=lines.handed,
        shape=shapes.handed,
    ),
    Source(
        code="consents",
        kind=Kind.DECIDED,
        clock="at",
        rows=lambda resident: Decision.objects.filter(resident=resident).select_related(
            "actor__resident", "guardianship__guardian"
        ),
        line=lines.decision,
        shape=shapes.decision,
    ),
    Source(
        code="answers",
        kind=Kind.DECIDED,
        clock="at",
        rows=lambda resident: Answer.objects.filter(resident=resident).select_related("request__recipient"),
        line=lines.answer,
        shape=shapes.answer,
        numbered=True,
    ),
    Source(
        code="desk_acts",
        kind=Kind.DESK,
        clock="at",
        rows=lambda resident: DeskAct.objects.filter(resident=resident),
        line=lines.desk_act,
        shape=shapes.desk_act,
    ),
    Source(
        code="ballots",
        kind=Kind.DESK,
        clock="given_at",
        rows=lambda resident: Sheet.objects.filter(head__owners__resident=resident).select_related(
            "meeting", "turnout"
        ),
        line=vote_lines.given,
        shape=vote_shapes.ballot,
    ),
    Source(
        code="ballots_taken",
        kind=Kind.DESK,
        clock="at",
        rows=lambda resident: Turnout.objects.filter(
            channel=Turnout.Channel.PAPER, head__owners__resident=resident
        ).select_related("meeting"),
        line=vote_lines.taken_in,
        shape=None,  # that it came in stands with the ballot
    ),
    Source(
        code="letters",
        kind=Kind.LETTERS,
        clock="made_at",
        rows=lambda resident: Letter.objects.filter(resident=resident),
        line=lines.letter,
        shape=shapes.letter,
    ),
    Source(
        code="slips",
        kind=Kind.LETTERS,
        clock="over_at",
        rows=lambda resident: Message.objects.filter(resident=resident, state=Message.State.PRINTED),
        line=lines.slip,
        shape=shapes.slip,
    ),
    Source(
        code="ways",
        kind=Kind.CARDS,
        clock="created_at",
        rows=_plain,
        line=lines.way_began,
        shape=shapes.way,
        filed=lambda resident: Credential.objects.filter(resident=resident),
    ),
    Source(
        code="ways_ended",
        kind=Kind.CARDS,
        clock="ended_at",
        rows=lambda resident: _plain(resident).filter(ended_at__isnull=False),
        line=lines.way_ended,
        shape=None,  # the end of a way stands with its beginning
    ),
    Source(
        code="taps",
        kind=Kind.CARDS,
        clock="made_at",
        rows=lambda resident: TapRequest.objects.filter(resident=resident).select_related("gate"),
        line=lines.tap,
        shape=shapes.tap,
    ),
    Source(
        code="visits",
        kind=Kind.VISITS,
        clock="made_at",
        # What the desk made on somebody's behalf, ended or not: they see it for as long as there is a trace of it.
        rows=lambda resident: (
            Pass.objects.of(resident).filter(made_by__isnull=False).select_related("credential")
        ),
        line=lines.visit,
        shape=shapes.visit,
    ),
    Source(
        code="notices",
        kind=Kind.TOLD,
        clock="at",
        rows=lambda resident: telling.told(resident=resident),
        line=lines.notice,
        shape=shapes.notice,
    ),
    Source(
        code="leaks",
        kind=Kind.TOLD,
        clock="at",
        rows=lambda resident: leak_notices.told_of(resident),
        line=lines.leak_told,
        shape=shapes.leak_told,
    ),
)
# Of no kind, so that no list of kinds ever holds it: shown where `again` says so, and nowhere else.
ENTRIES = Source(
    code="entries",
    kind=None,
    clock="device_time",
    rows=lambda resident: entries.own(resident=resident).select_related("gate"),
    line=lines.entry,
    shape=shapes.entry,
)
BY_CODE: Mapping[str, Source] = {source.code: source for source in (*SOURCES, ENTRIES)}


def of(*kinds: str) -> list[Source]:
    return [source for source in SOURCES if source.kind in kinds]
