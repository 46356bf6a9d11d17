"""What a property company works under: written by one of the committees, confirmed by another, and so is each change of it.

Its staff's rights end with it whatever their terms say, and nothing has to run for that: `TermQuerySet.in_force` and the
database ask for it with each right (obligations 30, 46). A company never writes or confirms its own.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Max

from committees import appointing
from committees.models import Committee, CompanyContract, Term
from committees.roles import capacities
from ledger.record import record
from residents.ages import today_in
from residents.models import Neighborhood, User
from residents.one_person import is_one_person

PERM = "keep_contracts"


class ContractRefused(Exception):
    """Nothing was written. `reason` is one of: office, not_a_company, dates, over, same_person, not_waiting, another."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def write(
    *, committee: Committee, starts: date, ends: date, paper: str, by: User, at: datetime
) -> CompanyContract:
    """What was signed with a company, from `starts` up to, not including, `ends`. It counts once another has confirmed it.

    Raises: ContractRefused
    """
    committee = _lock(committee)
    _insist(by, committee.neighborhood, at)
    if committee.kind != Committee.Kind.PROPERTY:
        raise ContractRefused("not_a_company")
    if ends <= starts or not paper.strip():
        raise ContractRefused("dates")
    return _written(
        CompanyContract(committee=committee, starts=starts, ends=ends, paper=paper.strip()), by=by, at=at
    )


@transaction.atomic
def change(*, contract: CompanyContract, ends: date, paper: str, by: User, at: datetime) -> CompanyContract:
    """Another last day: later, and it is extended; earlier, and it is ended. It counts once another has confirmed it.

    One that is over is not brought back: that is a new contract, and new terms.

    Raises: ContractRefused
    """
    committee = _lock(contract.committee)
    _insist(by, committee.neighborhood, at)
    found = CompanyContract.objects.get(pk=contract.pk)
    today = today_in(committee.neighborhood, at)
    if not found.is_current or found.ends <= today:
        raise ContractRefused("over")
    if ends == found.ends or ends < max(found.starts, today) or not paper.strip():
        raise ContractRefused("dates")
    return _written(
        CompanyContract(
            committee=committee, replaces=found, starts=found.starts, ends=ends, paper=paper.strip()
        ),
        by=by,
        at=at,
    )


@transaction.atomic
def confirm(*, contract: CompanyContract, by: User, at: datetime) -> CompanyContract:
    """Another person has the paper before them, and it says this.

    Raises: ContractRefused
    """
    committee = _lock(contract.committee)
    found = CompanyContract.objects.select_related("replaces").get(pk=contract.pk)
    _insist(by, committee.neighborhood, at)
    if not found.is_waiting:
        raise ContractRefused("not_waiting")
    if is_one_person(found.written_by_id, by.pk):
        raise ContractRefused("same_person")
    _insist_on_what_it_replaces(found, committee, at)
    found.confirmed_by, found.confirmed_at = by, at
    found.save(update_fields=["confirmed_by", "confirmed_at"])
    _record("contract.confirmed", found, by=by, at=at)
    return found


@transaction.atomic
def call_off(*, contract: CompanyContract, by: User, at: datetime) -> CompanyContract:
    """What nobody has confirmed yet is not to be confirmed any more. Raises: ContractRefused"""
    committee = _lock(contract.committee)
    found = CompanyContract.objects.get(pk=contract.pk)
    _insist(by, committee.neighborhood, at)
    if not found.is_waiting:
        raise ContractRefused("not_waiting")
    found.called_off_by, found.called_off_at = by, at
    found.save(update_fields=["called_off_by", "called_off_at"])
    _record("contract.called_off", found, by=by, at=at)
    return found


def shorten_terms(*, at: datetime) -> int:
    """For the sweep: a term that outlives its company's contract is cut to it, and one that had not begun never does. Rights
    do not wait for this; names that residents read, and the desk, are tidied by it."""
    lasts = CompanyContract.objects.current().values_list("committee").annotate(last=Max("ends"))
    last_of = dict(lasts.values_list("committee", "last"))
    companies = Committee.objects.filter(pk__in=last_of).select_related("neighborhood")
    over = [each for each in companies if last_of[each.pk] <= today_in(each.neighborhood, at)]
    cut = 0
    for committee in over:
        with transaction.atomic():
            last = last_of[committee.pk]
            left = Term.objects.filter(committee=committee, ends__gt=last)
            cut += left.filter(starts__lt=last).update(ends=last)
            not_begun = left.filter(starts__gte=today_in(committee.neighborhood, at), suspensions=None)
            theirs = list(not_begun.values_list("user", flat=True))
            cut += not_begun.delete()[0]
            appointing.tidy(users=theirs, at=at)
    return cut


def without(*, neighborhood: Neighborhood, at: datetime) -> list[Committee]:
    """Companies here with somebody in office of which no contract was ever confirmed: their rights end with their terms alone,
    which somebody should hear of. One query."""
    there = Term.objects.filter(neighborhood=neighborhood).in_force(at).values("committee")
    signed = CompanyContract.objects.filter(confirmed_at__isnull=False).values("committee")
    return list(
        Committee.objects.filter(pk__in=there, kind=Committee.Kind.PROPERTY)
        .exclude(pk__in=signed)
        .order_by("name", "pk")
    )


def _insist(by: User, neighborhood: Neighborhood, at: datetime) -> None:
    """Of the committees; or who runs the system, where there is none yet."""
    held = capacities(user=by, neighborhood=neighborhood, perm=PERM, at=at)
    if not by.is_active or not (held or by.is_superuser):
        raise ContractRefused("office")


def _insist_on_what_it_replaces(found: CompanyContract, committee: Committee, at: datetime) -> None:
    today = today_in(committee.neighborhood, at)
    before = found.replaces
    if before is not None:
        if not before.is_current or before.ends <= today:
            raise ContractRefused("over")
        if found.ends < today:
            raise ContractRefused("dates")
    beside = CompanyContract.objects.current().filter(
        committee=committee, starts__lt=found.ends, ends__gt=found.starts
    )
    if before is not None:
        beside = beside.exclude(pk=before.pk)
    if beside.exists():
        raise ContractRefused("another")


def _lock(committee: Committee) -> Committee:
    """One act on a body's contracts at a time."""
    found = Committee.objects.select_for_update(no_key=True, of=("self",)).select_related("neighborhood")
    return found.get(pk=committee.pk)


def _written(contract: CompanyContract, *, by: User, at: datetime) -> CompanyContract:
    """A form that is sent twice is one contract."""
    said = ("committee", "replaces", "starts", "ends", "paper")
    same = CompanyContract.objects.waiting().filter(
        written_by=by, **{name: getattr(contract, name) for name in said}
    )
    if (known := same.first()) is not None:
        return known
    contract.neighborhood_id = contract.committee.neighborhood_id
    contract.written_by, contract.written_at = by, at
    contract.save(force_insert=True)
    _record("contract.written", contract, by=by, at=at)
    return contract


def _record(kind: str, contract: CompanyContract, *, by: User, at: datetime) -> None:
    record(
        kind=kind,
        subject=contract.pk,
        neighborhood=contract.neighborhood_id,
        payload={
            "committee": contract.committee_id,
            "replaced": contract.replaces_id,
            "starts": contract.starts,
            "ends": contract.ends,
            "by": by.pk,
            "at": at,
        },
    )
