"""After a backup was put back: removes every passkey, ends every session and every letter that leads back into an account.

What was removed, ended or spent since the backup is back with it, and nobody can say which. Passwords and one-time codes
stay; letters that open an account do, too, for the accounts that they opened since are lost.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from residents import letters, passkeys
from residents.models import User


class Command(BaseCommand):
    help = "Removes every passkey and ends every session and way back in, after a backup was put back."

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        with transaction.atomic():
            worthless = letters.end_every_way_back(at=at)  # people are locked first, accounts after
            holders = User.objects.filter(passkeys__removed_at=None, passkeys__isnull=False).distinct()
            removed = sum(passkeys.remove_all(user=each, at=at) for each in holders.order_by("pk"))
            ended = User.objects.update(sessions_ended=F("sessions_ended") + 1)
        self.stdout.write(
            f"Passkeys removed: {removed}. Letters and slips ended: {worthless}."
            f" Accounts whose sessions are ended: {ended}."
        )
