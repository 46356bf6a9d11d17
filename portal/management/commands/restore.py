"""Puts a backup back, follows the erasure journal, and lets the application in again when all of it is done."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal import backups, restoring
from portal.backups import Kind
from portal.journal import JournalRefused
from residents.backups import NotFinished

REFUSED = (restoring.RestoreRefused, backups.BackupRefused, JournalRefused)


class Command(BaseCommand):
    help = "Puts back the data, the vault or both from backup sets, and erases again what was erased since."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, help="a set of the data, or a folder: its newest")
        parser.add_argument("--vault", type=Path, help="a set of the vault, or a folder: its newest")
        parser.add_argument("--identity", type=Path, help="the file with the age key that opens the sets")
        parser.add_argument(
            "--give-up", action="store_true", help="go back to what was there before a restore began"
        )
        parser.add_argument(
            "--over-newer-data", action="store_true", help="do not ask about what would be lost"
        )
        parser.add_argument("--look", action="store_true", help="only see whether it could be done")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["give_up"]:
            self._give_up()
            return
        paths = {kind: options[str(kind)] for kind in Kind if options[str(kind)] is not None}
        if not paths or options["identity"] is None:
            raise CommandError(
                "Say what to put back (--data, --vault or both), and what opens it (--identity)."
            )
        try:
            with restoring.alone(), restoring.as_owners():
                self._restore(paths, options)
        except REFUSED as refused:
            raise CommandError(f"{refused} Nothing was changed.") from None
        except restoring.NotWhole as unfinished:
            raise CommandError(
                f"{unfinished}\nNobody is let in. When it is mended, run the same command again: it goes on."
            ) from None

    def _give_up(self) -> None:
        try:
            with restoring.alone(), restoring.as_owners():
                done = restoring.give_up()
        except restoring.RestoreRefused as refused:
            raise CommandError(str(refused)) from None
        except NotFinished:
            raise CommandError("What is there does not serve either: put a backup back.") from None
        self.stdout.write("What was there is there again." if done else "No restore is under way.")

    def _restore(self, paths: dict[Kind, Path], options: dict[str, Any]) -> None:
        at = timezone.now()
        wanted = restoring.look(paths=paths, identity=self._identity(options["identity"]), at=at)
        if options["look"]:
            self.stdout.write("It opens, it is whole, and the journal reaches from it to its own end.")
            return
        newer = restoring.newer(wanted=wanted)
        if newer and not options["over_newer_data"]:
            self.stderr.write(f"The database that is there has {newer}. They would be lost.")
            if input("Type `lose them` to go on: ").strip() != "lose them":
                raise restoring.RestoreRefused("Not without your word.")
        for said in restoring.run(wanted=wanted, at=at, say=self.stdout.write):
            self.stdout.write(said)
        self.stdout.write("Done: nothing that was erased is back. Start web, worker and beat.")

    def _identity(self, file: Path) -> Any:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise restoring.RestoreRefused(f"{file} cannot be read: {error.strerror}.") from None
        return restoring.identity_from(data, lambda: getpass.getpass("Passphrase of the identity: "))
