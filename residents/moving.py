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
from django.db.models import Q

from ledger.record import record
from residents import effects, leaving, register
from residents.ages import today_in
from residents.leaving import WayIn
from residents.models import (
    Death,
    Departure,
    Guardianship,
    MoveOut,
    Occupancy,
    Ownership,
    Resident,
    Unit,
    User,
)
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
    resident = _locked(resident)
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
    resident = _locked(resident)
    today = today_in(resident.neighborhood, at)
    if on < today:
        raise InThePast
    if on > today + FURTHEST:
        raise TooFar
    route = _route(resident, by, paper, at)
    ending = _standing(resident, units, today)
    if not ending:
        raise LivesNotThere
    if route == Route.DESK and any(has_an_interest(by, each, today) for each in ending):
        raise PermissionDenied
    plans = [
        _plan(each, on=on, route=route, by=by, paper=paper, at=at) for each in ending if each.until != on
    ]
    written = [plan for plan in plans if plan is not None]
    if not written:
        raise EndsAlready
    _carry_out_if_due(resident, on, today, at)
    return written


@transaction.atomic
def call_off(*, move_out: MoveOut, by: User, at: datetime) -> bool:
    """The plan is off, and all is as before. False if it was called off already.

    Raises: TooLate, PermissionDenied
    """
    resident = _locked(move_out.resident)
    plan = MoveOut.objects.select_related("occupancy").get(pk=move_out.pk, resident=resident)
    today = today_in(resident.neighborhood, at)
    theirs = by.pk == resident.user_id or _is_guardian(resident, by, at)
    if not theirs and not may(by, "manage_register", resident.neighborhood, at):
        raise PermissionDenied
    if plan.carried_out_at or plan.on <= today:
        raise TooLate
    if not MoveOut.objects.planned().filter(pk=plan.pk).update(called_off_at=at):
        return False
    _set_until(plan.occupancy, plan.until_before if _lies_ahead(plan.until_before, today) else None)
    _record("residence.end_called_off", resident, plan, by)
    effects.call("access_changed", resident=resident, at=at)
    return True


@transaction.atomic
def stay_on(*, occupancy: Occupancy, by: User, at: datetime, until: date | None = None) -> None:
    """Somebody goes on living where a day of leaving was written down, such as the end of a lease: a day on a form ends
    nothing that its own person does not want to end. By themself, or at the desk.

    Raises: TooLate, EndsBeforeItBegins, PermissionDenied
    """
    resident = _locked(occupancy.resident)
    today = today_in(resident.neighborhood, at)
    if by.pk != resident.user_id and not may(by, "manage_register", resident.neighborhood, at):
        raise PermissionDenied
    found = Occupancy.objects.get(pk=occupancy.pk)
    if found.until is not None and found.until <= today:
        raise TooLate
    if until is not None and found.until is not None and until < found.until:
        raise EndsBeforeItBegins
    called_off = MoveOut.objects.planned().filter(occupancy=found).update(called_off_at=at)
    if not called_off and found.until == until:
        return  # it was said before
    _set_until(found, until)
    record(
        kind="residence.goes_on",
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={"occupancy": found.pk, "until": until, "by": by.pk},
    )
    effects.call("access_changed", resident=resident, at=at)


@transaction.atomic
def put_right(*, resident: Resident, by: User, at: datetime) -> WayIn:
    """I did not move out, says somebody whom a slip at the desk moved out: in the days of grace they are back at once,
    by one press of their own or at the desk. Who pressed the button themself moves in at the desk again.

    Raises: TooLate, PermissionDenied
    """
    resident = _locked(resident)
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
    for resident in [_locked(each) for each in sorted(people, key=lambda each: each.pk)]:
        route = _route(resident, by, paper, at)
        today = today_in(resident.neighborhood, at)
        if on < today:
            raise InThePast
        staying = [
            each for each in _standing(resident, leaving_units, today) if not _lies_before(each.until, on)
        ]
        if not staying:
            raise LivesNotThere
        if route == Route.DESK and any(has_an_interest(by, each, today) for each in staying):
            raise PermissionDenied
        for each in staying:
            _plan(each, on=on, route=route, by=by, paper=paper, at=at)
        _check_days(resident, to, since=on, until=None, today=today)
        moved.append(register.move_in(resident=resident, unit=to, since=on, tenure=tenure, at=at))
        _carry_out_if_due(resident, on, today, at)
    return moved


