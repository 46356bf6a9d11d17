"""A question to which somebody said yes, and what was given by it, where a test has nothing of its own to begin with."""

from __future__ import annotations

import itertools
from datetime import timedelta

from django.utils import timezone

from committees.models import Committee, Term
from residents.models import Neighborhood, Resident, User
from sharing import disclosing, requesting
from sharing.models import Answer, Copy, Recipient, Request
from tests import make
from tests.cast import staff
from tests.sharing import passing, receiving

numbers = itertools.count(1)


def chair(where: Neighborhood) -> User:
    return _of(where, Committee.Kind.OWNERS, Term.Role.CHAIR)


def clerk(where: Neighborhood) -> User:
    return _of(where, Committee.Kind.PROPERTY, Term.Role.CLERK)


def agreed(who: Resident) -> Request:
    """They were asked for their name, by now, and said yes."""
    where, today = who.neighborhood, timezone.now()
    drafted = requesting.draft(
        recipient=Recipient.objects.create(
            neighborhood=where, name=f"送水站 {next(numbers)}", contact="柳岸路 3 号"
        ),
        kind="delivery",
        purpose="送水到户",
        purpose_en="Delivering water to the door",
        fields=["name"],
        retention_days=30,
        deadline=today + timedelta(days=7),
        by=clerk(where),
        at=today,
    )
    read = make.read_by_two(drafted, at=today)
    asked = requesting.put_to_residents(request=read, by=chair(where), at=today)
    Answer.objects.create(
        neighborhood=where, request=asked, resident=who, yes=True, fields=["name"], actor=who.user
    )
    return asked


def given(who: Resident) -> Copy:
    """The same, and it was made; nobody has fetched it."""
    asked, today = passing.its_time_passes(agreed(who)), timezone.now()
    by = chair(who.neighborhood)
    receiving.key(asked.recipient, by=by)
    return receiving.made(disclosing.release(request=asked, by=by, at=today), at=today)


def _of(where: Neighborhood, kind: Committee.Kind, role: Term.Role) -> User:
    return staff(where, username=f"shares-{next(numbers)}", kind=kind, role=role, at=timezone.now())
