"""`migrate` as the owner role, and for both databases unless one is named."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

from portal import roles
from portal.checks import WRONG_KEY
from portal.owner import about_to_act, as_owner
from residents import backups
from vault import canary
from vault.wrapping import WrappedKeyDamaged, WrappingKeyMissing


class Command(Migrate):
    help = "Brings both databases up to date, as the role that owns them."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=None)

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        return {"databases": _meant(options)}

    def check(self, *args: Any, **kwargs: Any) -> None:
        with about_to_act():
            super().check(*args, **kwargs)

    def handle(self, *args: Any, **options: Any) -> None:
        for alias in _meant(options):
            if options["verbosity"] >= 1:
                self.stdout.write(self.style.MIGRATE_HEADING(f"Database {alias}:"))
            with as_owner(alias):
                super().handle(*args, **{**options, "database": alias})
                _keep_history(alias)
                if alias == "vault" and not (options["plan"] or options["check_unapplied"]):
                    _plant()
        if not (options["plan"] or options["check_unapplied"]):
            _settle()


def _plant() -> None:
    """As soon as there is a vault it knows its wrapping key, so that no start can take another one for it."""
    with connections["vault"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.vault_canary') IS NOT NULL")
        if cursor.fetchone() != (True,):
            return
    try:
        canary.plant()
    except (WrappingKeyMissing, WrappedKeyDamaged) as refused:
        raise CommandError(f"{refused} {WRONG_KEY}") from None


def _settle() -> None:
    """Once both are there: which databases these are, so that a copy of them can be told from them."""
    with as_owner("default"), connections["default"].cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.residents_restoration') IS NOT NULL")
        if cursor.fetchone() == (True,):
            backups.settle()


def _keep_history(alias: str) -> None:
    """The application may read what was migrated, and not rewrite it."""
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
        if cursor.fetchone() == (True,):
            cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {roles.APP}")


def _meant(options: dict[str, Any]) -> list[str]:
    if options["database"]:
        return [options["database"]]
    if options["app_label"]:
        return ["vault" if options["app_label"] == "vault" else "default"]
    return list(settings.DATABASES)
