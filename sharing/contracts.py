"""What a recipient signed: written by one, confirmed by another, and over on its last day or when somebody ends it.

Under a contract that is not in force nobody is asked, no yes is taken and nothing is released: it is not looked for by a
sweep, for each act and the database ask on their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from ledger.record import record
from residents.ages import today_in
from residents.models import User
from residents.one_person import is_one_person
from sharing import reaching
from sharing.models import Contract, Field, Kind, Recipient, RecipientKey, Request, Review, SubProcessor
from sharing.speaking import OutOfOffice, Refusal, insist, watched


class ContractRefused(Refusal):
    """`reason` is one of: fields, dates, words, own_contract, not_waiting, ended."""


@watched("contract.write", on="recipient")
def write(
    *,
    recipient: Recipient,
    starts: date,
    until: date,
    fields: Sequence[str],
    kinds: Sequence[str],
    measures: str,
    paper: str,
    by: User,
    at: datetime,
    sub_processors: Mapping[str, str] | None = None,
) -> Contract:
    """What was signed, from `starts` to `until`, that day included; whom the recipient lets work on it, by name and what for.

    Raises: ContractRefused, OutOfOffice
    """
    insist(by=by, perm="draft_sharing", neighborhood=recipient.neighborhood, at=at)
    check(starts=starts, until=until, fields=fields, kinds=kinds, measures=measures, paper=paper)
    made = Contract.objects.create(
        neighborhood=recipient.neighborhood,
        recipient=recipient,
        starts=starts,
        until=until,
        fields=[field for field in Field.values if field in fields],
        kinds=[kind for kind in Kind.values if kind in kinds],
        measures=measures.strip(),
        paper=paper.strip(),
        written_by=by,
    )
    SubProcessor.objects.bulk_create(
        SubProcessor(neighborhood=made.neighborhood, contract=made, name=name, what_for=what_for)
        for name, what_for in (sub_processors or {}).items()
    )
    _record("sharing.contract_written", made, by=by)
    return made


def check(
    *, starts: date, until: date, fields: Sequence[str], kinds: Sequence[str], measures: str, paper: str
) -> None:
    """Raises: ContractRefused"""
    if not fields or not set(fields) <= set(Field.values) or not kinds or not set(kinds) <= set(Kind.values):
        raise ContractRefused("fields")
    if until < starts:
        raise ContractRefused("dates")
    if not measures.strip() or not paper.strip():
        raise ContractRefused("words")


@watched("contract.confirm", on="contract")
def confirm(*, contract: Contract, by: User, at: datetime) -> Contract:
    """Another person has the paper before them, and it says this.

    Raises: ContractRefused, OutOfOffice
    """
    contract = _held(contract)
    insist(by=by, perm="approve_sharing", neighborhood=contract.neighborhood, at=at)
    if contract.confirmed_at or contract.ended_at:
        raise ContractRefused("not_waiting")
    if is_one_person(contract.written_by_id, by.pk):
        raise ContractRefused("own_contract")
    contract.confirmed_by, contract.confirmed_at = by, at
    contract.save(update_fields=["confirmed_by", "confirmed_at"])
    _record("sharing.contract_confirmed", contract, by=by)
    return contract


@watched("contract.end", on="contract")
def end(*, contract: Contract, by: User, at: datetime) -> Contract:
    """From this moment nothing more is asked, agreed to, released or fetched under it, and what was fetched is asked back.
    Whoever writes contracts may end one, and so may whoever confirms them: shutting a door takes one.

    Raises: ContractRefused, OutOfOffice
    """
    contract = _held(contract)
    try:
        insist(by=by, perm="approve_sharing", neighborhood=contract.neighborhood, at=at)
    except OutOfOffice:
        insist(by=by, perm="draft_sharing", neighborhood=contract.neighborhood, at=at)
    if contract.ended_at:
        raise ContractRefused("ended")
    contract.ended_by, contract.ended_at = by, at
    contract.save(update_fields=["ended_by", "ended_at"])
    _record("sharing.contract_ended", contract, by=by)
    reaching.end_of_contract(contract=contract, at=at)
    return contract


def covers(contract: Contract, asked: Request) -> bool:
    """Whether this recipient signed for these fields and this purpose."""
    return (
        contract.recipient_id == asked.recipient_id
        and set(asked.fields) <= set(contract.fields)
        and asked.kind in contract.kinds
    )


def is_open(asked: Request, at: datetime) -> bool:
    """Whether the contract by which this was asked, if there is one, is in force. One query if there is one."""
    if asked.contract_id is None:
        return True
    today = today_in(asked.neighborhood, at)
    return Contract.objects.in_force(today).filter(pk=asked.contract_id).exists()


def is_known_as_it_is(recipient: Recipient) -> bool:
    """Whether somebody was asked, has read or has confirmed something about it, so that it never becomes another (LM007)."""
    asked = Request.objects.filter(recipient=recipient)
    return (
        asked.exclude(state__in=(Request.State.DRAFT, Request.State.REFUSED)).exists()
        or Review.objects.filter(request__in=asked).exists()
        or Contract.objects.filter(recipient=recipient, confirmed_at__isnull=False).exists()
        or RecipientKey.objects.confirmed().filter(recipient=recipient).exists()
    )


def insist_for(asked: Request, at: datetime) -> None:
    """Who works for the committee has a contract in force; and who ever signed one is asked for by it.

    Raises: ContractRefused
    """
    signed = Contract.objects.filter(recipient=asked.recipient_id, confirmed_at__isnull=False)
    needs = asked.recipient.role == Recipient.Role.PROCESSOR or signed.exists()
    if not is_open(asked, at) or (asked.contract_id is None and needs):
        raise ContractRefused("contract")


def _held(contract: Contract) -> Contract:
    found = Contract.objects.select_for_update(of=("self",)).select_related("neighborhood")
    return found.get(pk=contract.pk)


def _record(kind: str, contract: Contract, *, by: User) -> None:
    record(
        kind=kind,
        subject=contract.pk,
        neighborhood=contract.neighborhood_id,
        payload={"by": by.pk, "recipient": contract.recipient_id},
    )
