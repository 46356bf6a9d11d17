"""Whether faces, or fingerprints, may be used in a neighborhood at all (obligations 17 and 18).

They are off until somebody of the committee has written why plain ways do not do and somebody else has confirmed it,
until the impact was assessed by two within the year, and until a sign hangs beside each reader that looks. When any of
it is missing, nobody can say yes or enrol; what stands goes on until it ends, stopping it always works, and cards never
notice. Triggers hold the same by the database's own clock.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction

from consent.models import MODALITY, ImpactAssessment, Incident, Justification, Modality, Purpose
from ledger.record import record
from residents import effects
from residents.ages import today_in
from residents.models import Neighborhood, User
from residents.one_person import is_one_person

# PIPL 55 asks for an assessment before, FR 9 for another when something changes. A year is the longest that one holds.
ASSESSMENT_HOLDS = timedelta(days=365)

Because = ImpactAssessment.Because
Paper = Justification | ImpactAssessment


class Missing(StrEnum):
    """What keeps a modality off."""

    JUSTIFICATION = "justification"
    MINORS = "minors"  # under fourteen only: a justification of their own
    ASSESSMENT = "assessment"
    SIGNS = "signs"


@dataclass(frozen=True)
class State:
    """Where a neighborhood stands with one modality."""

    modality: Modality
    missing: tuple[Missing, ...]
    justification: Justification | None
    for_minors: Justification | None
    assessment: ImpactAssessment | None  # in force and in date, or else the one that was in force last
    unsigned: tuple[str, ...]  # the gates, by name, that look without a sign
    ever: bool  # it was on here once: where it never was, nobody is told that it is off

    @property
    def enabled(self) -> bool:
        return not self.missing


class NotEnabled(Exception):
    """Not justified, assessed and signed here: a new yes has nothing to stand on. `missing` says what lacks."""

    def __init__(self, missing: tuple[Missing, ...]) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing


class NotWhole(ValueError):
    """`missing` names what is to be answered and is not."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing


class SamePerson(Exception):
    """Whoever wrote it does not confirm it."""


class HoldsTooLong(ValueError):
    """It ends today or earlier, or later than a year from now."""


class AlreadyConfirmed(Exception):
    """It is in force, or over: it does not change any more. Write another."""


class NothingToEnd(Exception):
    """It is not in force."""


def state(*, neighborhood: Neighborhood, modality: Modality, at: datetime, for_minors: bool = False) -> State:
    """Three queries."""
    confirmed = list(
        Justification.objects.filter(
            neighborhood=neighborhood, modality=modality, confirmed_at__isnull=False
        ).order_by("confirmed_at")
    )
    justified = {each.for_minors: each for each in confirmed if each.ended_at is None}
    assessment = newest(neighborhood=neighborhood, modality=modality)
    unsigned = tuple(effects.call("unsigned_readers", neighborhood=neighborhood, modality=str(modality)))
    lacks = {
        Missing.JUSTIFICATION: False not in justified,
        Missing.MINORS: for_minors and True not in justified,
        Missing.ASSESSMENT: assessment is None or not holds(assessment, today_in(neighborhood, at)),
        Missing.SIGNS: bool(unsigned),
    }
    return State(
        modality=modality,
        missing=tuple(each for each, lacking in lacks.items() if lacking),
        justification=justified.get(False),
        for_minors=justified.get(True),
        assessment=assessment,
        unsigned=unsigned,
        ever=bool(confirmed) and assessment is not None,
    )


def insist(*, neighborhood: Neighborhood, purpose: Purpose, at: datetime, for_minors: bool = False) -> None:
    """Raises: NotEnabled"""
    modality = MODALITY.get(purpose)
    if modality is None:
        return
    found = state(neighborhood=neighborhood, modality=modality, at=at, for_minors=for_minors)
    if not found.enabled:
        raise NotEnabled(found.missing)


def newest(*, neighborhood: Neighborhood, modality: Modality) -> ImpactAssessment | None:
    """In force, or else the last that was."""
    confirmed = ImpactAssessment.objects.filter(
        neighborhood=neighborhood, modality=modality, confirmed_at__isnull=False
    )
    return confirmed.order_by("-confirmed_at").first()


def holds(assessment: ImpactAssessment, on: date) -> bool:
    until = assessment.valid_until
    return assessment.state == ImpactAssessment.State.IN_FORCE and until is not None and until > on


# --- What the committee writes


def unanswered(paper: Paper) -> list[str]:
    """The fields that say nothing yet."""
    return [name for name in paper.WORDS if not getattr(paper, name).strip()]


@transaction.atomic
def write(*, paper: Paper, by: User) -> Paper:
    """Write a draft, or work on one. Whoever worked on it last has written it, and so cannot confirm it.

    Raises: AlreadyConfirmed
    """
    found = type(paper).objects.select_for_update(no_key=True).filter(pk=paper.pk).first()
    if found is not None and found.confirmed_at is not None:
        raise AlreadyConfirmed
    paper.written_by = by
    paper.save()
    return paper


@transaction.atomic
def confirm_justification(*, justification: Justification, by: User, at: datetime) -> Justification:
    """Put it in force, and the one before it out of force.

    Raises: SamePerson, NotWhole, AlreadyConfirmed
    """
    found = Justification.objects.select_for_update(no_key=True).get(pk=justification.pk)
    _may_confirm(found, by)
    before = Justification.objects.in_force().filter(
        neighborhood=found.neighborhood_id, modality=found.modality, for_minors=found.for_minors
    )
    for old in before:
        end_justification(justification=old, by=by, at=at)
    found.confirmed_by, found.confirmed_at = by, at
    found.save()
    _record("justification.confirmed", found, by=by, at=at)
    return found


