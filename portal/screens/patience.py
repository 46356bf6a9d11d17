"""Sign-in attempts are slowed, never stopped: whoever guesses waits, and nobody is locked out by another's guesses.

Counted per address and name together, so that guessing at a name from elsewhere does not slow its owner down; and, with
a wide allowance, per address, for those who try one password on many names.
"""

from __future__ import annotations

import unicodedata
from uuid import UUID

from django.core.cache import cache
from django.utils.crypto import salted_hmac

WINDOW_SECONDS = 15 * 60
LONGEST_WAIT_SECONDS = 60
FREE_FOR_NAME, FREE_FOR_ADDRESS = 5, 100
# Codes are short, and whoever guesses at one knows the password already: so they are counted for the account, too, from
# wherever they come.
FREE_FOR_ACCOUNT = 20


def may_try(*, address: str, name: str) -> bool:
    """Counts the attempt. False: it comes too soon after the last ones and must not be looked at."""
    return _may_try(_keys(address, name))


def may_try_code(*, address: str, account: UUID) -> bool:
    """The same for the codes of a second step, under a count of its own: the right password does not wipe it."""
    return _may_try(_code_keys(address, account))


def forget_codes(*, address: str, account: UUID) -> None:
    """They had a right one after all."""
    _forget(_code_keys(address, account)[0][0])


def _may_try(keys: list[tuple[str, int]]) -> bool:
    counts = [(key, free, _count(key)) for key, free in keys]
    return all(
        cache.add(f"{key}:wait", 1, timeout=min(2 ** min(tried - free, 10), LONGEST_WAIT_SECONDS))
        for key, free, tried in counts
        if tried > free
    )


def forget(*, address: str, name: str) -> None:
    """They knew the password after all."""
    _forget(_keys(address, name)[0][0])


def _forget(key: str) -> None:
    cache.delete_many([key, f"{key}:wait"])


def _keys(address: str, name: str) -> list[tuple[str, int]]:
    folded = unicodedata.normalize("NFKC", name).casefold()
    digest = salted_hmac("linmen.sign-in", f"{address}|{folded}").hexdigest()[:32]
    return [(f"sign-in:{digest}", FREE_FOR_NAME), (f"sign-in:{address}", FREE_FOR_ADDRESS)]


def _code_keys(address: str, account: UUID) -> list[tuple[str, int]]:
    digest = salted_hmac("linmen.second-step", f"{address}|{account}").hexdigest()[:32]
    return [(f"code:{digest}", FREE_FOR_NAME), (f"code:{account}", FREE_FOR_ACCOUNT)]


def _count(key: str) -> int:
    cache.add(key, 0, timeout=WINDOW_SECONDS)
    try:
        return cache.incr(key)
    except ValueError:  # it ran out between the two
        return 1
