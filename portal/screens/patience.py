"""Sign-in attempts are slowed, never stopped: whoever guesses waits, and nobody is locked out by another's guesses.

Counted per address and name together, so that guessing at a name from elsewhere does not slow its owner down; and, with
a wide allowance, per address, for those who try one password on many names.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from uuid import UUID

from django.core.cache import cache
from django.utils.crypto import salted_hmac

WINDOW_SECONDS = 15 * 60
LONGEST_WAIT_SECONDS = 60
FREE_FOR_NAME, FREE_FOR_ADDRESS = 5, 100
# The six digits of a phone are few, and whoever guesses at them knows the password already: so they are counted for the
# account, too, from wherever they come, for a day. A recovery code cannot be guessed and never waits for that.
FREE_FOR_ACCOUNT = 20
ACCOUNT_WINDOW_SECONDS = 24 * 60 * 60
LONGEST_WAIT_FOR_ACCOUNT = 10 * 60
# So many wrong ones are more than a slip of the thumb.
MANY_WRONG = 5


@dataclass(frozen=True)
class Counter:
    key: str
    free: int
    window: int = WINDOW_SECONDS
    longest: int = LONGEST_WAIT_SECONDS

    @property
    def wait(self) -> str:
        return f"{self.key}:wait"

    def may(self) -> bool:
        tried = self._count()
        return tried <= self.free or bool(
            cache.add(self.wait, 1, timeout=min(2 ** min(tried - self.free, 10), self.longest))
        )

    def forget(self) -> None:
        cache.delete_many([self.key, self.wait])

    def take_back(self) -> None:
        """One that was right counts for nothing, and those of before it stay counted."""
        cache.delete(self.wait)
        try:
            if cache.decr(self.key) < 0:
                cache.delete(self.key)
        except ValueError:  # it ran out meanwhile
            pass

    def _count(self) -> int:
        cache.add(self.key, 0, timeout=self.window)
        try:
            return int(cache.incr(self.key))
        except ValueError:  # it ran out between the two
            return 1


def may_try(*, address: str, name: str) -> bool:
    """Counts the attempt. False: it comes too soon after the last ones and must not be looked at."""
    return _may_try([_of_name(address, name), _of_address(address)])


def forget(*, address: str, name: str) -> None:
    """They knew the password after all."""
    _of_name(address, name).forget()
    _of_address(address).take_back()


def may_try_code(*, address: str, account: UUID, of_phone: bool) -> bool:
    """The same for the codes of a second step, under a count of its own: the right password does not wipe it."""
    here = _of_code(address, account)
    return _may_try([here, _of_account(account)] if of_phone else [here])


def forget_codes(*, address: str, account: UUID, of_phone: bool) -> None:
    """They had a right one after all."""
    _of_code(address, account).forget()
    if of_phone:
        _of_account(account).take_back()


def many_wrong_codes(account: UUID) -> bool:
    """Of a phone, since a day."""
    return int(cache.get(_of_account(account).key, 0)) >= MANY_WRONG


def _may_try(counters: list[Counter]) -> bool:
    said = [each.may() for each in counters]  # each of them counts, whatever the first one says
    return all(said)


def _of_name(address: str, name: str) -> Counter:
    folded = unicodedata.normalize("NFKC", name).casefold()
    digest = salted_hmac("linmen.sign-in", f"{address}|{folded}").hexdigest()[:32]
    return Counter(f"sign-in:{digest}", FREE_FOR_NAME)


def _of_address(address: str) -> Counter:
    return Counter(f"sign-in:{address}", FREE_FOR_ADDRESS)


def _of_code(address: str, account: UUID) -> Counter:
    digest = salted_hmac("linmen.second-step", f"{address}|{account}").hexdigest()[:32]
    return Counter(f"code:{digest}", FREE_FOR_NAME)


def _of_account(account: UUID) -> Counter:
    return Counter(f"code:{account}", FREE_FOR_ACCOUNT, ACCOUNT_WINDOW_SECONDS, LONGEST_WAIT_FOR_ACCOUNT)
