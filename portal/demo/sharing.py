"""The demo's data-sharing requests: one about to be given, one waiting for residents, one still a draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from portal.demo.community import Community, Question
from residents.ages import today_in
from residents.models import Neighborhood, Resident, User
from sharing import answering, contracts, requesting
from sharing.models import Contract, Recipient, Request


def put(
    plan: Community,
    *,
    neighborhood: Neighborhood,
    users: Mapping[str, User],
    resident: Callable[[str], Resident],
    at: datetime,
) -> None:
    for question in plan.questions:
        request = _draft(question, neighborhood, users=users, at=at)
        if not question.opened:
            continue
        for reader in ("chair", "secretary"):
            requesting.review(request=request, yes=True, by=users[reader], at=at)
        requesting.put_to_residents(request=request, by=users["chair"], at=at)
        for yes, accounts in ((True, question.yes), (False, question.no)):
            for account in accounts:
                answering.answer(
                    request=request,
                    resident=resident(account),
                    fields=request.fields if yes else [],
                    actor=users[account],
                    at=at,
                )


def _draft(
    question: Question, neighborhood: Neighborhood, *, users: Mapping[str, User], at: datetime
) -> Request:
    recipient = Recipient.objects.create(
        neighborhood=neighborhood,
        name=question.recipient,
        contact=question.contact,
        role=Recipient.Role.PROCESSOR if question.measures else Recipient.Role.INDEPENDENT,
    )
    return requesting.draft(
        recipient=recipient,
        contract=_signed(question, recipient, users=users, at=at) if question.measures else None,
        kind=question.kind,
        purpose=question.purpose,
        purpose_en=question.purpose_en,
        fields=question.fields,
        retention_days=question.retention_days,
        deadline=at + question.decide_within,
        by=users["clerk"],
        at=at,
    )


def _signed(question: Question, recipient: Recipient, *, users: Mapping[str, User], at: datetime) -> Contract:
    today = today_in(recipient.neighborhood, at)
    contract = contracts.write(
        recipient=recipient,
        starts=today,
        until=today + timedelta(days=365),
        fields=question.fields,
        kinds=[question.kind],
        measures=question.measures,
        paper="业委会 2 号柜 · cabinet 2 of the owners’ committee",
        sub_processors={question.lets_in: "打电话约时间 · phoning to agree on a time"},
        by=users["clerk"],
        at=at,
    )
    return contracts.confirm(contract=contract, by=users["chair"], at=at)
