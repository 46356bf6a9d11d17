"""What each gate should know: brought up to date whenever the truth changed, in the transaction that changed it.

Desired state, not history: one row per gate and credential, with a version that only grows. The neighborhood's counter
is locked before anything is read and held to commit. So whoever comes second sees all that the first one did, numbers
become visible in their order, and no reader ever passes over a change. Take every other lock first: `refresh` is the
last thing an act does.

What goes out is opaque ids, digests, days and hours (F2); the database refuses any other key in a row's body.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, QuerySet
from django.db.models.functions import Greatest

from access import hours
from access.models import Credential, FeedCounter, FeedRow, Gate
from access.wanted import Key, Scope, Wanted, kinds_taken, rights_in, wanted_in
from residents.models import ErasurePlace, Neighborhood, Resident, Unit

REVIEW_AT_ONCE = 500

# Neighborhoods that a further act is still changing: see `put_off`.
_put_off: ContextVar[set[UUID] | None] = ContextVar("feed put off", default=None)


@dataclass(frozen=True)
class Foreseen:
    """What the readers of one gate would be told, and the hours at which each resident may pass there, as sent."""

    hours: Mapping[UUID, list[dict[str, Any]]]  # by resident, whatever they carry
    told: Mapping[UUID, Mapping[str, list[dict[str, Any]]]]  # by resident, and by kind of what they carry
    standing: frozenset[UUID]  # residents who may pass now, and not only one day


def refresh(
    *,
    at: datetime,
    credentials: Collection[Credential] | None = None,
    residents: Collection[Resident] | None = None,
    unit: Unit | None = None,
    gate: Gate | None = None,
    neighborhood: Neighborhood | None = None,
) -> int:
    """Bring the rows up to date, for these credentials or residents, whoever lives in a dwelling, a gate, or a neighborhood.

    Call it last in the act that changed the truth. The number of queries does not depend on how many rows there are.
    Returns how many rows changed.
    """
    scopes: list[Scope] = []
    later = _put_off.get()
    if credentials:
        scopes += _by_neighborhood("credentials", credentials)
    if residents:
        scopes += _by_neighborhood("residents", residents)
    if unit is not None:
        scopes.append(Scope(unit.neighborhood_id, unit=unit.pk))
    if gate is not None:
        scopes.append(Scope(gate.neighborhood_id, gate=gate.pk))
    if neighborhood is not None:
        scopes.append(Scope(neighborhood.pk))
    if later is not None:
        later |= {scope.neighborhood for scope in scopes}
        return 0
    with transaction.atomic():
        return sum(_refresh(scope, at) for scope in scopes)


@contextmanager
def put_off(*, at: datetime) -> Iterator[None]:
    """One act made of many: the gates hear of all of it once, at its end, in its own transaction."""
    with transaction.atomic():
        later: set[UUID] = set()
        token = _put_off.set(later)
        try:
            yield
        finally:
            _put_off.reset(token)
        for neighborhood in sorted(later):
            _refresh(Scope(neighborhood), at)


def foresee(*, gate: Gate, at: datetime) -> Foreseen:
    """What this gate would be told if it were as it stands here, saved or not: by the very code that tells it. Writes nothing."""
    scope = Scope(gate.neighborhood_id, gate=gate.pk)
    rights = rights_in(scope, None, at)
    rights.takes[gate.pk] = kinds_taken(gate)
    told: dict[UUID, dict[str, list[dict[str, Any]]]] = defaultdict(dict)
    wanted = wanted_in(scope, at, rights)
    holders = dict(
        scope.credentials_in().filter(pk__in=[key[1] for key in wanted]).values_list("pk", "resident_id")
    )
    for (_, credential), found in wanted.items():
        told[holders[credential]][found.body["kind"]] = found.body["windows"]
    return Foreseen(
        {resident: hours.as_sent(windows) for (resident, _), windows in rights.windows.items()},
        told,
        frozenset(
            resident
            for (resident, _), windows in rights.windows.items()
            if any((w.valid_from is None or w.valid_from <= at) and w.is_open_after(at) for w in windows)
        ),
    )


def tell_again(tombstones: Collection[FeedRow], *, at: datetime) -> None:
    """Under new numbers, so that each reader confirms anew what it is to have forgotten. The counter must be held."""
    rows = sorted(tombstones, key=lambda row: row.version)
    if not rows:
        return
    last = lock_counter(rows[0].neighborhood_id)
    for version, row in enumerate({row.pk: row for row in rows}.values(), start=last + 1):
        FeedRow.objects.filter(pk=row.pk, present=False).update(version=version, changed_at=at)
        last = version
    FeedCounter.objects.filter(pk=rows[0].neighborhood_id).update(last=last)


def tell_faces_again(*, gate: Gate, at: datetime) -> None:
    """Under new numbers, so that a reader of the gate that was sent none of them yet is sent each of them now."""
    last = lock_counter(gate.neighborhood_id)
    rows = FeedRow.objects.filter(gate=gate, present=True, body__kind=Credential.Kind.FACE)
    for version, row in enumerate(rows.order_by("version"), start=last + 1):
        FeedRow.objects.filter(pk=row.pk).update(version=version, changed_at=at)
        last = version
    FeedCounter.objects.filter(pk=gate.neighborhood_id).update(last=last)


def review(*, at: datetime) -> int:
    """For the sweep: rows in which a date has passed. Devices went by the date already; this tidies up after it."""
    due = FeedRow.objects.filter(present=True, review_at__lte=at).order_by("review_at")
    rows = due.values_list("credential_id", flat=True)[:REVIEW_AT_ONCE]
    return refresh(credentials=list(Credential.objects.filter(pk__in=list(rows))), at=at)


def tombstones() -> QuerySet[FeedRow]:
    """Those that no erasure still waits for."""
    waited_for = ErasurePlace.objects.open().filter(
        kind=ErasurePlace.Kind.DEVICE, target=OuterRef("credential_id")
    )
    return FeedRow.objects.filter(~Exists(waited_for), present=False)


def compact(claimed: Collection[int], at: datetime) -> int:
    """Drop these tombstones and remember up to where, so that a device from before starts anew.

    Inside a transaction that holds their gates and then the rows: none comes back to life between being chosen and
    being dropped, no counter is held up, and a reader gets rows and floor of one moment.
    """
    rows = FeedRow.objects.filter(pk__in=claimed, present=False)
    floors = list(rows.values("gate_id").annotate(floor=Max("version")).order_by("gate_id"))
    dropped, _ = rows.delete()
    for each in floors:
        Gate.objects.filter(pk=each["gate_id"]).update(feed_floor=Greatest(F("feed_floor"), each["floor"]))
    return dropped


def _by_neighborhood(kind: str, rows: Iterable[Credential | Resident]) -> list[Scope]:
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for row in rows:
        found[row.neighborhood_id].add(row.pk)
    # In one order everywhere: two acts that span the same neighborhoods must not wait for each other.
    return [Scope(where, **{kind: frozenset(found[where])}) for where in sorted(found)]  # type: ignore[arg-type]


def _refresh(scope: Scope, at: datetime) -> int:
    last = lock_counter(scope.neighborhood)
    wanted = wanted_in(scope, at)
    there = {
        (gate, credential): (present, body)
        for gate, credential, present, body in scope.rows_in().values_list(
            "gate_id", "credential_id", "present", "body"
        )
    }
    rows = [
        _row(scope, key, found, at) for key, found in wanted.items() if there.get(key) != (True, found.body)
    ]
    rows += [
        _row(scope, key, None, at) for key, (present, _) in there.items() if present and key not in wanted
    ]
    # What is to go comes first: a gate hears of it even if the line drops after one page.
    rows.sort(key=lambda row: (row.present, row.gate_id, row.credential_id))
    for version, row in enumerate(rows, start=last + 1):
        row.version = version
    if rows:
        FeedRow.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["gate", "credential"],
            update_fields=["version", "present", "body", "review_at", "changed_at"],
        )
        FeedCounter.objects.filter(pk=scope.neighborhood).update(last=last + len(rows))
    return len(rows)


def lock_counter(neighborhood: UUID) -> int:
    """Held to commit. What is read after this call is newer than whatever the one before us committed.

    Foreign keys are checked at commit, by a look at the rows they point to. So nobody may hold a gate, a credential, a
    resident or a neighborhood FOR UPDATE and then wait here: take this first, or lock with `no_key`.
    """
    counter = FeedCounter.objects.select_for_update(no_key=True).filter(pk=neighborhood)
    found = counter.first()
    if found is None:
        FeedCounter.objects.bulk_create([FeedCounter(pk=neighborhood)], ignore_conflicts=True)
        found = counter.get()
    return found.last


def _row(scope: Scope, key: Key, wanted: Wanted | None, at: datetime) -> FeedRow:
    return FeedRow(
        neighborhood_id=scope.neighborhood,
        gate_id=key[0],
        credential_id=key[1],
        present=wanted is not None,
        body=wanted.body if wanted else {},
        review_at=wanted.review_at if wanted else None,
        changed_at=at,
    )


def gates_within_reach(*, resident: Resident, at: datetime) -> list[Gate]:
    """Through which the resident may pass, now or one day, by whatever way; in the order of their names."""
    scope = Scope(resident.neighborhood_id, residents=frozenset([resident.pk]))
    rights = rights_in(scope, {resident.pk}, at, zone=ZoneInfo(resident.neighborhood.time_zone))
    theirs = (rights.named[gate] for gate in rights.gates.get(resident.pk, ()))
    return sorted(theirs, key=lambda gate: (gate.name, gate.pk))
