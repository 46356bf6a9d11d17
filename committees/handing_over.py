"""Handing over, at the end of a term or of a company's contract: opened, sealed, checked line by line, countersigned (46).

What there is to hand over is in other rooms, so the list comes from above (`portal.handing_over`). Rights are dead by then; who
was in office on the last day may still do this one thing: seal what they leave. The database holds order and sides
(`0017_handed_over_by_two_sides`); what is asked here first is asked so that somebody gets an answer in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q

from committees import appointing, custody
from committees.models import Committee, CompanyContract, Handover, HandoverLine, KeyCustody, Term
from committees.models.bodies import local_date
from committees.models.handovers import RECEIVERS
from ledger.record import record
from residents.ages import today_in
from residents.models import User
from residents.one_person import is_one_person

PERM = "hand_over"
# So long before the last day it may be opened by hand; and so long after it the sweep still opens one.
AHEAD, BEHIND = timedelta(days=30), timedelta(days=60)
_AT_WORK = (Term.Role.CHAIR, Term.Role.CLERK)
_DISPUTED = HandoverLine.Checked.DISPUTED


class HandoverRefused(Exception):
    """Nothing was written. `reason` is one of: side, holder, same_person, too_early, not_begun, sealed, not_sealed, signed,
    unchecked, words, empty, custody, on_record."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Line:
    """What is left, before it is written down. `digest` is over the numbers of what is counted."""

    kind: HandoverLine.Kind
    what: str
    count: int
    digest: str
    label: str = ""


def over_on(handover: Handover) -> date:
    """The day on which what it is about is over: of a term its own, of a company the last of its contracts."""
    if handover.term is not None:
        return handover.term.ends
    current = CompanyContract.objects.current().filter(committee=handover.committee_id)
    found: date = current.aggregate(last=Max("ends"))["last"]
    return found


def gives(*, user: User, handover: Handover, at: datetime) -> bool:
    """Whether they are of the body that leaves: in office there on its last day, or now; never who is suspended or has not begun."""
    day = over_on(handover)
    theirs = Term.objects.filter(user=user, committee=handover.committee_id, role__in=_AT_WORK)
    return user.is_active and (
        theirs.begun(at).filter(starts__lte=day, ends__gte=day).exists() or theirs.in_force(at).exists()
    )


def is_over(handover: Handover, at: datetime) -> bool:
    return over_on(handover) <= today_in(handover.neighborhood, at)


def seals(*, user: User, handover: Handover, at: datetime) -> bool:
    """Whether they are of those who leave, and it is time: a term that is not over yet is its holder's alone to hand over, and a
    contract nobody's."""
    if not gives(user=user, handover=handover, at=at):
        return False
    return is_over(handover, at) or (handover.term is not None and handover.term.user_id == user.pk)


def takes(*, user: User, handover: Handover, at: datetime) -> bool:
    """Whether they may take it over: in office now in a body that may, and not whose term it was."""
    kinds = RECEIVERS[handover.committee.kind]
    theirs = Term.objects.filter(
        user=user, neighborhood=handover.neighborhood_id, committee__kind__in=kinds, role__in=_AT_WORK
    ).in_force(at)
    if handover.contract_id is not None:
        theirs = theirs.exclude(committee=handover.committee_id)
    whose = handover.term.user_id if handover.term is not None else None
    return user.is_active and theirs.exists() and (whose is None or not is_one_person(whose, user.pk))


def left_to_seal(*, user: User, at: datetime) -> list[Handover]:
    """What waits for them because their term is over, or nearly. One query, and some more for whoever there is one for."""
    theirs = Handover.objects.filter(sealed_at=None, committee__terms__user=user).distinct()
    rows = theirs.select_related("committee__neighborhood", "neighborhood", "term", "contract")
    return [each for each in rows.order_by("opened_at", "pk") if seals(user=user, handover=each, at=at)]


@transaction.atomic
def open_(
    *, term: Term | None = None, contract: CompanyContract | None = None, by: User | None, at: datetime
) -> Handover:
    """At the end, by the sweep (`by` is None) or by one of the two sides; by hand up to thirty days ahead. Twice is once.

    Raises: HandoverRefused
    """
    of = term or contract
    assert of is not None
    committee = Committee.objects.select_for_update(no_key=True).get(pk=of.committee_id)
    known = Handover.objects.filter(term=term, contract=contract).first()
    if known is not None:
        return known
    made = Handover(
        neighborhood_id=committee.neighborhood_id, committee=committee, term=term, contract=contract
    )
    if by is not None and not (gives(user=by, handover=made, at=at) or takes(user=by, handover=made, at=at)):
        raise HandoverRefused("side")
    today = today_in(committee.neighborhood, at)
    if term is not None and term.starts > today:
        raise HandoverRefused("not_begun")
    if over_on(made) > today + (AHEAD if by is not None else timedelta()):
        raise HandoverRefused("too_early")
    made.opened_by, made.opened_at = by, at
    made.save(force_insert=True)
    _record("handover.opened", made, by=by, at=at)
    return made


