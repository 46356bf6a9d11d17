"""One spelling, in bytes, for a whole document: what a signature over JSON is made over (RFC 8785, JCS).

JCS is JSON as ECMAScript writes it, keys sorted by their UTF-16 code units, without spaces. Two of its rules are where
implementations differ, so what they are about is left out: numbers are whole and below 2^53, and keys are ASCII, for
which the order of code units is that of code points. What remains is spelled alike by every implementation of JCS, and
by Python's own `json`. Strings may hold any text, as notices do.
"""

import json

LARGEST_INTEGER = 2**53 - 1
DEEPEST = 32


class NotPlain(ValueError):
    """It holds something that JSON's readers disagree about; the message says what, and quotes nothing."""


def spelled(document: object) -> bytes:
    """Raises: NotPlain"""
    _insist(document, DEEPEST)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise NotPlain("half of a surrogate pair") from None


def _insist(value: object, deeper: int) -> None:
    if deeper == 0:
        raise NotPlain("nested too deeply")
    if value is None or isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            raise NotPlain("a number beyond 2^53")
        return
    if isinstance(value, list):
        for each in value:
            _insist(each, deeper - 1)
        return
    if isinstance(value, dict):
        for key, each in value.items():
            if not (isinstance(key, str) and key.isascii()):
                raise NotPlain("a key that is not ASCII")
            _insist(each, deeper - 1)
        return
    raise NotPlain(f"a {type(value).__name__}")
