"""Keys live in a database of their own: the vault's models there, everything else in the default one."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

VAULT = "vault"


class VaultRouter:
    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        return VAULT if model._meta.app_label == VAULT else "default"

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        return self.db_for_read(model)

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool:
        return (one._meta.app_label == VAULT) == (other._meta.app_label == VAULT)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == VAULT) == (app_label == VAULT)
