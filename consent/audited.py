"""What auditors are told of this room: how many papers and decisions, by month and by clerk; never who decided what."""

from __future__ import annotations

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from consent.models import Decision, Paper
from residents.audited import Figure, Span


def figures(span: Span) -> list[Figure]:
    """Two queries. A no is not counted: whoever adds up would learn who is left."""
    made = Decision.objects.filter(span.over("at"), neighborhood=span.neighborhood).aggregate(
        given=Count("pk", filter=Q(kind=Decision.Kind.GIVEN)),
        stopped=Count("pk", filter=Q(kind=Decision.Kind.WITHDRAWN)),
    )
    papers = Paper.objects.filter(neighborhood=span.neighborhood).aggregate(
        out=Count("pk", filter=span.over("handed_out_at")),
        read=Count("pk", filter=span.over("confirmed_at")),
    )
    return [
        Figure("papers.handed_out", _("Paper forms handed out"), papers["out"], points=True),
        Figure("papers.read", _("Paper forms read by a second of the staff"), papers["read"], points=True),
        Figure("decisions.given", _("Times somebody agreed to something"), made["given"], points=True),
        Figure("decisions.stopped", _("Times somebody stopped something"), made["stopped"], points=True),
    ]


def minors(span: Span) -> list[Figure]:
    """One query."""
    decided = Decision.objects.filter(span.over("at"), neighborhood=span.neighborhood).exclude(
        guardianship=None
    )
    given = decided.filter(kind=Decision.Kind.GIVEN).count()
    return [Figure("minors.given", _("Times a guardian agreed to something for a child"), given, points=True)]
