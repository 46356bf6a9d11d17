"""After a backup was put back: removes every passkey and ends every session.

What was removed or ended since the backup is back with it, and nobody can say which. Passwords and one-time codes stay.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from residents import passkeys
from residents.models import User


class Command(BaseCommand):
    help = "Removes every passkey and ends every session, after a backup was put back."

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        with transaction.atomic():
            holders = User.objects.filter(passkeys__removed_at=None, passkeys__isnull=False).distinct()
            removed = sum(passkeys.remove_all(user=each, at=at) for each in holders.order_by("pk"))
            ended = User.objects.update(sessions_ended=F("sessions_ended") + 1)
        self.stdout.write(f"Passkeys removed: {removed}. Accounts whose sessions are ended: {ended}.")
