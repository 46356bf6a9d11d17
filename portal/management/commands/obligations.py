"""`make obligations`: one line for each thing that is asked of Linmen, and whether a test that ran and passed holds it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import obligations
from portal.obligations import Coverage


class Command(BaseCommand):
    help = "Says which obligations the tests held when they last ran as a whole."
    requires_system_checks: list[str] = []  # it reads two files, and no database

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--require", default="", metavar="A1,A2,…", help="fail if one of these is not covered"
        )
        parser.add_argument("--long", action="store_true", help="with source, confidence, words and guards")

    def handle(self, *args: Any, **options: Any) -> None:
        required = [id.strip() for id in options["require"].split(",") if id.strip()]
        known = obligations.table()
        try:
            obligations.refuse_unknown(required, known=known)
            lines = obligations.coverage(held=obligations.results(), known=known)
        except obligations.NoResults:
            raise CommandError("The tests have not run as a whole yet. Run: make test") from None
        except obligations.UnknownObligation as unknown:
            raise CommandError(f"Not in docs/obligations.toml: {unknown}") from None
        for each in lines:
            self.stdout.write(each.line())
            if options["long"]:
                self._explain(each)
        missing = [
            each.obligation.id for each in lines if each.obligation.id in required and not each.covered
        ]
        if missing:
            raise CommandError(f"Required, and not covered: {', '.join(missing)}")

    def _explain(self, each: Coverage) -> None:
        asked = each.obligation
        self.stdout.write(f"    {asked.words}")
        self.stdout.write(f"    {asked.source}" + "".join(f" ({caveat})" for caveat in asked.caveats()))
        for guard in asked.guards if each.covered else ():
            self.stdout.write(f"    held by {guard}")