@transaction.atomic
def end_justification(*, justification: Justification, by: User, at: datetime) -> None:
    """It holds no more: from now on nobody says yes. What stands goes on until it ends.

    Raises: NothingToEnd
    """
    ended = Justification.objects.in_force().filter(pk=justification.pk).update(ended_by=by, ended_at=at)
    if not ended:
        raise NothingToEnd
    _record("justification.ended", justification, by=by, at=at)


@transaction.atomic
def confirm_assessment(*, assessment: ImpactAssessment, by: User, at: datetime) -> ImpactAssessment:
    """Put it in force, and the one before it out of force.

    Raises: SamePerson, NotWhole, HoldsTooLong, AlreadyConfirmed
    """
    found = ImpactAssessment.objects.select_for_update(no_key=True).get(pk=assessment.pk)
    _may_confirm(found, by)
    today = today_in(found.neighborhood, at)
    if found.valid_until is None or not today < found.valid_until <= today + ASSESSMENT_HOLDS:
        raise HoldsTooLong
    in_force = ImpactAssessment.objects.in_force().filter(
        neighborhood=found.neighborhood_id, modality=found.modality
    )
    in_force.update(state=ImpactAssessment.State.SUPERSEDED, over_on=today)
    found.state = ImpactAssessment.State.IN_FORCE
    found.confirmed_by, found.confirmed_at = by, at
    found.save()
    _record("assessment.confirmed", found, by=by, at=at, valid_until=found.valid_until)
    return found


# --- What ends an assessment before its time, and its time


@transaction.atomic
def make_stale(
    *,
    neighborhood: Neighborhood,
    because: str,
    at: datetime,
    modality: Modality | None = None,
    assessed_before: datetime | None = None,
) -> int:
    """What was assessed is not what is there any more, so nobody says yes or enrols until it is assessed anew. What stands
    goes on. Call it in the transaction of the act that changed something. An assessment confirmed at `assessed_before` or
    later has looked at the change. How many assessments that was."""
    in_force = ImpactAssessment.objects.in_force().filter(neighborhood=neighborhood)
    if assessed_before is not None:
        in_force = in_force.filter(confirmed_at__lt=assessed_before)
    if modality is not None:
        in_force = in_force.filter(modality=modality)
    found = list(in_force.select_for_update(no_key=True).order_by("pk"))
    for each in found:
        _end(each, Because(because), at)
    return len(found)


@transaction.atomic
def say_incident(*, neighborhood: Neighborhood, kind: str, reason: str, by: User, at: datetime) -> Incident:
    """A leak or an attack has happened, or may have. That it was said is kept, and what was assessed ends with it.

    Whom to notify, and by when, is not decided here.
    """
    make_stale(neighborhood=neighborhood, because=Because.INCIDENT, at=at)
    said = Incident.objects.create(neighborhood=neighborhood, kind=kind, reason=reason, said_by=by)
    record(
        kind="incident.said",
        subject=said.pk,
        neighborhood=neighborhood.pk,
        payload={"kind": str(said.kind), "by": by.pk, "at": at},
    )
    return said


def lapse(*, at: datetime) -> int:
    """For the sweep: write down that its time is over. Nobody waits for this: `state` and the triggers go by the date."""
    ended = 0
    latest = at + timedelta(days=2)  # it is tomorrow already somewhere
    due = ImpactAssessment.objects.in_force().filter(valid_until__lte=latest.date())
    for each in due.select_related("neighborhood").order_by("valid_until"):
        if holds(each, today_in(each.neighborhood, at)):
            continue
        with transaction.atomic():
            locked = ImpactAssessment.objects.in_force().select_for_update(no_key=True, skip_locked=True)
            if found := locked.filter(pk=each.pk).first():
                _end(found, Because.DATE_PASSED, at)
                ended += 1
    return ended


def digest(paper: Paper) -> str:
    """SHA-256 over everything it says, so that nobody can say later that it said something else."""
    said = {name: getattr(paper, name) for name in paper.WORDS}
    spelled = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return hashlib.sha256(type(paper)._meta.label_lower.encode() + b" v1\0" + spelled).hexdigest()


def _end(assessment: ImpactAssessment, because: Because, at: datetime) -> None:
    today = today_in(assessment.neighborhood, at)
    ImpactAssessment.objects.in_force().filter(pk=assessment.pk).update(
        state=ImpactAssessment.State.STALE, stale_because=because, over_on=today
    )
    _record("assessment.stale", assessment, by=None, at=at, because=str(because))


def _may_confirm(paper: Paper, by: User) -> None:
    """Raises: SamePerson, NotWhole, AlreadyConfirmed"""
    if paper.confirmed_at is not None:
        raise AlreadyConfirmed
    if is_one_person(paper.written_by_id, by.pk):
        raise SamePerson
    if missing := unanswered(paper):
        raise NotWhole(missing)


def _record(kind: str, paper: Paper, *, by: User | None, at: datetime, **also: Any) -> None:
    record(
        kind=kind,
        subject=paper.pk,
        neighborhood=paper.neighborhood_id,
        payload={
            "modality": str(paper.modality),
            "words": digest(paper),
            "written_by": paper.written_by_id,
            "by": by.pk if by else None,
            "at": at,
            **also,
        },
    )
