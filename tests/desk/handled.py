"""A request as a body handles it: somebody sees to it and notes something; and how long people wait for that body."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from committees import assigning, noting, service_days
from committees.models import (
    Committee,
    ServiceAssignment,
    ServiceNote,
    ServicePhoto,
    ServiceRequest,
    ServiceStep,
    ServiceTimes,
    ServiceWords,
    Term,
)
from committees.models.service import Kind
from residents.models import User
from tests.cast import staff

HANDLED = (
    ServiceRequest,
    ServiceStep,
    ServiceWords,
    ServicePhoto,
    ServiceAssignment,
    ServiceNote,
    ServiceTimes,
)


def handled(leak: ServiceRequest, clerk: User, now: datetime) -> None:
    """One of the company sees to it and notes something; its chair has said how long people wait."""
    assigning.assign(request=leak, to=clerk.pk, seen=0, token=uuid4(), by=clerk, at=now)
    noting.keep(request=leak, words="铸铁管要整根换", token=uuid4(), by=clerk, at=now)
    heads = staff(
        leak.neighborhood, username="heads", kind=Committee.Kind.PROPERTY, role=Term.Role.CHAIR, at=now
    )
    company = Committee.objects.get(neighborhood=leak.neighborhood, kind=Committee.Kind.PROPERTY)
    service_days.say(committee=company, kind=Kind.REPAIR, reply_days=1, done_days=5, by=heads, at=now)
