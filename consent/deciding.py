"""Deciding: yes and no, each its own row, each about one purpose (obligations 4, 5 and 6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from consent import enabling, withdrawal
from consent.decisions import one_at_a_time, write
from consent.models import SERVES, Decision, Form, Purpose, Standing
from residents import ages
from residents.models import ErasureOrder, Resident, User


class FormChanged(Exception):
    """The form in hand is not the one in force: show the new one and ask again."""


class LivesNotHere(Exception):
    """Who does not live here any more agrees to nothing; what they agreed to has ended."""


class TooYoung(Exception):
    """Under fourteen nobody agrees alone (obligation 15), and a guardian's yes cannot be given here yet: it stays no."""


class NeedsFirst(Exception):
    """This purpose only serves `purpose`, which has not been agreed to."""

    def __init__(self, purpose: Purpose) -> None:
        super().__init__(purpose)
        self.purpose = purpose


@dataclass(frozen=True)
class Line:
    """Where a resident stands with one purpose."""

    purpose: Purpose
    form: Form | None  # in force, if any
    standing: Standing | None  # live at the moment asked about
    last: Decision | None


def overview(*, resident: Resident, at: datetime) -> list[Line]:
    """One line for each purpose, in their order. Three queries."""
    forms = {form.purpose: form for form in _in_force(resident)}
    standings = {
        standing.purpose: standing
        for standing in Standing.objects.live(at).filter(resident=resident).select_related("decision__form")
    }
    newest = Decision.objects.filter(resident=resident).order_by("purpose", "-at").distinct("purpose")
    last = {decision.purpose: decision for decision in newest}
    return [
        Line(purpose, forms.get(purpose), standings.get(purpose), last.get(purpose)) for purpose in Purpose
    ]


def form_in_force(resident: Resident, purpose: Purpose) -> Form | None:
    return _in_force(resident).filter(purpose=purpose).first()


@transaction.atomic
def give(
    *,
    resident: Resident,
    purpose: Purpose,
    form: Form,
    actor: User,
    language: str,
    route: Decision.Route,
    at: datetime,
) -> Standing:
    """Record a yes to exactly this form. Saying yes twice is one yes; to a new form, it is a new one.

    Raises: FormChanged, NeedsFirst, LivesNotHere, TooYoung, enabling.NotEnabled
    """
    resident = one_at_a_time(resident)
    if resident.left_at is not None:
        raise LivesNotHere
    if resident.born and ages.is_under(resident, ages.GUARDED, ages.today_in(resident.neighborhood, at)):
        raise TooYoung
    if form.pk != getattr(form_in_force(resident, purpose), "pk", None):
        raise FormChanged
    standing = Standing.objects.of(resident, purpose).select_related("decision").first()
    if standing and standing.expires_at > at and standing.decision.form_id == form.pk:
        return standing
    enabling.insist(
        neighborhood=resident.neighborhood, purpose=purpose, at=at, for_minors=ages.is_guarded(resident, at)
    )
    if standing:
        withdrawal.expire(standing=standing, at=at)
    first = SERVES.get(purpose)
    if first and not Standing.objects.live(at).of(resident, first).exists():
        raise NeedsFirst(first)
    decision = write(
        resident=resident,
        form=form,
        kind=Decision.Kind.GIVEN,
        actor=actor,
        capacity=Decision.Capacity.SELF,
        language=language,
        route=route,
    )
    assert form.life_days is not None  # a published form has one, by constraint
    return Standing.objects.create(
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        purpose=purpose,
        decision=decision,
        since=at,
        expires_at=at + timedelta(days=form.life_days),
    )


@transaction.atomic
def refuse(
    *,
    resident: Resident,
    purpose: Purpose,
    form: Form,
    actor: User,
    language: str,
    route: Decision.Route,
    at: datetime,
) -> ErasureOrder | None:
    """Record a no. Where a yes stands, this is a withdrawal, and its erasure order comes back.

    Raises: FormChanged
    """
    resident = one_at_a_time(resident)
    if Standing.objects.of(resident, purpose).exists():
        return withdrawal.withdraw(
            resident=resident, purpose=purpose, actor=actor, language=language, route=route, at=at
        )
    if form.pk != getattr(form_in_force(resident, purpose), "pk", None):
        raise FormChanged
    last = Decision.objects.filter(resident=resident, purpose=purpose).order_by("-at").first()
    if last and last.kind == Decision.Kind.REFUSED and last.form_id == form.pk:
        return None
    write(
        resident=resident,
        form=form,
        kind=Decision.Kind.REFUSED,
        actor=actor,
        capacity=Decision.Capacity.SELF,
        language=language,
        route=route,
    )
    return None


def _in_force(resident: Resident) -> QuerySet[Form]:
    return Form.objects.filter(neighborhood_id=resident.neighborhood_id, state=Form.State.PUBLISHED)
