from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from portal.lighthouse import LIMIT, measured


class Command(BaseCommand):
    help = "What Lighthouse says of four pages in both languages, on a demo of its own. Wants Node.js and Chromium."

    requires_system_checks: list[str] = []  # the demo it starts has its own

    def handle(self, *args: object, **options: object) -> None:
        if shutil.which("npx") is None:
            raise CommandError("Lighthouse comes from npm: install Node.js first, then try again.")
        logging.getLogger("httpx").setLevel(logging.WARNING)
        under = []
        with tempfile.TemporaryDirectory() as folder:
            for language, path, scores in measured(Path(folder)):
                said = "  ".join(f"{category} {score}" for category, score in scores.items())
                self.stdout.write(f"{language:8}{path:28}{said}")
                under += [f"{path} ({language})"] if min(scores.values()) < LIMIT else []
        if under:
            raise CommandError(f"under {LIMIT}: {', '.join(under)}")