def lift_end(*, occupancy: Occupancy, by: User, at: datetime) -> None:
    """They say that they live there: a last day that others wrote down is off, their own word about leaving stays.
    Called by `departures`, inside its transaction."""
    found = Occupancy.objects.select_related("resident__neighborhood").get(pk=occupancy.pk)
    if not _lies_ahead(found.until, today_in(found.resident.neighborhood, at)):
        return
    plans = MoveOut.objects.planned().filter(occupancy=found)
    if plans.filter(route__in=(Route.SELF, Route.GUARDIAN)).exists():
        return
    plans.update(called_off_at=at)
    _set_until(found, None)
    record(
        kind="residence.goes_on",
        subject=found.resident_id,
        neighborhood=found.neighborhood_id,
        payload={"occupancy": found.pk, "until": None, "by": by.pk},
    )
    effects.call("access_changed", resident=found.resident, at=at)


def end_by_departure(*, departure: Departure, at: datetime) -> list[MoveOut]:
    """The notice ran its course (the database looks again). Called by `departures`, inside its transaction."""
    return _end_for(departure.resident, [departure.occupancy], Route.NOTICE, at, departure=departure)


def end_by_death(*, death: Death, at: datetime) -> list[MoveOut]:
    """Called by `deaths`, inside its transaction."""
    resident = _locked(death.resident)
    all_of_them = _standing(resident, None, today_in(resident.neighborhood, at))
    ended = _end_for(resident, all_of_them, Route.DEATH, at, death=death)
    # An owner who lived elsewhere, or somebody who had moved out before.
    leaving.close(resident=resident, because=Resident.Left.DIED, at=at)
    Resident.objects.filter(pk=resident.pk).update(left_because=Resident.Left.DIED)
    return ended


def due(*, at: datetime, limit: int = 200) -> list[Resident]:
    """For the sweep: whose last day here has come, by whatever was written down, and who have not been seen to."""
    found: list[Resident] = []
    for neighborhood, today in leaving.todays(at):
        lives = Occupancy.objects.standing(today).values("resident")
        left = (
            Resident.objects.living()
            .filter(neighborhood=neighborhood, left_at=None)
            .filter(occupancies__until__lte=today)
            .exclude(pk__in=lives)
        )
        owns = Ownership.objects.filter(Q(until=None) | Q(until__gt=today)).values("resident")
        sold = (
            Resident.objects.living()
            .filter(neighborhood=neighborhood, left_at=None, ownerships__until__lte=today)
            .exclude(pk__in=lives)
            .exclude(pk__in=owns)
        )
        planned = MoveOut.objects.planned().filter(neighborhood=neighborhood, on__lte=today)
        somebody = Resident.objects.filter(pk__in=planned.values("resident"))
        found += list(left.distinct()[:limit]) + list(sold.distinct()[:limit]) + list(somebody[:limit])
    return list(dict.fromkeys(found))[:limit]


@transaction.atomic
def carry_out(*, resident: Resident, at: datetime) -> bool:
    """What the day brings that has come. True if they live nowhere here any more. Safe to repeat and to race."""
    resident = _locked(resident)
    return _carry_out(resident, today_in(resident.neighborhood, at), at)


def has_an_interest(by: User, occupancy: Occupancy, today: date) -> bool:
    """Whoever owns the dwelling or lives there is no member of the staff in ending somebody's residence in it."""
    owns = Ownership.objects.current(today).filter(resident__user=by, unit=occupancy.unit_id)
    lives = Occupancy.objects.current(today).filter(resident__user=by, unit=occupancy.unit_id)
    return owns.exists() or lives.exists()


def lives_here(resident: Resident, at: datetime) -> bool:
    today = today_in(resident.neighborhood, at)
    return Occupancy.objects.current(today).filter(resident=resident).exists()


def _locked(resident: Resident) -> Resident:
    """Two desks and two tabs take turns; the person first, as in every act on them."""
    return (
        Resident.objects.select_for_update(of=("self",), no_key=True)
        .select_related("neighborhood")
        .get(pk=resident.pk)
    )


