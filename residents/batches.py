"""Printing letters in batches: who gets one, in which order, and once.

The one named exception to "no bulk export": names and dwellings leave on paper, one sheet for each person. It is
recorded, for each of them and for the batch, and each sees it in their own record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, TextChoices
from django.db.models.functions import Coalesce, Length
from django.utils.translation import gettext_lazy as _

from ledger.record import record
from residents import letters
from residents.ages import GUARDED, today_in, years_before
from residents.models import (
    Building,
    Letter,
    LetterBatch,
    Neighborhood,
    Occupancy,
    Ownership,
    Resident,
    Unit,
    User,
)
from residents.scope import may

AT_ONCE = 200
OWN_LETTER_FROM = GUARDED  # years: for whoever is younger, a guardian acts


class BatchPrinted(Exception):
    """This very form was sent before. Its codes are on paper, and nowhere else."""

    def __init__(self, batch: LetterBatch) -> None:
        super().__init__(batch.pk)
        self.batch = batch


class NobodyChosen(Exception):
    """There is nobody (left) to write to."""


class Who(TextChoices):
    NO_LETTER = "no_letter", _("has no letter yet")
    EXPIRED = "expired", _("letter expired, never used")


@dataclass(frozen=True, kw_only=True)
class Choice:
    neighborhood: Neighborhood
    who: Who
    building: Building | None = None  # none: every building


@dataclass(frozen=True)
class Addressed:
    """One sheet: the letter and its code, and where it goes."""

    written: letters.Written
    name: str
    building: str
    number: str


@dataclass(frozen=True)
class Printed:
    batch: LetterBatch
    sheets: list[Addressed]
    left: int  # how many are still to be printed


def at_home(residents: QuerySet[Resident], *, on: date) -> QuerySet[Resident]:
    """With `home` (a unit's id), `home_building_id`, `home_building` and `home_number`; in a carrier's order.

    Home is where somebody lives, else what they own. Whoever has neither is left out.
    """
    mine = {"resident": OuterRef("pk")}
    lived = Occupancy.objects.current(on).filter(**mine).order_by("since", "pk")
    owned = Ownership.objects.current(on).filter(**mine).order_by("since", "pk")
    unit = Unit.objects.filter(pk=OuterRef("home"))
    return (
        residents.annotate(
            home=Coalesce(Subquery(lived.values("unit")[:1]), Subquery(owned.values("unit")[:1]))
        )
        .annotate(
            home_building_id=Subquery(unit.values("building")),
            home_building=Subquery(unit.values("building__name")),
            home_number=Subquery(unit.values("number")),
        )
        .exclude(home=None)
        .order_by(Length("home_building"), "home_building", Length("home_number"), "home_number", "pk")
    )


def of_age(neighborhood: Neighborhood, *, on: date) -> QuerySet[Resident]:
    """People of the neighborhood, at home, who get letters of their own."""
    born_by = years_before(on, OWN_LETTER_FROM)
    people = Resident.objects.living().filter(neighborhood=neighborhood).exclude(born__gt=born_by)
    # Whoever has died may own a dwelling still; nobody is to find a letter to them.
    return at_home(people.exclude(left_because=Resident.Left.DIED), on=on)


def chosen(choice: Choice, *, at: datetime) -> QuerySet[Resident]:
    """Who gets a letter through the mailbox. Never somebody whose mail is read by others."""
    people = of_age(choice.neighborhood, on=today_in(choice.neighborhood, at)).filter(
        user=None, keep_at_desk=False
    )
    if choice.building is not None:
        people = people.filter(Q(home_building_id=choice.building.pk))
    sent = Letter.objects.filter(resident=OuterRef("pk"), purpose=Letter.Purpose.OPEN)
    if choice.who == Who.NO_LETTER:
        return people.exclude(Exists(sent))
    return people.filter(Exists(sent.unspent().filter(expires_at__lte=at)))


def lost(batch: LetterBatch, *, at: datetime) -> QuerySet[Resident]:
    """Whose letter of this batch is neither delivered nor used: what a reprint replaces."""
    waiting = Letter.objects.unspent().filter(resident=OuterRef("pk"), batch=batch, delivered_at=None)
    people = of_age(batch.neighborhood, on=today_in(batch.neighborhood, at))
    return people.filter(Exists(waiting), user=None, keep_at_desk=False)


def print_choice(*, token: UUID, choice: Choice, by: User, at: datetime) -> Printed:
    """Letters for the next who are chosen. `token` is the form's: sent twice, it prints once.

    Raises: BatchPrinted, NobodyChosen, PermissionDenied
    """
    return _print(
        LetterBatch(pk=token, neighborhood=choice.neighborhood, building=choice.building),
        chosen(choice, at=at),
        by=by,
        at=at,
    )


def print_again(*, token: UUID, batch: LetterBatch, by: User, at: datetime) -> Printed:
    """New codes for what a batch left undelivered; its old ones stop working.

    Raises: BatchPrinted, NobodyChosen, PermissionDenied
    """
    return _print(
        LetterBatch(pk=token, neighborhood=batch.neighborhood, building=batch.building, again=batch),
        lost(batch, at=at),
        by=by,
        at=at,
    )


@transaction.atomic
def _print(batch: LetterBatch, people: QuerySet[Resident], *, by: User, at: datetime) -> Printed:
    """The number of queries does not depend on how many letters there are."""
    if not may(by, "manage_register", batch.neighborhood, at):
        raise PermissionDenied
    batch.made_by, batch.made_at = by, at
    batch.capacity = letters.capacity_of(by, batch.neighborhood, at)
    _once(batch)
    next_ones = list(people.values_list("pk", flat=True)[:AT_ONCE])
    locked = Resident.objects.select_for_update(no_key=True).filter(pk__in=next_ones).order_by("pk")
    list(locked.values_list("pk"))
    # Asked again: between the two, somebody may have opened their account, or asked to have it kept at the desk.
    found = list(people.filter(pk__in=next_ones).select_related("neighborhood"))
    if not found:
        raise NobodyChosen
    written = letters.make(
        found, purpose=Letter.Purpose.OPEN, goes=Letter.Goes.MAILBOX, by=by, at=at, batch=batch
    )
    record(
        kind="letters.printed",
        subject=None,
        neighborhood=batch.neighborhood_id,
        payload={"batch": str(batch.pk), "by": str(by.pk), "letters": len(written)},
    )
    return Printed(batch, [_addressed(each) for each in written], people.count())


def _once(batch: LetterBatch) -> None:
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
    except IntegrityError:
        before = LetterBatch.objects.filter(pk=batch.pk, neighborhood=batch.neighborhood).first()
        if before is None:
            raise
        raise BatchPrinted(before) from None


def address(resident: Resident) -> tuple[str, str]:
    """(building, number) of somebody found by `at_home`."""
    return vars(resident)["home_building"], vars(resident)["home_number"]


def _addressed(written: letters.Written) -> Addressed:
    resident = written.letter.resident
    return Addressed(written, resident.name, *address(resident))
