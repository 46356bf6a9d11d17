"""The wrapping key on two sheets of paper, kept by two people: printed, tried, and made a key again.

No part of the key is ever an argument or in a log: halves are typed at a prompt, unseen unless `--show` is asked for.
"""

from __future__ import annotations

import base64
import getpass
import hmac
import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.template.loader import render_to_string
from django.utils import timezone

from vault import canary, custody, wrapping

TRIES = 5
CLEAR = "\033[2J\033[3J\033[H"


class Command(BaseCommand):
    help = "Prints the wrapping key as two halves, tries typed halves, or makes the key file from them again."
    requires_system_checks: list[str] = []  # it is needed most where a start is refused

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=("print", "check", "restore"))
        parser.add_argument("--show", action="store_true", help="show what is typed")
        parser.add_argument(
            "--to", default="", metavar="FILE", help="restore to this file, not WRAPPING_KEY_FILE"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.show = bool(options["show"])
        if options["act"] == "print":
            self._print(wrapping_key())
        elif options["act"] == "check":
            self._check(self._typed_in())
        else:
            target = options["to"] or os.environ.get("WRAPPING_KEY_FILE", "")
            if not target:
                raise CommandError("Say where to: set WRAPPING_KEY_FILE, or give --to FILE.")
            self._restore(self._typed_in(), Path(target))

    def _print(self, secret: bytes) -> None:
        if not self._fits(secret):
            raise CommandError("The key at hand is not the vault's: it is not printed.")
        for half, lines in zip(custody.HALVES, custody.split(secret), strict=True):
            sheet = render_to_string(
                "custody/half.txt",
                {
                    "half": half,
                    "lines": lines,
                    "name": custody.spoken_name(secret),
                    "day": timezone.localdate().isoformat(),
                },
            )
            if not self.stdout.isatty():
                self.stdout.write(sheet + "\f", ending="")
                continue
            self.stdout.write(
                f"{CLEAR}{sheet}\nCopy this half; then let the other person come alone. ", ending=""
            )
            getpass.getpass("[Enter]")
            self.stdout.write(CLEAR, ending="")
        self.stderr.write("Both sheets of this printing belong together. Try them: custody check")

    def _check(self, secret: bytes) -> None:
        in_use = wrapping.secret() if settings.WRAPPING_KEY else None
        if in_use is not None and not hmac.compare_digest(secret, in_use):
            raise CommandError("The halves make a key, but not the one in use.")
        if not self._fits(secret):
            raise CommandError("The halves make a key, but not the one that wrapped what is in this vault.")
        if in_use is None:
            self.stdout.write("No key is in use here. If the vault is this one, restore it: custody restore")
        self.stdout.write(f"The halves make key {custody.spoken_name(secret)}. Put them back under seal.")

    def _restore(self, secret: bytes, target: Path) -> None:
        if not self._fits(secret):
            raise CommandError("The halves make a key, but not the one that wrapped what is in this vault.")
        text = base64.b64encode(secret).decode() + "\n"
        try:
            # Never over another key, and never readable by others, not even for a moment.
            opened = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if target.read_text(encoding="ascii", errors="replace").strip() == text.strip():
                self.stdout.write("This very key is there already.")
                return
            raise CommandError(
                f"{target} holds something else. Move it away first; do not delete it."
            ) from None
        except OSError as error:
            raise CommandError(f"{target} cannot be written: {error.strerror}") from None
        with os.fdopen(opened, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        self.stdout.write(f"Key {custody.spoken_name(secret)} is written. Put both halves back under seal.")

    def _fits(self, secret: bytes) -> bool:
        """Whether the vault knows this key. One that cannot be asked is asked again by every start."""
        try:
            canary.opens(wrapping.AesGcmWrapper(secret))
        except (wrapping.WrappingKeyMissing, wrapping.WrappedKeyDamaged):
            return False
        except canary.NoCanary:
            self.stderr.write("Note: this vault has no canary yet, so the key was not compared with it.")
        except DatabaseError as error:
            self.stderr.write(
                f"Note: the vault does not answer ({type(error).__name__}); not compared with it."
            )
        return True

    def _typed_in(self) -> bytes:
        first, second = (self._half(half) for half in custody.HALVES)
        try:
            return custody.join(first, second)
        except custody.NotAPair as refused:
            raise CommandError(f"{refused} Is one of them from an older printing?") from None

    def _half(self, half: int) -> list[bytes]:
        self.stderr.write(f"Half {half}: its {custody.LINES} lines. Whoever keeps it types them.")
        return [self._line(half, line) for line in range(1, custody.LINES + 1)]

    def _line(self, half: int, line: int) -> bytes:
        for tries_left in reversed(range(TRIES if sys.stdin.isatty() else 1)):
            try:
                return custody.read_line(self._ask(f"{half}.{line}  "), half=half, line=line)
            except custody.WrongLine as wrong:
                if not tries_left:
                    raise CommandError(f"{wrong}") from None
                self.stderr.write(f"{wrong}")
        raise AssertionError("unreachable")

    def _ask(self, prompt: str) -> str:
        if not sys.stdin.isatty():
            return sys.stdin.readline()
        try:
            return input(prompt) if self.show else getpass.getpass(prompt)
        except EOFError:
            return ""


def wrapping_key() -> bytes:
    try:
        return wrapping.secret()
    except wrapping.WrappingKeyMissing as missing:
        raise CommandError(str(missing)) from None
