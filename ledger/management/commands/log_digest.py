"""Mails the newest checkpoint to LEDGER_DIGEST_TO now, as the weekly task does."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from ledger import digest


class Command(BaseCommand):
    help = "Mails the newest checkpoint of the ledger to the addresses in LEDGER_DIGEST_TO."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"Sent to {digest.send()}.")
