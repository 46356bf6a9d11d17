"""Changing what a gate opens by: planned by one, confirmed by another, announced, waited for, carried out on its day (A3).

This is the one way. It moves nobody: no credential is made, changed or enrolled by it, and a method that comes in stands
unused until somebody chooses it. A method that goes leaves everybody a card, or a PIN that the gate still takes, at the
same hours, or it does not go; what faces left behind is erased with an order for each person (`emptying`). Only faces
are ever switched off at once, after an incident. The database holds all of it (LM050 to LM054, LM085, LM086).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from access import emptying, gates, outlook
from access.feed import lock_counter
from access.models import Gate, MethodChange
from consent import enabling
from consent.models import Modality
from ledger.record import record
from residents.ages import today_in
from residents.models import Neighborhood, User
from residents.one_person import is_one_person
from residents.scope import may

# From the announcement to the day. The database knows it too, and asks its own clock.
NOTICE = timedelta(days=14)

Kind, State = MethodChange.Kind, MethodChange.State


class ChangeRefused(Exception):
    """`code` says why; nothing was changed. Words for it are at the edge."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# What the database says when somebody was faster, or a screen was gone round.
REFUSALS = {
    "LM051": "same_person",
    "LM052": "not_now",
    "LM053": "left_without",
    "LM086": "not_now",
    "methodchange_open_once": "open_already",
    "gate_looks_at_faces_in_public_only": "not_here",
    "gate_of_high_risk_by_face_and_more": "face_alone",
}


@transaction.atomic
def plan(
    *, gate: Gate, methods: Collection[str], takes_effect_on: date, why: str, by: User, at: datetime
) -> MethodChange:
    """Nothing changes yet, and nobody is told: a second person reads it first.

    Raises: ChangeRefused, PermissionDenied
    """
    gate = _taken(gate)
    _insist(by, gate.neighborhood, at)
    after = MethodChange.spelled(methods)
    if gate.served_since is None:
        raise ChangeRefused("never_served")  # it is simply set up: nobody has come to rely on it
    if "card" not in methods:
        raise ChangeRefused("no_card")
    if after == MethodChange.spelled(gate.methods):
        raise ChangeRefused("same")
    _insist_on_the_place(gate, methods)
    if not why.strip():
        raise ChangeRefused("why")
    if takes_effect_on < earliest(gate.neighborhood, at):
        raise ChangeRefused("too_soon")
    if MethodChange.objects.open().filter(gate=gate).exists():
        raise ChangeRefused("open_already")
    made = _insert(gate, after=after, why=why, by=by, at=at, takes_effect_on=takes_effect_on)
    _record("planned", made, by)
    return made


@transaction.atomic
def announce(*, change: MethodChange, by: User, at: datetime) -> MethodChange:
    """The second person has read it; from now on those who pass there read it too, and the days run.

    Raises: ChangeRefused, PermissionDenied
    """
    gate, change = _mine(change)
    _insist(by, gate.neighborhood, at)
    if change.state != State.PLANNED:
        raise ChangeRefused("closed")
    if is_one_person(change.planned_by_id, by.pk):
        raise ChangeRefused("same_person")
    if change.takes_effect_on is None or change.takes_effect_on < earliest(gate.neighborhood, at):
        raise ChangeRefused("too_soon")
    if not outlook.of(gate=gate, methods=change.methods_after, at=at).nobody_is_left:
        raise ChangeRefused("left_without")
    _step(change, State.ANNOUNCED, confirmed_by=by, announced_at=at)
    _record("announced", change, by)
    return change


@transaction.atomic
def call_off(*, change: MethodChange, by: User, at: datetime) -> MethodChange:
    """All stays as it is. One person is enough for that.

    Raises: ChangeRefused, PermissionDenied
    """
    gate, change = _mine(change)
    _insist(by, gate.neighborhood, at)
    return _call_off(change, by, at)


