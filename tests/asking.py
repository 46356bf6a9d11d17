"""A right asked both ways: of one right, and of all at once. What they say must be the same, whatever is the matter."""

from __future__ import annotations

from datetime import datetime

from residents import scope
from residents.models import Neighborhood, User

EVERY_PERMISSION = frozenset(dict(Neighborhood._meta.permissions))


def may(user: User, perm: str, where: Neighborhood, at: datetime) -> bool:
    one = scope.may(user, perm, where, at)
    assert (perm in scope.held(user, EVERY_PERMISSION, at).get(where, ())) is one
    assert (where in scope.held(user, [perm], at)) is one
    return one
