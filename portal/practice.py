"""The practice neighborhood: made-up people, dwellings, cards and a gate that is no door, for staff to try the desk on.

It may exist in production, for it holds register rows only: no account, no letter, no reader belongs to it
(`residents.practising` holds that in the database). Whatever was tried in the day is put back in the night.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db import transaction

from access import cards, gates, rules
from access.feed import refresh
from access.models import Credential, Gate, Rule
from portal.demo.community import CAILING, Dwelling, Person, card
from residents import register
from residents.models import Building, Neighborhood, Occupancy, Resident, Unit

NAME, NAME_EN = "练习小区", "Practice Court"
GATE, GATE_EN = "练习门", "Practice Gate"
OFFICE, GUARD_PHONE = "练习用，没有这个办公室", "0571 8800 0000"
# The same made-up people as in the demo.
DWELLINGS: tuple[Dwelling, ...] = CAILING.dwellings[:8]
NIGHT = range(3, 6)  # by the neighborhood's own clock


def neighborhood() -> Neighborhood | None:
    return Neighborhood.objects.filter(practice=True).order_by("pk").first()


@transaction.atomic
def put_back(*, at: datetime) -> Neighborhood:
    """Make it, or make it as it was. Where nothing was changed, nothing is written."""
    here = neighborhood() or Neighborhood.objects.create(
        name=NAME, name_en=NAME_EN, office=OFFICE, guard_phone=GUARD_PHONE, practice=True
    )
    here = Neighborhood.objects.select_for_update(no_key=True).get(pk=here.pk)
    gate = Gate.objects.filter(neighborhood=here, name=GATE).first() or gates.put_up(
        neighborhood=here, name=GATE, name_en=GATE_EN, by_pin=True, by_qr=True, at=at
    )
    units = {dwelling: _unit(here, dwelling) for dwelling in DWELLINGS}
    for unit in units.values():
        if not Rule.objects.filter(gate=gate, unit=unit).exists():
            rules.add(gate=gate, unit=unit, at=at)
    known = _as_planned(here, units)
    _send_away(
        Resident.objects.living().filter(neighborhood=here).exclude(pk__in=[r.pk for r in known.values()]), at
    )
    for dwelling, unit in units.items():
        for place, person in enumerate(dwelling.people, start=1):
            resident = known.get((unit.pk, person.name)) or _settle(here, unit, person, at)
            _give(resident, card(dwelling, place), at)
    return here


def put_back_nightly(*, at: datetime) -> None:
    """For the sweep: once a night, and never while somebody may be at it."""
    here = neighborhood()
    if here is None:
        return
    local = at.astimezone(ZoneInfo(here.time_zone))
    if local.hour in NIGHT and cache.add(f"practice:{local:%Y-%m-%d}", 1, timeout=86_400):
        put_back(at=at)


def _unit(here: Neighborhood, dwelling: Dwelling) -> Unit:
    building, _ = Building.objects.get_or_create(neighborhood=here, name=dwelling.building)
    unit, _ = Unit.objects.get_or_create(neighborhood=here, building=building, number=dwelling.number)
    return unit


def _as_planned(here: Neighborhood, units: dict[Dwelling, Unit]) -> dict[tuple[object, str], Resident]:
    """Who lives where the plan has them, and nowhere else; a second one of a name is not of the plan."""
    planned = {(unit.pk, person.name) for dwelling, unit in units.items() for person in dwelling.people}
    found: dict[tuple[object, str], Resident] = {}
    lived = Occupancy.objects.filter(neighborhood=here, until=None, resident__erased_at=None)
    for each in lived.select_related("resident").order_by("since", "pk"):
        key = (each.unit_id, each.resident.name)
        if key in planned and key not in found and each.resident not in found.values():
            found[key] = each.resident
    return found


def _send_away(people: Iterable[Resident], at: datetime) -> None:
    """Whom somebody put on the register to practise: a tombstone, without dwelling and without a way in."""
    for resident in people:
        Occupancy.objects.filter(resident=resident).delete()
        _end(resident, at)
        Resident.objects.filter(pk=resident.pk).update(
            name="", phone_sealed=None, phone_index=None, born=None, keep_at_desk=False, erased_at=at
        )


def _settle(here: Neighborhood, unit: Unit, person: Person, at: datetime) -> Resident:
    resident = register.register(neighborhood=here, name=person.name, phone=person.phone)
    register.move_in(resident=resident, unit=unit, since=(at - timedelta(days=400)).date(), at=at)
    return resident


def _give(resident: Resident, number: str, at: datetime) -> None:
    """That card and nothing else, whoever held it since."""
    digest = cards.digest_of(number, resident.neighborhood_id)
    held = Credential.objects.active().filter(
        neighborhood=resident.neighborhood_id, kind=Credential.Kind.CARD, digest=digest
    )
    theirs = held.filter(resident=resident, temporary=False).first()
    if theirs is None:
        for other in held.select_related("resident"):
            _end(other.resident, at, only=other)
        theirs = cards.issue_digest(resident=resident, digest=digest, at=at)
    _end(resident, at, keep=theirs)


def _end(
    resident: Resident, at: datetime, *, keep: Credential | None = None, only: Credential | None = None
) -> None:
    ending = Credential.objects.active().filter(resident=resident)
    if keep is not None:
        ending = ending.exclude(pk=keep.pk)
    if only is not None:
        ending = ending.filter(pk=only.pk)
    found = list(ending)
    if found:
        Credential.objects.filter(pk__in=[each.pk for each in found]).update(
            ended_at=at, ended_because=Credential.Ended.REPLACED
        )
        refresh(credentials=found, at=at)
