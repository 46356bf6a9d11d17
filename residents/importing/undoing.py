"""Undoing a whole import: what it made goes, what it changed becomes what it was.

What people have used since is kept, and said line by line: an account that was opened, a card that was replaced, a
dwelling that gates are opened for. Lines are undone from the last to the first, so that whatever stands on something
goes before it. Only the newest import can be undone, for what a later one changed stands on what this one made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, models, transaction

from ledger.record import record
from residents import effects
from residents.importing import sealed
from residents.importing.applying import BATCH, allow, record_corrections, save_lines
from residents.importing.life import UNDO_WITHIN
from residents.importing.refusals import ImportRefused
from residents.importing.steps import made_id
from residents.models import (
    Building,
    Import,
    ImportRow,
    Letter,
    LookUp,
    Occupancy,
    Ownership,
    Resident,
    Unit,
    User,
)
from vault import keys

State = Import.State
Made = dict[str, set[UUID]]

# Of what may hang on a person, these are no use that they made of being on the register. A letter that nobody used goes
# with them; that staff looked somebody up is never unwritten, and a tombstone stays for it.
LEFT_BEHIND: tuple[type[models.Model], ...] = (Letter, LookUp)
# Where something else hangs on a person, what it is called on the page.
USED = {
    "access.Credential": "used_card",
    "residents.Occupancy": "used_home",
    "residents.Ownership": "used_home",
}


def begin(*, source: Import, by: User, at: datetime) -> None:
    """Let the workers start. Raises: ImportRefused, PermissionDenied"""
    allow(source, by, at)
    if source.begun_at is None:
        raise ImportRefused("not_applied")
    if at >= source.begun_at + UNDO_WITHIN:
        raise ImportRefused("too_late")
    later = Import.objects.filter(neighborhood=source.neighborhood_id, begun_at__gt=source.begun_at)
    if later.exclude(state=State.UNDONE).exists():
        raise ImportRefused("later_first")
    lines = ImportRow.objects.filter(source=source).exclude(outcome="").count()
    try:
        with transaction.atomic():
            begun = Import.objects.kept().filter(pk=source.pk, state__in=(State.APPLIED, State.STOPPED))
            if not begun.update(state=State.UNDOING, rows=lines, done=0, kept=0, attempts=0):
                raise ImportRefused("not_applied")
            transaction.on_commit(lambda: effects.call("import_soon", imported=source.pk), robust=True)
    except IntegrityError as error:
        if "import_one_at_a_time" not in str(error):
            raise
        raise ImportRefused("another_runs") from None


def batch(source: Import, at: datetime) -> bool:
    """The next lines from the end, in the caller's transaction, under the import's lock. True when there are more."""
    rows = list(
        ImportRow.objects.filter(source=source, undone=False).exclude(outcome="").order_by("-number")[:BATCH]
    )
    if not rows:
        _finish(source, at)
        return False
    undoing = _Undoing(source, at)
    undoing.undo(rows, sealed.before(source, rows))
    for row in rows:
        row.undone = True
        row.left = sorted(undoing.left.get(row.number, set()))
    save_lines(rows, ["undone", "left"])
    kept = sum(1 for row in rows if row.left)
    Import.objects.filter(pk=source.pk).update(done=source.done + len(rows), kept=source.kept + kept)
    return True


def _finish(source: Import, at: datetime) -> None:
    _destroy_keys(source)
    Import.objects.filter(pk=source.pk).update(state=State.UNDONE, undone_at=at)
    record(
        kind="import.undone",
        subject=None,
        neighborhood=source.neighborhood_id,
        payload={"source": source.pk, "lines": source.done, "kept": source.kept},
    )


def _destroy_keys(source: Import) -> None:
    """Of the phones of whoever has gone. Their rows went with earlier batches, so no phone here is still to be read."""
    rows = [row for row in ImportRow.objects.filter(source=source, outcome__gt="") if "people" in row.made]
    made = [row.resident for row in rows if row.resident is not None]
    stayed = set(Resident.objects.living().filter(pk__in=made).values_list("pk", flat=True))
    gone = [row for row in rows if row.resident not in stayed]
    numbers = [entry.number for entry in sealed.entries(source, gone) if entry.phone]
    keys.destroy_many(ids=[made_id(source.pk, number, "contact") for number in numbers])


@dataclass
class _Undoing:
    source: Import
    at: datetime
    left: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))  # by line

    def undo(self, rows: Sequence[ImportRow], before: Sequence[list[dict[str, Any]]]) -> None:
        self._restore(rows, before)
        lines = {UUID(id): row for row in rows for ids in row.made.values() for id in ids}
        made: Made = defaultdict(set)
        for row in rows:
            for kind, ids in row.made.items():
                made[kind] |= {UUID(id) for id in ids}
        staying = self._staying(rows)
        leaving = made["people"] - set(staying)
        # Whoever uses what the list gave them keeps all of it.
        kept = {id for id, row in lines.items() if row.resident in staying}
        kept -= made["dwellings"] | made["buildings"] | made["rules"]
        for row in rows:
            if row.resident in staying and set(row.made) & {"people", "homes", "owners", "cards"}:
                self.left[row.number].add(staying[row.resident])
        self._take_homes(made["homes"] - kept, made["owners"] - kept, lines)
        cards = self._take_cards(made["cards"] - kept, leaving, lines)
        self._close_gates(made["rules"], lines)
        self._take_people(leaving, lines)
        units = set(Unit.objects.filter(pk__in=made["dwellings"]).values_list("pk", flat=True))
        self._take_places(Unit, made["dwellings"], "used_dwelling", lines)
        self._take_places(Building, made["buildings"], "used_building", lines)
        touched = {row.resident for row in rows if row.resident is not None} | cards
        effects.call("tell_gates", residents=touched, units=units, at=self.at)

    # --- what was changed

    def _restore(self, rows: Sequence[ImportRow], before: Sequence[list[dict[str, Any]]]) -> None:
        """Each thing once, as it was before the first line that changed it; if nobody else has changed it since."""
        changes = [(row.number, each) for row, each_of in zip(rows, before, strict=True) for each in each_of]
        self._restore_areas([each for each in changes if each[1]["what"] == "area"])
        self._restore_homes([each for each in changes if each[1]["what"] == "home"])
        self._restore_people([each for each in changes if each[1]["what"] in ("phone", "born")])

    def _restore_areas(self, changes: list[tuple[int, dict[str, Any]]]) -> None:
        units = Unit.objects.in_bulk({UUID(each["id"]) for _, each in changes})
        for number, each in changes:
            unit = units.get(UUID(each["id"]))
            if unit is None or unit.area != Decimal(each["is"]):
                self.left[number].add("changed_since")
            else:
                unit.area = Decimal(each["was"]) if each["was"] else None
        if units:
            Unit.objects.bulk_update(units.values(), ["area"], batch_size=BATCH)

    def _restore_homes(self, changes: list[tuple[int, dict[str, Any]]]) -> None:
        homes = Occupancy.objects.in_bulk({UUID(each["id"]) for _, each in changes})
        for number, each in changes:
            home = homes.get(UUID(each["id"]))
            if home is None or home.tenure != each["is"]:
                self.left[number].add("changed_since")
            else:
                home.tenure = each["was"]
        if homes:
            Occupancy.objects.bulk_update(homes.values(), ["tenure"], batch_size=BATCH)

    def _restore_people(self, changes: list[tuple[int, dict[str, Any]]]) -> None:
        if not changes:
            return
        found = Resident.objects.living().filter(pk__in={UUID(each["id"]) for _, each in changes})
        people = {str(each.pk): each for each in found.order_by("pk").select_for_update(no_key=True)}
        # Since they are locked, nobody says yes meanwhile; what stands goes by the date of birth as it is.
        said_yes: set[UUID] = effects.call("with_a_yes", residents=[each.pk for each in people.values()])
        for number, each in changes:
            person = people.get(each["id"])
            now = None if person is None else _now(person, each["what"])
            if person is None or now != each["is"]:
                self.left[number].add("changed_since")
            elif each["what"] == "born" and person.pk in said_yes:
                self.left[number].add("decided_since")
            elif each["what"] == "phone":
                person.phone_sealed, person.phone_index = _bytes(each["was"]), _bytes(each["was_index"])
            else:
                person.born = date.fromisoformat(each["was"]) if each["was"] else None
        Resident.objects.bulk_update(
            people.values(), ["phone_sealed", "phone_index", "born"], batch_size=BATCH
        )
        record_corrections(self.source, [(UUID(each["id"]), each["what"]) for _, each in changes])

    # --- what was made

    def _staying(self, rows: Sequence[ImportRow]) -> dict[UUID, str]:
        """People whom the import made and who have used it since, and by what."""
        about = {row.resident for row in rows if row.resident is not None}
        made: Made = defaultdict(set)
        ours = ImportRow.objects.filter(source=self.source, resident__in=about, outcome__gt="")
        for ids in ours.values_list("made", flat=True):
            for kind, each in ids.items():
                made[kind] |= {UUID(id) for id in each}
        people = made["people"] & about
        found = Resident.objects.filter(pk__in=people).select_for_update(no_key=True).order_by("pk")
        staying = {each.pk: "used_account" for each in found if each.user_id}
        own = {Occupancy: made["homes"], Ownership: made["owners"]}
        for model, name in _pointing_at(Resident):
            if model in LEFT_BEHIND or model is Import or model is ImportRow:
                continue
            others = model._default_manager.filter(**{f"{name}__in": people})
            of_access = {"access.Credential": made["cards"], "access.Rule": made["rules"]}
            excluded = own.get(model) or of_access.get(model._meta.label, set())
            for who in others.exclude(pk__in=excluded).values_list(name, flat=True).distinct():
                staying.setdefault(who, USED.get(model._meta.label, "used_otherwise"))
        return staying | self._of_ended(made, people)

    def _of_ended(self, made: Made, people: Collection[UUID]) -> dict[UUID, str]:
        """A home or a share that the desk has given an end since: somebody moved out, and that stays true."""
        ended: dict[UUID, str] = {}
        for model, ids in ((Occupancy, made["homes"]), (Ownership, made["owners"])):
            found = model._default_manager.filter(pk__in=ids, resident__in=people, until__isnull=False)
            ended |= dict.fromkeys(found.values_list("resident_id", flat=True), "used_home")
        return ended

    def _take_homes(
        self, homes: Collection[UUID], owners: Collection[UUID], lines: dict[UUID, ImportRow]
    ) -> None:
        for model, ids in ((Occupancy, homes), (Ownership, owners)):
            found = model._default_manager.filter(pk__in=ids)
            for pk in found.filter(until__isnull=False).values_list("pk", flat=True):
                self.left[lines[pk].number].add("used_home")
            open_ones = found.filter(until=None)
            if model is Occupancy:
                # Law 13: from somebody who has an account no home is taken by a form, not even one made by mistake.
                for pk in open_ones.exclude(resident__user=None).values_list("pk", flat=True):
                    self.left[lines[pk].number].add("home_account")
                open_ones = open_ones.filter(resident__user=None)
            open_ones.delete()

    def _take_cards(
        self, cards: Collection[UUID], leaving: Collection[UUID], lines: dict[UUID, ImportRow]
    ) -> set[UUID]:
        """Returns whose cards the gates must be told of."""
        if not cards:
            return set()
        became: dict[UUID, str] = effects.call(
            "take_back_imported_cards", credentials=cards, leaving=leaving, at=self.at
        )
        for pk, what in became.items():
            if what != "gone":
                self.left[lines[pk].number].add(f"card_{what}")
        return {lines[pk].resident for pk, what in became.items() if what == "told"} - {None}  # type: ignore[return-value]

    def _close_gates(self, rules: Collection[UUID], lines: dict[UUID, ImportRow]) -> None:
        """After homes and cards, for what is left of those says who needs them still."""
        stay: set[UUID] = effects.call("close_gates", rules=rules, since=self.source.begun_at, at=self.at)
        for pk in stay:
            self.left[lines[pk].number].add("gate_used")

    def _take_people(self, leaving: Collection[UUID], lines: dict[UUID, ImportRow]) -> None:
        """Gone altogether; or, where something may not lose what it points to, a tombstone that says nothing."""
        letters = Letter.objects.filter(resident__in=leaving)
        letters.unspent().update(replaced_at=self.at)
        letters.delete()
        pointed_at: set[UUID] = set()
        for model, name in _pointing_at(Resident):
            rows = model._default_manager.filter(**{f"{name}__in": leaving})
            pointed_at |= set(rows.values_list(name, flat=True).distinct())
        people = Resident.objects.filter(pk__in=leaving)
        people.exclude(pk__in=pointed_at).delete()
        people.filter(pk__in=pointed_at).update(
            name="", phone_sealed=None, phone_index=None, born=None, keep_at_desk=False, erased_at=self.at
        )
        for pk in pointed_at:
            self.left[lines[pk].number].add("tombstone")

    def _take_places(
        self,
        model: type[Unit] | type[Building],
        made: Collection[UUID],
        why: str,
        lines: dict[UUID, ImportRow],
    ) -> None:
        used: set[UUID] = set()
        for other, name in _pointing_at(model):
            rows = other._default_manager.filter(**{f"{name}__in": made})
            used |= set(rows.values_list(name, flat=True).distinct())
        if model is Building and made:
            # By their numbers alone, which no foreign key shows.
            used |= effects.call("buildings_named", buildings=made)
        model._default_manager.filter(pk__in=set(made) - used).delete()
        for pk in used:
            self.left[lines[pk].number].add(why)


def _pointing_at(model: type[models.Model]) -> Iterable[tuple[type[models.Model], str]]:
    """Every model of every room that points here, and the name of its column: also those made after this was written."""
    for relation in model._meta.related_objects:
        if isinstance(relation.field, models.ForeignKey):
            yield relation.related_model, relation.field.name


def _now(person: Resident, what: str) -> str | None:
    if what == "phone":
        return None if person.phone_index is None else bytes(person.phone_index).hex()
    return None if person.born is None else str(person.born)


def _bytes(kept: str | None) -> bytes | None:
    return None if kept is None else bytes.fromhex(kept)
