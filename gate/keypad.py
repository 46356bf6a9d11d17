"""What is typed at a keypad: five digits that say whose PIN comes, then the PIN. Read strictly, checked by a slow hash.

The number is no secret; it only finds the row. The PIN is kept as argon2id (RFC 9106), so that whoever steals a device
must pay for each guess. Six digits are a million guesses all the same: some hours on one computer. A stolen device is
revoked, and PINs that it held are to be chosen anew.
"""

import itertools
import re
from typing import NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

NUMBER_DIGITS = 5
PIN_DIGITS = (6, 8)
_ENTRY = re.compile(rf"(?P<number>[0-9]{{{NUMBER_DIGITS}}})(?P<pin>[0-9]{{{PIN_DIGITS[0]},{PIN_DIGITS[1]}}})")

# RFC 9106 and OWASP: 19 MiB, two passes, one lane. Some 25 ms here; a door's small board takes a few times that.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class Entry(NamedTuple):
    number: str
    pin: str


def read_entry(typed: str) -> Entry:
    """ValueError for anything but digits of the right count; nothing is folded or forgiven, keypads type digits."""
    match = _ENTRY.fullmatch(typed)
    if match is None:
        raise ValueError("a keypad entry is five digits and a PIN of six to eight")
    return Entry(match["number"], match["pin"])


def hash_pin(pin: str) -> str:
    """The PHC string that the site keeps and sends to its gates; salted, so that equal PINs differ."""
    return _HASHER.hash(pin)


def is_right(verifier: str, pin: str) -> bool:
    """A verifier that cannot be read is a wrong PIN: the keypad must answer, whatever the row holds."""
    try:
        return _HASHER.verify(verifier, pin)
    except (Argon2Error, InvalidHashError):
        return False


def is_weak(pin: str) -> bool:
    """What is guessed first: one or two digits over and over, a run up or down, a pattern said twice."""
    steps = {(int(after) - int(before)) % 10 for before, after in itertools.pairwise(pin)}
    half = len(pin) // 2
    return len(set(pin)) < 3 or len(steps) == 1 or (len(pin) % 2 == 0 and pin[:half] == pin[half:])
