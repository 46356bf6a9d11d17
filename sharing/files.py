"""The file that leaves: its values, its rows, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Prefetch
from django.utils import translation

from residents import contact
from residents.ages import today_in
from residents.models import Occupancy, Resident
from sharing.models import Field

# What Excel, WPS and LibreOffice take for the start of a formula, the full-width forms included.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def values_of(agreed: Mapping[Resident, Collection[str]], *, at: datetime) -> dict[Resident, dict[str, str]]:
    """Of each resident the fields they agreed to and no other, in the order of `Field`: nothing else of them is even read.

    Two queries and one to the vault.
    """
    of = {field: [each for each, fields in agreed.items() if field in fields] for field in Field.values}
    values = {
        Field.NAME: {resident: resident.name for resident in of[Field.NAME]},
        Field.DWELLING: _dwellings(of[Field.DWELLING], at=at) if of[Field.DWELLING] else {},
        Field.PHONE: contact.phones_of(of[Field.PHONE]) if of[Field.PHONE] else {},
    }
    return {
        resident: {field: values[field].get(resident, "") for field in Field if field in fields}
        for resident, fields in agreed.items()
    }


def table(*, fields: Iterable[str], rows: Iterable[dict[str, str]]) -> bytes:
    """CSV with a byte-order mark, for the spreadsheet programs of property offices. Empty is what was not agreed to."""
    asked = [field for field in Field.values if field in set(fields)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    with translation.override("zh-hans"):
        writer.writerow(str(Field(field).label) for field in asked)
    for row in rows:
        writer.writerow(harmless(row.get(field, "")) for field in asked)
    return text.getvalue().encode("utf-8-sig")


def harmless(value: str) -> str:
    """The value, so written that no spreadsheet takes it for a formula."""
    return (
        f"'{value}"
        if value.lstrip(" \u3000").startswith(FORMULA_STARTS) or value.startswith(FORMULA_STARTS)
        else value
    )


def _dwellings(residents: Sequence[Resident], *, at: datetime) -> dict[Resident, str]:
    found: dict[Resident, str] = {}
    occupancies = Prefetch(
        "occupancies", Occupancy.objects.select_related("unit__building").order_by("since", "pk")
    )
    loaded = Resident.objects.filter(pk__in=[resident.pk for resident in residents])
    for resident in loaded.select_related("neighborhood").prefetch_related(occupancies):
        today = today_in(resident.neighborhood, at)
        found[resident] = "、".join(
            str(lived.unit)
            for lived in resident.occupancies.all()
            if lived.since <= today and (lived.until is None or lived.until > today)
        )
    return found
