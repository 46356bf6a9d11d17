"""Writing a planned list into the register, batch by batch.

Each batch is planned anew against the register as it stands, by the same rules as the dry run. So lines that the dry run
called new are new, unless the register has changed meanwhile; then the line says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from ledger.record import Act, record, record_many
from residents import contact, effects
from residents.ages import today_in
from residents.importing import planning, sealed, world
from residents.importing import steps as are
from residents.importing.life import LIFE_APPLIED
from residents.importing.planning import Plan
from residents.importing.refusals import ImportRefused
from residents.importing.steps import Step
from residents.models import Building, Import, ImportRow, Occupancy, Ownership, Resident, Unit, User
from residents.scope import may

Fate = ImportRow.Fate
State = Import.State
BATCH = 250


def begin(*, source: Import, by: User, at: datetime) -> None:
    """Let the workers start. Raises: ImportRefused, PermissionDenied"""
    allow(source, by, at)
    try:
        with transaction.atomic():
            begun = Import.objects.kept().filter(pk=source.pk, state=State.PLANNED)
            if not begun.update(
                state=State.APPLYING, begun_at=at, done=0, attempts=0, forget_at=at + LIFE_APPLIED
            ):
                raise ImportRefused("not_planned")
            record(
                kind="import.begun",
                subject=None,
                neighborhood=source.neighborhood_id,
                payload={"source": source.pk, "by": by.pk, **source.planned},
            )
            transaction.on_commit(lambda: effects.call("import_soon", imported=source.pk), robust=True)
    except IntegrityError as error:
        if "import_one_at_a_time" not in str(error):
            raise
        raise ImportRefused("another_runs") from None


def allow(source: Import, by: User, at: datetime) -> None:
    """Raises: PermissionDenied, ImportRefused"""
    if not may(by, "manage_register", source.neighborhood, at):
        raise PermissionDenied
    if (source.has_cards or source.gates) and not may(by, "manage_access", source.neighborhood, at):
        raise ImportRefused("no_cards")


def batch(source: Import, at: datetime) -> bool:
    """The next lines, in the caller's transaction, under the import's lock. True when there are more."""
    rows = list(
        ImportRow.objects.filter(source=source, outcome="")
        .exclude(fate=Fate.REFUSED)
        .order_by("number")[:BATCH]
    )
    if not rows:
        _finish(source, at)
        return False
    entries = sealed.entries(source, rows)
    today = today_in(source.neighborhood, at)
    known = world.load(source=source, entries=entries, today=today)
    plans = planning.plan(entries=entries, world=known, source=source, today=today)
    changed = _Writing(source, at).write(plans)
    _remember(source, rows, plans, changed)
    return True


def _finish(source: Import, at: datetime) -> None:
    refused = source.planned.get(Fate.REFUSED, 0)
    became = source.became | {str(Fate.REFUSED): source.became.get(Fate.REFUSED, 0) + refused}
    became = {fate: number for fate, number in became.items() if number}
    Import.objects.filter(pk=source.pk).update(
        state=State.APPLIED, applied_at=at, became=became, forget_at=at + LIFE_APPLIED
    )
    record(
        kind="import.applied",
        subject=None,
        neighborhood=source.neighborhood_id,
        payload={"source": source.pk, **became},
    )


def _remember(
    source: Import, rows: Sequence[ImportRow], plans: Sequence[Plan], changed: dict[int, list[dict[str, Any]]]
) -> None:
    kept = sealed.seal(source, "before", changed.items())
    before = dict(zip(changed, kept, strict=True))
    for row, planned in zip(rows, plans, strict=True):
        row.outcome = planned.fate
        row.reason = planned.reason
        row.resident = planned.resident
        row.made = _made(planned.steps)
        row.before = before.get(row.number)
    save_lines(rows, ["outcome", "reason", "resident", "made", "before"])
    became = dict(source.became)
    for planned in plans:
        became[planned.fate] = became.get(planned.fate, 0) + 1
    Import.objects.filter(pk=source.pk).update(done=source.done + len(rows), became=became)


def save_lines(rows: Sequence[ImportRow], fields: Sequence[str]) -> None:
    """One statement; `bulk_update` would spell out a case for every line and column."""
    ImportRow.objects.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=fields)


def _made(steps: Iterable[Step]) -> dict[str, list[str]]:
    made: dict[str, list[str]] = defaultdict(list)
    for step in steps:
        match step:
            case are.MakeBuilding(id):
                made["buildings"].append(str(id))
            case are.MakeDwelling(dwelling):
                made["dwellings"].append(str(dwelling.id))
            case are.MakePerson(person):
                made["people"].append(str(person.id))
            case are.MakeHome(_, _, home):
                made["homes"].append(str(home.id))
            case are.MakeOwner(id):
                made["owners"].append(str(id))
            case are.GiveCard(id):
                made["cards"].append(str(id))
            case are.OpenGate(id):
                made["rules"].append(str(id))
    return dict(made)


@dataclass
class _Writing:
    """All changes of one batch, in a number of statements that does not depend on how many they are."""

    source: Import
    at: datetime
    by_kind: dict[type, list[Any]] = field(default_factory=lambda: defaultdict(list))

    def write(self, plans: Sequence[Plan]) -> dict[int, list[dict[str, Any]]]:
        """Returns what was changed, by line: as it was and as it became."""
        of_line = {id(step): planned.number for planned in plans for step in planned.steps}
        for planned in plans:
            for step in planned.steps:
                self.by_kind[type(step)].append(step)
        if not of_line:
            return {}
        changed: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self._dwellings()
        self._people()
        for step, was in [*self._areas(), *self._corrections(), *self._moved()]:
            changed[of_line[id(step)]].append(was)
        self._homes()
        self._access()
        return dict(changed)

    def _dwellings(self) -> None:
        where = self.source.neighborhood
        if made := self.by_kind[are.MakeBuilding]:
            Building.objects.bulk_create(
                Building(id=each.id, neighborhood=where, name=each.name) for each in made
            )
        if made := [each.dwelling for each in self.by_kind[are.MakeDwelling]]:
            areas = self._areas_of_new()
            Unit.objects.bulk_create(
                Unit(
                    id=each.id,
                    neighborhood=where,
                    building_id=each.building,
                    number=each.address.number,
                    area=areas.get(each.id, each.area),
                )
                for each in made
            )

    def _areas_of_new(self) -> dict[UUID, Any]:
        """The world has moved on with a later line that says the size: what is made is as its own line has it."""
        return {each.dwelling.id: each.before for each in reversed(self.by_kind[are.SetArea])}

    def _areas(self) -> list[tuple[Step, dict[str, Any]]]:
        set_areas = self.by_kind[are.SetArea]
        if not set_areas:
            return []
        Unit.objects.bulk_update(
            [Unit(id=each.dwelling.id, area=each.after) for each in set_areas], ["area"], batch_size=BATCH
        )
        return [
            (
                each,
                {
                    "what": "area",
                    "id": str(each.dwelling.id),
                    "was": _text(each.before),
                    "is": str(each.after),
                },
            )
            for each in set_areas
        ]

    def _people(self) -> None:
        made = self.by_kind[are.MakePerson]
        if not made:
            return
        people = {
            each.person.id: Resident(
                id=each.person.id,
                neighborhood=self.source.neighborhood,
                name=each.name,
                contact_key=each.contact_key,
                born=self._born_of_new().get(each.person.id, each.person.born),
            )
            for each in made
        }
        contact.set_phones({people[each.person.id]: each.phone for each in made if each.phone})
        Resident.objects.bulk_create(people.values())

    def _born_of_new(self) -> dict[UUID, Any]:
        return {each.person: each.before for each in reversed(self.by_kind[are.SetBorn])}

    def _corrections(self) -> list[tuple[Step, dict[str, Any]]]:
        """New phones and dates of birth of people who were there, each line's in its turn."""
        steps = [*self.by_kind[are.SetPhone], *self.by_kind[are.SetBorn]]
        if not steps:
            return []
        found = Resident.objects.filter(pk__in={each.person for each in steps}).order_by("pk")
        people = {
            each.pk: each
            for each in found.select_related("neighborhood").select_for_update(of=("self",), no_key=True)
        }
        told = self._phones(people)
        for each in self.by_kind[are.SetBorn]:
            people[each.person].born = each.after
            was = {"what": "born", "id": str(each.person), "was": _text(each.before), "is": str(each.after)}
            told.append((each, was))
        Resident.objects.bulk_update(
            people.values(), ["phone_sealed", "phone_index", "born"], batch_size=BATCH
        )
        record_corrections(self.source, [(UUID(was["id"]), was["what"]) for _, was in told])
        return told

    def _phones(self, people: dict[UUID, Resident]) -> list[tuple[Step, dict[str, Any]]]:
        """Of two lines for one person only the last is written, and it alone is what undoing goes back from."""
        last = {each.person: each for each in self.by_kind[are.SetPhone]}
        was = {pk: (_hex(people[pk].phone_sealed), _hex(people[pk].phone_index)) for pk in last}
        contact.set_phones({people[pk]: each.phone for pk, each in last.items()})
        return [
            (
                each,
                {
                    "what": "phone",
                    "id": str(pk),
                    "was": was[pk][0],
                    "was_index": was[pk][1],
                    "is": each.index.hex(),
                },
            )
            for pk, each in last.items()
        ]

    def _moved(self) -> list[tuple[Step, dict[str, Any]]]:
        set_homes = self.by_kind[are.SetHome]
        if not set_homes:
            return []
        Occupancy.objects.bulk_update(
            {each.id: Occupancy(id=each.id, tenure=each.tenure) for each in set_homes}.values(),
            ["tenure"],
            batch_size=BATCH,
        )
        return [
            (each, {"what": "home", "id": str(each.id), "was": each.before, "is": each.tenure})
            for each in set_homes
        ]

    def _homes(self) -> None:
        where = self.source.neighborhood_id
        if made := self.by_kind[are.MakeHome]:
            Occupancy.objects.bulk_create(
                Occupancy(
                    id=each.home.id,
                    neighborhood_id=where,
                    resident_id=each.person,
                    unit_id=each.dwelling,
                    tenure=each.home.tenure,
                    since=each.home.since,
                )
                for each in made
            )
        if made := self.by_kind[are.MakeOwner]:
            Ownership.objects.bulk_create(
                Ownership(
                    id=each.id,
                    neighborhood_id=where,
                    resident_id=each.person,
                    unit_id=each.dwelling,
                    since=each.since,
                )
                for each in made
            )

    def _access(self) -> None:
        """Cards and gates belong to another room; the gates are told once, and last."""
        where = self.source.neighborhood
        given, opened = self.by_kind[are.GiveCard], self.by_kind[are.OpenGate]
        if given:
            effects.call(
                "give_imported_cards",
                neighborhood=where,
                given=[(each.id, each.person, each.digest) for each in given],
                by=self.source.by_id,
                at=self.at,
            )
        if opened:
            effects.call(
                "open_gates",
                neighborhood=where,
                opened=[(each.id, each.of, each.gate, each.alone) for each in opened],
            )
        moved = [*self.by_kind[are.MakeHome], *self.by_kind[are.SetHome]]
        effects.call(
            "tell_gates",
            residents={
                *(each.person for each in [*given, *moved]),
                *(each.of for each in opened if each.alone),
            },
            units={each.of for each in opened if not each.alone},
            at=self.at,
        )


def record_corrections(source: Import, changes: Iterable[tuple[UUID, str]]) -> None:
    """As the desk's own corrections: whoever may ring back on another number tomorrow wrote it down today (law 6)."""
    fields: dict[UUID, set[str]] = defaultdict(set)
    for person, what in changes:
        fields[person].add(what)
    record_many(
        Act(
            kind="register.corrected",
            subject=person,
            neighborhood=source.neighborhood_id,
            payload={"fields": sorted(changed), "by": source.by_id, "source": source.pk},
        )
        for person, changed in sorted(fields.items())
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _hex(value: bytes | memoryview | None) -> str | None:
    return None if value is None else bytes(value).hex()
