"""Names a witness, by the line that `witness.py key` printed, or lists those that are known."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError, transaction

from ledger import checkpoints, notes
from ledger.models import Witness


class Command(BaseCommand):
    help = "Takes cosignatures of a witness from now on. Without a key, lists the witnesses."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("key", nargs="?", help="the line that `witness.py key` printed")

    def handle(self, *args: Any, key: str | None, **options: Any) -> None:
        if key is not None:
            try:
                with transaction.atomic():
                    checkpoints.welcome(notes.key(key))
            except notes.BadNote as bad:
                raise CommandError(str(bad)) from bad
            except IntegrityError:
                raise CommandError("A witness of this name or with this key is known already.") from None
        for witness in Witness.objects.order_by("pk"):
            self.stdout.write(str(checkpoints.known(witness)))