@transaction.atomic
def seal(
    *, handover: Handover, lines: Sequence[Line], by: User, at: datetime, without_giver: str = ""
) -> Handover:
    """One of those who leave puts their name under what there is, before its last day whoever holds the term; or one who takes
    over, if nobody of them will, and says why. From now on no line changes, and the ledger holds the digest of all of them.

    Raises: HandoverRefused
    """
    found = _held(handover)
    if found.sealed_at is not None:
        raise HandoverRefused("sealed")
    without_giver = without_giver.strip()
    side = takes if without_giver else gives
    if not side(user=by, handover=found, at=at):
        raise HandoverRefused("side")
    if not is_over(found, at) and (found.contract_id is not None or without_giver):
        raise HandoverRefused("too_early")
    if not without_giver and not seals(user=by, handover=found, at=at):
        raise HandoverRefused("holder")
    if not lines:
        raise HandoverRefused("empty")
    found.lines.all().delete()
    HandoverLine.objects.bulk_create(
        HandoverLine(neighborhood_id=found.neighborhood_id, handover=found, number=number, **vars(line))
        for number, line in enumerate(lines, start=1)
    )
    # The digest is the database's; something must stand there until it is.
    found.sealed_by, found.sealed_at, found.without_giver, found.digest = by, at, without_giver, "-"
    found.save(update_fields=["sealed_by", "sealed_at", "without_giver", "digest"])
    found.refresh_from_db()
    _record("handover.sealed", found, by=by, at=at, digest=found.digest, lines=len(lines))
    return found


@transaction.atomic
def check(*, handover: Handover, answers: Mapping[UUID, tuple[str, str]], by: User, at: datetime) -> Handover:
    """Whoever takes over has looked at these lines: each is there, or disputed in words. `answers`: line, its check, words.

    Raises: HandoverRefused
    """
    found = _held(handover)
    _insist_on_receiver(found, by, at)
    if found.sealed_at is None:
        raise HandoverRefused("not_sealed")
    if found.countersigned_at is not None:
        raise HandoverRefused("signed")
    for line in found.lines.filter(pk__in=answers):
        checked, words = answers[line.pk]
        words = words.strip() if checked == _DISPUTED else ""
        if checked == _DISPUTED and not words:
            raise HandoverRefused("words")
        if (line.checked, line.words) != (checked, words):
            line.checked, line.words, line.checked_by, line.checked_at = checked, words, by, at
            line.save(update_fields=["checked", "words", "checked_by", "checked_at"])
    return found


@transaction.atomic
def countersign(*, handover: Handover, by: User, at: datetime, custody_left: str = "") -> Handover:
    """Who takes over puts their name beside. A term that is not over yet is from this minute on.

    Raises: HandoverRefused
    """
    found = _held(handover)
    if found.sealed_at is None:
        raise HandoverRefused("not_sealed")
    if found.countersigned_at is not None:
        raise HandoverRefused("signed")
    _insist_on_receiver(found, by, at)
    if found.lines.filter(checked="").exists():
        raise HandoverRefused("unchecked")
    if not is_over(found, at):
        _end_now(found, by, at)
    custody_left = custody_left.strip()
    if not custody_left and custody.left(neighborhood=found.neighborhood, at=at):
        raise HandoverRefused("custody")
    found.countersigned_by, found.countersigned_at, found.custody_left = by, at, custody_left
    found.save(update_fields=["countersigned_by", "countersigned_at", "custody_left"])
    disputed = found.lines.filter(checked=_DISPUTED).count()
    _record("handover.countersigned", found, by=by, at=at, digest=found.digest, refused=disputed)
    return found


def open_due(*, at: datetime) -> int:
    """For the sweep: what ended of late and has no handover. The chair of a committee answers for its archives, and whoever
    keeps a key hands that over, too; who was appointed again hands over nothing."""
    again = Term.objects.filter(
        committee=OuterRef("committee"),
        user=OuterRef("user"),
        starts__lte=OuterRef("ends"),
        ends__gt=OuterRef("ends"),
    )
    keeps = KeyCustody.objects.filter(
        neighborhood=OuterRef("neighborhood"),
        holder=OuterRef("user"),
        witnessed_at__isnull=False,
        ended_at=None,
    )
    chairs = Q(role=Term.Role.CHAIR, committee__kind__in=(Committee.Kind.OWNERS, Committee.Kind.RESIDENTS))
    terms = (
        Term.objects.alias(here=local_date(at, "neighborhood__time_zone"))
        .filter(ends__lte=F("here"), ends__gt=at.date() - BEHIND, handover=None, role__in=_AT_WORK)
        .filter(chairs | Exists(keeps))
        .exclude(Exists(again))
    )
    later = CompanyContract.objects.current().filter(
        committee=OuterRef("committee"), ends__gt=OuterRef("ends")
    )
    contracts = (
        CompanyContract.objects.current()
        .alias(here=local_date(at, "neighborhood__time_zone"))
        .filter(ends__lte=F("here"), ends__gt=at.date() - BEHIND, handover=None)
        .exclude(Exists(later))
    )
    opened = [open_(term=term, by=None, at=at) for term in terms]
    opened += [open_(contract=contract, by=None, at=at) for contract in contracts]
    return len(opened)


def _end_now(found: Handover, by: User, at: datetime) -> None:
    """Old rights are dead that minute."""
    if found.term is None:
        raise HandoverRefused("too_early")
    try:
        appointing.end(term=found.term, by=by, at=at)
    except appointing.OnRecord:
        raise HandoverRefused("on_record") from None
    found.term.refresh_from_db()


def _insist_on_receiver(found: Handover, by: User, at: datetime) -> None:
    if not takes(user=by, handover=found, at=at):
        raise HandoverRefused("side")
    if found.sealed_by_id is not None and is_one_person(found.sealed_by_id, by.pk):
        raise HandoverRefused("same_person")


def _held(handover: Handover) -> Handover:
    rows = Handover.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("committee__neighborhood", "neighborhood", "term", "contract").get(
        pk=handover.pk
    )


def _record(kind: str, handover: Handover, *, by: User | None, at: datetime, **also: object) -> None:
    record(
        kind=kind,
        subject=handover.pk,
        neighborhood=handover.neighborhood_id,
        payload={
            "committee": handover.committee_id,
            "term": handover.term_id,
            "row": handover.contract_id,
            "by": by.pk if by else None,
            "at": at,
            **also,
        },
    )
