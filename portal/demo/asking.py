"""What residents of the demo asked of a body: one just sent, one being worked on by
somebody who noted something and sent a picture, one done and yet not forgotten."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import uuid4

from committees import assigning, noting, service
from committees.models.service import Kind, Status
from portal.demo import pictures
from portal.demo.community import Community, Wanted
from residents.models import Resident, User


def ask_and_answer(
    plan: Community, *, users: Mapping[str, User], resident: Callable[[str], Resident], at: datetime
) -> None:
    for wanted in plan.wanted:
        _ask(wanted, users=users, resident=resident(wanted.by), at=at)


def _ask(wanted: Wanted, *, users: Mapping[str, User], resident: Resident, at: datetime) -> None:
    homes = service.dwellings(resident=resident, at=at)
    asked = service.open_(
        resident=resident,
        kind=Kind(wanted.kind),
        body=wanted.body,
        unit=None if wanted.place else homes[0],
        place=wanted.place,
        words=wanted.words,
        pictures=[pictures.lamp()] if wanted.photo else [],
        token=uuid4(),
        by=users[wanted.by],
        at=at,
    )
    if wanted.seen_to_by:
        clerk = users[wanted.seen_to_by]
        assigning.assign(request=asked, to=clerk.pk, seen=0, token=uuid4(), by=clerk, at=at)
        noting.keep(request=asked, words=wanted.noted, token=uuid4(), by=clerk, at=at)
    for seen, (account, status, words) in enumerate(wanted.answers, start=1):
        shown = wanted.shown and seen == len(wanted.answers)
        service.answer(
            request=asked,
            status=Status(status),
            words=words,
            pictures=[pictures.lamp_socket()] if shown else [],
            seen=seen,
            token=uuid4(),
            by=users[account],
            at=at,
        )
