"""Wrapping epochs: which there are, the first one, the next one now, and salts put back into the place that lost them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from vault import canary, epochs, rotation
from vault.models import Epoch, Key
from vault.salts import PlaceMissing
from vault.wrapping import WrappingKeyMissing


class Command(BaseCommand):
    help = "Lists wrapping epochs. `open` makes the first, `rotate` the next one now, `mend` copies salts to where they lack."
    requires_system_checks: list[str] = []  # it is needed where a start is refused

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", nargs="?", default="list", choices=("list", "open", "rotate", "mend"))
        parser.add_argument(
            "--dry-run", action="store_true", help="say what `rotate` would do, and do nothing"
        )

    def handle(self, *args: Any, act: str, dry_run: bool, **options: Any) -> None:
        try:
            if act == "open":
                opened = rotation.open_first()
                self.stdout.write("The first epoch is open." if opened else "There is one already.")
            elif act == "rotate" and not dry_run:
                self._rotate()
            elif act == "mend":
                rotation.mend()
                self.stdout.write("Every living epoch has its salt in both places.")
            else:
                self._list(rotating=act == "rotate")
        except (canary.NoCanary, WrappingKeyMissing, PlaceMissing, rotation.Waits, OSError) as refused:
            raise CommandError(str(refused)) from None

    def _rotate(self) -> None:
        done = rotation.turn(now=True, seconds=float("inf"))
        if done.opened:
            self.stdout.write(f"Epoch {done.opened} is open; {done.wrapped} keys are wrapped by it now.")
        for number in done.retired:
            self.stdout.write(f"Epoch {number} is retired: what it wrapped opens nowhere any more.")
        if done.stuck:
            raise CommandError(f"{len(done.stuck)} keys do not open: the old epoch cannot end.")
        if done.waits:
            raise CommandError(f"It waits: {done.waits}")
        self._list(rotating=False)

    def _list(self, *, rotating: bool) -> None:
        for epoch in Epoch.objects.order_by("number"):
            keys = Key.objects.filter(epoch=epoch.number, wrapped__isnull=False).count()
            self.stdout.write(
                f"{epoch.number:>5}  {bytes(epoch.name).hex()}  {keys:>8} keys  {_state(epoch)}"
            )
        alarm = rotation.alarm(at=timezone.now())
        if alarm.lacking:
            self.stdout.write(f"ALARM: {alarm.lacking} salts are not in their places: epochs mend")
        if alarm.late:
            self.stdout.write("ALARM: an epoch is late.")
        if rotating:
            keys = Key.objects.filter(wrapped__isnull=False).count()
            self.stdout.write(f"A new epoch would open, and {keys} keys be wrapped anew. Nothing was done.")


def _state(epoch: Epoch) -> str:
    if epoch.retired_at:
        return f"retired {epoch.retired_at:%Y-%m-%d %H:%M}"
    if epoch.retire_after:
        cleared = "" if epoch.cleared_at else ", not cleared yet"
        return f"ends {epoch.retire_after:%Y-%m-%d %H:%M}{cleared}"
    return f"wraps since {epoch.opened_at:%Y-%m-%d}, next due {epochs.ends(epoch):%Y-%m-%d}"