def due(*, at: datetime) -> list[MethodChange]:
    """For the sweep: announced changes whose day has come, by each neighborhood's calendar."""
    found: list[MethodChange] = []
    for neighborhood in Neighborhood.objects.filter(
        pk__in=MethodChange.objects.announced().values("neighborhood")
    ):
        ready = MethodChange.objects.due(today_in(neighborhood, at)).filter(neighborhood=neighborhood)
        found += ready.order_by("takes_effect_on", "pk")
    return found


def carry_out(*, change: MethodChange, at: datetime) -> bool:
    """On its day, or on the first day after it on which nobody would be left without a way in.

    False where it may not be yet, was done already or was called off meanwhile; safe to repeat. The desk sees what holds
    it up on its first screen.
    """
    try:
        return _carry_out(change, at)
    except ChangeRefused as refused:
        if refused.code not in ("left_without", "not_in_service", "not_here", "face_alone", "not_now"):
            raise
        _hold_up(change, refused.code, at)
        return False


class _CameBetween(Exception):
    """Somebody enrolled after the faces were held and before the counter was."""


def switch_off_faces(*, gate: Gate, why: str, by: User, at: datetime) -> MethodChange:
    """After an incident: this gate looks at no face any more, from its next poll on. Cards, PINs and codes go on.

    To bring faces back takes a plan like any other, and nobody enrols anywhere until it is assessed anew. What was planned
    for this gate is called off: it set out from methods that are no more.

    Raises: ChangeRefused, PermissionDenied
    """
    while True:
        try:
            return _switch_off_faces(gate, why, by, at)
        except _CameBetween:  # once more, and theirs is held too
            continue


@transaction.atomic
def _switch_off_faces(gate: Gate, why: str, by: User, at: datetime) -> MethodChange:
    held = emptying.hold(gate)
    gate = _taken(gate)
    if not emptying.holds_all(held, gate):
        raise _CameBetween
    _insist(by, gate.neighborhood, at)
    if not gate.by_face or gate.served_since is None:
        raise ChangeRefused("same")
    if not why.strip():
        raise ChangeRefused("why")
    for planned in MethodChange.objects.open().filter(gate=gate):
        _call_off(planned, None, at)
    after = MethodChange.spelled(method for method in gate.methods if method != "face")
    done = _insert(gate, after=after, why=why, by=by, at=at, kind=Kind.INCIDENT, state=State.DONE)
    # What was assessed had not foreseen it: at no other gate does anybody enrol until it is assessed anew.
    enabling.make_stale(
        neighborhood=gate.neighborhood, modality=Modality.FACE, because=enabling.Because.INCIDENT, at=at
    )
    _record("faces_off_at_once", done, by)
    _show(gate, done, at)
    emptying.empty(held, gate=gate, at=at)
    return done


def earliest(neighborhood: Neighborhood, at: datetime) -> date:
    """The first day on which what is announced at this moment may take effect."""
    return today_in(neighborhood, at) + NOTICE


@transaction.atomic
def _carry_out(change: MethodChange, at: datetime) -> bool:
    # What withdrawals and receipts lock as well, in their order, before the counter.
    held = emptying.hold(change.gate) if "face" in change.given_up else emptying.NOTHING
    gate, change = _mine(change)
    if "face" in change.given_up and not emptying.holds_all(held, gate):
        return False  # somebody enrolled within this very moment: the next sweep holds that one too
    if change.state != State.ANNOUNCED or not _has_come(change, gate, at):
        return False
    if not gate.in_service:
        raise ChangeRefused("not_in_service")
    _insist_on_the_place(gate, change.methods_after)  # it may have been put down for another place since
    if not outlook.of(gate=gate, methods=change.methods_after, at=at).nobody_is_left:
        raise ChangeRefused("left_without")
    _step(change, State.DONE, done_at=at)
    _record("done", change, None)
    _show(gate, change, at)
    emptying.empty(held, gate=gate, at=at)
    if "face" in change.given_up:
        emptying.give_up_forms_of_no_gate(gate.neighborhood, by=change.planned_by, at=at)
    return True


