"""Co-opting: a committee fills a place that came free, for what is left of that term and no day longer (增补).

The decision is the committee's own and stands in its minutes; one member writes it down here, another confirms that the minutes
say so, and neither of them is who comes in. A company has no members to co-opt: its people come with its contract.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from committees import appointing
from committees.models import Committee, CoOption, Term
from committees.roles import bodies
from ledger.record import record
from residents.ages import today_in
from residents.models import User
from residents.one_person import is_one_person

PERM = "keep_members"


class CoOptionRefused(Exception):
    """Nothing was written. `reason` is one of: office, company, held, dates, own, same_person, not_waiting, taken."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def free_until(term: Term) -> date:
    """When the term that came free would have ended."""
    return term.planned_ends or term.ends


@transaction.atomic
def propose(
    *, replaces: Term, user: User, starts: date, decided_on: date, paper: str, by: User, at: datetime
) -> CoOption:
    """What the minutes say. Nobody is in office by it before another member has confirmed it.

    Raises: CoOptionRefused
    """
    term = _lock(replaces)
    _insist(by, term.committee, at)
    if term.committee.kind == Committee.Kind.PROPERTY:
        raise CoOptionRefused("company")
    today = today_in(term.committee.neighborhood, at)
    if term.ends > today:
        raise CoOptionRefused("held")
    if (
        not paper.strip()
        or not term.ends <= starts < free_until(term)
        or not decided_on <= min(starts, today)
    ):
        raise CoOptionRefused("dates")
    if is_one_person(by.pk, user.pk):
        raise CoOptionRefused("own")
    if CoOption.objects.filter(replaces=term, confirmed_at__isnull=False).exists():
        raise CoOptionRefused("taken")
    said = {"user": user, "starts": starts, "decided_on": decided_on, "paper": paper.strip()}
    known = CoOption.objects.filter(
        replaces=term, written_by=by, confirmed_at=None, called_off_at=None, **said
    ).first()
    if known is not None:
        return known  # the form was sent twice
    made = CoOption.objects.create(
        neighborhood_id=term.neighborhood_id,
        committee=term.committee,
        replaces=term,
        written_by=by,
        written_at=at,
        **said,
    )
    _record("term.co_option_written", made, by=by, at=at)
    return made


@transaction.atomic
def confirm(*, co_option: CoOption, by: User, at: datetime) -> Term:
    """The minutes say so: from its first day on they hold the place, with the rights of its role.

    Raises: CoOptionRefused
    """
    term = _lock(co_option.replaces)
    found = CoOption.objects.select_related("user").get(pk=co_option.pk)
    _insist(by, term.committee, at)
    if not found.is_waiting:
        raise CoOptionRefused("not_waiting")
    if is_one_person(found.written_by_id, by.pk):
        raise CoOptionRefused("same_person")
    if is_one_person(found.user_id, by.pk):
        raise CoOptionRefused("own")
    if CoOption.objects.filter(replaces=term, confirmed_at__isnull=False).exists():
        raise CoOptionRefused("taken")
    made = appointing.appoint(
        committee=term.committee,
        user=found.user,
        role=term.role,
        starts=found.starts,
        ends=free_until(term),
        by=by,
        at=at,
    )
    found.confirmed_by, found.confirmed_at, found.term = by, at, made
    found.save(update_fields=["confirmed_by", "confirmed_at", "term"])
    _record("term.co_opted", found, by=by, at=at)
    return made


@transaction.atomic
def call_off(*, co_option: CoOption, by: User, at: datetime) -> CoOption:
    """The minutes say something else. Raises: CoOptionRefused"""
    term = _lock(co_option.replaces)
    found = CoOption.objects.get(pk=co_option.pk)
    _insist(by, term.committee, at)
    if not found.is_waiting:
        raise CoOptionRefused("not_waiting")
    found.called_off_by, found.called_off_at = by, at
    found.save(update_fields=["called_off_by", "called_off_at"])
    _record("term.co_option_called_off", found, by=by, at=at)
    return found


def _insist(by: User, committee: Committee, at: datetime) -> None:
    """Of the very body. Who runs the system appoints, and co-opts nobody: that takes a committee's decision."""
    if not bodies(user=by, perm=PERM, at=at).filter(pk=committee.pk).exists():
        raise CoOptionRefused("office")


def _lock(term: Term) -> Term:
    Committee.objects.select_for_update(no_key=True).get(pk=term.committee_id)
    return Term.objects.select_related("committee__neighborhood").get(pk=term.pk)


def _record(kind: str, co_option: CoOption, *, by: User, at: datetime) -> None:
    record(
        kind=kind,
        subject=co_option.user_id,
        neighborhood=co_option.neighborhood_id,
        payload={
            "committee": co_option.committee_id,
            "replaced": co_option.replaces_id,
            "term": co_option.term_id,
            "starts": co_option.starts,
            "day": co_option.decided_on,
            "by": by.pk,
            "at": at,
        },
    )
