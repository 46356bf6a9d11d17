"""What was given of one person: the very values, and the proof that they are those that were written down.

Of each row a hash is kept over its values and a salt, 1,024 of them to a sheet, of which the ledger holds the root (RFC 9162).
Whoever has the values and the salt can check them against it; from the hash alone nobody gets back to them. Once the person is
erased, values and salt are gone.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from ledger import merkle
from residents import contact
from residents.models import Resident
from sharing.files import spaced
from sharing.models import Copy, DisclosedRow, Field, GivenValues, Sheet

TAG = b"linmen given row v1"
SHEET = 1024
# Its deleted versions hold names.
TABLE = GivenValues._meta.db_table
FIELDS = (Field.NAME.value, Field.DWELLING.value, Field.PHONE.value)
COLUMNS = (
    *("tag", "copy_id", "resident_id", "resident__contact_key"),
    *("values__name", "values__dwelling", "values__phone_sealed", "values__salt"),
)


def _framed(part: bytes) -> bytes:
    return len(part).to_bytes(8, "big") + part


TAG_FRAMED, FIELDS_FRAMED = _framed(TAG), {field: _framed(field.encode()) for field in FIELDS}


@dataclass(frozen=True)
class Given:
    """One row as it is in the file."""

    tag: str
    copy: UUID
    resident: UUID
    values: Mapping[str, str]
    salt: bytes

    @property
    def leaf(self) -> bytes:
        parts = [TAG_FRAMED, *map(_framed, (self.salt, self.copy.bytes, self.resident.bytes))]
        for field, value in self.values.items():
            parts += FIELDS_FRAMED[field], _framed(value.encode())
        return merkle.leaf_hash(b"".join(parts))


def shown() -> QuerySet[DisclosedRow]:
    """Rows that a person finds in the record: given, or ready to be. By an order whose day has not come there is none, by the
    database's clock at this moment: neither in the record, nor in what is taken home, nor in any count."""
    told = Q(order=None) | Q(order__tell_on=None) | Q(order__tell_on__lte=Now())
    return DisclosedRow.objects.filter(told, copy__state__in=[Copy.State.READY, Copy.State.HANDED])


def by_order(resident: Resident, request: UUID) -> DisclosedRow | None:
    """What an order gave of them, once they may see it."""
    found = shown().filter(resident=resident, order__request=request)
    beside = found.select_related("order", "copy__disclosure__request__recipient")
    return beside.order_by("-copy__ready_at").first()


def read(rows: QuerySet[DisclosedRow], limit: int | None = None) -> list[Given]:
    """These rows with their values, in the order given; without values those whose person is gone, or from before values were
    kept. One query, and one to the vault where numbers were given."""
    found = list(rows.values_list(*COLUMNS)[:limit])
    phones = contact.opened((key, who, sealed) for _, _, who, key, _, _, sealed, _ in found)
    made = []
    for (tag, copy, who, _, name, dwelling, _, salt), phone in zip(found, phones, strict=True):
        values = zip(FIELDS, (name, dwelling, spaced(phone)), strict=True)
        kept = {field: value for field, value in values if value}
        made.append(Given(tag, copy, who, kept, bytes(salt or b"")))
    return made


def of(row: DisclosedRow) -> dict[str, str]:
    """The values that this row gave, or gives, by field; none once they are gone."""
    [found] = read(DisclosedRow.objects.filter(pk=row.pk))
    return dict(found.values)


def sheet(leaves: Sequence[bytes]) -> bytes:
    """Up to 1,024 hashes as they are kept: sorted, and filled up with hashes of nothing."""
    filled = [*leaves, *(secrets.token_bytes(merkle.HASH_BYTES) for _ in range(SHEET - len(leaves)))]
    return b"".join(sorted(filled))


def root(leaves: bytes) -> bytes:
    return merkle.root(_split(leaves))


def proofs(resident: Resident) -> dict[tuple[UUID, int], dict[str, Any]]:
    """By copy and number of a sheet, what a person needs to check their row against the root that the ledger holds."""
    rows = shown().filter(resident=resident, values__isnull=False, copy__key__isnull=False)
    found = {}
    for row in read(rows.order_by("pk")):
        for each in Sheet.objects.filter(copy=row.copy).order_by("number"):
            leaves = _split(bytes(each.leaves))
            if row.leaf in leaves:
                found[row.copy, each.number] = _proof(row, leaves)
                break
    return found


def forget_person(*, resident: Resident) -> int:
    """Of the effect of that name: what was given of them is no longer here; that something was, stays."""
    return GivenValues.objects.filter(row__resident=resident).delete()[0]


def rows_left(target: UUID) -> int:
    return GivenValues.objects.filter(row__resident=target, row__resident__erased_at__isnull=False).count()


def _proof(row: Given, leaves: list[bytes]) -> dict[str, Any]:
    index = leaves.index(row.leaf)
    tree = merkle.inclusion(index, SHEET)
    hashes = {(level, place): _subtree(leaves, level, place) for level, place in merkle.wanted(tree)}
    return {
        "copy": str(row.copy),
        "resident": str(row.resident),
        "salt": _text(row.salt),
        "values": [[field, value] for field, value in row.values.items()],
        "index": index,
        "path": [_text(each) for each in merkle.path(tree, hashes)],
    }


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _subtree(leaves: Sequence[bytes], level: int, place: int) -> bytes:
    return merkle.root(leaves[place << level : (place + 1) << level])


def _split(leaves: bytes) -> list[bytes]:
    return [leaves[start : start + merkle.HASH_BYTES] for start in range(0, len(leaves), merkle.HASH_BYTES)]
