"""Where a life is in danger: one person who may look opens one person's details, or those of one dwelling, alone and at once.

Nobody is asked before, so everybody hears of it: the person, as of every look; the auditors, by an alarm; and auditors and
both chairs see it on their first page until one of them, who is somebody else, has looked at it. Minors are no exception:
this is the one way to their details without an approval (obligation 16). Whoever has two that wait opens no third.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet

from ledger.record import record
from residents import ages, alarms, effects, lookups, watching
from residents.models import Emergency, EmergencyReview, LookUp, Neighborhood, Resident, Unit, User
from residents.models.lookup import EMERGENCY_FOR as LASTS
from residents.scope import may

REVIEW_WITHIN = timedelta(days=3)
# The law's own number: see the trigger `residents_emergency_is_answered_for`.
MOST_WAITING = 2
# Who runs the system holds no office, and looks at nothing for one.
REVIEWERS = (
    "owners.chair",
    "residents.chair",
    "owners.auditor",
    "residents.auditor",
    "property.auditor",
)


class WordsMissing(ValueError):
    """`field` is one of: reason, told."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class TooManyWait(Exception):
    """Two of theirs wait for somebody else to look at them."""


class NobodyThere(Exception):
    """Nobody of the register lives in this dwelling."""


class NotByOneself(PermissionDenied):
    """Whoever opened it, and whom it opened, does not look at it for the office."""


class AlreadyReviewed(Exception):
    """Somebody was faster."""


@transaction.atomic
def break_glass(
    *, of: Resident | Unit, by: User, reason: str, told: str, capacity: str, at: datetime
) -> Emergency:
    """Open name and phone of this person, or of whoever lives in this dwelling today. `told` is who was told or called, in
    words. Pressed twice it is one.

    Raises: WordsMissing, PermissionDenied, NobodyThere, TooManyWait
    """
    reason, told = reason.strip(), told.strip()
    for field, words in (("reason", reason), ("told", told)):
        if not words:
            raise WordsMissing(field)
    here = of.neighborhood
    if here.practice or not may(by, "look_up", here, at):
        raise PermissionDenied
    _hold(by)
    about = {"resident": of} if isinstance(of, Resident) else {"unit": of}
    if (standing := Emergency.objects.filter(by=by, at__lte=at, until__gt=at, **about).first()) is not None:
        return standing
    if _waiting_of(by).count() >= MOST_WAITING:
        raise TooManyWait
    people = [of] if isinstance(of, Resident) else _lives_in(of, at)
    if not people:
        raise NobodyThere
    made = Emergency.objects.create(
        neighborhood=here,
        by=by,
        capacity=capacity,
        reason=reason[:300],
        told=told[:200],
        at=at,
        until=at + LASTS,
        **about,
    )
    for each in people:
        lookups.write(
            LookUp(
                neighborhood=here,
                resident=each,
                by=by,
                capacity=capacity,
                reason=made.reason,
                emergency=made,
                at=at,
                until=made.until,
            )
        )
    record(
        kind="emergency",
        subject=made.resident_id,
        neighborhood=here.pk,
        payload={
            "emergency": made.pk,
            "unit": made.unit_id,
            "by": by.pk,
            "capacity": capacity or None,
            "reason_sha": sha256(made.reason.encode()).hexdigest(),
            "told_sha": sha256(made.told.encode()).hexdigest(),
            "until": made.until,
        },
    )
    alarms.sound(kind=alarms.Kind.EMERGENCY_OPENED, neighborhood=here, by=by, subject=made.pk, at=at)
    return made


@transaction.atomic
def review(*, emergency: Emergency, by: User, needed: bool, words: str, at: datetime) -> EmergencyReview:
    """What an auditor or a chair found, who is somebody else. Once; the person reads it.

    Raises: WordsMissing, PermissionDenied, NotByOneself, AlreadyReviewed
    """
    words = words.strip()
    if not words:
        raise WordsMissing("words")
    capacity = reviewing(user=by, neighborhood=emergency.neighborhood, at=at)
    if not capacity:
        raise PermissionDenied
    if emergency.pk in theirs(by, Emergency.objects.filter(pk=emergency.pk)):
        raise NotByOneself
    try:
        with transaction.atomic():
            made = EmergencyReview.objects.create(
                neighborhood_id=emergency.neighborhood_id,
                emergency=emergency,
                by=by,
                capacity=capacity,
                needed=needed,
                words=words[:300],
                at=at,
            )
    except IntegrityError:
        raise AlreadyReviewed from None
    record(
        kind="emergency.reviewed",
        subject=emergency.resident_id,
        neighborhood=emergency.neighborhood_id,
        payload={
            "emergency": emergency.pk,
            "by": by.pk,
            "capacity": capacity,
            "needed": needed,
            "words_sha": sha256(made.words.encode()).hexdigest(),
        },
    )
    return made


def reviewing(*, user: User, neighborhood: Neighborhood, at: datetime) -> str:
    """In which office somebody looks at emergencies here; nothing: in none. One query."""
    held = effects.call("offices", user=user, neighborhood=neighborhood, at=at)
    return next((each for each in REVIEWERS if each in held), "")


def waiting(*, neighborhood: Neighborhood) -> QuerySet[Emergency]:
    """Nobody else has looked at them yet, oldest first."""
    return Emergency.objects.filter(neighborhood=neighborhood, review=None).order_by("at", "pk")


def theirs(user: User, among: QuerySet[Emergency]) -> set[UUID]:
    """Those that they opened, under whichever account, or that opened their own details. Two queries."""
    own = Q(by__in=watching.accounts_of(user)) | Q(look_ups__resident__user=user)
    return set(among.filter(own).order_by().values_list("pk", flat=True))


def open_now(*, resident: Resident, by: User, at: datetime) -> Emergency | None:
    """The one by which `by` sees this person's details, or their dwelling's."""
    found = Emergency.objects.filter(
        Q(resident=resident) | Q(look_ups__resident=resident), by=by, at__lte=at, until__gt=at
    )
    return found.order_by("-until").first()


def _lives_in(unit: Unit, at: datetime) -> list[Resident]:
    today = ages.today_in(unit.neighborhood, at)
    lived = unit.occupancies.current(today).filter(resident__erased_at=None)
    people = Resident.objects.filter(pk__in=lived.values("resident")).select_related("neighborhood")
    return list(people.order_by("pk"))


def _waiting_of(by: User) -> QuerySet[Emergency]:
    return Emergency.objects.filter(by__in=watching.accounts_of(by), review=None)


def _hold(by: User) -> None:
    """Of two at once the second counts the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT residents_one_at_a_time(%s)", [by.pk])
