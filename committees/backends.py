"""Signing in, and the one answer to `user.has_perm`."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model
from django.utils import timezone

from residents.models import Neighborhood, User
from residents.scope import may


class TermBackend(ModelBackend):
    """Django's passwords without Django's permissions.

    A permission given to an account or a group as such would hold in every neighborhood and for ever. So none counts:
    a right is held on one neighborhood, by guardian's row and a term together. This replaces guardian's own backend,
    for which its row alone is enough.
    """

    def has_perm(
        self, user_obj: User | AnonymousUser, perm: str, obj: Model | None = None, **extra: Any
    ) -> bool:
        if not isinstance(obj, Neighborhood):
            return False
        return may(user_obj, perm.removeprefix("residents."), obj, timezone.now())

    def has_module_perms(self, user_obj: User | AnonymousUser, app_label: str) -> bool:
        return False

    def get_user_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        return set()

    def get_group_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        return set()

    def get_all_permissions(self, user_obj: Any, obj: Model | None = None) -> set[str]:
        return set()
