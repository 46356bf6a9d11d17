"""What auditors are told of this room: what was asked for, given and asked back; how many people it was, and never who."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from residents.ages import today_in, years_before
from residents.audited import ADULT, Figure, Span
from sharing.models import Copy, DisclosedRow, Recall, Request


def figures(span: Span) -> list[Figure]:
    """Three queries."""
    here = {"neighborhood": span.neighborhood}
    put = Request.objects.filter(span.over("opened_at"), **here).count()
    given = Copy.objects.filter(span.over("handed_at"), **here).count()
    back = Recall.objects.filter(**here).aggregate(
        asked=Count("pk", filter=span.over("opened_at")),
        late=Count("pk", filter=Q(confirmation=None, due_at__lte=span.at)),
    )
    return [
        Figure("sharing.put", _("Requests to share data that were put to residents"), put),
        Figure("sharing.given", _("Times data was given to somebody outside"), given),
        Figure("recalls.asked", _("Times a recipient was asked to delete"), back["asked"]),
        Figure("recalls.late", _("Of these overdue at this moment"), back["late"]),
    ]


def handed(span: Span) -> QuerySet[Copy]:
    """Copies that were handed over, the newest first."""
    found = Copy.objects.filter(span.over("handed_at"), neighborhood=span.neighborhood)
    return found.select_related("disclosure__request__recipient").order_by("-handed_at", "pk")


def disclosures(copies: Iterable[Copy]) -> list[dict[str, Any]]:
    """What was handed over, to whom, for what, by an order of law or not, and of how many people. Two queries."""
    found = list(copies)
    rows = DisclosedRow.objects.filter(copy__in=found).order_by()
    people = {each["copy"]: each["count"] for each in rows.values("copy").annotate(count=Count("pk"))}
    return [
        {
            "copy": each,
            "recipient": each.disclosure.request.recipient,
            "request": each.disclosure.request,
            "people": people.get(each.pk, 0),
        }
        for each in found
    ]


def minors(span: Span) -> list[Figure]:
    """One query."""
    grown = years_before(today_in(span.neighborhood, span.at), ADULT)
    rows = DisclosedRow.objects.filter(
        copy__in=handed(span).order_by().values("pk"), resident__born__gt=grown
    )
    return [
        Figure("minors.given_away", _("Times data of a minor was given to somebody outside"), rows.count())
    ]
