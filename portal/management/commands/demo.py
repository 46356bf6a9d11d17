"""Fills an empty demo with its community, once; `make demo` runs it before the doors open."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal import practice
from portal.demo import fill, renew_pairing_codes
from residents.models import Neighborhood


class Command(BaseCommand):
    help = "Moves the made-up residents in. Refuses outside demo mode; leaves what is there alone."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is no demo (LINMEN_MODE=demo).")
        done = settings.VAR / "demo" / "filled"
        if done.exists():
            renew_pairing_codes(at=timezone.now())
            self.stdout.write("The residents are there already.")
            return
        if Neighborhood.objects.exists():
            raise CommandError("An earlier start was cut off half way. Begin anew: make reset")
        fill(at=timezone.now(), say=self.stdout.write)
        practice.put_back(at=timezone.now())
        done.parent.mkdir(exist_ok=True)
        done.touch()
