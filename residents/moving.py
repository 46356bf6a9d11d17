"""Moving in and moving out (law 13).

Moving in gives a card or lends a PIN in the same act, so that nobody is left without a way in that needs no phone. Moving
out is one act of the person; nobody else can do it for them, but by a departure that ran its course (`departures`) or a
recorded death (`deaths`). A day in the future is a plan: the gates know the calendar, so access ends on that day even if
no task runs, and the plan can be called off until then. What follows when they live nowhere here any more is `leaving`.

Days are those of the neighborhood's calendar; `on` is the first day on which somebody does not live there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction

from ledger.record import record
from residents import effects, last_days, leaving, register
from residents.ages import today_in
from residents.leaving import WayIn
from residents.models import Guardianship, MoveOut, Occupancy, Ownership, Resident, Unit, User
from residents.scope import may

FURTHEST = timedelta(days=366)
EARLIEST = date(1949, 10, 1)


Route = MoveOut.Route


class MovingRefused(Exception):
    """Nothing was written."""


class EndsBeforeItBegins(MovingRefused):
    """The last day lies before the first."""


class TooFar(MovingRefused):
    """The day is more than a year ahead, or too long ago to be meant."""


class InThePast(MovingRefused):
    """Nobody is moved out in the past: say today."""


class AnotherNeighborhood(MovingRefused):
    """The dwelling and the person are of two neighborhoods."""


class LivesThereAlready(MovingRefused):
    """Those days overlap with days on which they live in that dwelling."""


class LivesNotThere(MovingRefused):
    """They do not live there, or not any more."""


class EndsAlready(MovingRefused):
    """It ends on that day or before as it is."""


class TooLate(MovingRefused):
    """The day has come; what is done is done."""


class NotOnTheRegister(MovingRefused):
    """Erased, or recorded as having died."""


class CardRefused(MovingRefused):
    """The card cannot be given. `reason` is one of: number, taken."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class CardNeeded(MovingRefused):
    """No gate of that dwelling takes a PIN, so none can be lent: give a card."""


@dataclass(frozen=True, kw_only=True)
class MovedIn:
    occupancy: Occupancy
    way_in: WayIn


@transaction.atomic
def move_in(
    *,
    resident: Resident,
    unit: Unit,
    since: date,
    at: datetime,
    until: date | None = None,
    tenure: Occupancy.Tenure = Occupancy.Tenure.FAMILY,
    card: str = "",
    tapped: bool = False,
    by: User | None = None,
) -> MovedIn:
    """Somebody comes to live in a dwelling, with a way in from the first moment: this card, the one they have, or a PIN
    lent until there is a card. `by` is checked where given; an import or a demo acts for nobody.

    Raises: MovingRefused, PermissionDenied
    """
    resident = Resident.objects.held(resident.pk)
    if by is not None and not may(by, "manage_register", resident.neighborhood, at):
        raise PermissionDenied
    _check_days(resident, unit, since=since, until=until, today=today_in(resident.neighborhood, at))
    occupancy = register.move_in(resident=resident, unit=unit, since=since, until=until, tenure=tenure, at=at)
    record(
        kind="residence.began",
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={"occupancy": occupancy.pk, "since": since, "until": until, "by": by.pk if by else None},
    )
    way_in: WayIn = effects.call("way_in", resident=resident, card=card, tapped=tapped, at=at)
    return MovedIn(occupancy=occupancy, way_in=way_in)


