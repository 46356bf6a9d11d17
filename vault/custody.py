"""Two halves of the wrapping key for two people to keep on paper, and the key made from them again.

Either half alone is random bytes and says nothing; both together are the key and its name, by exclusive or. The name
shows that two halves belong together without asking any database. A half is five lines of sixteen characters in
Crockford's base 32 (no I, L, O, U): eight bytes in thirteen characters, and three that tell a mistyped line, a line in
another's place, and a line of the other half.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Sequence

from vault.wrapping import KEY_BYTES, name

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
HALVES = (1, 2)
LINES = 5
_BYTES, _CHARACTERS, _CHECKS = 8, 13, 3
_FORGIVEN = str.maketrans("OIL", "011")
_LONGEST = 200


class WrongLine(ValueError):
    """A line that cannot be so; `half` and `line` say which, the message why. It never holds what was typed."""

    def __init__(self, why: str, *, half: int, line: int) -> None:
        super().__init__(f"Half {half}, line {line}: {why}")
        self.half, self.line = half, line


class NotAPair(ValueError):
    """Each half is whole, but they were not made together."""


def split(secret: bytes) -> tuple[list[str], list[str]]:
    """The lines of both halves; other ones each time, and only halves of one time fit together."""
    whole = secret + name(secret)
    first = secrets.token_bytes(len(whole))
    second = bytes(a ^ b for a, b in zip(whole, first, strict=True))
    return _lines(1, first), _lines(2, second)


def read_line(text: str, *, half: int, line: int) -> bytes:
    """The eight bytes of one typed line. Case, spaces, dashes, full width, O for 0 and I or L for 1 are forgiven.

    Raises: WrongLine
    """
    typed = _typed(text)
    if len(typed) != _CHARACTERS + _CHECKS:
        raise WrongLine(f"has {len(typed)} letters and digits instead of 16.", half=half, line=line)
    if odd := next((character for character in typed if character not in ALPHABET), None):
        position = typed.index(odd) + 1
        raise WrongLine(f"character {position} is not one that is used here.", half=half, line=line)
    number = _number(typed[:_CHARACTERS])
    if number >> (8 * _BYTES):
        raise WrongLine("the first character is mistyped.", half=half, line=line)
    found = number.to_bytes(_BYTES, "big")
    if typed[_CHARACTERS:] != _check(half, line, found):
        raise WrongLine(_why(typed[_CHARACTERS:], found), half=half, line=line)
    return found


def join(first: Sequence[bytes], second: Sequence[bytes]) -> bytes:
    """The wrapping secret.

    Raises: NotAPair
    """
    whole = bytes(a ^ b for a, b in zip(b"".join(first), b"".join(second), strict=True))
    secret, named = whole[:KEY_BYTES], whole[KEY_BYTES:]
    if len(whole) != LINES * _BYTES or not hmac.compare_digest(named, name(secret)):
        raise NotAPair("The two halves were not printed together.")
    return secret


def spoken_name(secret: bytes) -> str:
    """What people may call this key by: it tells keys apart, and nothing of them."""
    letters = _letters(int.from_bytes(name(secret), "big"), _CHARACTERS)
    return f"{letters[1:5]}-{letters[5:9]}"


def _lines(half: int, share: bytes) -> list[str]:
    lines = []
    for line in range(1, LINES + 1):
        part = share[(line - 1) * _BYTES : line * _BYTES]
        letters = _letters(int.from_bytes(part, "big"), _CHARACTERS) + _check(half, line, part)
        lines.append("-".join(letters[i : i + 4] for i in range(0, len(letters), 4)))
    return lines


def _typed(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text[:_LONGEST]).upper()
    return "".join(each for each in plain if each.isalnum()).translate(_FORGIVEN)


def _check(half: int, line: int, part: bytes) -> str:
    digest = hashlib.sha256(b"linmen custody v1|" + bytes([half, line]) + part).digest()
    return _letters(int.from_bytes(digest[:2], "big") >> 1, _CHECKS)


def _why(check: str, part: bytes) -> str:
    """A whole line in another's place is said to be that, not taken for mistyped."""
    for half in HALVES:
        for line in range(1, LINES + 1):
            if check == _check(half, line, part):
                return f"this is line {line} of half {half}."
    return "mistyped somewhere; compare it with the paper, letter by letter."


def _letters(number: int, length: int) -> str:
    return "".join(ALPHABET[number >> (5 * place) & 31] for place in reversed(range(length)))


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number << 5 | ALPHABET.index(letter)
    return number
