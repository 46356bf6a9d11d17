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
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Greatest

from access import hours
from access.hours import Window
from access.models import Credential, Device, FeedCounter, FeedRow, Gate, Pass, Rule, Sign
from consent.models import Purpose, Standing
from residents.models import ErasurePlace, Neighborhood, Occupancy, Resident, Unit

REVIEW_AT_ONCE = 500

Key = tuple[UUID, UUID]  # gate, credential
# Neighborhoods that a further act is still changing: see `put_off`.
_put_off: ContextVar[set[UUID] | None] = ContextVar("feed put off", default=None)


@dataclass(frozen=True)
class _Scope:
    """Of which credentials, and at which gate, the rows are to be looked at. None: all of the neighborhood."""

    neighborhood: UUID
    credentials: frozenset[UUID] | None = None
    residents: frozenset[UUID] | None = None
    unit: UUID | None = None
    gate: UUID | None = None

    @property
    def is_wide(self) -> bool:
        return self.credentials is None and self.residents is None and self.unit is None

    def _lived_there(self) -> QuerySet[Occupancy, Any]:
        """Who lives in the dwelling, will or did; asked under the counter's lock, so that nobody moves in unseen."""
        return Occupancy.objects.filter(unit=self.unit).values("resident")

    def credentials_in(self) -> QuerySet[Credential]:
        found = Credential.objects.filter(neighborhood=self.neighborhood)
        if self.credentials is not None:
            found = found.filter(pk__in=self.credentials)
        if self.residents is not None:
            found = found.filter(resident__in=self.residents)
        if self.unit is not None:
            found = found.filter(resident__in=self._lived_there())
        return found

    def rows_in(self) -> QuerySet[FeedRow]:
        found = FeedRow.objects.filter(neighborhood=self.neighborhood)
        if self.credentials is not None:
            found = found.filter(credential__in=self.credentials)
        if self.residents is not None:
            found = found.filter(credential__resident__in=self.residents)
        if self.unit is not None:
            found = found.filter(credential__resident__in=self._lived_there())
        return found if self.gate is None else found.filter(gate=self.gate)


@dataclass(frozen=True)
class _Wanted:
    body: dict[str, Any]
    review_at: datetime | None


@dataclass(frozen=True)
class Foreseen:
    """What the readers of one gate would be told, and the hours at which each resident may pass there, as sent."""

    hours: Mapping[UUID, list[dict[str, Any]]]  # by resident, whatever they carry
    told: Mapping[UUID, Mapping[str, list[dict[str, Any]]]]  # by resident, and by kind of what they carry
    standing: frozenset[UUID]  # residents who may pass now, and not only one day


@dataclass
class _Rights:
    """Each resident's windows at each gate, and what a gate takes."""

    windows: dict[tuple[UUID, UUID], list[Window]] = field(default_factory=lambda: defaultdict(list))
    gates: dict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))  # of a resident
    takes: dict[UUID, frozenset[str]] = field(default_factory=dict)  # kinds, by gate
    named: dict[UUID, Gate] = field(default_factory=dict)
    unsigned: frozenset[UUID] = frozenset()

    def add(self, resident: UUID, rule: Rule, window: Window) -> None:
        self.windows[resident, rule.gate_id].append(window)
        self.gates[resident].add(rule.gate_id)
        taken = kinds_taken(rule.gate)
        self.takes[rule.gate_id] = taken - {Credential.Kind.FACE} if rule.gate_id in self.unsigned else taken
        self.named[rule.gate_id] = rule.gate


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
    scopes: list[_Scope] = []
    later = _put_off.get()
    if credentials:
        scopes += _by_neighborhood("credentials", credentials)
    if residents:
        scopes += _by_neighborhood("residents", residents)
    if unit is not None:
        scopes.append(_Scope(unit.neighborhood_id, unit=unit.pk))
    if gate is not None:
        scopes.append(_Scope(gate.neighborhood_id, gate=gate.pk))
    if neighborhood is not None:
        scopes.append(_Scope(neighborhood.pk))
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
            _refresh(_Scope(neighborhood), at)