def _check_days(resident: Resident, unit: Unit, *, since: date, until: date | None, today: date) -> None:
    if resident.erased_at or resident.left_because == Resident.Left.DIED:
        raise NotOnTheRegister
    if unit.neighborhood_id != resident.neighborhood_id:
        raise AnotherNeighborhood
    if until is not None and until <= since:
        raise EndsBeforeItBegins
    if since > today + FURTHEST or since < EARLIEST or (until is not None and until.year > since.year + 100):
        raise TooFar
    same = Occupancy.objects.filter(resident=resident, unit=unit).exclude(until__lte=since)
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


def _standing(resident: Resident, units: Collection[Unit] | None, today: date) -> list[Occupancy]:
    found = Occupancy.objects.standing(today).filter(resident=resident)
    return list(found if units is None else found.filter(unit__in=units))


def _plan(
    occupancy: Occupancy,
    *,
    on: date,
    route: MoveOut.Route,
    by: User | None,
    paper: str = "",
    at: datetime,
    departure: Departure | None = None,
    death: Death | None = None,
) -> MoveOut | None:
    """Write the day down, in place of an earlier plan. None where it ends before that day as it is."""
    before = MoveOut.objects.planned().filter(occupancy=occupancy).first()
    agreed = before.until_before if before else occupancy.until
    on = max(on, occupancy.since)  # what has not begun is called off before it begins
    if agreed is not None and agreed <= on:
        return None
    if before is not None:
        MoveOut.objects.filter(pk=before.pk).update(called_off_at=at)
    plan = MoveOut.objects.create(
        neighborhood_id=occupancy.neighborhood_id,
        resident_id=occupancy.resident_id,
        occupancy=occupancy,
        on=on,
        until_before=agreed,
        route=route,
        paper=paper.strip(),
        departure=departure,
        death=death,
        by=by,
        written_at=at,
    )
    _set_until(occupancy, on)
    _record("residence.ends", occupancy.resident, plan, by)
    return plan


def _end_for(
    resident: Resident,
    occupancies: Sequence[Occupancy],
    route: MoveOut.Route,
    at: datetime,
    *,
    departure: Departure | None = None,
    death: Death | None = None,
) -> list[MoveOut]:
    resident = _locked(resident)
    today = today_in(resident.neighborhood, at)
    plans = [
        _plan(each, on=today, route=route, by=None, at=at, departure=departure, death=death)
        for each in occupancies
    ]
    because = Resident.Left.DIED if route == Route.DEATH else Resident.Left.MOVED_OUT
    _carry_out(resident, today, at, because=because)
    return [plan for plan in plans if plan is not None]


def _carry_out_if_due(resident: Resident, on: date, today: date, at: datetime) -> None:
    if on <= today:
        _carry_out(resident, today, at)
    else:
        effects.call("access_changed", resident=resident, at=at)


def _carry_out(
    resident: Resident, today: date, at: datetime, because: Resident.Left = Resident.Left.MOVED_OUT
) -> bool:
    MoveOut.objects.planned().filter(resident=resident, on__lte=today).update(carried_out_at=at)
    # What was said about a dwelling they have left is settled by that.
    Departure.objects.open().filter(resident=resident, occupancy__until__lte=today).update(
        state=Departure.State.DROPPED, closed_at=at
    )
    ever = Occupancy.objects.filter(resident=resident)
    owned = Ownership.objects.filter(resident=resident)
    # Who has never lived here leaves the register with the last dwelling they own.
    came = ever.exists() or (owned.exists() and not owned.filter(Q(until=None) | Q(until__gt=today)).exists())
    if resident.erased_at or ever.standing(today).exists() or not came:
        effects.call("access_changed", resident=resident, at=at)
        return False
    leaving.close(resident=resident, because=because, at=at)
    return True


def _set_until(occupancy: Occupancy, until: date | None) -> None:
    Occupancy.objects.filter(pk=occupancy.pk).update(until=until)
    occupancy.until = until


def _lies_ahead(day: date | None, today: date) -> bool:
    return day is not None and day > today


def _lies_before(day: date | None, on: date) -> bool:
    return day is not None and day <= on


def _record(kind: str, resident: Resident, plan: MoveOut, by: User | None) -> None:
    record(
        kind=kind,
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={
            "move_out": plan.pk,
            "occupancy": plan.occupancy_id,
            "on": plan.on,
            "route": str(plan.route),
            "by": by.pk if by else None,
        },
    )
