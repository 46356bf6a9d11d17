"""How far the letters to open accounts have come: for each building, for each person, and what the desk should see to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from residents import batches
from residents.ages import MINOR, today_in, years_before
from residents.models import Letter, Neighborhood, Resident

# A letter that has lain in a mailbox for so long without an account may want a word, or a second one.
UNCLAIMED_AFTER = timedelta(days=21)


class State(TextChoices):
    NONE = "none", _("no letter yet")
    WRITTEN = "written", _("printed, not delivered yet")
    DELIVERED = "delivered", _("delivered")
    CLAIMED = "claimed", _("account open")
    EXPIRED = "expired", _("expired, never used")


@dataclass(frozen=True)
class Waiting:
    """What the desk should see to."""

    to_deliver: int
    unclaimed: int
    expired: int
    # When the oldest of each was written, delivered, or ran out.
    to_deliver_since: datetime | None
    unclaimed_since: datetime | None
    expired_since: datetime | None


def people(neighborhood: Neighborhood, *, at: datetime) -> QuerySet[Resident]:
    """In a carrier's order; with `state`, and `letter`, the one that is neither used nor replaced."""
    letter = Letter.objects.unspent().filter(resident=OuterRef("pk"), purpose=Letter.Purpose.OPEN)
    how_far = Case(
        When(expires_at__lte=at, then=Value(State.EXPIRED.value)),
        When(delivered_at__isnull=False, then=Value(State.DELIVERED.value)),
        default=Value(State.WRITTEN.value),
        output_field=CharField(),
    )
    state = Coalesce(
        Subquery(letter.annotate(how_far=how_far).values("how_far")[:1]), Value(State.NONE.value)
    )
    found = batches.of_age(neighborhood, on=today_in(neighborhood, at))
    return found.annotate(
        state=Case(When(user__isnull=False, then=Value(State.CLAIMED.value)), default=state),
        letter=Subquery(letter.values("pk")[:1]),
    )


def of_age_without_letter(neighborhood: Neighborhood, *, on: date) -> QuerySet[Resident]:
    """Fourteen and not yet eighteen, without an account, and no letter was ever written to open one."""
    letters = Letter.objects.filter(resident=OuterRef("pk"), purpose=Letter.Purpose.OPEN)
    young = batches.of_age(neighborhood, on=on).filter(
        born__isnull=False, born__gt=years_before(on, MINOR), user=None, left_at=None
    )
    return young.exclude(Exists(letters))


def by_building(neighborhood: Neighborhood, *, at: datetime) -> list[dict[str, Any]]:
    """`building_id`, `building` and a count for each state. One query."""
    counts = {state.value: Count("pk", filter=Q(state=state.value)) for state in State}
    found = (
        people(neighborhood, at=at)
        .order_by()
        .values(building_id=F("home_building_id"), building=F("home_building"))
        .annotate(**counts)
    )
    rows: list[Any] = list(found)
    return sorted(rows, key=lambda row: (len(row["building"]), row["building"]))


def waiting(*, neighborhoods: Iterable[Neighborhood], at: datetime) -> Waiting:
    """One query, for the desk's first page."""
    unspent = Letter.objects.unspent().filter(neighborhood__in=neighborhoods, purpose=Letter.Purpose.OPEN)
    still = Q(expires_at__gt=at)
    to_deliver = still & Q(delivered_at=None, goes=Letter.Goes.MAILBOX)
    unclaimed, expired = still & Q(delivered_at__lte=at - UNCLAIMED_AFTER), Q(expires_at__lte=at)
    counts = unspent.aggregate(
        to_deliver=Count("pk", filter=to_deliver),
        to_deliver_since=Min("made_at", filter=to_deliver),
        unclaimed=Count("pk", filter=unclaimed),
        unclaimed_since=Min("delivered_at", filter=unclaimed),
        expired=Count("pk", filter=expired),
        expired_since=Min("expires_at", filter=expired),
    )
    return Waiting(**counts)
