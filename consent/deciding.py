"""Deciding: yes and no, each its own row, each about one purpose (obligations 4, 5 and 6)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from consent import enabling, guarding, stopping, withdrawal
from consent.decisions import one_at_a_time, wait_for_the_form, write
from consent.guarding import NoGuardian as NoGuardian
from consent.models import SERVES, Decision, Form, Paper, Purpose, Standing
from consent.voices import Voice
from residents import ages
from residents.models import ErasureOrder, Helper, Resident


class FormChanged(Exception):
    """The form in hand is not the one in force: show the new one and ask again."""


class LivesNotHere(Exception):
    """Who does not live here any more agrees to nothing; what they agreed to has ended."""


class TooYoung(Exception):
    """Under fourteen nobody agrees alone: a guardian decides (obligation 15)."""


class GuardiansDisagree(Exception):
    """Another guardian said no, and the no stands until that guardian says otherwise."""


class NeverYes(Exception):
    """A helper says no, and never yes."""


class NoHelper(Exception):
    """They are not named by this resident any more."""


class OnlyTheyStop(Exception):
    """A yes stands: to stop it is the resident's own, not a helper's."""


class TheyDecided(Exception):
    """The resident has decided about this: a helper adds nothing to their word, and is not told what it was."""


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


def with_a_yes(*, residents: Collection[UUID]) -> set[UUID]:
    """The effect of that name: of whom a yes stands, which goes by their date of birth. One query."""
    return set(Standing.objects.filter(resident__in=residents).values_list("resident_id", flat=True))


def form_in_force(resident: Resident, purpose: Purpose) -> Form | None:
    return _in_force(resident).filter(purpose=purpose).first()


@transaction.atomic
def give(
    *,
    resident: Resident,
    purpose: Purpose,
    form: Form,
    voice: Voice,
    at: datetime,
) -> Standing:
    """Record a yes to exactly this form. Saying yes twice is one yes, also where the form says the same in other words
    by now; to a form that asks something else, it is a new one.

    Raises: FormChanged, NeedsFirst, LivesNotHere, TooYoung, NoGuardian, GuardiansDisagree, NeverYes, enabling.NotEnabled
    """
    resident = one_at_a_time(resident)
    if resident.left_at is not None:
        raise LivesNotHere
    _may_say_yes(resident, purpose, voice, at)
    wait_for_the_form(form)
    if form.pk != getattr(form_in_force(resident, purpose), "pk", None):
        raise FormChanged
    standing = Standing.objects.of(resident, purpose).select_related("decision__form").first()
    if standing and standing.expires_at > at and standing.decision.form.stands:
        if voice.guardianship and not guarding.has_said_yes(voice.guardianship, purpose, at):
            _insist_on_enabling(resident, purpose, at)
            # The second guardian's yes is a word of its own: it holds what the first one's no longer does.
            write(resident=resident, form=form, kind=Decision.Kind.GIVEN, voice=voice)
        stopping.stop_others(resident=resident, purpose=purpose, but=voice.paper, at=at)
        return standing
    _insist_on_enabling(resident, purpose, at)
    if standing:
        withdrawal.expire(standing=standing, at=at)
    first = SERVES.get(purpose)
    if first and not Standing.objects.live(at).of(resident, first).exists():
        raise NeedsFirst(first)
    until = _good_until(resident, form, voice, at)
    decision = write(resident=resident, form=form, kind=Decision.Kind.GIVEN, voice=voice, until=until)
    return Standing.objects.create(
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        purpose=purpose,
        decision=decision,
        since=at,
        expires_at=until,
    )


@transaction.atomic
def refuse(
    *,
    resident: Resident,
    purpose: Purpose,
    form: Form,
    voice: Voice,
    at: datetime,
) -> ErasureOrder | None:
    """Record a no. Where a yes stands, this is a withdrawal, and its erasure order comes back.

    Raises: FormChanged, NoGuardian, NoHelper, OnlyTheyStop, TheyDecided
    """
    resident = one_at_a_time(resident)
    if voice.guardianship:
        guarding.insist(voice.guardianship, resident, at)
    if voice.capacity == Decision.Capacity.HELPER:
        _insist_on_the_helper(resident, voice, at)
    if Standing.objects.of(resident, purpose).exists():
        if voice.capacity == Decision.Capacity.HELPER:
            raise OnlyTheyStop
        return withdrawal.withdraw(resident=resident, purpose=purpose, voice=voice, at=at)
    wait_for_the_form(form)
    if form.pk != getattr(form_in_force(resident, purpose), "pk", None):
        raise FormChanged
    said = Decision.objects.filter(resident=resident, purpose=purpose, guardianship=voice.guardianship)
    if voice.capacity == Decision.Capacity.HELPER and (
        said.exclude(capacity=voice.capacity).exists()
        or Paper.objects.under_way().filter(resident=resident, form__purpose=purpose).exists()
    ):
        raise TheyDecided
    last = said.order_by("-at").first()
    if last and last.kind == Decision.Kind.REFUSED and last.form_id == form.pk:
        if voice.capacity != Decision.Capacity.HELPER:
            stopping.stop_others(resident=resident, purpose=purpose, but=voice.paper, at=at)
        return None
    write(
        resident=resident,
        form=form,
        kind=Decision.Kind.REFUSED,
        voice=voice,
    )
    return None


def _may_say_yes(resident: Resident, purpose: Purpose, voice: Voice, at: datetime) -> None:
    if voice.capacity == Decision.Capacity.HELPER:
        raise NeverYes
    if voice.guardianship:
        guarding.insist(voice.guardianship, resident, at)
        if guarding.others_no(voice.guardianship, resident, purpose, at):
            raise GuardiansDisagree
    elif ages.is_under(resident, ages.GUARDED, ages.today_in(resident.neighborhood, at)):
        raise TooYoung


def _insist_on_the_helper(resident: Resident, voice: Voice, at: datetime) -> None:
    named = Helper.objects.current(ages.today_in(resident.neighborhood, at)).filter(resident=resident)
    # Held, so that whoever ends it goes first or waits.
    if not named.select_for_update(of=("self",), no_key=True).filter(helper__user=voice.actor).exists():
        raise NoHelper


def _insist_on_enabling(resident: Resident, purpose: Purpose, at: datetime) -> None:
    enabling.insist(
        neighborhood=resident.neighborhood, purpose=purpose, at=at, for_minors=ages.is_guarded(resident, at)
    )


def _good_until(resident: Resident, form: Form, voice: Voice, at: datetime) -> datetime:
    """As long as the form says; what a guardian agreed to, until the fourteenth birthday at most."""
    assert form.life_days is not None  # a published form has one, by constraint
    until = at + timedelta(days=form.life_days)
    return min(until, ages.fourteen_at(resident)) if voice.guardianship else until


def _in_force(resident: Resident) -> QuerySet[Form]:
    return Form.objects.filter(neighborhood_id=resident.neighborhood_id, state=Form.State.PUBLISHED)
