"""The files that leave: their values, their rows, and nothing in them that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from django.db.models import Prefetch
from django.utils import translation

from residents import contact
from residents.ages import today_in
from residents.models import Occupancy, Resident
from sharing.models import Field, Request

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


Rows = Iterator[list[tuple[str, dict[str, str]]]]  # in batches: the tag of each and what is told of it


def csv_of(request: Request, batches: Rows) -> Iterator[str]:
    """CSV with a byte-order mark, for the spreadsheet programs of property offices; above the columns it says for whom it
    is. Empty is what was not agreed to."""
    asked = [field for field in Field.values if field in request.fields]
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    yield "\ufeff"
    writer.writerow([harmless(only_for(request))])
    with translation.override("zh-hans"):
        writer.writerow(["行号", *(str(Field(field).label) for field in asked)])
    for batch in batches:
        for tag, told in batch:
            shown = {**told, Field.PHONE.value: spaced(told[Field.PHONE])}
            writer.writerow([tag, *(harmless(shown[field]) for field in asked)])
        yield text.getvalue()
        text.seek(0)
        text.truncate()
    yield text.getvalue()


def json_of(request: Request, batches: Rows) -> Iterator[str]:
    """The same as one JSON document; a field that was not agreed to, or is not there, is missing."""
    head = {
        "schema": "linmen-given/1",
        "only_for": request.recipient.name,
        "purpose": request.purpose,
        "purpose_en": request.purpose_en,
        "days": request.retention_days,
    }
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "rows": ['
    first = True
    for batch in batches:
        lines = [
            json.dumps(
                {"row": tag, **{name: value for name, value in told.items() if value}}, ensure_ascii=False
            )
            for tag, told in batch
        ]
        yield ("\n" if first else ",\n") + ",\n".join(lines)
        first = False
    yield "\n]}\n"


def only_for(request: Request) -> str:
    """In both languages, whoever reads it."""
    said = {"who": request.recipient.name, "days": request.retention_days}
    return (
        "仅供{who}用于：{purpose}。取得后 {days} 天内删除，不得另作他用。"
        " Only for {who}, for: {purpose_en}. To be deleted {days} days after it was fetched."
    ).format(**said, purpose=request.purpose, purpose_en=request.purpose_en)


def spaced(phone: str) -> str:
    """So that no spreadsheet takes it for a number, and drops a zero or rounds it: 138 0013 8000, 0571 8888 0000."""
    if len(phone) < 5:
        return phone
    head = 3 if len(phone) == 11 and phone.startswith("1") else len(phone) % 4 or 4
    return " ".join([phone[:head], *(phone[at : at + 4] for at in range(head, len(phone), 4))])


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
