"""What auditors are told of this room: what became of rights, and how well bodies answered. No word of what was asked."""

from __future__ import annotations

from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _

from committees import answered, rights_changes
from committees.models import ServiceRequest
from residents.audited import Figure, Span


def figures(span: Span) -> list[Figure]:
    """Four queries. Of requests no sum of the house is told in a month in which few asked one body: less what everybody reads of
    the others (`committees.answered`), it would say how few they were."""
    changed = rights_changes.between(
        neighborhood=span.neighborhood, since=span.since, until=span.until
    ).order_by()
    asked = ServiceRequest.objects.filter(neighborhood=span.neighborhood).aggregate(
        opened=Count("pk", filter=span.over("opened_at")),
        in_time=Count("pk", filter=span.over("replied_at") & Q(replied_at__lte=F("reply_due_at"))),
        late=Count("pk", filter=span.over("replied_at") & Q(replied_at__gt=F("reply_due_at"))),
        waiting=Count("pk", filter=Q(replied_at=None, ended_at=None, reply_due_at__lt=span.at)),
    )
    asked_of_all = {"points": True, "untold": _few(span)}
    return [
        Figure("rights.changed", _("Times somebody’s rights changed"), changed.count()),
        Figure(
            "service.asked",
            _("Repairs, complaints and questions of residents"),
            asked["opened"],
            **asked_of_all,
        ),
        Figure("service.in_time", _("First answered in time"), asked["in_time"], **asked_of_all),
        Figure("service.late", _("First answered late"), asked["late"], **asked_of_all),
        Figure(
            "service.overdue",
            _("Without an answer though it is overdue, at this moment"),
            asked["waiting"],
            points=True,
        ),
    ]


def _few(span: Span) -> bool:
    """Whether few asked one of the bodies in this time, or few of those it answered."""
    here = span.neighborhood
    if answered.few_asked(neighborhood=here, since=span.since, until=span.until, at=span.at):
        return True
    answers = ServiceRequest.objects.filter(span.over("replied_at"), neighborhood=here).order_by()
    people = answers.values("body").annotate(people=Count("resident", distinct=True))
    return people.filter(people__lt=here.fewest_counted).exists()
