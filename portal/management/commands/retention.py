"""What scheduled deletion would delete, does, or did."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone, translation

from portal import lateness, retention
from residents.keeping import Rule
from residents.models import RetentionRun

REPORT_DAYS = 30
LONGEST = timedelta(hours=6)
# A line for each batch of a million rows would say nothing.
SAYS_EVERY_SECONDS = 2.0


class Command(BaseCommand):
    help = (
        "Says, rule by rule, what is due. Deletes nothing unless told to with --run. A run shares the work with the sweeps of"
        " workers, may be broken off at any moment, and goes on where it was when it is run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        either = parser.add_mutually_exclusive_group()
        either.add_argument("--run", action="store_true", help="delete what is due, all of it")
        either.add_argument("--report", action="store_true", help="what the last thirty days deleted")
        parser.add_argument(
            "--rule", action="append", default=[], metavar="CODE", help="this rule only; may be given again"
        )

    def handle(self, *args: Any, run: bool, report: bool, rule: list[str], **options: Any) -> None:
        rules = _named(rule)
        with translation.override("en"):
            if report:
                self._report(rules)
            elif run:
                self._run(rules, whole=not rule)
            else:
                self._would_go(rules)

    def _would_go(self, rules: list[Rule]) -> None:
        at = timezone.now()
        late = {rule.code for rule in retention.late(at=at, rules=rules)}
        for rule in rules:
            count, oldest = retention.due(rule, at=at)
            since = f", oldest {oldest:%Y-%m-%d}" if oldest else ""
            alarm = "  LATE" if rule.code in late else ""
            self.stdout.write(f"{rule.code:<30} {count:>7} due{since}  (kept {rule.how_long()}){alarm}")
        self.stdout.write("Nothing was deleted. --run deletes.")

    def _run(self, rules: list[Rule], *, whole: bool) -> None:
        progress = Progress(self, timezone.now())
        try:
            turns = retention.sweep(
                at=progress.at,
                rules=retention.RULES if whole else rules,
                seconds=LONGEST.total_seconds(),
                after=progress.of,
            )
        except KeyboardInterrupt:
            raise CommandError(
                "Broken off. What is counted above is done and stays done; run it again to go on.",
                returncode=130,
            ) from None
        for turn in turns:
            failed = f"  {turn.failed} failed" if turn.failed else ""
            self.stdout.write(f"{turn.rule.code:<30} {turn.gone:>7} gone{failed}")
        if any(turn.failed for turn in turns):
            raise CommandError(
                "Some of it failed, and is due still; the log says of which kind each failure was."
            )

    def _report(self, rules: list[Rule]) -> None:
        since = timezone.localdate() - timedelta(days=REPORT_DAYS)
        codes = [rule.code for rule in rules]
        for row in RetentionRun.objects.filter(day__gte=since, rule__in=codes).order_by("-day", "rule"):
            if row.deleted or row.failed or row.still_due:
                self.stdout.write(
                    f"{row.day}  {row.rule:<30} {row.deleted:>7} gone  {row.failed} failed"
                    f"  {row.still_due} still due  {row.seconds:.1f} s"
                )
        last = lateness.last_sweep()
        self.stdout.write(f"Last sweep: {last:%Y-%m-%d %H:%M:%S}" if last else "There was no sweep yet.")
        for rule in retention.late(at=timezone.now(), rules=rules):
            self.stdout.write(f"{rule.code:<30} LATE")


class Progress:
    """Now and then a line as the work goes: how many went, how fast, how many are left."""

    def __init__(self, command: Command, at: datetime) -> None:
        self.command = command
        self.at = at
        self.said = time.monotonic()

    def of(self, turn: retention.Turn) -> None:
        if not turn.more or time.monotonic() - self.said < SAYS_EVERY_SECONDS:
            return
        left, _oldest = retention.due(turn.rule, at=self.at)
        rate = turn.gone / turn.seconds if turn.seconds else 0.0
        most = "+" if left == retention.COUNTED else ""
        self.command.stdout.write(
            f"{turn.rule.code:<30} {turn.gone:>7} so far, {rate:.0f} a second, {left}{most} left"
        )
        self.command.stdout.flush()
        self.said = time.monotonic()


def _named(codes: list[str]) -> list[Rule]:
    """Raises: CommandError"""
    known = {rule.code: rule for rule in retention.RULES}
    if unknown := sorted(set(codes) - set(known)):
        raise CommandError(f"No such rule: {', '.join(unknown)}. Without --rule this command lists them all.")
    return [known[code] for code in dict.fromkeys(codes)] if codes else list(retention.RULES)
