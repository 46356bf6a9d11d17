"""What the database refuses, answered as the code's own refusals are.

Between what the code asks and what is written a day can end, or somebody else can be faster; then a trigger has the last word,
and whoever acts is told why as at any other time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from django.db import DatabaseError, transaction

from committees.models import Head, Turnout

# No reason that is known here: the page says that it should be looked at anew.
CHANGED = "changed"
Reason = str | Callable[[], str]


@contextmanager
def in_words(
    refused: Callable[[str], Exception], reasons: Mapping[str, Reason] | None = None
) -> Iterator[None]:
    """One act, in a transaction of its own. `reasons` goes by the code of a law, or by how a constraint's name begins; a
    constraint that is not named there is a fault and stays one."""
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        reason = _reason(error, reasons or {})
        if reason is None:
            raise
        raise refused(reason() if callable(reason) else reason) from None


def too_late(head: Head) -> str:
    """Why nothing more is taken for this vote."""
    return "handed_in" if Turnout.objects.filter(head=head).exists() else "not_open"


def _reason(error: DatabaseError, reasons: Mapping[str, Reason]) -> Reason | None:
    law = getattr(error.__cause__, "sqlstate", None) or ""
    if law.startswith("LM"):
        return reasons.get(law, CHANGED)
    constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
    return next((reason for name, reason in reasons.items() if constraint.startswith(name)), None)
