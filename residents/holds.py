"""Legal holds: somebody's data is kept though its time is over, because a law wants it (obligation 10, ADR 41).

One of the staff asks, a second confirms, and the person is told at once; or where a law forbids even that, on a day that is set
beforehand. A hold ends by itself unless two confirm it anew at least every ninety days, and on its last day whatever anybody does.

Nothing stays in its own table for it. What goes, goes; and as it goes, a copy is sealed under the hold's own key into a table that
no page, no interface and no file reads. So it is stored and secured, and all other reads are denied because there is nothing to
read. Nothing that was made from a face is ever copied. When the hold ends, copies, key and old pages go as every erasure goes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from ledger.record import record
from residents import contact, effects, erasure, leaving, notifying
from residents.keeping import Rows, Rule
from residents.models import (
    ErasureOrder,
    ErasurePlace,
    HandOut,
    HeldRow,
    Hold,
    HoldAct,
    Occupancy,
    Ownership,
    Resident,
    User,
)
from residents.models.holding import SCOPES
from residents.one_person import is_one_person
from residents.scope import may
from vault import keys, sealing

# The body that is neither the landlords' nor in anybody's pay, as for who lives where (law 13).
PERM = "settle_departures"
PURPOSE = "hold"
# The law's own number is a day more: see the trigger `residents_holdact_by_two`.
RENEWED_WITHIN = timedelta(days=90)
LONGEST = timedelta(days=3 * 365)
LONGEST_UNTOLD = timedelta(days=180)
ENTRIES = "entries"
TABLES = (HeldRow._meta.db_table, Hold._meta.db_table, HandOut._meta.db_table)
Kind, State = ErasurePlace.Kind, ErasurePlace.State


class HoldRefused(Exception):
    """Nothing was written. `reason` is one of: words, dates, closed, own, same_person, erased, open_already."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def propose(
    *,
    resident: Resident,
    by: User,
    name: str,
    reason: str,
    basis: str,
    document: str,
    ends_at: datetime,
    at: datetime,
    scopes: Collection[str] = (),
    untold_because: str = "",
    tell_by: datetime | None = None,
) -> Hold:
    """One of the staff has a document in hand. Nothing is kept yet.

    Raises: PermissionDenied, HoldRefused
    """
    resident = Resident.objects.held(resident.pk)
    if resident.neighborhood.practice or not may(by, PERM, resident.neighborhood, at):
        raise PermissionDenied
    if resident.erased_at:
        raise HoldRefused("erased")
    if resident.user_id and is_one_person(resident.user_id, by.pk):
        raise HoldRefused("own")
    words = {"name": name, "reason": reason, "basis": basis, "document": document}
    words = {field: said.strip() for field, said in words.items()}
    if not all(words.values()) or bool(untold_because.strip()) != (tell_by is not None):
        raise HoldRefused("words")
    if not at < ends_at <= at + LONGEST or (
        tell_by and not at < tell_by <= min(ends_at, at + LONGEST_UNTOLD)
    ):
        raise HoldRefused("dates")
    hold = Hold.objects.create(
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        **words,
        **{scope: scope in scopes for scope in SCOPES},
        untold_because=untold_because.strip(),
        tell_by=tell_by,
        ends_at=ends_at,
        proposed_at=at,
        asked=Hold.Asked.HOLD,
        asked_by=by,
    )
    note(hold, "proposed", {"by": by.pk, "covers": hold.covers, "ends_at": ends_at, **_hashes(hold)})
    return hold


@transaction.atomic
def ask(*, hold: Hold, what: Hold.Asked, by: User, at: datetime) -> Hold:
    """One of the staff wants to go on with it, or to end it. Nothing changes until a second says so.

    Raises: PermissionDenied, HoldRefused
    """
    hold = locked(hold)
    insist(hold, by, at)
    if what == Hold.Asked.HOLD or hold.asked or not Hold.objects.in_force(at).filter(pk=hold.pk).exists():
        raise HoldRefused("closed" if not hold.asked else "open_already")
    hold.asked, hold.asked_by = what, by
    hold.save(update_fields=["asked", "asked_by"])
    note(hold, "asked", {"by": by.pk, "what": str(what)})
    return hold


