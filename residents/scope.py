"""Where somebody may act: the one question every staff screen asks first."""

from __future__ import annotations

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


def may(user: User | AnonymousUser, perm: str, neighborhood: Neighborhood, at: datetime) -> bool:
    return scope(user, perm, at).filter(pk=neighborhood.pk).exists()
