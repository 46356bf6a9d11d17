"""Beside the old controller: a gate listens, decides and reports, and opens nothing, so that nobody is worse off later.

For two weeks the desk sees what this gate would have done: opened, refused and why, and which cards it does not know, as
marks without a name. Nobody is moved by this: the old system goes on opening until somebody switches over (A3).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import Aggregate, Count, Exists, F, Max, OuterRef, QuerySet

from access import cards, gates
from access.feed import lock_counter
from access.models import Credential, Device, EntryEvent, Gate, UnknownCard
from access.tapping import Shown
from gate.decide import WOULD_OPEN, Reason
from ledger.record import record
from residents.models import Neighborhood, Resident, User

KEPT = timedelta(days=14)
# What the page calls ready. Staff may switch over earlier, with their eyes open.
READY_SHARE = 0.99
READY_AFTER = timedelta(days=7)
HEARD_WITHIN = timedelta(minutes=5)

BATCH = 10_000


class BesideRefused(ValueError):
    """Nothing was changed."""


class NotListening(BesideRefused):
    """The gate is not beside an old controller, or somebody has switched it over already."""


class NotHeard(BesideRefused):
    """No reader of this gate has polled just now: it would not hear that it is to open."""


class NotTheirNeighborhood(BesideRefused):
    """The card was seen in another neighborhood."""


NOTE = """
    INSERT INTO access_unknowncard (id, neighborhood_id, gate_id, digest, taps, first_seen, last_seen)
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::bytea[], %s::int[], %s::timestamptz[], %s::timestamptz[])
    ON CONFLICT (gate_id, digest) DO UPDATE SET
        taps = access_unknowncard.taps + EXCLUDED.taps,
        first_seen = LEAST(access_unknowncard.first_seen, EXCLUDED.first_seen),
        last_seen = GREATEST(access_unknowncard.last_seen, EXCLUDED.last_seen)
"""


def note(*, gate: Gate, shown: Iterable[Shown], at: datetime) -> None:
    """Count unknown cards by their mark. One query. A gate's clock is not believed about the future."""
    times: dict[bytes, list[datetime]] = defaultdict(list)
    for each in shown:
        times[each.digest].append(min(each.at, at))
    rows = sorted(times.items())  # two readers of one gate take their locks in one order
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            NOTE,
            [
                [uuid4() for _ in rows],
                [gate.neighborhood_id] * len(rows),
                [gate.pk] * len(rows),
                [digest for digest, _seen in rows],
                [len(seen) for _digest, seen in rows],
                [min(seen) for _digest, seen in rows],
                [max(seen) for _digest, seen in rows],
            ],
        )