@transaction.atomic
def confirm(*, hold: Hold, by: User, at: datetime) -> HoldAct:
    """A second of the staff has seen the document, and says the same as the first.

    Raises: PermissionDenied, HoldRefused
    """
    hold = locked(hold)
    insist(hold, by, at)
    over = hold.ended_at or hold.ends_at <= at or (hold.held_until and hold.held_until <= at)
    if not hold.asked or over or (hold.resident.erased_at and hold.asked == Hold.Asked.HOLD):
        raise HoldRefused("closed")
    assert hold.asked_by_id is not None
    if is_one_person(hold.asked_by_id, by.pk):
        raise HoldRefused("same_person")
    kind = {
        Hold.Asked.HOLD: HoldAct.Kind.CONFIRMED,
        Hold.Asked.RENEW: HoldAct.Kind.RENEWED,
        Hold.Asked.RELEASE: HoldAct.Kind.RELEASED,
    }[Hold.Asked(hold.asked)]
    until = None if kind == HoldAct.Kind.RELEASED else min(at + RENEWED_WITHIN, hold.ends_at)
    two = {"asked_by_id": hold.asked_by_id, "by": by}
    done = HoldAct.objects.create(
        neighborhood_id=hold.neighborhood_id, hold=hold, kind=kind, until=until, **two
    )
    said = {"by": by.pk, "asked_by": hold.asked_by_id, "until": until}
    hold.asked, hold.asked_by = "", None
    if until is None:
        note(hold, str(kind), said)
        hold.save(update_fields=["asked", "asked_by"])
        _end(hold, at)
        return done
    hold.held_until = until
    if kind == HoldAct.Kind.CONFIRMED and not hold.untold_because:
        hold.told_at = at
    note(hold, str(kind), said)
    hold.save(update_fields=["asked", "asked_by", "held_until", "told_at"])
    if kind == HoldAct.Kind.CONFIRMED:
        keys.ensure(id=hold.key, subject=hold.resident_id, purpose=PURPOSE)
        if hold.told_at:
            _tell(hold, at)
    return done


@transaction.atomic
def take_back(*, hold: Hold, by: User, at: datetime) -> None:
    """It is not asked for any more: what was proposed is deleted, and what stands goes on until its day.

    Raises: PermissionDenied, HoldRefused
    """
    hold = locked(hold)
    insist(hold, by, at)
    if not hold.asked or hold.ended_at:
        raise HoldRefused("closed")
    note(hold, "dropped", {"by": by.pk, "what": hold.asked})
    if hold.held_until is None:
        hold.delete()
        return
    hold.asked, hold.asked_by = "", None
    hold.save(update_fields=["asked", "asked_by"])


def tell_due(*, at: datetime) -> int:
    """For the sweep: whoever was not to be told, and whose day has come. How many were told."""
    told = 0
    for pk in Hold.objects.untold().filter(tell_by__lte=at).values_list("pk", flat=True):
        with transaction.atomic():
            hold = Hold.objects.select_for_update(no_key=True).get(pk=pk)
            if hold.told_at is None and hold.ended_at is None:
                _tell_now(hold, at)
                told += 1
    return told


def expire(claimed: Iterable[UUID], at: datetime) -> int:
    """For scheduled deletion, inside its transaction: nobody confirmed these anew, or their last day came."""
    over = Hold.objects.standing().filter(pk__in=list(claimed), held_until__lte=at)
    found = list(over.select_for_update(no_key=True).order_by("pk"))
    for hold in found:
        _end(hold, at)
    return len(found)


def lapse(claimed: Iterable[UUID], at: datetime) -> int:
    """For scheduled deletion: proposals that nobody confirmed."""
    found = list(Hold.objects.filter(pk__in=list(claimed), held_until=None))
    for hold in found:
        note(hold, "dropped", {"by": None, "what": hold.asked})
        hold.delete()
    return len(found)


def restricts(resident: Resident, at: datetime) -> bool:
    """Their time here is over, and they are still on the register only because a law forbids to tell them of a hold: nobody looks
    at them meanwhile. No query for who has not left."""
    ends = leaving.grace_ends(resident)
    return ends is not None and ends <= at and Hold.objects.untold().filter(resident=resident).exists()


# --- What is kept


def stand(*, rule: Rule, at: datetime) -> bool:
    """Whether there is any hold that what this rule ends may be copied for."""
    what = rule.holdable
    return what is not None and Hold.objects.in_force(at).filter(**{what.scope: True}).exists()


def keep(*, rule: Rule, rows: Rows, at: datetime, of: UUID | None = None) -> int:
    """These rows are about to go: copy what a hold covers, in the transaction in which they go. How many copies."""
    what = rule.holdable
    if what is None:
        return 0
    in_force = Hold.objects.in_force(at).filter(**{what.scope: True})
    holds: dict[UUID, list[Hold]] = {}
    for hold in in_force if of is None else in_force.filter(resident=of):
        holds.setdefault(hold.resident_id, []).append(hold)
    if not holds:
        return 0
    found = what.copies(what.of(rows, list(holds)))
    return _seal((hold, rule.code, row, copy) for row, person, copy in found for hold in holds[person])


def keep_person(
    *, resident: Resident, rules: Iterable[Rule], erased: bool, at: datetime
) -> list[erasure.Place]:
    """Copy what their holds cover, whether it is due or not: everything when somebody is about to become a tombstone, and when
    they only leave, their entries, which are nobody's from then on. The places that an erasure has to wait for."""
    holds = list(Hold.objects.in_force(at).filter(resident=resident))
    if not holds:
        return []
    for rule in rules:
        if rule.holdable is not None and (erased or rule.holdable.scope == ENTRIES):
            everything = rule.rows().model._default_manager.all()
            keep(rule=rule, rows=everything, at=at, of=resident.pk)
    if not erased:
        return []
    said = _register(resident)
    _seal((hold, HeldRow.Source.REGISTER, resident.pk, said) for hold in holds)
    return [place for hold in holds for place in _places(hold) if place.kind != Kind.PAGES]


