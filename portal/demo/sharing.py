"""The demo's data-sharing requests: one about to be given, one waiting for residents, one still a draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from portal.demo.community import Community, Question
from residents.models import Neighborhood, Resident, User
from sharing import answering, requesting
from sharing.models import Recipient, Request


def put(
    plan: Community,
    *,
    neighborhood: Neighborhood,
    users: Mapping[str, User],
    resident: Callable[[str], Resident],
    at: datetime,
) -> None:
    for question in plan.questions:
        request = _draft(question, neighborhood, by=users["clerk"], at=at)
        if not question.opened:
            continue
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


def _draft(question: Question, neighborhood: Neighborhood, *, by: User, at: datetime) -> Request:
    recipient = Recipient.objects.create(
        neighborhood=neighborhood, name=question.recipient, contact=question.contact
    )
    return requesting.draft(
        recipient=recipient,
        purpose=question.purpose,
        purpose_en=question.purpose_en,
        fields=question.fields,
        retention_days=question.retention_days,
        deadline=at + question.decide_within,
        by=by,
        at=at,
    )