def unclaimed() -> QuerySet[UnknownCard]:
    """Marks of cards that are still nobody's here."""
    somebodys = Credential.objects.active().filter(
        neighborhood=OuterRef("neighborhood"), digest=OuterRef("digest")
    )
    return UnknownCard.objects.filter(~Exists(somebodys))


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one gate beside the old controller would have done, since it listens and for two weeks at most."""

    gate: Gate
    at: datetime
    would_open: int
    refused: Counter[str]  # taps by reason, unknown cards left out
    unknown_taps: int
    known: int  # cards
    unknown: int  # cards
    heard_at: datetime | None

    @property
    def share(self) -> float | None:
        """Of the cards shown, how many this gate knows; None before any was shown."""
        shown = self.known + self.unknown
        return self.known / shown if shown else None

    @property
    def knows_enough(self) -> bool:
        return self.share is not None and self.share >= READY_SHARE

    @property
    def listened_enough(self) -> bool:
        return self.gate.beside_since is not None and self.at - self.gate.beside_since >= READY_AFTER

    @property
    def is_heard(self) -> bool:
        return self.heard_at is not None and self.at - self.heard_at <= HEARD_WITHIN

    @property
    def is_ready(self) -> bool:
        return self.knows_enough and self.listened_enough and self.is_heard


def reports(neighborhood: Neighborhood, *, at: datetime) -> list[Report]:
    """One for each gate beside the old controller. Five queries, however many gates, cards and taps."""
    beside = list(Gate.objects.filter(neighborhood=neighborhood, beside_since__isnull=False).order_by("name"))
    seen = EntryEvent.objects.filter(
        gate__in=beside,
        kind__in=["card", "unknown"],
        received_at__gt=at - KEPT,
        received_at__gte=F("gate__beside_since"),
    )
    taps: dict[UUID, Counter[tuple[str, str]]] = defaultdict(Counter)
    for row in seen.values("gate_id", "outcome", "reason").annotate(taps=Count("pk")):
        taps[row["gate_id"]][row["outcome"], row["reason"]] = row["taps"]
    known = _by_gate(seen.filter(credential__isnull=False), Count("credential", distinct=True))
    unknown = _by_gate(unclaimed().filter(gate__in=beside, last_seen__gt=at - KEPT), Count("pk"))
    heard = _by_gate(Device.objects.trusted().filter(gate__in=beside), Max("last_poll_at"))
    return [
        Report(
            gate=gate,
            at=at,
            would_open=sum(n for (outcome, _reason), n in taps[gate.pk].items() if outcome == WOULD_OPEN),
            refused=Counter(
                {
                    reason: n
                    for (outcome, reason), n in taps[gate.pk].items()
                    if outcome != WOULD_OPEN and reason != Reason.UNKNOWN_CARD
                }
            ),
            unknown_taps=sum(
                n for (_outcome, reason), n in taps[gate.pk].items() if reason == Reason.UNKNOWN_CARD
            ),
            known=known.get(gate.pk, 0),
            unknown=unknown.get(gate.pk, 0),
            heard_at=heard.get(gate.pk),
        )
        for gate in beside
    ]


def _by_gate(rows: QuerySet[Any], what: Aggregate) -> dict[UUID, Any]:
    return {row["gate_id"]: row["found"] for row in rows.order_by().values("gate_id").annotate(found=what)}


@transaction.atomic
def begin(*, gate: Gate, by: User, at: datetime) -> Gate:
    """From now on its reader listens and opens nothing, and the old controller goes on as before."""
    _record("gate.beside", gate, by)
    return gates.put_beside(gate=gate, at=at)


@transaction.atomic
def switch_over(*, gate: Gate, by: User, at: datetime) -> Gate:
    """The gate opens by itself from the reader's next poll on. The old controller may be taken off then.

    Raises: NotListening, NotHeard, gates.BiometricOnly
    """
    # The counter first, as every act on a gate takes it: a second desk sees what the first one did.
    lock_counter(gate.neighborhood_id)
    gate = Gate.objects.get(pk=gate.pk)
    if gate.beside_since is None:
        raise NotListening
    heard = Device.objects.trusted().filter(gate=gate, last_poll_at__gte=at - HEARD_WITHIN)
    if not heard.exists():
        raise NotHeard
    _record("gate.switched_over", gate, by)
    return gates.switch_over(gate=gate, at=at)


@transaction.atomic
def add(*, mark: UnknownCard, resident: Resident, by: User, at: datetime) -> Credential:
    """This card is theirs: they stand at the desk and say when they used it, or the old list says so.

    Raises: NotTheirNeighborhood, cards.CardTaken
    """
    if mark.neighborhood_id != resident.neighborhood_id or resident.erased_at is not None:
        raise NotTheirNeighborhood
    card = cards.issue_digest(resident=resident, digest=bytes(mark.digest), at=at)
    record(
        kind="card.recognised",
        subject=resident.pk,
        neighborhood=resident.neighborhood_id,
        payload={"card": card.pk, "gate": mark.gate_id, "by": by.pk},
    )
    return card


def _record(kind: str, gate: Gate, by: User) -> None:
    record(kind=kind, subject=None, neighborhood=gate.neighborhood_id, payload={"gate": gate.pk, "by": by.pk})
