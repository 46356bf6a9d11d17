"""Ending somebody else's residence (law 13): nothing is done to anybody because somebody says so.

Whoever asks (a landlord, somebody of the household, the staff) only asks. Then either the person confirms, in the portal
or by a signature; or there is a document that two of the staff have seen, a slip that was delivered, and seven full days
in which the person can object with one press or on paper. Whoever objects stays as they are, with all their ways in and
all their data, until the residents' committee has found that they live here, or a court has found that they do not.
The triggers of the migration hold each of these steps, whoever writes the rows.
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from ledger.record import record
from residents import ages, last_days, leaving, moving
from residents.ages import today_in
from residents.models import Departure, MoveOut, Occupancy, Ownership, Resident, User
from residents.scope import may

State = Departure.State


class DepartureRefused(Exception):
    """Nothing was written. `reason` is one of: closed, not_now, own, same_person, document, words, lives_not_there,
    open_already, court, minor."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def ask(*, occupancy: Occupancy, by: Resident, words: str, at: datetime) -> Departure:
    """An owner of the dwelling, or an adult who lives there, says that somebody does not any more. Asking is all it is.

    Raises: DepartureRefused, PermissionDenied
    """
    neighborhood = occupancy.resident.neighborhood
    today = today_in(neighborhood, at)
    if by.pk == occupancy.resident_id:
        raise DepartureRefused("own")
    if ages.is_under(by, ages.MINOR, today):
        raise DepartureRefused("minor")
    owns = Ownership.objects.current(today).filter(resident=by, unit=occupancy.unit_id)
    lives = Occupancy.objects.current(today).filter(resident=by, unit=occupancy.unit_id)
    if not owns.exists() and not lives.exists():
        raise PermissionDenied
    return _begin(occupancy, state=State.ASKED, words=words, asked_by=by, at=at)


@transaction.atomic
def open_(*, occupancy: Occupancy, by: User, words: str, at: datetime) -> Departure:
    """The staff write down what is said. Nothing changes for the person, who sees it.

    Raises: DepartureRefused, PermissionDenied
    """
    _insist(by, occupancy.resident, "manage_register", at)
    return _begin(occupancy, state=State.OPEN, words=words, opened_by=by, at=at)


@transaction.atomic
def take_up(*, departure: Departure, by: User, at: datetime) -> Departure:
    """The staff take up what somebody asked.

    Raises: DepartureRefused, PermissionDenied
    """
    departure = _mine(departure)
    _insist(by, departure.resident, "manage_register", at)
    return _move(departure, State.OPEN, by=by, at=at, opened_by=by)


@transaction.atomic
def bring_document(
    *, departure: Departure, document: Departure.Document, kept_where: str, by: User, at: datetime
) -> Departure:
    """One of the staff has a document in hand: what it is and where it is kept, and nothing of what it says.

    Raises: DepartureRefused, PermissionDenied
    """
    departure = _mine(departure)
    _insist(by, departure.resident, "manage_register", at)
    _insist_on_no_interest(by, departure, at)
    if not kept_where.strip():
        raise DepartureRefused("words")
    if departure.seconded_by_id or departure.court:
        raise DepartureRefused("not_now")
    return _stay(
        departure,
        State.OPEN,
        kind="document",
        by=by,
        document=document,
        kept_where=kept_where.strip(),
        document_by=by,
    )


@transaction.atomic
def second(*, departure: Departure, by: User, at: datetime) -> Departure:
    """Another of the staff has seen the document.

    Raises: DepartureRefused, PermissionDenied
    """
    departure = _mine(departure)
    _insist(by, departure.resident, "view_register", at)
    _insist_on_no_interest(by, departure, at)
    if not departure.document:
        raise DepartureRefused("document")
    if by.pk == departure.document_by_id:
        raise DepartureRefused("same_person")
    return _stay(departure, State.OPEN, kind="seconded", by=by, seconded_by=by)


@transaction.atomic
def deliver(*, departure: Departure, by: User, at: datetime) -> Departure:
    """The printed slip was delivered; from now on the seven days run, by the database's own clock.

    Raises: DepartureRefused, PermissionDenied
    """
    departure = _mine(departure)
    _insist(by, departure.resident, "manage_register", at)
    _insist_on_no_interest(by, departure, at)
    if departure.seconded_by_id is None:
        raise DepartureRefused("document")
    return _move(departure, State.NOTICE, by=by, at=at, delivered_by=by)


