"""Makes the file with which a court or an authority is given what a legal hold keeps, once two of the staff have agreed to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from residents import handing_out

REFUSED = {
    "closed": "Under this number nothing is to be handed out: two of the staff agree first, at the desk, and the hold is in force.",
    "nothing": "The hold keeps nothing that could be handed out.",
    "key": "The key is no age public key.",
    "made": "It was made already, once and for all. Should it be needed again, two of the staff agree anew.",
    "exists": "There is a file of that name already.",
}


class Command(BaseCommand):
    help = "Makes the file for a court or an authority that two of the staff agreed to; only its recipient opens it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", type=UUID, help="as the desk shows it beside the hold")
        parser.add_argument("--to", required=True, type=Path, help="the file, as yet without that name")

    def handle(self, *args: Any, number: UUID, to: Path, **options: Any) -> None:
        try:
            made = handing_out.make(handout=number, path=to, at=timezone.now())
        except handing_out.HandOutRefused as refused:
            raise CommandError(REFUSED[refused.reason]) from None
        except OSError as error:
            raise CommandError(f"{to} cannot be written: {error.strerror}") from None
        self.stdout.write(f"{to}: {made.rows} copies, SHA-256 {made.sha256}. Only whom it is for opens it.")
