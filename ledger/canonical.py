"""One spelling, in bytes, for the details of an act: what a commitment is made over.

The canonical form follows RFC 8785 (JSON Canonicalization Scheme) where it can be ambiguous, by leaving the
ambiguous out: keys are `[a-z_]`, sorted; no floats; integers that a JavaScript reader holds exactly; strings
of printable ASCII without spaces. So anyone can rebuild the bytes with any JSON library, years later and
offline.

The same rule keeps people out of the ledger: ids, codes, numbers and ISO times fit; a name, a sentence or an
e-mail address does not.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TypeAlias
from uuid import UUID

Scalar: TypeAlias = str | int | bool | None
Payload: TypeAlias = dict[str, Scalar | list[Scalar]]

KEY = re.compile(r"[a-z_]{1,64}")
CODE = re.compile(r"[A-Za-z0-9._:/+=|-]{1,200}")
LARGEST_INTEGER = 2**53 - 1


class PayloadRefused(ValueError):
    """The payload holds something that a ledger must not: free text, a float, a nested object."""


def plain(payload: Mapping[str, object]) -> Payload:
    """The payload in JSON's own types: ids and times become strings, all else is checked."""
    result: Payload = {}
    for key, value in payload.items():
        if not KEY.fullmatch(key):
            raise PayloadRefused(f"{key!r} is no key for a ledger payload: small letters and _ only")
        if isinstance(value, list | tuple):
            result[key] = [_scalar(key, item) for item in value]
        else:
            result[key] = _scalar(key, value)
    return result


def canonical(payload: Mapping[str, object]) -> bytes:
    """The payload's one spelling in bytes."""
    return json.dumps(plain(payload), sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def _scalar(key: str, value: object) -> Scalar:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise PayloadRefused(f"{key}: an integer beyond 2^53 is read differently by different readers")
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise PayloadRefused(f"{key}: a time without a zone means nothing later")
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        # The value itself stays out of the message: it may be the very name that does not belong here.
        if not CODE.fullmatch(value):
            raise PayloadRefused(f"{key}: only an id, a code or an ISO time, 1 to 200 characters")
        return str(value)
    raise PayloadRefused(f"{key}: {type(value).__name__} does not belong in a ledger payload")
