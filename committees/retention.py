"""What stays here and why: who held an office is public by law, and an office ends by its own date (obligation 46). What a
resident asked of a body has an end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from committees import said
from committees.models import ServiceRequest
from residents.retention import End, Kept, Rule

# Half a year: long enough to say that a repair did not hold, and to complain about an answer.
WORDS = timedelta(days=180)

RULES: Sequence[Rule] = (
    Rule(
        code="committees.service_words",
        what=_("What you wrote when you asked for a repair or complained, the answers, and your pictures"),
        why=_("So that it can be answered, and opened again if it was not solved after all."),
        life=WORDS,
        since=_("after it was done or called off"),
        end=End.DELETE,
        covers=(
            "committees.ServiceWords",
            "committees.ServicePhoto",
            "committees.ServiceRequest.unit",
        ),
        rows=lambda: ServiceRequest.objects.filter(ended_at__isnull=False, forgotten_at=None),
        clock="ended_at",
        forget=said.forget_over,
        batch=50,
    ),
)

KEPT: Sequence[Kept] = (
    Kept(
        what=_("Who held which office, and from when until when"),
        why=_(
            "So that it can be said later who was allowed to do what. The rights themselves end on the last day."
        ),
        until=_("For good."),
        covers=("committees.Committee", "committees.Term", "committees.NeighborhoodPermission"),
    ),
    Kept(
        what=_("That you asked a body for something, of which kind, and when it answered"),
        why=_("So that a body answers for how long it lets people wait. No word of what you wrote stays."),
        until=_("For good. Once you are deleted, it names a number that leads to nobody."),
        covers=("committees.ServiceRequest", "committees.ServiceStep"),
    ),
)
