"""The record of processing, as the code has it; with --write into docs/record-of-processing.md."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal import processing


class Command(BaseCommand):
    help = "Says what is done with whose data, what for, how long, and where it can be. --write puts it into docs/."
    requires_system_checks: list[str] = []  # it reads code, and no database

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--write", action="store_true", help="write docs/record-of-processing.md")

    def handle(self, *args: Any, write: bool, **options: Any) -> None:
        if write:
            processing.DOCUMENT.write_text(processing.document(), encoding="utf-8")
            self.stdout.write(f"Written: {processing.DOCUMENT.name}")
        else:
            self.stdout.write(processing.document())
