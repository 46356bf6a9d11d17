"""What auditors are told of this room (obligations 23 and 39): numbers for a span of time, and never whose they are.

A `Figure` is a number with its words. Where a small one could point at somebody, it `points`, and whatever is printed or taken
away says "fewer than 5" instead of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Min, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from residents.ages import today_in, years_before
from residents.models import (
    Alarm,
    Approval,
    Emergency,
    ErasureOrder,
    ErasurePlace,
    LookUp,
    Neighborhood,
    Resident,
    RightsRequest,
)

ADULT = 18
# An erasure whose places have not all answered by then is one that somebody should ask after.
OVERDUE = timedelta(days=7)
REVIEW_WITHIN = timedelta(days=3)


@dataclass(frozen=True)
class Span:
    """From `since` up to, not including, `until`; `at` is now, for what stands at this moment."""

    neighborhood: Neighborhood
    since: datetime
    until: datetime
    at: datetime

    def over(self, clock: str) -> Q:
        return Q(**{f"{clock}__gte": self.since, f"{clock}__lt": self.until})


@dataclass(frozen=True)
class Figure:
    """`code` is what a file calls it; `points`: a small number of these could point at somebody; `untold`: even a large one, beside
    numbers that everybody reads."""

    code: str
    words: str | Promise
    number: int
    points: bool = False
    untold: bool = False


def figures(span: Span) -> list[Figure]:
    """Five queries."""
    here = {"neighborhood": span.neighborhood}
    looks = LookUp.objects.filter(span.over("at"), **here).aggregate(
        contact=Count("pk", filter=Q(what=LookUp.What.CONTACT, emergency=None)),
        entry=Count("pk", filter=Q(what=LookUp.What.ENTRY)),
        minors=Count("pk", filter=Q(approval__isnull=False)),
    )
    opened = Emergency.objects.filter(span.over("at"), **here).aggregate(
        all=Count("pk"),
        late=Count("pk", filter=Q(review=None, at__lt=span.at - REVIEW_WITHIN)),
    )
    asked = RightsRequest.objects.filter(**here).aggregate(
        opened=Count("pk", filter=span.over("opened_at")),
        in_time=Count("pk", filter=span.over("closed_at") & Q(closed_at__lte=F("due_at"))),
        late=Count("pk", filter=span.over("closed_at") & Q(closed_at__gt=F("due_at"))),
        waiting=Count("pk", filter=Q(closed_at=None, due_at__lt=span.at)),
    )
    return [
        Figure("looks.contact", _("Looks at somebody’s name and phone number"), looks["contact"]),
        Figure("looks.entry", _("Looks at who passed a gate"), looks["entry"]),
        Figure("looks.minors", _("Looks at a minor’s details, each approved by a second"), looks["minors"]),
        Figure("emergencies", _("Times details were opened because a life was in danger"), opened["all"]),
        Figure(
            "emergencies.unreviewed",
            _("Of these not looked at by anybody else within three days"),
            opened["late"],
        ),
        Figure("rights.asked", _("Requests about people’s own data"), asked["opened"]),
        Figure("rights.in_time", _("Answered in time"), asked["in_time"]),
        Figure("rights.late", _("Answered late"), asked["late"]),
        Figure("rights.overdue", _("Overdue at this moment"), asked["waiting"]),
        Figure("erasures.opened", _("Deletions begun"), _opened(span), points=True),
        Figure(
            "erasures.overdue", _("Deletions that a place has not confirmed for a week"), overdue(span)[0]
        ),
        Figure("alarms", _("Alarms to the auditor"), Alarm.objects.filter(span.over("at"), **here).count()),
    ]


def _opened(span: Span) -> int:
    return ErasureOrder.objects.filter(span.over("opened_at"), neighborhood=span.neighborhood).count()


def overdue(span: Span) -> tuple[int, datetime | None]:
    """How many deletions have a place that nobody has heard of for a week, and since when the oldest. One query."""
    told = _unheard(span).aggregate(count=Count("order", distinct=True), since=Min("order__opened_at"))
    return told["count"], told["since"]


def overdue_orders(span: Span) -> QuerySet[ErasureOrder]:
    """These deletions, the oldest first; whose they are, nobody is told."""
    found = ErasureOrder.objects.filter(pk__in=_unheard(span).values("order"))
    return found.order_by("opened_at", "pk")


def unheard_places(span: Span, orders: Iterable[ErasureOrder]) -> dict[UUID, list[ErasurePlace]]:
    """Of each of these deletions the places that have not confirmed. One query."""
    found: dict[UUID, list[ErasurePlace]] = {each.pk: [] for each in orders}
    for place in _unheard(span).filter(order__in=list(found)).order_by("kind", "label", "pk"):
        found[place.order_id].append(place)
    return found


def _unheard(span: Span) -> QuerySet[ErasurePlace]:
    """By the places that wait, which are few, and not by the orders, which are many."""
    return ErasurePlace.objects.filter(
        state=ErasurePlace.State.WAITING,
        order__neighborhood=span.neighborhood,
        order__opened_at__lte=span.at - OVERDUE,
    ).exclude(kind=ErasurePlace.Kind.BACKUP)  # these end on a day that was said


def looks_by_staff(span: Span) -> list[dict[str, Any]]:
    """Who looked how often, in which role, of these at minors and in an emergency. One query."""
    rows = (
        LookUp.objects.filter(span.over("at"), neighborhood=span.neighborhood)
        .order_by("by__username", "capacity")
        .values("by", "by__username", "capacity")
        .annotate(
            count=Count("pk"),
            minors=Count("pk", filter=Q(approval__isnull=False)),
            emergencies=Count("pk", filter=Q(emergency__isnull=False)),
        )
    )
    found: list[Any] = list(rows)
    return found


def looks(span: Span, *, by: Any = None, words: str = "") -> QuerySet[LookUp]:
    """Each with its reason; of one of the staff, and with these words in it, if asked for. Whom they looked at is not asked."""
    found = LookUp.objects.filter(span.over("at"), neighborhood=span.neighborhood)
    if by is not None:
        found = found.filter(by=by)
    if words:
        found = found.filter(reason__icontains=words)
    return found.select_related("by", "approval").order_by("-at", "pk")


def minors(span: Span) -> list[Figure]:
    """What the yearly audit of minors' data begins with. Four queries."""
    here = {"neighborhood": span.neighborhood}
    grown = years_before(today_in(span.neighborhood, span.at), ADULT)
    children = Resident.objects.living().filter(born__gt=grown, **here).count()
    asked = Approval.objects.filter(span.over("asked_at"), **here).aggregate(
        all=Count("pk"),
        refused=Count("pk", filter=Q(answered_at__isnull=False, until=None)),
        unanswered=Count("pk", filter=Q(answered_at=None)),
    )
    seen = LookUp.objects.filter(span.over("at"), **here).aggregate(
        approved=Count("pk", filter=Q(approval__isnull=False)),
        danger=Count("pk", filter=Q(emergency__isnull=False, resident__born__gt=grown)),
    )
    tried = Alarm.objects.filter(span.over("at"), kind=Alarm.Kind.LOOKS_MINORS_REFUSED, **here).count()
    return [
        Figure("minors", _("Minors on the register at this moment"), children, points=True),
        Figure("minors.asked", _("Times somebody asked to see a minor’s details"), asked["all"]),
        Figure("minors.refused", _("Of these refused"), asked["refused"]),
        Figure("minors.unanswered", _("Of these not answered"), asked["unanswered"]),
        Figure("minors.seen", _("Looks at a minor’s details"), seen["approved"]),
        Figure(
            "minors.danger",
            _("Looks at a minor’s details because a life was in danger"),
            seen["danger"],
        ),
        Figure(
            "minors.tried", _("Times somebody tried to look at a minor’s details without an approval"), tried
        ),
    ]
