"""Writes a picture of every screen into var/screenshots/, and those of README.md into docs/screenshots/."""

from __future__ import annotations

import shutil
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import screenshots, shots


class Command(BaseCommand):
    help = "Starts a demo of its own, photographs its screens at two widths, in both languages, light and dark, and ends it."
    requires_system_checks: list[str] = []  # the demo it starts has its own

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="*", help="of pages, as in portal/shots.py; all, if none is named")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from playwright.sync_api import Error, sync_playwright
        except ImportError:
            raise CommandError("This needs playwright (requirements-dev.txt) and Chromium.") from None
        folder, shown = settings.VAR / "screenshots", settings.BASE_DIR / "docs" / "screenshots"
        for each in (folder, shown):
            each.mkdir(parents=True, exist_ok=True)
        self.stdout.write("Starting a demo to photograph …")
        try:
            with screenshots.house() as (url, var), sync_playwright() as playwright:
                browser = screenshots.open_browser(playwright)
                photos = var / "demo" / "photos"
                camera = screenshots.Camera(browser, url, photos=photos, folder=folder, say=self.stdout.write)
                camera.take(options["names"])
                browser.close()
        except (screenshots.NoHouse, Error) as failed:
            raise CommandError(str(failed)) from failed
        for name in shots.IN_README:
            if (folder / f"{name}.png").exists():
                shutil.copyfile(folder / f"{name}.png", shown / f"{name}.png")
