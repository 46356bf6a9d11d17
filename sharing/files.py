"""The file that leaves: its values, its rows, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from django.db.models import Prefetch
from django.utils import translation
from django.utils.translation import gettext as _

from residents import contact
from residents.ages import today_in
from residents.models import Occupancy, Resident
from sharing.models import ORDER, Field, Request

# Mobile phones, and the shortest area codes.
THREE_FIRST = re.compile(r"1[3-9]\d{9}$|010|02\d")
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
        Field.PHONE: _phones(of[Field.PHONE]) if of[Field.PHONE] else {},
    }
    return {
        resident: {field: values[field].get(resident, "") for field in Field if field in fields}
        for resident, fields in agreed.items()
    }


def spaced(number: str) -> str:
    """A phone number as people write it: in groups, so that no spreadsheet takes it for a number and cuts its zeros."""
    if number.startswith("+") or len(number) < 5:
        return number
    first = 3 if THREE_FIRST.match(number) else 4 if number.startswith("0") else len(number) % 4
    groups = [number[:first], *(number[start : start + 4] for start in range(first, len(number), 4))]
    return " ".join(filter(None, groups if len(number) != 8 else [number[:4], number[4:]]))


def harmless(value: str) -> str:
    """The value, so written that no spreadsheet takes it for a formula."""
    return f"'{value}" if is_formula(value) else value


def is_formula(value: str) -> bool:
    return value.lstrip(" \u3000").startswith(FORMULA_STARTS)


def _phones(residents: list[Resident]) -> dict[Resident, str]:
    return {resident: spaced(number) for resident, number in contact.phones_of(residents).items()}


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


Row = tuple[str, Mapping[str, str]]  # its tag, and the values that are given


def head(request: Request, language: str) -> str:
    """Who has this from here, for what, and how long they may keep it: so that a copy says itself what it is."""
    with translation.override(language):
        if request.kind == ORDER:
            return _(
                "Given to %(recipient)s by an order of law, and to nobody else: %(law)s. What for: %(purpose)s."
            ) % {
                "recipient": request.recipient.name,
                "law": request.order.legal_basis,
                "purpose": request.what_for.rstrip(".。"),
            }
        return _(
            "Given to %(recipient)s, and to nobody else. What for: %(purpose)s. To be deleted %(days)s days later."
        ) % {
            "recipient": request.recipient.name,
            "purpose": request.what_for.rstrip(".。"),
            "days": request.retention_days,
        }


def as_csv(request: Request, batches: Iterable[Sequence[Row]]) -> Iterator[bytes]:
    """With a byte-order mark and everything in quotes, for the spreadsheet programs of property offices. Empty is what was
    not agreed to."""
    asked = [field for field in Field.values if field in set(request.fields)]
    yield b"\xef\xbb\xbf"
    yield _lines([[head(request, language)] for language in ("zh-hans", "en")])
    with translation.override("zh-hans"):
        yield _lines([[*(str(Field(field).label) for field in asked), str(_("number of the row"))]])
    for rows in batches:
        yield _lines([*(harmless(values.get(field, "")) for field in asked), tag] for tag, values in rows)


def as_json(request: Request, batches: Iterable[Sequence[Row]]) -> Iterator[bytes]:
    """One object; its rows one to a line."""
    about = {
        "given": [head(request, language) for language in ("zh-hans", "en")],
        "recipient": request.recipient.name,
        "purpose": request.purpose,
        "purpose_en": request.purpose_en,
        "kept_days": None if request.kind == ORDER else request.retention_days,
    }
    yield f'{_spelled(about)[:-1]}, "rows": ['.encode()
    between = "\n"
    for rows in batches:
        lines = []
        for tag, values in rows:
            lines.append(f"{between}{_spelled({**values, 'row': tag})}")
            between = ",\n"
        yield "".join(lines).encode()
    yield b"\n]}\n"


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


_spelled = json.JSONEncoder(ensure_ascii=False).encode
