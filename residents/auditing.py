"""The yearly audit of minors' data (obligation 39): opened by itself, late with an alarm, closed by an auditor in words.

It stands from the first sweep of its year on, so that nobody has to remember it; it is closed when the year is over, by the
last day of January. Where no sweep went through for a whole year, the one that comes opens what was missed.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from django.core.exceptions import PermissionDenied
from django.db import transaction

from ledger.record import record
from residents import alarms, effects
from residents.ages import today_in
from residents.models import MinorsAudit, Neighborhood, User
from residents.models.auditing import due_on
from residents.scope import may

PERM = "audit"
LONGEST = 2000
OPERATOR = "operator"


class FindingsMissing(ValueError):
    """An audit is closed in words, and blanks are none."""


class NotYet(Exception):
    """The year is not over: what is still to come cannot have been looked at."""


class AlreadyClosed(Exception):
    """Somebody was faster, and what they wrote stays."""


def open_due(*, at: datetime) -> int:
    """One for this year in each neighborhood, and those that were missed since its first. How many were opened. Two queries
    where there is nothing to do."""
    first: dict[object, int] = {}
    known: set[tuple[object, int]] = set()
    for here, year in MinorsAudit.objects.order_by("year").values_list("neighborhood", "year"):
        first.setdefault(here, year)
        known.add((here, year))
    missing = []
    for each in Neighborhood.objects.filter(practice=False):
        this = today_in(each, at).year
        years = range(first.get(each.pk, this), this + 1)
        missing += [
            MinorsAudit(neighborhood=each, year=year, opened_at=at, due_on=due_on(year))
            for year in years
            if (each.pk, year) not in known
        ]
    # Another sweep may be opening them at this very moment.
    MinorsAudit.objects.bulk_create(missing, ignore_conflicts=True)
    return len(missing)


def late(*, at: datetime) -> list[MinorsAudit]:
    """Open, and their day is over where they are."""
    found = MinorsAudit.objects.open().filter(due_on__lte=at.date()).select_related("neighborhood")
    return [each for each in found.order_by("due_on", "pk") if today_in(each.neighborhood, at) > each.due_on]


def ring(*, at: datetime) -> int:
    """Tell the auditors of those that are late, of each once. How many alarms sounded."""
    return sum(_ring(each, at) for each in late(at=at) if each.late_at is None)


@transaction.atomic
def _ring(audit: MinorsAudit, at: datetime) -> bool:
    if not MinorsAudit.objects.open().filter(pk=audit.pk, late_at=None).update(late_at=at):
        return False
    alarms.sound(kind=alarms.Kind.AUDIT_LATE, neighborhood=audit.neighborhood, subject=audit.pk, at=at)
    return True


@transaction.atomic
def close(*, audit: MinorsAudit, by: User, findings: str, at: datetime) -> MinorsAudit:
    """By an auditor, with what was found, after the year. Once.

    Raises: FindingsMissing, PermissionDenied, NotYet, AlreadyClosed
    """
    words = findings.strip()[:LONGEST]
    if not words:
        raise FindingsMissing
    here = audit.neighborhood
    if here.practice or not may(by, PERM, here, at):
        raise PermissionDenied
    if today_in(here, at).year <= audit.year:
        raise NotYet
    capacity = effects.call("capacity", user=by, neighborhood=here, perm=PERM, at=at)
    if capacity == OPERATOR:  # whoever runs the system audits nobody, themselves least of all
        raise PermissionDenied
    closed = {"closed_at": at, "closed_by": by, "capacity": capacity, "findings": words}
    if not MinorsAudit.objects.open().filter(pk=audit.pk).update(**closed):
        raise AlreadyClosed
    record(
        kind="audit.minors_closed",
        subject=None,
        neighborhood=here.pk,
        payload={
            "audit": audit.pk,
            "year": audit.year,
            "by": by.pk,
            "capacity": capacity,
            "findings_sha": sha256(words.encode()).hexdigest(),
        },
    )
    audit.refresh_from_db()
    return audit