@transaction.atomic
def confirm(*, departure: Departure, by: User, at: datetime, paper: str = "") -> list[MoveOut]:
    """It is so, says the person: signed in, or by a signature that the staff keep at `paper`. It ends today.

    Raises: DepartureRefused, PermissionDenied, moving.MovingRefused
    """
    departure = _mine(departure)
    theirs = departure.resident.user_id == by.pk
    if not theirs:
        _insist(by, departure.resident, "manage_register", at)
        _insist_on_no_interest(by, departure, at)
        if not paper.strip():
            raise DepartureRefused("words")
    _move(departure, State.CONFIRMED, by=by, at=at, confirmed_by=by, paper=paper.strip(), closed_at=at)
    return moving.move_out(
        resident=departure.resident,
        units=[departure.occupancy.unit],
        on=today_in(departure.resident.neighborhood, at),
        by=by,
        paper=paper,
        at=at,
    )


@transaction.atomic
def dispute(*, departure: Departure, by: User, at: datetime, paper: str = "") -> Departure:
    """I live here, says the person. No reason is asked, and from now on nothing happens by itself.

    On paper, anybody of the staff who knows the register writes it down: an objection is never refused.

    Raises: DepartureRefused, PermissionDenied
    """
    departure = _mine(departure)
    if departure.resident.user_id != by.pk:
        _insist(by, departure.resident, "view_register", at)
    if departure.court:
        raise DepartureRefused("court")
    if departure.state == State.DISPUTED:
        return departure
    departure = _move(departure, State.DISPUTED, by=by, at=at, disputed_at=at)
    # Nor does a day on a lease end what is disputed.
    last_days.lift_end(occupancy=departure.occupancy, by=by, at=at)
    return departure


@transaction.atomic
def drop(*, departure: Departure, by: User, at: datetime) -> Departure:
    """The staff let it rest: the person lives here. What is disputed is settled, not dropped.

    Raises: DepartureRefused, PermissionDenied
    """
    departure = _mine(departure)
    _insist(by, departure.resident, "manage_register", at)
    if departure.state == State.DISPUTED:
        raise DepartureRefused("not_now")
    return _move(departure, State.DROPPED, by=by, at=at, closed_at=at)


@transaction.atomic
def find_that_they_live_here(*, departure: Departure, by: User, outcome: str, at: datetime) -> Departure:
    """The residents' committee settles a dispute, and says why.

    Raises: DepartureRefused, PermissionDenied
    """
    departure = _to_settle(departure, by, outcome, at)
    return _move(departure, State.DROPPED, by=by, at=at, settled_by=by, outcome=outcome.strip(), closed_at=at)


@transaction.atomic
def go_by_the_court(
    *, departure: Departure, by: User, outcome: str, kept_where: str, at: datetime
) -> Departure:
    """A court has decided. Its paper is seen by two, a slip is delivered, and seven days run once more.

    Raises: DepartureRefused, PermissionDenied
    """
    departure = _to_settle(departure, by, outcome, at)
    if not kept_where.strip():
        raise DepartureRefused("words")
    if by.pk in (departure.document_by_id, departure.opened_by_id):
        raise DepartureRefused("same_person")
    return _move(
        departure,
        State.OPEN,
        by=by,
        at=at,
        settled_by=by,
        outcome=outcome.strip(),
        court=True,
        document=Departure.Document.COURT,
        kept_where=kept_where.strip(),
        document_by=by,
        seconded_by=None,
        delivered_by=None,
        delivered_at=None,
        notice_until=None,
    )


def due(*, at: datetime, limit: int = 200) -> list[Departure]:
    """For the sweep: notices whose days are over, by each neighborhood's calendar, and that nobody disputed."""
    found: list[Departure] = []
    for neighborhood, today in leaving.todays(at):
        running = Departure.objects.filter(
            neighborhood=neighborhood, state=State.NOTICE, notice_until__lte=today
        )
        found += list(running.select_related("occupancy", "resident")[:limit])
    return found


