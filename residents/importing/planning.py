"""What each entry would change: the same question for the dry run and for the doing, so that both get one answer.

A person is known by dwelling and name, and the phone tells two of one name apart (ADR 14). A list only ever adds and
corrects: nobody is moved out by it, nobody who has moved out is moved in again, an empty cell says nothing, and
ownership that the register knows does not end because a list is silent about it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from residents import contact
from residents.importing.cleaning import Entry, Unusable, name_key
from residents.importing.steps import (
    Dwelling,
    GiveCard,
    Home,
    MakeBuilding,
    MakeDwelling,
    MakeHome,
    MakeOwner,
    MakePerson,
    OpenGate,
    Person,
    SetArea,
    SetBorn,
    SetHome,
    SetPhone,
    Step,
    made_id,
)
from residents.importing.world import World
from residents.models import Import, ImportRow, Occupancy

Fate = ImportRow.Fate


@dataclass
class Plan:
    number: int
    fate: Fate
    reason: str = ""
    resident: UUID | None = None
    steps: list[Step] = field(default_factory=list)


def plan(*, entries: Iterable[Entry], world: World, source: Import, today: date) -> list[Plan]:
    """One plan for each entry, in order; the world moves on with each, as the register will."""
    return [_Planner(entry, world, source, today).plan() for entry in entries]


class _Planner:
    def __init__(self, entry: Entry, world: World, source: Import, today: date) -> None:
        self.entry, self.world, self.source, self.today = entry, world, source, today
        self.steps: list[Step] = []

    def plan(self) -> Plan:
        entry = self.entry
        if entry.reason:
            return Plan(entry.number, Fate.REFUSED, entry.reason)
        try:
            dwelling = self._dwelling()
            person = self._person(dwelling) if entry.is_person else None
        except Unusable as why:
            return Plan(entry.number, Fate.REFUSED, why.reason)
        self._gates(dwelling.id)
        elsewhere = person is not None and not entry.lives and not any(h.open for h in person.homes.values())
        if person is not None and elsewhere and entry.cards:
            # An owner who lives elsewhere: their card opened the gates until today, and goes on doing so.
            self._gates(person.id, alone=True)
        self.world.take(self.steps)
        made = {type(step) for step in self.steps}
        if MakePerson in made or (not entry.is_person and MakeDwelling in made):
            fate = Fate.NEW
        else:
            fate = Fate.CHANGED if self.steps else Fate.SAME
        return Plan(entry.number, fate, resident=person.id if person else None, steps=self.steps)

    def _id(self, what: str) -> UUID:
        return made_id(self.source.pk, self.entry.number, what)

    def _dwelling(self) -> Dwelling:
        where = self.entry.dwelling
        if where is None:
            raise Unusable("no_dwelling")
        area = Decimal(self.entry.area) if self.entry.area else None
        known = self.world.dwellings.get(where)
        if known is not None:
            if area is not None and known.area != area:
                self.steps.append(SetArea(known, known.area, area))
            return known
        if not self.source.make_dwellings:
            raise Unusable("dwelling_unknown")
        building = self.world.buildings.get(where.building)
        if building is None:
            building = self._id("building")
            self.steps.append(MakeBuilding(building, where.building))
        made = Dwelling(self._id("dwelling"), where, building, area)
        self.steps.append(MakeDwelling(made))
        return made

    def _person(self, dwelling: Dwelling) -> Person:
        entry = self.entry
        index = contact.index(self.source.neighborhood, entry.phone) if entry.phone else None
        person = self._match(dwelling, index)
        born = date.fromisoformat(entry.born) if entry.born else None
        if person is None:
            person = Person(self._id("person"), name_key(entry.name), index, born)
            self.steps.append(MakePerson(person, self._id("contact"), entry.name, entry.phone))
            if entry.lives and not entry.cards:
                entry.note("no_way_in")
        else:
            if index is not None and index != person.phone:
                self.steps.append(SetPhone(person.id, entry.phone, index))
            if born is not None and born != person.born and person.account:
                # A list does not make a child of somebody who decides for themselves, nor the other way round.
                entry.note("born_theirs")
                born = None
            elif born is not None and born != person.born and person.with_a_yes:
                entry.note("born_decided_by")
                born = None
            elif born is not None and born != person.born:
                self.steps.append(SetBorn(person.id, person.born, born))
        for what, value in (("phone", index), ("born", born)):
            # Two lines that contradict each other would take turns for ever, each time the list is brought in.
            if value is not None and self.world.said.setdefault((person.id, what), value) != value:
                raise Unusable("twice_differs")
        self._home(person, dwelling)
        self._ownership(person, dwelling)
        self._cards(person)
        return person

    def _match(self, dwelling: Dwelling, index: bytes | None) -> Person | None:
        key = name_key(self.entry.name)
        found = self.world.at_home.get((dwelling.id, key), [])
        if len(found) > 1:
            found = [person for person in found if person.phone is not None and person.phone == index]
            if len(found) != 1:
                raise Unusable("ambiguous")
        if not found and index is not None:
            found = self.world.by_phone.get((index, key), [])
            if len(found) > 1:
                raise Unusable("ambiguous")
        return found[0] if found else None

    def _home(self, person: Person, dwelling: Dwelling) -> None:
        entry = self.entry
        if not entry.lives:
            return
        home = person.homes.get(dwelling.id)
        if person.left or (home is not None and not home.open):
            raise Unusable("moved_out")
        if home is None:
            tenure = entry.tenure or Occupancy.Tenure.FAMILY
            since = date.fromisoformat(entry.since) if entry.since else self.today
            self.steps.append(MakeHome(person.id, dwelling.id, Home(self._id("home"), tenure, since, True)))
        elif entry.tenure and entry.tenure != home.tenure:
            self.steps.append(SetHome(home.id, person.id, dwelling.id, home.tenure, entry.tenure))

    def _ownership(self, person: Person, dwelling: Dwelling) -> None:
        if not self.entry.owns:
            return
        open_one = person.owns.get(dwelling.id)
        if open_one is None:
            since = date.fromisoformat(self.entry.since) if self.entry.since else self.today
            self.steps.append(MakeOwner(self._id("owner"), person.id, dwelling.id, since))
        elif not open_one:
            raise Unusable("owns_no_more")

    def _cards(self, person: Person) -> None:
        if person.left and self.entry.cards:
            raise Unusable("moved_out")  # who lives nowhere here gets no new way in
        seen: set[bytes] = set()
        for at, number in enumerate(self.entry.cards):
            digest, holder = self.world.card(number)
            if digest is None:
                raise Unusable("card_unreadable")
            if holder is None and digest not in seen:
                self.steps.append(GiveCard(self._id(f"card|{at}"), person.id, number, digest))
            elif holder not in (None, person.id):
                raise Unusable("card_taken")
            seen.add(digest)

    def _gates(self, of: UUID, *, alone: bool = False) -> None:
        for gate in map(UUID, self.source.gates):
            if (of, gate) not in self.world.opened:
                name = f"gate|{gate}|alone" if alone else f"gate|{gate}"
                self.steps.append(OpenGate(self._id(name), of, gate, alone))


def compare_lines(entries: Sequence[Entry], world: World) -> None:
    """What only the whole list can show: one person twice, a card of two, a dwelling of two sizes, a shared phone."""
    usable = [entry for entry in entries if not entry.reason]
    _areas(usable)
    _cards_of_two(usable, world)
    _twice([entry for entry in usable if not entry.reason], world)
    _shared_phones(usable)


def _areas(entries: Iterable[Entry]) -> None:
    said: dict[object, str] = {}
    for entry in entries:
        if entry.area and said.setdefault(entry.dwelling, entry.area) != entry.area:
            entry.reason = "area_differs"


def _cards_of_two(entries: Sequence[Entry], world: World) -> None:
    """Both lines are refused: the list does not say whose it is, and nobody is to guess."""
    holders: dict[bytes, list[Entry]] = defaultdict(list)
    for entry in entries:
        for number in entry.cards:
            digest, _holder = world.card(number)
            if digest is not None:
                holders[digest].append(entry)
    for found in holders.values():
        if not all(_same_person(found[0], other) for other in found):
            for entry in found:
                entry.reason = "card_of_two"


def _same_person(one: Entry, other: Entry) -> bool:
    return name_key(one.name) == name_key(other.name) and (
        one.dwelling == other.dwelling or bool(one.phone and one.phone == other.phone)
    )


def _twice(entries: Iterable[Entry], world: World) -> None:
    """A second line for a person in one dwelling may bring a further card; else it says nothing, or contradicts."""
    first: dict[tuple[object, str], Entry] = {}
    cards: dict[tuple[object, str], set[bytes | None]] = defaultdict(set)
    for entry in entries:
        if not entry.is_person:
            continue
        who = (entry.dwelling, name_key(entry.name))
        digests = {world.card(number)[0] for number in entry.cards}
        before = first.setdefault(who, entry)
        if before is not entry:
            if any(_contradict(before, entry)):
                entry.reason = "twice_differs"
            elif digests <= cards[who]:
                entry.reason = "twice"
        if not entry.reason:
            cards[who] |= digests


def _contradict(one: Entry, other: Entry) -> Iterator[bool]:
    for what in ("phone", "tenure", "since", "born"):
        said = getattr(one, what), getattr(other, what)
        yield all(said) and said[0] != said[1]


def _shared_phones(entries: Iterable[Entry]) -> None:
    """Kept, for one phone for three generations is nothing odd; but said, for a typing error looks the same."""
    people: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.phone:
            people[entry.phone].add(name_key(entry.name))
    for entry in entries:
        if len(people[entry.phone]) > 1 if entry.phone else False:
            entry.note("phone_shared")