@transaction.atomic
def move_out(
    *,
    resident: Resident,
    on: date,
    by: User,
    at: datetime,
    units: Collection[Unit] | None = None,
    paper: str = "",
) -> list[MoveOut]:
    """Somebody lives in these dwellings (None: in all of theirs) from `on` no more, and says so themself.

    `by` is their own account, or a guardian's, or one of the staff with the person at the desk, whose signed slip is
    kept at `paper`. Saying another day replaces the plan before. The only way to end somebody else's residence is a
    departure: see `departures`.

    Raises: MovingRefused, PermissionDenied
    """
    resident = Resident.objects.held(resident.pk)
    today = today_in(resident.neighborhood, at)
    if on < today:
        raise InThePast
    if on > today + FURTHEST:
        raise TooFar
    route = _route(resident, by, paper, at)
    ending = last_days.standing(resident, units, today)
    if not ending:
        raise LivesNotThere
    if route == Route.DESK and any(has_an_interest(by, each, today) for each in ending):
        raise PermissionDenied
    plans = [
        last_days.plan(each, on=on, route=route, by=by, paper=paper, at=at)
        for each in ending
        if each.until != on
    ]
    written = [plan for plan in plans if plan is not None]
    if not written:
        raise EndsAlready
    last_days.carry_out_if_due(resident, on, today, at)
    return written


@transaction.atomic
def call_off(*, move_out: MoveOut, by: User, at: datetime) -> bool:
    """The plan is off, and all is as before. False if it was called off already.

    Raises: TooLate, LivesThereAlready, PermissionDenied
    """
    resident = Resident.objects.held(move_out.resident.pk)
    plan = MoveOut.objects.select_related("occupancy").get(pk=move_out.pk, resident=resident)
    today = today_in(resident.neighborhood, at)
    theirs = by.pk == resident.user_id or _is_guardian(resident, by, at)
    if not theirs and not may(by, "manage_register", resident.neighborhood, at):
        raise PermissionDenied
    if plan.carried_out_at or plan.on <= today:
        raise TooLate
    until = plan.until_before if last_days.lies_ahead(plan.until_before, today) else None
    _insist_on_free_days(plan.occupancy, until)
    if not MoveOut.objects.planned().filter(pk=plan.pk).update(called_off_at=at):
        return False
    last_days.set_until(plan.occupancy, until)
    last_days.note("residence.end_called_off", resident, plan, by)
    effects.call("access_changed", resident=resident, at=at)
    return True


@transaction.atomic
def stay_on(*, occupancy: Occupancy, by: User, at: datetime, until: date | None = None) -> None:
    """Somebody goes on living where a day of leaving was written down, such as the end of a lease: a day on a form ends
    nothing that its own person does not want to end. By themself, or at the desk.

    Raises: TooLate, EndsBeforeItBegins, LivesThereAlready, PermissionDenied
    """
    resident = Resident.objects.held(occupancy.resident.pk)
    today = today_in(resident.neighborhood, at)
    if by.pk != resident.user_id and not may(by, "manage_register", resident.neighborhood, at):
        raise PermissionDenied
    found = Occupancy.objects.select_related("resident__neighborhood").get(pk=occupancy.pk)
    if found.until is not None and found.until <= today:
        raise TooLate
    if until is not None and found.until is not None and until < found.until:
        raise EndsBeforeItBegins
    if found.until == until and not MoveOut.objects.planned().filter(occupancy=found).exists():
        return  # it was said before
    _insist_on_free_days(found, until)
    last_days.goes_on(found, until=until, by=by, at=at)


@transaction.atomic
def put_right(*, resident: Resident, by: User, at: datetime) -> WayIn:
    """I did not move out, says somebody whom a slip at the desk moved out: in the days of grace they are back at once,
    by one press of their own or at the desk. Who pressed the button themself moves in at the desk again.

    Raises: TooLate, PermissionDenied
    """
    resident = Resident.objects.held(resident.pk)
    if by.pk != resident.user_id and not may(by, "manage_register", resident.neighborhood, at):
        raise PermissionDenied
    ends = by_a_slip(resident)
    if not ends:
        raise TooLate
    return leaving.come_back(resident=resident, ends=ends, at=at)


def by_a_slip(resident: Resident) -> list[MoveOut]:
    """What the staff wrote down from a slip, with which they ceased to live here."""
    if resident.erased_at or resident.left_because != Resident.Left.MOVED_OUT:
        return []
    ended = MoveOut.objects.filter(resident=resident, carried_out_at=resident.left_at, route=Route.DESK)
    return list(ended.select_related("occupancy"))