@transaction.atomic
def end(*, departure: Departure, at: datetime) -> list[MoveOut]:
    """The notice ran its course: what a move-out does, and nothing else. Nothing where an objection came first."""
    departure = _mine(departure)
    today = today_in(departure.resident.neighborhood, at)
    if departure.state != State.NOTICE or departure.notice_until is None or today < departure.notice_until:
        return []
    departure = _move(departure, State.ENDED, by=None, at=at, closed_at=at)
    return last_days.end_by_departure(departure=departure, at=at)


def _begin(
    occupancy: Occupancy,
    *,
    state: Departure.State,
    words: str,
    at: datetime,
    asked_by: Resident | None = None,
    opened_by: User | None = None,
) -> Departure:
    resident = Resident.objects.held(occupancy.resident_id)
    today = today_in(resident.neighborhood, at)
    if opened_by is not None and resident.user_id == opened_by.pk:
        raise DepartureRefused("own")
    if not words.strip():
        raise DepartureRefused("words")
    if not Occupancy.objects.current(today).filter(pk=occupancy.pk).exists():
        raise DepartureRefused("lives_not_there")
    if Departure.objects.open().filter(occupancy=occupancy).exists():
        raise DepartureRefused("open_already")
    made = Departure.objects.create(
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        occupancy=occupancy,
        state=state,
        asked_by=asked_by,
        opened_by=opened_by,
        words=words.strip()[:300],
        opened_at=at,
    )
    _record(made, str(state), opened_by)
    return made


def _mine(departure: Departure) -> Departure:
    """Taken: the person first, then what is said of them."""
    Resident.objects.select_for_update(of=("self",), no_key=True).get(pk=departure.resident_id)
    return (
        Departure.objects.select_for_update(of=("self",), no_key=True)
        .select_related("resident__neighborhood", "occupancy__unit__building", "occupancy__resident")
        .get(pk=departure.pk)
    )


def _to_settle(departure: Departure, by: User, outcome: str, at: datetime) -> Departure:
    departure = _mine(departure)
    _insist(by, departure.resident, "settle_departures", at)
    _insist_on_no_interest(by, departure, at)
    if departure.state != State.DISPUTED:
        raise DepartureRefused("not_now")
    if departure.resident.user_id == by.pk:
        raise DepartureRefused("own")
    if not outcome.strip():
        raise DepartureRefused("words")
    return departure


def _insist(by: User, resident: Resident, perm: str, at: datetime) -> None:
    if not may(by, perm, resident.neighborhood, at):
        raise PermissionDenied


def _insist_on_no_interest(by: User, departure: Departure, at: datetime) -> None:
    """Whoever asked, owns the dwelling or lives there is no member of the staff in this."""
    today = today_in(departure.resident.neighborhood, at)
    asked = departure.asked_by is not None and departure.asked_by.user_id == by.pk
    if asked or moving.has_an_interest(by, departure.occupancy, today):
        raise DepartureRefused("own")


def _move(
    departure: Departure, to: Departure.State, *, by: User | None, at: datetime, **also: object
) -> Departure:
    """One step, by a conditional update: of two who press at once, one is told that it is closed."""
    if departure.state in Departure.CLOSED:
        raise DepartureRefused("closed")
    if to not in Departure.ALLOWED[departure.state]:
        raise DepartureRefused("not_now")
    step = Departure.objects.filter(pk=departure.pk, state=departure.state)
    if not step.update(state=to, **also):
        raise DepartureRefused("closed")
    departure.refresh_from_db()
    _record(departure, str(to), by)
    return departure


def _stay(departure: Departure, state: Departure.State, *, kind: str, by: User, **also: object) -> Departure:
    if departure.state in Departure.CLOSED:
        raise DepartureRefused("closed")
    if not Departure.objects.filter(pk=departure.pk, state=state, seconded_by=None).update(**also):
        raise DepartureRefused("not_now")
    departure.refresh_from_db()
    _record(departure, kind, by)
    return departure


def _record(departure: Departure, kind: str, by: User | None) -> None:
    record(
        kind=f"departure.{kind}",
        subject=departure.resident_id,
        neighborhood=departure.neighborhood_id,
        payload={"departure": departure.pk, "by": by.pk if by else None},
    )
