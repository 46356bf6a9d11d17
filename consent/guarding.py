"""Guardians: whose power holds at this moment, and what the others said. One no among them holds (obligation 15)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from consent import withdrawal
from consent.decisions import one_at_a_time
from consent.models import SERVES, Decision, Paper, Purpose, Standing
from consent.powers import NoGuardian as NoGuardian
from consent.powers import insist as insist
from residents.ages import today_in
from residents.models import ErasureOrder, Guardianship, Resident


def others_no(guardianship: Guardianship, child: Resident, purpose: Purpose, at: datetime) -> bool:
    """Whether the newest word of any other guardian about this purpose is a no."""
    others = (
        Guardianship.objects.current(today_in(child.neighborhood, at))
        .filter(child=child)
        .exclude(guardian=guardianship.guardian_id)
        .values("guardian")
    )
    newest = (
        Decision.objects.filter(resident=child, purpose=purpose, guardianship__guardian__in=others)
        .order_by("guardianship__guardian", "-at")
        .distinct("guardianship__guardian")
    )
    return any(decision.kind != Decision.Kind.GIVEN for decision in newest)


def has_said_yes(guardianship: Guardianship, purpose: Purpose, at: datetime) -> bool:
    """Whether this guardian's own newest word is a yes that counts still: not one to a form that is out of force, nor one
    whose time is over."""
    words = Decision.objects.filter(guardianship=guardianship, purpose=purpose).select_related("form")
    word = words.order_by("-at").first()
    return word is not None and counts(word, at)


def counts(word: Decision, at: datetime) -> bool:
    """Whether this decision, its form at hand, is a yes that has not ended with its form or its time."""
    if word.kind != Decision.Kind.GIVEN or not word.form.stands:
        return False
    assert word.form.life_days is not None  # a published form has one, by constraint
    return word.at + timedelta(days=word.form.life_days) > at


def is_held(child: Resident, purpose: Purpose, at: datetime) -> bool:
    """Whether the newest word of any guardian who decides today is a yes."""
    current = Guardianship.objects.current(today_in(child.neighborhood, at)).filter(child=child)
    return any(has_said_yes(each, purpose, at) for each in current)


@transaction.atomic
def end_unheld(*, child: Resident, at: datetime) -> list[ErasureOrder]:
    """The effect of that name, in the act that ends a guardian's power: a yes stands while a guardian who agreed to it decides.

    Whose power ended cannot stop what they agreed to any more, so it does not go on in their name. Nobody withdraws for
    the child: it is the clock's decision, and another guardian can say yes again.
    """
    child = one_at_a_time(child)
    standings = Standing.objects.filter(resident=child, decision__capacity=Decision.Capacity.GUARDIAN)
    purposes = [Purpose(each) for each in standings.values_list("purpose", flat=True)]
    unheld = [each for each in purposes if not is_held(child, each, at)]
    orders = [
        withdrawal.end_unheld(resident=child, purpose=each, at=at)
        for each in sorted(unheld, key=lambda each: (each in SERVES, each))
    ]
    return [order for order in orders if order is not None]


def decided_by() -> Q:
    """The effect of that name: guardianships that a decision or a paper names, which cannot go before it."""
    decisions = Decision.objects.filter(guardianship=OuterRef("pk"))
    return Q(Exists(decisions)) | Q(Exists(Paper.objects.filter(guardianship=OuterRef("pk"))))