def rows_left(target: UUID) -> int:
    return HeldRow.objects.filter(hold=target).count()


def _seal(copies: Iterable[tuple[Hold, str, UUID, dict[str, Any]]]) -> int:
    wanted = list(copies)
    sealed = sealing.encrypt_many(
        sealing.Plain(
            hold.key,
            json.dumps(copy, cls=_Encoder, ensure_ascii=False).encode(),
            context(hold.pk, source, row),
        )
        for hold, source, row, copy in wanted
    )
    HeldRow.objects.bulk_create(
        [
            HeldRow(
                neighborhood_id=hold.neighborhood_id, hold=hold, source=source, row=row, sealed=ciphertext
            )
            for (hold, source, row, _), ciphertext in zip(wanted, sealed, strict=True)
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
    return len(wanted)


def context(hold: UUID, source: str, row: UUID) -> str:
    return f"residents.held|{hold}|{source}|{row}"


class _Encoder(DjangoJSONEncoder):
    def default(self, o: Any) -> Any:
        return bytes(o).hex() if isinstance(o, bytes | memoryview) else super().default(o)


def _register(resident: Resident) -> dict[str, Any]:
    """What the register says, in the clear: the key of the phone number dies with the person."""

    def homes(model: Any) -> list[dict[str, Any]]:
        return list(model.objects.filter(resident=resident).values("unit", "since", "until"))

    return {
        "name": resident.name,
        "phone": contact.phone_of(resident),
        "left_at": resident.left_at,
        "lived": homes(Occupancy),
        "owned": homes(Ownership),
    }


# --- Telling and ending


def _places(hold: Hold) -> list[erasure.Place]:
    kept = [(Kind.ROWS, hold.pk), (Kind.KEY, hold.key), (Kind.PAGES, hold.pk)]
    return [erasure.Place(kind=kind, target=target, held=True) for kind, target in kept]


def _tell_now(hold: Hold, at: datetime) -> None:
    hold.told_at = at
    hold.save(update_fields=["told_at"])
    _tell(hold, at)


def _tell(hold: Hold, at: datetime) -> None:
    """From now on they read of it on their pages, with the order in which its places are held."""
    note(hold, "told", {"covers": hold.covers, "until": hold.held_until, **_hashes(hold)})
    erasure.open_order(
        resident=hold.resident, purpose=PURPOSE, cause=ErasureOrder.Cause.HELD, places=_places(hold), at=at
    )
    notifying.tell(
        neighborhood=hold.neighborhood,
        residents=[hold.resident_id],
        topic=notifying.Topic.DATA,
        at=at,
    )


def _end(hold: Hold, at: datetime) -> None:
    """Copies go in this transaction, key and pages right after it; whoever is a tombstone leaves no word of the hold either."""
    if hold.told_at is None:
        _tell_now(hold, at)
    hold.ended_at = at
    hold.save(update_fields=["ended_at"])
    HeldRow.objects.filter(hold=hold).delete()
    held = ErasurePlace.objects.filter(state=State.HELD, target__in=[hold.pk, hold.key])
    orders = sorted(set(held.values_list("order", flat=True)))
    held.update(state=State.WAITING, due_at=at, changed_at=at)
    note(hold, "ended", {"until": hold.held_until})
    if hold.resident.erased_at:
        hold.delete()
    for order in orders:
        transaction.on_commit(partial(effects.call, "erase_soon", order=order), robust=True)


def insist(hold: Hold, by: User, at: datetime) -> None:
    """Raises: PermissionDenied, HoldRefused"""
    if not may(by, PERM, hold.neighborhood, at):
        raise PermissionDenied
    if hold.resident.user_id and is_one_person(hold.resident.user_id, by.pk):
        raise HoldRefused("own")


def locked(hold: Hold) -> Hold:
    Resident.objects.held(hold.resident_id)
    try:
        found = Hold.objects.select_for_update(no_key=True, of=("self",))
        return found.select_related("neighborhood", "resident").get(pk=hold.pk)
    except Hold.DoesNotExist:
        raise HoldRefused("closed") from None


def note(hold: Hold, what: str, payload: dict[str, Any]) -> None:
    """In the ledger. Under the person's number once they may know of it."""
    record(
        kind=f"hold.{what}",
        subject=hold.resident_id if hold.told_at else None,
        neighborhood=hold.neighborhood_id,
        payload={"hold": hold.pk, **payload},
    )


def _hashes(hold: Hold) -> dict[str, str]:
    said = {"name": hold.name, "reason": hold.reason, "basis": hold.basis, "document": hold.document}
    return {f"{field}_sha": sha256(words.encode()).hexdigest() for field, words in said.items()}
