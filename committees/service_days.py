"""Within how many days a body answers what it is asked, and has done it: said by its chair, within limits that the database holds.

What is said counts for what is asked from then on. A request keeps the days it was asked under, when it is opened again too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from committees.models import Committee, ServiceTimes, Term
from committees.models.service import DONE_DAYS, MOST_DONE_DAYS, MOST_REPLY_DAYS, REPLY_DAYS, Kind
from residents.models import Neighborhood, User


class DaysRefused(Exception):
    """Nothing was written. `reason` is one of: office, limits."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Days:
    reply: int
    done: int


def of(*, neighborhood: Neighborhood) -> dict[tuple[Committee.Kind, Kind], Days]:
    """For each kind of body, and each kind of request. One query."""
    found = {
        (body, kind): Days(REPLY_DAYS[kind], DONE_DAYS[kind]) for body in Committee.Kind for kind in Kind
    }
    said = ServiceTimes.objects.filter(neighborhood=neighborhood).order_by(
        "committee__kind", "kind", "-set_at", "pk"
    )
    said = said.distinct("committee__kind", "kind")
    for body, kind, reply, done in said.values_list("committee__kind", "kind", "reply_days", "done_days"):
        found[Committee.Kind(body), Kind(kind)] = Days(reply, done)
    return found


def chaired(*, user: User, at: datetime) -> QuerySet[Committee]:
    """For which bodies somebody may say it now: as their chair."""
    terms = Term.objects.filter(user=user, role=Term.Role.CHAIR).in_force(at)
    acts = user.is_active and not user.without_second_step
    return Committee.objects.filter(pk__in=terms.values("committee")) if acts else Committee.objects.none()


@transaction.atomic
def say(
    *, committee: Committee, kind: Kind, reply_days: int, done_days: int, by: User, at: datetime
) -> ServiceTimes:
    """Raises: DaysRefused"""
    Committee.objects.select_for_update(no_key=True).get(pk=committee.pk)
    if not chaired(user=by, at=at).filter(pk=committee.pk).exists():
        raise DaysRefused("office")
    if not (1 <= reply_days <= MOST_REPLY_DAYS[kind] and reply_days <= done_days <= MOST_DONE_DAYS[kind]):
        raise DaysRefused("limits")
    last = ServiceTimes.objects.filter(committee=committee, kind=kind).order_by("-set_at", "pk").first()
    if last is not None and (last.reply_days, last.done_days, last.set_by_id) == (
        reply_days,
        done_days,
        by.pk,
    ):
        return last  # the form was sent twice
    return ServiceTimes.objects.create(
        neighborhood_id=committee.neighborhood_id,
        committee=committee,
        kind=kind,
        reply_days=reply_days,
        done_days=done_days,
        set_by=by,
        set_at=at,
    )
