"""Writes the pictures of docs/screenshots/ anew."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal import screenshots


class Command(BaseCommand):
    help = (
        "Starts a demo of its own, photographs its screens at two widths and in both languages, and ends it."
    )
    requires_system_checks: list[str] = []  # the demo it starts has its own

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from playwright.sync_api import Error, sync_playwright
        except ImportError:
            raise CommandError("This needs playwright (requirements-dev.txt) and Chromium.") from None
        folder = settings.BASE_DIR / "docs" / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        self.stdout.write("Starting a demo to photograph …")
        try:
            with screenshots.house() as url, sync_playwright() as playwright:
                browser = screenshots.open_browser(playwright)
                screenshots.Camera(browser, url, folder, self.stdout.write).take_all()
                browser.close()
        except (screenshots.NoHouse, Error) as failed:
            raise CommandError(str(failed)) from failed