@transaction.atomic
def move_within(
    *,
    people: Sequence[Resident],
    to: Unit,
    on: date,
    by: User,
    at: datetime,
    tenure: Occupancy.Tenure,
    paper: str = "",
    leaving_units: Collection[Unit] | None = None,
) -> list[Occupancy]:
    """Some of a household, or all of it, move to another dwelling here, or a lease is made anew: out and in in one act,
    with no moment in between in which a gate stays shut. Cards and PINs stay as they are.

    Each must say so themself: see `move_out`, whose refusals these are.
    """
    moved = []
    # All of them before the gates hear of the first: who waits for the feed's counter may hold one of the others.
    for resident in [Resident.objects.held(each.pk) for each in sorted(people, key=lambda each: each.pk)]:
        route = _route(resident, by, paper, at)
        today = today_in(resident.neighborhood, at)
        if on < today:
            raise InThePast
        staying = [
            each
            for each in last_days.standing(resident, leaving_units, today)
            if not _lies_before(each.until, on)
        ]
        if not staying:
            raise LivesNotThere
        if route == Route.DESK and any(has_an_interest(by, each, today) for each in staying):
            raise PermissionDenied
        for each in staying:
            last_days.plan(each, on=on, route=route, by=by, paper=paper, at=at)
        _check_days(resident, to, since=on, until=None, today=today)
        moved.append(register.move_in(resident=resident, unit=to, since=on, tenure=tenure, at=at))
        last_days.carry_out_if_due(resident, on, today, at)
    return moved


def has_an_interest(by: User, occupancy: Occupancy, today: date) -> bool:
    """Whoever owns the dwelling or lives there is no member of the staff in ending somebody's residence in it."""
    owns = Ownership.objects.current(today).filter(resident__user=by, unit=occupancy.unit_id)
    lives = Occupancy.objects.current(today).filter(resident__user=by, unit=occupancy.unit_id)
    return owns.exists() or lives.exists()


def lives_here(resident: Resident, at: datetime) -> bool:
    today = today_in(resident.neighborhood, at)
    return Occupancy.objects.current(today).filter(resident=resident).exists()


def _check_days(resident: Resident, unit: Unit, *, since: date, until: date | None, today: date) -> None:
    if resident.erased_at or resident.left_because == Resident.Left.DIED:
        raise NotOnTheRegister
    if unit.neighborhood_id != resident.neighborhood_id:
        raise AnotherNeighborhood
    if until is not None and until <= since:
        raise EndsBeforeItBegins
    if since > today + FURTHEST or since < EARLIEST or (until is not None and until.year > since.year + 100):
        raise TooFar
    _insist_on_free_days(Occupancy(resident=resident, unit=unit, since=since), until)


def _insist_on_free_days(occupancy: Occupancy, until: date | None) -> None:
    """Raises: LivesThereAlready"""
    same = Occupancy.objects.filter(resident=occupancy.resident_id, unit=occupancy.unit_id)
    same = same.exclude(pk=occupancy.pk).exclude(until__lte=occupancy.since)
    same = same.filter(since__lt=until) if until is not None else same
    if any(each.until is None or each.until > each.since for each in same):
        raise LivesThereAlready


def _route(resident: Resident, by: User, paper: str, at: datetime) -> MoveOut.Route:
    """Raises: PermissionDenied"""
    if by.pk == resident.user_id:
        return Route.SELF
    if _is_guardian(resident, by, at):
        return Route.GUARDIAN
    if paper.strip() and may(by, "manage_register", resident.neighborhood, at):
        return Route.DESK
    raise PermissionDenied


def _is_guardian(resident: Resident, by: User, at: datetime) -> bool:
    today = today_in(resident.neighborhood, at)
    return Guardianship.objects.current(today).filter(child=resident, guardian__user=by).exists()


def _lies_before(day: date | None, on: date) -> bool:
    return day is not None and day <= on
