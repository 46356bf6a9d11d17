"""The part of the register that some entries speak of, in memory: loaded in a handful of queries, however many they are.

Names are compared here and nowhere else: no index of names is kept, in this neighborhood or across several.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db.models import Q

from residents import contact, effects
from residents.importing import steps as are
from residents.importing.cleaning import Entry, name_key
from residents.importing.dwellings import Address, known_as
from residents.importing.steps import Dwelling, Home, Person, Step
from residents.models import Building, Import, Occupancy, Ownership, Resident, Unit


@dataclass
class World:
    dwellings: dict[Address, Dwelling] = field(default_factory=dict)
    buildings: dict[str, UUID] = field(default_factory=dict)
    people: dict[UUID, Person] = field(default_factory=dict)
    at_home: dict[tuple[UUID, str], list[Person]] = field(default_factory=lambda: defaultdict(list))
    by_phone: dict[tuple[bytes, str], list[Person]] = field(default_factory=lambda: defaultdict(list))
    digests: dict[str, bytes | None] = field(default_factory=dict)
    holders: dict[bytes, UUID] = field(default_factory=dict)
    opened: set[tuple[UUID, UUID]] = field(default_factory=set)
    # What this list has said of a person so far, who may stand in it for several dwellings.
    said: dict[tuple[UUID, str], object] = field(default_factory=dict)

    def card(self, number: str) -> tuple[bytes | None, UUID | None]:
        digest = self.digests[number]
        return digest, self.holders.get(digest) if digest else None

    def take(self, steps: Iterable[Step]) -> None:
        """Move on as the register will."""
        for step in steps:
            match step:
                case are.MakeBuilding(id, name):
                    self.buildings[name] = id
                case are.MakeDwelling(dwelling):
                    self.dwellings[dwelling.address] = dwelling
                case are.SetArea(dwelling, _, after):
                    dwelling.area = after
                case are.MakePerson(person):
                    self.add(person)
                case are.SetPhone(id, _, index):
                    self._rephone(self.people[id], index)
                case are.SetBorn(id, _, after):
                    self.people[id].born = after
                case are.MakeHome(id, where, home):
                    self._at(where, self.people[id])
                    self.people[id].homes[where] = home
                case are.SetHome(_, id, where, _, tenure):
                    self.people[id].homes[where].tenure = tenure
                case are.MakeOwner(_, id, where):
                    self._at(where, self.people[id])
                    self.people[id].owns[where] = True
                case are.GiveCard(_, id, _, digest):
                    self.holders[digest] = id
                case are.OpenGate(_, of, gate):
                    self.opened.add((of, gate))

    def add(self, person: Person) -> None:
        self.people[person.id] = person
        if person.phone is not None:
            self.by_phone[person.phone, person.key].append(person)
        for dwelling in {*person.homes, *person.owns}:
            self._at(dwelling, person)

    def _at(self, dwelling: UUID, person: Person) -> None:
        there = self.at_home[dwelling, person.key]
        if all(each.id != person.id for each in there):
            there.append(person)

    def _rephone(self, person: Person, index: bytes) -> None:
        if person.phone is not None:
            self.by_phone[person.phone, person.key].remove(person)
        person.phone = index
        self.by_phone[index, person.key].append(person)


def load(*, source: Import, entries: Sequence[Entry], today: date) -> World:
    """What the register says now of the dwellings, people and cards that these entries name. Nine queries at most."""
    world = World()
    _load_dwellings(world, source)
    named = {entry.dwelling for entry in entries}
    units = [each.id for each in world.dwellings.values() if each.address in named]
    phones = {contact.index(source.neighborhood, entry.phone) for entry in entries if entry.phone}
    _load_people(world, source, units, phones, today)
    _load_cards(world, source, {number for entry in entries for number in entry.cards})
    if source.gates:
        gates = [UUID(gate) for gate in source.gates]
        world.opened = effects.call("gates_opened", of=[*units, *world.people], gates=gates)
    return world


def _load_dwellings(world: World, source: Import) -> None:
    names = dict(Building.objects.filter(neighborhood=source.neighborhood).values_list("pk", "name"))
    for building, name in names.items():
        where = known_as(name, "1")
        world.buildings[where.building if where else name] = building
    units = Unit.objects.filter(neighborhood=source.neighborhood).order_by("pk")
    for pk, building, number, area in units.values_list("pk", "building_id", "number", "area"):
        where = known_as(names[building], number)
        if where is not None:  # a shop named in words is not what a list of dwellings means
            world.dwellings.setdefault(where, Dwelling(pk, where, building, area))


def _load_people(
    world: World, source: Import, units: Sequence[UUID], phones: Iterable[bytes], today: date
) -> None:
    homes: dict[UUID, dict[UUID, Home]] = defaultdict(dict)
    owns: dict[UUID, dict[UUID, bool]] = defaultdict(dict)
    # Those that still hold come last, and are what counts.
    for lives in Occupancy.objects.filter(unit__in=units).order_by("since", "pk"):
        before = homes[lives.resident_id].get(lives.unit_id)
        if before is None or not before.open:
            still = lives.until is None or lives.until > today
            homes[lives.resident_id][lives.unit_id] = Home(lives.pk, lives.tenure, lives.since, still)
    for each in Ownership.objects.filter(unit__in=units):
        still = each.until is None or each.until > today
        owns[each.resident_id][each.unit_id] = owns[each.resident_id].get(each.unit_id, False) or still
    found = Resident.objects.living().filter(
        Q(pk__in=[*homes, *owns]) | Q(phone_index__in=list(phones)), neighborhood=source.neighborhood
    )
    columns = ("pk", "name", "phone_index", "born", "left_at", "user_id")
    rows = list(found.order_by("pk").values_list(*columns))
    said_yes: set[UUID] = effects.call("with_a_yes", residents=[row[0] for row in rows])
    for pk, name, phone, born, left, user in rows:
        known = {"left": left is not None, "account": user is not None, "with_a_yes": pk in said_yes}
        world.add(
            Person(
                pk,
                name_key(name),
                bytes(phone) if phone is not None else None,
                born,
                **known,
                homes=homes.get(pk, {}),
                owns=owns.get(pk, {}),
            )
        )


def _load_cards(world: World, source: Import, numbers: Iterable[str]) -> None:
    wanted = set(numbers)
    if not wanted:
        return
    known = effects.call("cards_known", neighborhood=source.neighborhood, numbers=wanted)
    for number, (digest, resident) in known.items():
        world.digests[number] = digest
        if digest is not None and resident is not None:
            world.holders[digest] = resident