def foresee(*, gate: Gate, at: datetime) -> Foreseen:
    """What this gate would be told if it were as it stands here, saved or not: by the very code that tells it. Writes nothing."""
    scope = _Scope(gate.neighborhood_id, gate=gate.pk)
    rights = _rights(scope, None, at)
    rights.takes[gate.pk] = kinds_taken(gate)
    told: dict[UUID, dict[str, list[dict[str, Any]]]] = defaultdict(dict)
    wanted = _wanted(scope, at, rights)
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


def _by_neighborhood(kind: str, rows: Iterable[Credential | Resident]) -> list[_Scope]:
    found: dict[UUID, set[UUID]] = defaultdict(set)
    for row in rows:
        found[row.neighborhood_id].add(row.pk)
    # In one order everywhere: two acts that span the same neighborhoods must not wait for each other.
    return [_Scope(where, **{kind: frozenset(found[where])}) for where in sorted(found)]  # type: ignore[arg-type]


def _refresh(scope: _Scope, at: datetime) -> int:
    last = lock_counter(scope.neighborhood)
    wanted = _wanted(scope, at)
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


def _row(scope: _Scope, key: Key, wanted: _Wanted | None, at: datetime) -> FeedRow:
    return FeedRow(
        neighborhood_id=scope.neighborhood,
        gate_id=key[0],
        credential_id=key[1],
        present=wanted is not None,
        body=wanted.body if wanted else {},
        review_at=wanted.review_at if wanted else None,
        changed_at=at,
    )


def _wanted(scope: _Scope, at: datetime, rights: _Rights | None = None) -> dict[Key, _Wanted]:
    """What the gates should know, by the truth as it stands now; or by rights that are only thought of."""
    credentials = list(
        scope.credentials_in()
        .filter(ended_at=None, resident__erased_at=None)
        .only("id", "kind", "digest", "number", "verifier", "resident_id")
    )
    if not credentials:
        return {}
    residents = None if scope.is_wide else {credential.resident_id for credential in credentials}
    rights = rights or _rights(scope, residents, at)
    consents = _consents(scope, residents, at)
    visits = _visits(credentials)
    wanted: dict[Key, _Wanted] = {}
    for credential in credentials:
        for gate in rights.gates.get(credential.resident_id, ()):
            if credential.kind not in rights.takes[gate]:
                continue
            windows = rights.windows[credential.resident_id, gate]
            if credential.kind == Credential.Kind.FACE:
                ends = consents.get(credential.resident_id)
                if ends is None:
                    continue
                windows = [window.ending(ends) for window in windows]
            visit = visits.get(credential.pk)
            if credential.kind == Credential.Kind.PASS:
                # Never more than the host's own: it ends the very moment that theirs does.
                if visit is None or gate not in visit.gates_named:
                    continue
                windows = [window.within(visit.valid_from, visit.valid_until) for window in windows]
                windows = [window for window in windows if window.is_open_after(at)]
                if not windows:
                    continue
            body = _body(credential, windows) | ({"once": True} if visit and visit.once else {})
            wanted[gate, credential.pk] = _Wanted(body, hours.next_end(windows))
    return wanted


def _visits(credentials: list[Credential]) -> dict[UUID, Pass]:
    """By credential, each with its gates: two queries, however many there are."""
    passes = [each.pk for each in credentials if each.kind == Credential.Kind.PASS]
    if not passes:
        return {}
    found = Pass.objects.filter(credential__in=passes).prefetch_related("places")
    return {visit.credential_id: visit for visit in found}


def gates_within_reach(*, resident: Resident, at: datetime) -> list[Gate]:
    """Through which the resident may pass, now or one day, by whatever way; in the order of their names."""
    scope = _Scope(resident.neighborhood_id, residents=frozenset([resident.pk]))
    rights = _rights(scope, {resident.pk}, at)
    theirs = (rights.named[gate] for gate in rights.gates.get(resident.pk, ()))
    return sorted(theirs, key=lambda gate: (gate.name, gate.pk))


