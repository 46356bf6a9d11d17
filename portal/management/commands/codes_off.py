"""Switches one-time codes off, removes passkeys and ends sessions, for an account that no letter gets back into: staff who
live nowhere here, and who runs the system. As a letter does: else whoever put them there stays in. A resident asks at the
property office instead. The account tells of it for thirty days."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from residents import accounts, one_time_codes, passkeys, vouching
from residents.models import SecondStep, User


class Command(BaseCommand):
    help = (
        "Switches one-time codes off for an account of staff whose phone and recovery codes are gone; removes its passkeys"
        " and ends its sessions."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=User.normalize_username(options["username"])).first()
        if user is None:
            raise CommandError("There is no such account.")
        at = timezone.now()
        with transaction.atomic():
            off = one_time_codes.switch_off(user=user, because=SecondStep.Ended.BY_OPERATOR, at=at)
            removed = passkeys.remove_all(user=user, at=at)
            accounts.end_sessions(user)
            accounts.lose_step(user)
            vouching.tell_if_lost(user=user, at=at)
        self.stdout.write("One-time codes are off." if off else "One-time codes were off.")
        self.stdout.write(f"Passkeys removed: {removed}. Every session is ended.")