def _has_come(change: MethodChange, gate: Gate, at: datetime) -> bool:
    """By the calendar here, and by the one it was announced in: moving the clock on makes fourteen days no shorter."""
    if change.takes_effect_on is None or change.takes_effect_on > today_in(gate.neighborhood, at):
        return False
    zone = change.announced_in_zone
    return not zone or change.takes_effect_on <= at.astimezone(ZoneInfo(zone)).date()


def _insist_on_the_place(gate: Gate, methods: Collection[str]) -> None:
    if {"face", "fingerprint"} & set(methods) and gate.place not in Gate.PUBLIC:
        raise ChangeRefused("not_here")
    if "face" in methods and gate.high_risk and not gate.second_factor:
        raise ChangeRefused("face_alone")


def _show(gate: Gate, change: MethodChange, at: datetime) -> None:
    """Its readers hear of it with their next poll."""
    for method in Gate.METHODS:
        setattr(gate, f"by_{method}", method in change.methods_after)
    gates.save(gate=gate, at=at)


@transaction.atomic
def _hold_up(change: MethodChange, code: str, at: datetime) -> None:
    """Said once, however often the sweep comes by."""
    _, change = _mine(change)
    waits = MethodChange.objects.announced().filter(pk=change.pk, held_up_at=None)
    if waits.update(held_up_at=at):
        _record("held_up", change, None, code=code)


def _call_off(change: MethodChange, by: User | None, at: datetime) -> MethodChange:
    if change.state not in MethodChange.OPEN:
        raise ChangeRefused("closed")
    _step(change, State.CALLED_OFF, called_off_by=by, called_off_at=at)
    _record("called_off", change, by)
    return change


def _taken(gate: Gate) -> Gate:
    """The counter first, as every act on a gate takes it: of two, the second sees what the first did."""
    lock_counter(gate.neighborhood_id)
    return Gate.objects.select_related("neighborhood").get(pk=gate.pk)


def _mine(change: MethodChange) -> tuple[Gate, MethodChange]:
    gate = _taken(change.gate)
    found = MethodChange.objects.select_for_update(of=("self",), no_key=True).select_related("planned_by")
    return gate, found.get(pk=change.pk)


def _insert(gate: Gate, *, after: str, why: str, by: User, at: datetime, **also: object) -> MethodChange:
    with _in_codes():
        made = MethodChange.objects.create(
            neighborhood_id=gate.neighborhood_id,
            gate=gate,
            before=MethodChange.spelled(gate.methods),
            after=after,
            why=why.strip()[:300],
            planned_by=by,
            planned_at=at,
            **also,
        )
    made.refresh_from_db()
    return made


def _step(change: MethodChange, to: MethodChange.State, **also: object) -> None:
    """By a conditional update: of two who press at once, one is told that it is closed."""
    with _in_codes():
        if not MethodChange.objects.filter(pk=change.pk, state=change.state).update(state=to, **also):
            raise ChangeRefused("closed")
    change.refresh_from_db()


@contextmanager
def _in_codes() -> Iterator[None]:
    """What the database refuses, by its code; that statement alone is rolled back."""
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        said = f"{getattr(error.__cause__, 'sqlstate', '')} {error}"
        for sign, code in REFUSALS.items():
            if sign in said:
                raise ChangeRefused(code) from error
        raise


def _insist(by: User, neighborhood: Neighborhood, at: datetime) -> None:
    if not any(may(by, perm, neighborhood, at) for perm in ("manage_access", "publish_forms")):
        raise PermissionDenied


def _record(kind: str, change: MethodChange, by: User | None, **also: str) -> None:
    record(
        kind=f"methods.{kind}",
        subject=None,
        neighborhood=change.neighborhood_id,
        payload={
            "change": change.pk,
            "gate": change.gate_id,
            "before": change.methods_before,
            "after": change.methods_after,
            "from_day": change.takes_effect_on,
            "by": by.pk if by else None,
            **also,
        },
    )
