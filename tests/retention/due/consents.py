"""What the rules about consents are about."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from consent import papers
from consent.models import Decision, ImpactAssessment, Notice, Paper, Purpose, Standing
from residents.models import (
    DeskAct,
    User,
)
from tests import long_ago, make
from tests.consent.papers import handed_out_at_exactly
from tests.retention.due.places import Place, StillThere, numbers, there


def standing(place: Place, clock: datetime) -> StillThere:
    row = make.consent(place.somebody(), at=clock - timedelta(days=365))
    assert row.expires_at == clock
    return there(Standing, row.pk)


def notice(place: Place, clock: datetime) -> StillThere:
    """Put away at that moment; that there was a yes is what it is about."""
    who = place.somebody()
    row = Notice.objects.create(
        neighborhood=place.neighborhood,
        resident=who,
        kind=Notice.Kind.FORM_REWORDED,
        purpose=Purpose.FACE_AT_GATE,
        form=make.consent(who, at=place.now).decision.form,
        at=clock,
        seen_at=clock,
    )
    return there(Notice, row.pk)


def paper(place: Place, clock: datetime) -> StillThere:
    """One that was stopped on the day it was handed out; the database's clock is moved by the owner alone."""
    clerk = User.objects.create(username=f"staff-{next(numbers)}", is_superuser=True)
    row = papers.hand_out(
        resident=place.somebody(),
        form=make.form(place.neighborhood, Purpose.FACE_AT_GATE, at=place.now),
        language="en",
        known_by=DeskAct.KnownBy.IN_PERSON,
        by=clerk,
        at=place.now,
    )
    papers.stop_at_desk(paper=row, known_by=DeskAct.KnownBy.IN_PERSON, by=clerk, at=place.now)
    handed_out_at_exactly(row, clock)
    return there(Paper, row.pk)


def assessment(place: Place, clock: datetime) -> StillThere:
    """One that was over before this system came: see `make.past_assessment`."""
    return there(ImpactAssessment, make.past_assessment(place.neighborhood, over_on=clock.date()).pk)


def decision(place: Place, clock: datetime) -> StillThere:
    """That somebody had said yes, who was erased then. Today: nobody has left tomorrow."""
    today = timezone.now()
    who = make.resident(place.neighborhood, at=today)
    said = make.consent(who, at=today).decision
    make.tombstone(who, at=today)
    # Or what ended the yes, as they moved out, would be one more that is over.
    long_ago.erased_at(who, clock, decided=clock, alone=said.pk)
    return there(Decision, said.pk)
