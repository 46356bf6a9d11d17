"""Draws the icons in static/ anew."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from portal import icons


class Command(BaseCommand):
    help = "Draws the icons for a phone's first screen from the shapes of static/mark.svg."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for path in icons.write(settings.BASE_DIR / "static"):
            self.stdout.write(f"{path.name}  {path.stat().st_size} bytes")
