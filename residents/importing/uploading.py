"""The dry run: a file comes in, and what goes out is every line with its fate. Nothing is written to the register."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from residents import effects
from residents.ages import today_in
from residents.importing import planning, reading, sealed, world
from residents.importing.cleaning import Entry, clean
from residents.importing.headings import Field
from residents.importing.life import LIFE_UNAPPLIED
from residents.importing.planning import Plan
from residents.importing.reading import Table
from residents.importing.refusals import ImportRefused
from residents.models import Import, ImportRow, Neighborhood, User
from residents.scope import may

Fate = ImportRow.Fate


def dry_run(
    *,
    neighborhood: Neighborhood,
    by: User,
    content: bytes,
    at: datetime,
    make_dwellings: bool = False,
    gates: Collection[UUID] = (),
    sheet: str = "",
) -> Import:
    """Read a list, plan every line, and keep the plan, sealed. The file itself is not kept.

    Raises: FileRefused, ImportRefused, PermissionDenied
    """
    if not may(by, "manage_register", neighborhood, at):
        raise PermissionDenied
    if Import.objects.running().filter(neighborhood=neighborhood).exists():
        raise ImportRefused("another_runs")
    table = reading.read(content=content, sheet=sheet)
    may_cards = may(by, "manage_access", neighborhood, at)
    if not may_cards and (Field.CARD in table.has or gates):
        raise ImportRefused("no_cards")
    source = Import(
        neighborhood=neighborhood,
        by=by,
        # A list without names is a list of dwellings, and is what they are made from.
        make_dwellings=make_dwellings or Field.NAME not in table.has,
        gates=sorted(str(gate) for gate in gates if gate in _gates(neighborhood)),
        has_cards=Field.CARD in table.has,
        created_at=at,
        forget_at=at + LIFE_UNAPPLIED,
    )
    today = today_in(neighborhood, at)
    entries = clean(table=table, today=today)
    plans = _plan(source, entries, today)
    _keep(source, table, entries, plans)
    return source


def _gates(neighborhood: Neighborhood) -> set[UUID]:
    return {gate for gate, _name in effects.call("gates_of", neighborhood=neighborhood)}


def _plan(source: Import, entries: Sequence[Entry], today: date) -> list[Plan]:
    known = world.load(source=source, entries=entries, today=today)
    planning.compare_lines(entries, known)
    return planning.plan(entries=entries, world=known, source=source, today=today)


def _keep(source: Import, table: Table, entries: Sequence[Entry], plans: Sequence[Plan]) -> None:
    sealed.make_key(source)
    told = {
        "sheet": table.sheet,
        "ignored": table.headings.ignored,
        "identity": table.headings.identity,
        "columns": [str(which) for which in table.headings.columns],
    }
    [source.about] = sealed.seal(source, "about", [(0, told)])
    contents = sealed.seal(source, "content", [(entry.number, entry.as_json()) for entry in entries])
    source.planned = count(plans)
    source.rows = len(plans) - source.planned.get(Fate.REFUSED, 0)
    with transaction.atomic():
        source.save(force_insert=True)
        ImportRow.objects.bulk_create(
            (
                ImportRow(
                    neighborhood_id=source.neighborhood_id,
                    source=source,
                    number=entry.number,
                    fate=planned.fate,
                    reason=planned.reason,
                    notes=entry.notes,
                    content=content,
                )
                for entry, planned, content in zip(entries, plans, contents, strict=True)
            ),
            batch_size=1_000,
        )


def count(plans: Iterable[Plan]) -> dict[str, int]:
    return {str(fate): number for fate, number in Counter(each.fate for each in plans).items()}
