"""Makes the practice neighborhood, or puts it back as it was. Allowed in production: nobody in it is real."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone, translation

from portal import practice


class Command(BaseCommand):
    help = (
        "Makes the practice neighborhood for the desk, or puts it back as it was. Real rows are not touched."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with translation.override("zh-hans"):
            here = practice.put_back(at=timezone.now())
        self.stdout.write(
            f"{here.name} ({here.name_en}) is as it should be. Staff choose it on the desk's first page."
        )