def kinds_taken(gate: Gate) -> frozenset[str]:
    """The kinds of credential a gate is told of.

    Cards always. Law 1: out of service there is no promise of a card reader, so nothing that comes beside goes there.
    """
    kinds = {Credential.Kind.CARD.value}
    if gate.in_service:
        beside = {
            Credential.Kind.FACE: gate.by_face,
            Credential.Kind.PIN: gate.by_pin,
            Credential.Kind.QR: gate.by_qr,
        }
        kinds |= {kind.value for kind, taken in beside.items() if taken}
        if takes_passes(gate):
            kinds.add(Credential.Kind.PASS.value)
    return frozenset(kinds)


def takes_passes(gate: Gate) -> bool:
    """A visitor shows a code or types one."""
    return gate.in_service and (gate.by_qr or gate.by_pin)


def _body(credential: Credential, windows: list[Window]) -> dict[str, Any]:
    body: dict[str, Any] = {"kind": credential.kind, "windows": hours.as_sent(windows)}
    if credential.digest is not None:
        body["digest"] = bytes(credential.digest).hex()
    if credential.number is not None:
        body |= {"number": credential.number, "verifier": credential.verifier}
    return body


def _rights(scope: _Scope, residents: set[UUID] | None, at: datetime) -> _Rights:
    zone = ZoneInfo(Neighborhood.objects.values_list("time_zone", flat=True).get(pk=scope.neighborhood))
    today = at.astimezone(zone).date()
    occupancies = _occupancies(scope, residents, today)
    rules = Rule.objects.filter(neighborhood=scope.neighborhood).select_related("gate")
    if scope.gate is not None:
        rules = rules.filter(gate=scope.gate)
    if residents is not None:
        rules = rules.filter(Q(resident__in=residents) | Q(unit__in=occupancies))
    rights = _Rights(unsigned=_unsigned(scope))
    for rule in rules:
        window = Window.of(days=rule.days, since=rule.from_time, until=rule.to_time)
        if rule.resident_id is not None:
            rights.add(rule.resident_id, rule, window)
        for lives in occupancies.get(rule.unit_id, ()) if rule.unit_id else ():
            during = window.during(since=lives.since, until=lives.until, today=today, zone=zone)
            rights.add(lives.resident_id, rule, during)
    return rights


def _unsigned(scope: _Scope) -> frozenset[UUID]:
    """Gates with readers of which none has a sign beside it: no face is told to them (obligation 24)."""
    readers = Device.objects.trusted().filter(neighborhood=scope.neighborhood, gate__by_face=True)
    if scope.gate is not None:
        readers = readers.filter(gate=scope.gate)
    hanging = Sign.objects.hanging().filter(device=OuterRef("pk"))
    signed: dict[UUID, bool] = {}
    for gate, has_sign in readers.annotate(signed=Exists(hanging)).values_list("gate_id", "signed"):
        signed[gate] = signed.get(gate, False) or has_sign
    return frozenset(gate for gate, has_sign in signed.items() if not has_sign)


def _occupancies(scope: _Scope, residents: set[UUID] | None, today: date) -> dict[UUID, list[Occupancy]]:
    """By dwelling; those to come as well, for a device knows the calendar."""
    found = Occupancy.objects.standing(today).filter(neighborhood=scope.neighborhood)
    if residents is not None:
        found = found.filter(resident__in=residents)
    by_unit: dict[UUID, list[Occupancy]] = defaultdict(list)
    for occupancy in found:
        by_unit[occupancy.unit_id].append(occupancy)
    return by_unit


def _consents(scope: _Scope, residents: set[UUID] | None, at: datetime) -> dict[UUID, datetime]:
    """Until when each resident's face may be used (law 3)."""
    standings = Standing.objects.live(at).filter(
        neighborhood=scope.neighborhood, purpose=Purpose.FACE_AT_GATE
    )
    if residents is not None:
        standings = standings.filter(resident__in=residents)
    return dict(standings.values_list("resident_id", "expires_at"))
