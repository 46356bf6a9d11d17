"""The last day of a residence: written down as a plan, lifted, and what it brings when it has come.

Acts of people are in `moving`, what is said of others in `departures` and `deaths`; all of them hold the person first and
write the day down here. What follows when somebody lives nowhere here any more is `leaving`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, Q

from ledger.record import record
from residents import effects, leaving
from residents.ages import today_in
from residents.models import Death, Departure, MoveOut, Occupancy, Ownership, Resident, Unit, User

Route = MoveOut.Route


def lift_end(*, occupancy: Occupancy, by: User, at: datetime) -> None:
    """They say that they live there: a last day that others wrote down is off, their own word about leaving stays.
    Called by `departures`, inside its transaction."""
    found = Occupancy.objects.select_related("resident__neighborhood").get(pk=occupancy.pk)
    if not lies_ahead(found.until, today_in(found.resident.neighborhood, at)):
        return
    theirs = MoveOut.objects.planned().filter(occupancy=found, route__in=(Route.SELF, Route.GUARDIAN))
    if not theirs.exists():
        goes_on(found, until=_next_begins(found), by=by, at=at)


def _next_begins(occupancy: Occupancy) -> date | None:
    """Where other days of theirs in that dwelling are written down already, such as those of the next lease."""
    after = Occupancy.objects.filter(
        resident=occupancy.resident_id, unit=occupancy.unit_id, since__gte=occupancy.until
    )
    days = after.filter(Q(until=None) | Q(until__gt=F("since"))).exclude(pk=occupancy.pk)
    return days.order_by("since").values_list("since", flat=True).first()


def goes_on(occupancy: Occupancy, *, until: date | None, by: User, at: datetime) -> None:
    """Past a day that was written down, until another day or until they say so."""
    MoveOut.objects.planned().filter(occupancy=occupancy).update(called_off_at=at)
    set_until(occupancy, until)
    record(
        kind="residence.goes_on",
        subject=occupancy.resident_id,
        neighborhood=occupancy.neighborhood_id,
        payload={"occupancy": occupancy.pk, "until": until, "by": by.pk},
    )
    effects.call("access_changed", resident=occupancy.resident, at=at)


def end_by_departure(*, departure: Departure, at: datetime) -> list[MoveOut]:
    """The notice ran its course (the database looks again). Called by `departures`, inside its transaction."""
    return _end_for(departure.resident, [departure.occupancy], Route.NOTICE, at, departure=departure)


def end_by_death(*, death: Death, at: datetime) -> list[MoveOut]:
    """Called by `deaths`, inside its transaction."""
    resident = Resident.objects.held(death.resident.pk)
    all_of_them = standing(resident, None, today_in(resident.neighborhood, at))
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
    resident = Resident.objects.held(resident.pk)
    return _carry_out(resident, today_in(resident.neighborhood, at), at)


def standing(resident: Resident, units: Collection[Unit] | None, today: date) -> list[Occupancy]:
    found = Occupancy.objects.standing(today).filter(resident=resident)
    return list(found if units is None else found.filter(unit__in=units))


def plan(
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
    written = MoveOut.objects.create(
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
    set_until(occupancy, on)
    note("residence.ends", occupancy.resident, written, by)
    return written


def _end_for(
    resident: Resident,
    occupancies: Sequence[Occupancy],
    route: MoveOut.Route,
    at: datetime,
    *,
    departure: Departure | None = None,
    death: Death | None = None,
) -> list[MoveOut]:
    resident = Resident.objects.held(resident.pk)
    today = today_in(resident.neighborhood, at)
    written = [
        plan(each, on=today, route=route, by=None, at=at, departure=departure, death=death)
        for each in occupancies
    ]
    because = Resident.Left.DIED if route == Route.DEATH else Resident.Left.MOVED_OUT
    _carry_out(resident, today, at, because=because)
    return [each for each in written if each is not None]


def carry_out_if_due(resident: Resident, on: date, today: date, at: datetime) -> None:
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


def set_until(occupancy: Occupancy, until: date | None) -> None:
    Occupancy.objects.filter(pk=occupancy.pk).update(until=until)
    occupancy.until = until


def lies_ahead(day: date | None, today: date) -> bool:
    return day is not None and day > today


def note(kind: str, resident: Resident, plan: MoveOut, by: User | None) -> None:
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
