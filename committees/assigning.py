"""Who sees to a request: one of the staff of the body that was asked, while their right stands, or nobody.

Taking it oneself and giving it to a colleague are one act, on record with who did it. Nothing has to be undone when somebody
leaves: whose right has ended is the assignee of nothing from that minute on, with no task run, and the request stands among
those that nobody sees to (obligations 27 and 46).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from committees.models import (
    NeighborhoodPermission,
    ServiceAssignment,
    ServiceRequest,
    ServiceRequestQuerySet,
    Term,
)
from committees.roles import capacities, granting
from residents.models import User

ANSWER = "answer_service"


class Whose(models.TextChoices):
    """Which open requests a list is of."""

    ALL = "all"
    MINE = "mine"
    NOBODYS = "nobodys"


class AssignmentRefused(Exception):
    """Nothing was written. `reason` is one of: not_theirs, not_staff, over, taken, nobodys."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Assignee:
    """Somebody in office. `name` is what residents may read of them, and is mostly empty."""

    user: UUID
    account: str  # for colleagues alone
    capacity: str
    name: str


def standing(*, at: datetime) -> QuerySet[ServiceAssignment]:
    """The last row of each request, if its assignee may still answer for that body at this moment; with the `role` and the
    `name` of the term by which they may."""
    later = ServiceAssignment.objects.filter(request=OuterRef("request"), number__gt=OuterRef("number"))
    rows = NeighborhoodPermission.objects.filter(
        user=OuterRef("assignee"), permission__codename=ANSWER, content_object=OuterRef("neighborhood")
    )
    terms = (
        Term.objects.filter(
            granting(ANSWER),
            user=OuterRef("assignee"),
            neighborhood=OuterRef("neighborhood"),
            committee__kind=OuterRef("request__body"),
        )
        .in_force(at)
        .order_by("starts", "pk")
    )
    last = ServiceAssignment.objects.filter(~Exists(later), assignee__is_active=True)
    return last.filter(Exists(rows), Exists(terms)).annotate(
        role=Subquery(terms.values("role")[:1]), public_name=Subquery(terms.values("public_name")[:1])
    )


def assignees(requests: Iterable[ServiceRequest], *, at: datetime) -> dict[UUID, Assignee]:
    """By request; those of nobody are missing. One query."""
    found = standing(at=at).filter(request__in=[each.pk for each in requests])
    return {row.request_id: _assignee(row) for row in found.select_related("assignee", "request")}


def _assignee(row: Any) -> Assignee:
    """As `standing` annotates it."""
    return Assignee(row.assignee_id, row.assignee.username, f"{row.request.body}.{row.role}", row.public_name)


def whose(
    requests: ServiceRequestQuerySet, wanted: Whose, *, user: User, at: datetime
) -> ServiceRequestQuerySet:
    now = standing(at=at).filter(request=OuterRef("pk"))
    match wanted:
        case Whose.MINE:
            return requests.filter(Exists(now.filter(assignee=user)))
        case Whose.NOBODYS:
            return requests.filter(~Exists(now))
        case _:
            return requests


def colleagues(*, request: ServiceRequest, at: datetime) -> list[Assignee]:
    """Whom it can be given to: everybody who answers for that body now, but who asked it. The chair first. One query."""
    rows = NeighborhoodPermission.objects.filter(
        user=OuterRef("user"), permission__codename=ANSWER, content_object=OuterRef("neighborhood")
    )
    terms = (
        Term.objects.filter(
            granting(ANSWER),
            Exists(rows),
            neighborhood=request.neighborhood_id,
            committee__kind=request.body,
            user__is_active=True,
        )
        .in_force(at)
        .exclude(user__resident=request.resident_id)
        .order_by("role", "user__username", "starts", "pk")
    )
    found: dict[UUID, Assignee] = {}
    for user, account, role, name in terms.values_list("user", "user__username", "role", "public_name"):
        found.setdefault(user, Assignee(user, account, f"{request.body}.{role}", name))
    return list(found.values())


def last_number(request: ServiceRequest) -> int:
    """What a page has seen of it."""
    return request.assignments.count()


@transaction.atomic
def assign(
    *, request: ServiceRequest, to: UUID | None, seen: int, token: UUID, by: User, at: datetime
) -> ServiceAssignment:
    """To a colleague, to oneself, or (None) back to nobody. `seen` counts the assignments that whoever does it had read: of two who
    take one at once, the second is told.

    Raises: AssignmentRefused
    """
    held = (
        ServiceRequest.objects.select_for_update(no_key=True, of=("self",))
        .select_related("resident", "neighborhood")
        .get(pk=request.pk)
    )
    office = capacities(user=by, neighborhood=held.neighborhood, perm=ANSWER, at=at).get(held.body)
    if office is None or held.resident.user_id == by.pk:
        raise AssignmentRefused("not_theirs")
    if known := held.assignments.filter(token=token).first():
        return known
    if not held.is_open or held.forgotten_at is not None:
        raise AssignmentRefused("over")
    staff = {each.user: each.capacity for each in colleagues(request=held, at=at)}
    if to is not None and to not in staff:
        raise AssignmentRefused("not_staff")
    last = held.assignments.order_by("-number").first()
    number = last.number if last else 0
    if number != seen:
        raise AssignmentRefused("taken")
    now = assignees([held], at=at).get(held.pk)
    if to == (now.user if now else None):
        if last is None or to is None:
            raise AssignmentRefused("nobodys")
        return last  # as it is
    return ServiceAssignment.objects.create(
        neighborhood_id=held.neighborhood_id,
        request=held,
        number=number + 1,
        assignee_id=to,
        capacity=staff[to] if to else "",
        by=by,
        by_capacity=office,
        token=token,
        at=at,
    )
