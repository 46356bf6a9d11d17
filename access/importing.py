"""Cards and gates for people who come from a list: effects that `residents.importing` calls, many at a time.

The number of queries never depends on how many cards there are. None of them tells a gate: `tell_gates` does, once, as
the last thing in the transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q

from access import cards
from access.feed import refresh
from access.models import Credential, Device, FeedRow, Gate, Rule
from ledger.record import record_many
from residents.models import Neighborhood, Occupancy, Resident

Kind = Credential.Kind


class KnownCard(NamedTuple):
    digest: bytes | None  # None: this is no card number
    resident: UUID | None  # whose it is, if it opens gates here now


class Given(NamedTuple):
    id: UUID
    resident: UUID
    digest: bytes


class Opened(NamedTuple):
    id: UUID
    of: UUID  # a dwelling, or a person `alone`
    gate: UUID
    alone: bool


def cards_known(*, neighborhood: Neighborhood, numbers: Collection[str]) -> dict[str, KnownCard]:
    """What each number is here. Two spellings of one card have one digest."""
    digests = cards.digests_of_many(numbers, neighborhood)
    wanted = [digest for digest in digests.values() if digest is not None]
    holders = {
        bytes(digest): resident
        for digest, resident in Credential.objects.active()
        .filter(neighborhood=neighborhood, kind=Kind.CARD, digest__in=wanted)
        .values_list("digest", "resident_id")
        if digest is not None
    }
    return {
        number: KnownCard(digest, holders.get(digest) if digest else None)
        for number, digest in digests.items()
    }


def give_imported_cards(
    *, neighborhood: Neighborhood, given: Collection[tuple[UUID, UUID, bytes]], by: UUID, at: datetime
) -> None:
    """(id, resident, digest) each; `by` brought the list in. A card of their own ends the PIN that was lent meanwhile, as at the desk.

    Raises: django.db.IntegrityError where somebody was given one of them a moment ago
    """
    made = Credential.objects.bulk_create(
        Credential(
            id=each.id,
            neighborhood=neighborhood,
            resident_id=each.resident,
            kind=Kind.CARD,
            digest=each.digest,
            created_at=at,
        )
        for each in map(Given._make, given)
    )
    record_many(cards.given(card, by=by) for card in made)
    Credential.objects.active().filter(
        resident__in={resident for _id, resident, _digest in given}, kind=Kind.PIN, temporary=True
    ).update(ended_at=at, ended_because=Credential.Ended.REPLACED)


def take_back_imported_cards(
    *, credentials: Collection[UUID], leaving: Collection[UUID], at: datetime
) -> dict[UUID, str]:
    """Undo what was given; `leaving` are the people who go too. What became of each card:

    "gone": no reader ever knew it, and it is as if it had never been. "told": ended, and its readers will hear of it;
    an empty row stays until they have. "changed": it was ended or lent since, and stays as it is. "only_way": its
    holder lives here and has nothing else to get in by (laws 2 and 13), so it stays.
    """
    found = list(
        Credential.objects.filter(pk__in=credentials)
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    outcome = {each.pk: "changed" for each in found if each.ended_at or each.temporary}
    rest = [each for each in found if each.pk not in outcome]
    staying = {each.resident_id for each in rest} - set(leaving)
    stranded = _stranded(staying, [each.pk for each in rest], at)
    outcome |= {each.pk: "only_way" for each in rest if each.resident_id in stranded}
    undone = [each.pk for each in rest if each.pk not in outcome]
    told = set(
        FeedRow.objects.filter(credential__in=undone)
        .filter(Exists(Device.objects.filter(gate=OuterRef("gate"))))
        .values_list("credential_id", flat=True)
    )
    gone = [pk for pk in undone if pk not in told]
    FeedRow.objects.filter(credential__in=gone).delete()
    Credential.objects.filter(pk__in=gone).delete()
    Credential.objects.filter(pk__in=told).update(ended_at=at, ended_because=Credential.Ended.RETURNED)
    return outcome | dict.fromkeys(gone, "gone") | dict.fromkeys(told, "told")


def gates_of(*, neighborhood: Neighborhood) -> list[tuple[UUID, str]]:
    """The gates one can open for the dwellings of a list."""
    return [
        (gate.pk, gate.display_name)
        for gate in Gate.objects.filter(neighborhood=neighborhood).order_by("name")
    ]


def gates_opened(*, of: Collection[UUID], gates: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Which of these gates have a rule for which of these dwellings or people, at whatever hours."""
    rules = Rule.objects.filter(Q(unit__in=of) | Q(resident__in=of), gate__in=gates)
    targets = ((rule.unit_id or rule.resident_id, rule.gate_id) for rule in rules)
    return {(target, gate) for target, gate in targets if target is not None}


def open_gates(*, neighborhood: Neighborhood, opened: Iterable[tuple[UUID, UUID, UUID, bool]]) -> None:
    Rule.objects.bulk_create(
        Rule(
            id=each.id,
            neighborhood=neighborhood,
            gate_id=each.gate,
            unit_id=None if each.alone else each.of,
            resident_id=each.of if each.alone else None,
        )
        for each in map(Opened._make, opened)
    )


def close_gates(*, rules: Collection[UUID], since: datetime, at: datetime) -> set[UUID]:
    """Undo it, where nobody has set hours since. Those that somebody was given a way in for `since` then, and lives behind,
    stay open, and are returned: a list that is undone locks nobody out of their home (law 13)."""
    found = Rule.objects.filter(pk__in=rules, days=[], from_time=None, to_time=None)
    given = Credential.objects.active().filter(created_at__gte=since)
    lived = Occupancy.objects.filter(
        Q(until=None) | Q(until__gt=at.date()), resident__in=given.values("resident")
    )
    needed = Q(unit__in=lived.values("unit")) | Q(resident__in=given.values("resident"))
    stay = set(found.filter(needed).values_list("pk", flat=True))
    found.exclude(pk__in=stay).delete()
    return stay


def tell_gates(*, residents: Collection[UUID], units: Collection[UUID], at: datetime) -> None:
    """One refresh for all of them, and for whoever lives in these dwellings."""
    living = Occupancy.objects.filter(unit__in=units).values("resident")
    found = Resident.objects.filter(pk__in=residents) | Resident.objects.filter(pk__in=living)
    refresh(residents=list(found.only("id", "neighborhood_id")), at=at)


def _stranded(residents: Collection[UUID], taken: Collection[UUID], at: datetime) -> set[UUID]:
    """Who of them lives here, or is about to, and would be left with no card and no PIN."""
    if not residents:
        return set()
    zone = Resident.objects.filter(pk__in=residents).values_list("neighborhood__time_zone", flat=True)[0]
    today = at.astimezone(ZoneInfo(zone)).date()
    others = Credential.objects.active().plain().filter(resident=OuterRef("resident")).exclude(pk__in=taken)
    return set(
        Occupancy.objects.standing(today)
        .filter(~Exists(others), resident__in=residents)
        .values_list("resident_id", flat=True)
    )
