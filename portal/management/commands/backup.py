"""Makes a backup set, says which there are, and sees to it that those are gone whose time is up."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from pyrage import x25519

from portal import backups
from portal.journal import JournalRefused
from residents.models import Backup


class Command(BaseCommand):
    help = "Makes an encrypted backup set of the data or of the vault; lists sets; deletes those whose time is up."
    requires_system_checks: list[str] = []  # it needs no key of the house, and is given none

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=("data", "vault", "list", "expire", "declare", "key"))
        parser.add_argument(
            "--holds", choices=("data", "vault"), help="declare: what a set made elsewhere holds"
        )
        parser.add_argument("--days", type=int, default=0, help="declare: after how many days it is gone")

    def handle(self, *args: Any, act: str, holds: str | None, days: int, **options: Any) -> None:
        at = timezone.now()
        try:
            if act == "key":
                self._key()
            elif act == "list":
                self._list()
            elif act == "expire":
                self.stdout.write(
                    f"{backups.end(at=at)} sets are gone; {backups.overdue(at=at)} should be and are not."
                )
            elif act == "declare":
                if holds is None:
                    raise CommandError("Say what it holds: --holds data or --holds vault.")
                made = backups.declare(kind=Backup.Kind(holds), days=days, at=at)
                self.stdout.write(f"Set {made.pk} counts until {made.expires_at:%Y-%m-%d %H:%M} UTC.")
            else:
                made = backups.make(kind=Backup.Kind(act), at=at)
                self.stdout.write(
                    f"Set {made.pk} of the {made.kind}: {made.size} bytes, to be gone by {made.expires_at:%Y-%m-%d}."
                )
        except (backups.BackupRefused, JournalRefused) as refused:
            raise CommandError(str(refused)) from None

    def _list(self) -> None:
        for each in Backup.objects.order_by("made_at"):
            where = "elsewhere" if each.declared else each.state
            self.stdout.write(
                f"{each.made_at:%Y-%m-%d %H:%M}  {each.kind:<5}  {where:<9}  until {each.expires_at:%Y-%m-%d %H:%M}  {each.pk}"
            )

    def _key(self) -> None:
        """As `age-keygen` writes it: the line above goes into BACKUP_RECIPIENTS, the one below into a safe."""
        made = x25519.Identity.generate()
        self.stdout.write(f"# public key: {made.to_public()}")
        self.stdout.write(str(made))
