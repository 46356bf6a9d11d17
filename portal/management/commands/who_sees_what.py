"""Who sees what of a resident, as the code has it; with --write into docs/who-sees-what.md."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal import matrix


class Command(BaseCommand):
    help = "Says which office sees what of a resident, and on what condition. --write puts it into docs/."
    requires_system_checks: list[str] = []  # it reads code, and no database

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="write docs/who-sees-what.md")

    def handle(self, *args: Any, write: bool, **options: Any) -> None:
        if write:
            matrix.DOCUMENT.write_text(matrix.document(), encoding="utf-8")
            self.stdout.write(f"Written: {matrix.DOCUMENT.name}")
        else:
            self.stdout.write(matrix.document())
