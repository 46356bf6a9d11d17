"""What auditors are told of this room: gates that fell silent, and gates opened or locked down from afar. Nobody who passed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from access.models import EmergencyOpening, Lockdown, RemoteOpening, Silence
from residents.audited import Figure, Span


def figures(span: Span) -> list[Figure]:
    """Four queries."""
    here = {"neighborhood": span.neighborhood}
    return [
        Figure(
            "gates.silent",
            _("Times a reader at a gate fell silent"),
            Silence.objects.filter(span.over("noticed_at"), **here).count(),
        ),
        Figure(
            "gates.opened",
            _("Times gates were opened for an emergency"),
            EmergencyOpening.objects.filter(span.over("opened_at"), **here).count(),
        ),
        Figure(
            "gates.opened_once",
            _("Times staff opened a gate once"),
            RemoteOpening.objects.filter(span.over("asked_at"), **here).count(),
        ),
        Figure(
            "gates.locked_down",
            _("Times gates were locked down"),
            Lockdown.objects.filter(span.over("began_at"), **here).count(),
        ),
    ]
