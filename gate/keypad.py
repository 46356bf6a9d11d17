"""What is typed at a keypad: five digits that say whose PIN comes, then the PIN. Read strictly, checked by a slow hash.

The number is no secret; it only finds the row. The PIN is kept as argon2id (RFC 9106), so that whoever steals a device
must pay for each guess. Six digits are a million guesses all the same: some hours on one computer. A stolen device is
revoked, and PINs that it held are to be chosen anew.

Whoever stands at the keypad is slowed instead: each wrong PIN makes the keypad wait longer, up to a minute, whatever
number it was typed for. It never sleeps and never locks: it says how long, and a card or a code is heard meanwhile.
"""

import functools
import itertools
import math
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import Argon2Error, InvalidHashError

NUMBER_DIGITS = 5
PIN_DIGITS = (6, 8)
_PIN = re.compile(rf"[0-9]{{{PIN_DIGITS[0]},{PIN_DIGITS[1]}}}")
_ENTRY = re.compile(rf"(?P<number>[0-9]{{{NUMBER_DIGITS}}})(?P<pin>[0-9]{{{PIN_DIGITS[0]},{PIN_DIGITS[1]}}})")

# RFC 9106 and OWASP: 19 MiB, two passes, one lane. Some 25 ms here; a door's small board takes a few times that.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# What a row may ask of this device for one check: no site, however mistaken, stops a keypad with a costly hash.
_MOST_TIME, _MOST_MEMORY, _MOST_LANES = 10, 64 * 1024, 4
VERIFIER_LENGTH = 200

# So many wrong PINs are nobody's fault; from then on it doubles. At one a minute, a PIN of six digits takes a year on average.
FREE_ATTEMPTS = 3
LONGEST_WAIT = 60
# Somebody with a PIN or passes of their own must not be able to clear the count between guesses at another's.
CLEARS_AGAIN_AFTER = timedelta(minutes=10)


class Entry(NamedTuple):
    number: str
    pin: str


def read_entry(typed: str) -> Entry:
    """ValueError for anything but digits of the right count; nothing is folded or forgiven, keypads type digits."""
    match = _ENTRY.fullmatch(typed)
    if match is None:
        raise ValueError("a keypad entry is five digits and a PIN of six to eight")
    return Entry(match["number"], match["pin"])


def is_pin(typed: str) -> bool:
    """Without the number: what is typed after a face that was asked for a PIN as well."""
    return _PIN.fullmatch(typed) is not None


def hash_pin(pin: str) -> str:
    """The PHC string that the site keeps and sends to its gates; salted, so that equal PINs differ."""
    return _HASHER.hash(pin)


def is_right(verifier: str, pin: str) -> bool:
    """A verifier that cannot be read is a wrong PIN: the keypad must answer, whatever the row holds."""
    try:
        return _HASHER.verify(verifier, pin)
    except (Argon2Error, InvalidHashError):
        return False


def nobodys() -> str:
    """A verifier that no PIN fits: a number that nobody has takes as long to refuse as one that somebody has."""
    return _nobodys()


@functools.cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_hex(16))


def is_verifier(text: str) -> bool:
    """Argon2id at a price that this device can pay."""
    if len(text) > VERIFIER_LENGTH:
        return False
    try:
        asked = extract_parameters(text)
    except (Argon2Error, InvalidHashError, ValueError):
        return False
    return (
        asked.type is Type.ID
        and asked.time_cost <= _MOST_TIME
        and asked.memory_cost <= _MOST_MEMORY
        and asked.parallelism <= _MOST_LANES
    )


@dataclass(frozen=True)
class Patience:
    """What one keypad remembers of wrong PINs."""

    wrong: int = 0
    not_before: datetime | None = None
    cleared_at: datetime | None = None

    def waits(self, now: datetime) -> int:
        """Seconds until the next PIN is looked at. A clock set back never makes it more than the longest wait."""
        if self.not_before is None or self.not_before <= now:
            return 0
        return min(LONGEST_WAIT, math.ceil((self.not_before - now).total_seconds()))

    def settled(self, now: datetime) -> "Patience":
        """Should the clock have been set back, what is waited for begins now and not in another year."""
        latest = now + timedelta(seconds=LONGEST_WAIT)
        return (
            self if self.not_before is None or self.not_before <= latest else replace(self, not_before=latest)
        )

    def tried(self, now: datetime) -> "Patience":
        """Counted before the PIN is looked at: a power cut costs the guess, not the count."""
        wrong = self.wrong + 1
        over = wrong - FREE_ATTEMPTS
        wait = 0 if over < 0 else min(LONGEST_WAIT, 2 ** min(over + 1, 10))
        return replace(self, wrong=wrong, not_before=now + timedelta(seconds=wait))

    def right(self, now: datetime) -> "Patience":
        """Of what stood before the try. A right PIN clears the count, though not again and again."""
        recently = self.cleared_at is not None and abs(now - self.cleared_at) < CLEARS_AGAIN_AFTER
        return self if self.wrong == 0 or recently else Patience(cleared_at=now)


def is_weak(pin: str) -> bool:
    """What is guessed first: one or two digits over and over, a run up or down, a pattern said twice."""
    steps = {(int(after) - int(before)) % 10 for before, after in itertools.pairwise(pin)}
    half = len(pin) // 2
    return len(set(pin)) < 3 or len(steps) == 1 or (len(pin) % 2 == 0 and pin[:half] == pin[half:])
