"""What each gate should know, by the truth as it stands: rules, who lives where, consents, visits, and what a gate takes.

Only read here; `feed` brings the gates' rows up to date with it. What goes out is opaque ids, digests, days and hours (F2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from access import hours
from access.hours import Window
from access.models import Credential, Device, FeedRow, Gate, Pass, Rule, Sign
from consent.models import Purpose, Standing
from residents.models import Neighborhood, Occupancy

Key = tuple[UUID, UUID]  # gate, credential
# Where a face is asked for more, the PIN that is typed after it is its holder's.
SECONDED = (Credential.Kind.FACE, Credential.Kind.PIN)


@dataclass(frozen=True)
class Scope:
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
class Wanted:
    body: dict[str, Any]
    review_at: datetime | None


@dataclass
class Rights:
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


@dataclass(frozen=True)
class Thought:
    """One rule as it is not yet: new, changed, or gone."""

    rule: Rule
    gone: bool = False

    def among(self, rules: Iterable[Rule]) -> list[Rule]:
        others = [each for each in rules if each.pk != self.rule.pk]
        return others if self.gone else [*others, self.rule]


def wanted_in(scope: Scope, at: datetime, rights: Rights | None = None) -> dict[Key, Wanted]:
    """What the gates should know, by the truth as it stands now; or by rights that are only thought of."""
    credentials = list(
        scope.credentials_in()
        .filter(ended_at=None, resident__erased_at=None)
        .only("id", "kind", "digest", "number", "verifier", "resident_id")
    )
    if not credentials:
        return {}
    residents = None if scope.is_wide else {credential.resident_id for credential in credentials}
    rights = rights or rights_in(scope, residents, at)
    consents = _consents(scope, residents, at)
    visits = _visits(credentials)
    wanted: dict[Key, Wanted] = {}
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
            if credential.kind in SECONDED and rights.named[gate].asks_faces_for_more:
                body["holder"] = holder_at(gate, credential.resident_id)
            wanted[gate, credential.pk] = Wanted(body, hours.next_end(windows))
    return wanted


def _visits(credentials: list[Credential]) -> dict[UUID, Pass]:
    """By credential, each with its gates: two queries, however many there are."""
    passes = [each.pk for each in credentials if each.kind == Credential.Kind.PASS]
    if not passes:
        return {}
    found = Pass.objects.filter(credential__in=passes).prefetch_related("places")
    return {visit.credential_id: visit for visit in found}


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


def holder_at(gate: UUID, resident: UUID) -> str:
    """A pseudonym that holds at this gate alone: nobody who has two of them can tell that they are one person's."""
    return str(uuid5(gate, str(resident)))


def rights_in(
    scope: Scope,
    residents: set[UUID] | None,
    at: datetime,
    *,
    zone: ZoneInfo | None = None,
    thought: Thought | None = None,
) -> Rights:
    """`zone` is the neighborhood's, where somebody has read it already. `thought`: as if one rule were otherwise."""
    if zone is None:
        zone = ZoneInfo(Neighborhood.objects.values_list("time_zone", flat=True).get(pk=scope.neighborhood))
    today = at.astimezone(zone).date()
    occupancies = _occupancies(scope, residents, today)
    rules = Rule.objects.filter(neighborhood=scope.neighborhood).select_related("gate")
    if scope.gate is not None:
        rules = rules.filter(gate=scope.gate)
    if residents is not None:
        rules = rules.filter(Q(resident__in=residents) | Q(unit__in=occupancies))
    rights = Rights(unsigned=_unsigned(scope))
    for rule in rules if thought is None else thought.among(rules):
        window = Window.of(days=rule.days, since=rule.from_time, until=rule.to_time)
        if rule.resident_id is not None:
            rights.add(rule.resident_id, rule, window)
        for lives in occupancies.get(rule.unit_id, ()) if rule.unit_id else ():
            during = window.during(since=lives.since, until=lives.until, today=today, zone=zone)
            rights.add(lives.resident_id, rule, during)
    return rights


def _unsigned(scope: Scope) -> frozenset[UUID]:
    """Gates with readers of which none has a sign beside it: no face is told to them (obligation 24)."""
    readers = Device.objects.trusted().filter(neighborhood=scope.neighborhood, gate__by_face=True)
    if scope.gate is not None:
        readers = readers.filter(gate=scope.gate)
    hanging = Sign.objects.hanging().filter(device=OuterRef("pk"))
    signed: dict[UUID, bool] = {}
    for gate, has_sign in readers.annotate(signed=Exists(hanging)).values_list("gate_id", "signed"):
        signed[gate] = signed.get(gate, False) or has_sign
    return frozenset(gate for gate, has_sign in signed.items() if not has_sign)


def _occupancies(scope: Scope, residents: set[UUID] | None, today: date) -> dict[UUID, list[Occupancy]]:
    """By dwelling; those to come as well, for a device knows the calendar."""
    found = Occupancy.objects.standing(today).filter(neighborhood=scope.neighborhood)
    if residents is not None:
        found = found.filter(resident__in=residents)
    by_unit: dict[UUID, list[Occupancy]] = defaultdict(list)
    for occupancy in found:
        by_unit[occupancy.unit_id].append(occupancy)
    return by_unit


def _consents(scope: Scope, residents: set[UUID] | None, at: datetime) -> dict[UUID, datetime]:
    """Until when each resident's face may be used (law 3)."""
    standings = Standing.objects.live(at).filter(
        neighborhood=scope.neighborhood, purpose=Purpose.FACE_AT_GATE
    )
    if residents is not None:
        standings = standings.filter(resident__in=residents)
    return dict(standings.values_list("resident_id", "expires_at"))
