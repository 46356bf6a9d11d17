"""What auditors are told of this room: what became of rights, and how well bodies answered. No word of what was asked."""

from __future__ import annotations

from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _

from committees import rights_changes
from committees.models import ServiceRequest
from residents.audited import Figure, Span


def figures(span: Span) -> list[Figure]:
    """Two queries."""
    changed = rights_changes.between(
        neighborhood=span.neighborhood, since=span.since, until=span.until
    ).order_by()
    asked = ServiceRequest.objects.filter(neighborhood=span.neighborhood).aggregate(
        opened=Count("pk", filter=span.over("opened_at")),
        in_time=Count("pk", filter=span.over("replied_at") & Q(replied_at__lte=F("reply_due_at"))),
        late=Count("pk", filter=span.over("replied_at") & Q(replied_at__gt=F("reply_due_at"))),
        waiting=Count("pk", filter=Q(replied_at=None, ended_at=None, reply_due_at__lt=span.at)),
    )
    return [
        Figure("rights.changed", _("Times somebody’s rights changed"), changed.count()),
        Figure("service.asked", _("Repairs, complaints and questions of residents"), asked["opened"]),
        Figure("service.in_time", _("First answered in time"), asked["in_time"]),
        Figure("service.late", _("First answered late"), asked["late"]),
        Figure(
            "service.overdue", _("Without an answer though it is overdue, at this moment"), asked["waiting"]
        ),
    ]
