"""Where somebody may act: the one question every staff screen asks first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from residents import effects
from residents.models import Neighborhood, User


def scope(user: User | AnonymousUser, perm: str, at: datetime) -> QuerySet[Neighborhood]:
    """The neighborhoods in which `user` holds the permission `perm` (a codename of Neighborhood) at this moment.

    Nowhere, in a session whose second step was not shown: see `portal.office`.

    Superusers see every neighborhood, masked like everybody (law 6). Rights come from terms, which `committees` knows.
    """
    if not isinstance(user, User) or not user.is_active or user.without_second_step:
        return Neighborhood.objects.none()
    if user.is_superuser:
        return Neighborhood.objects.all()
    found: QuerySet[Neighborhood] = effects.call("scope", user=user, perm=perm, at=at)
    return found


def held(
    user: User | AnonymousUser, perms: Iterable[str], at: datetime
) -> dict[Neighborhood, frozenset[str]]:
    """Where they hold any of these at this moment, and which: `scope` of many at once."""
    if not isinstance(user, User) or not user.is_active or user.without_second_step:
        return {}
    wanted = frozenset(perms)
    if user.is_superuser:
        return dict.fromkeys(Neighborhood.objects.all(), wanted)
    found: dict[Neighborhood, frozenset[str]] = effects.call("held", user=user, perms=wanted, at=at)
    return found


def may(user: User | AnonymousUser, perm: str, neighborhood: Neighborhood, at: datetime) -> bool:
    return scope(user, perm, at).filter(pk=neighborhood.pk).exists()
