"""What scheduled deletion would delete, does, or did."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone, translation

from portal import retention
from residents.models import RetentionRun


class Command(BaseCommand):
    help = "Says, rule by rule, what is due. Deletes nothing unless told to with --run."

    def add_arguments(self, parser: CommandParser) -> None:
        either = parser.add_mutually_exclusive_group()
        either.add_argument("--run", action="store_true", help="delete what is due, all of it")
        either.add_argument("--report", action="store_true", help="what the last thirty days deleted")

    def handle(self, *args: Any, run: bool, report: bool, **options: Any) -> None:
        with translation.override("en"):
            if report:
                self._report()
            elif run:
                self._run()
            else:
                self._would_go()

    def _would_go(self) -> None:
        at = timezone.now()
        late = {rule.code for rule in retention.late(at=at)}
        for rule in retention.RULES:
            count, oldest = retention.due(rule, at=at)
            since = f", oldest {oldest:%Y-%m-%d}" if oldest else ""
            alarm = "  LATE" if rule.code in late else ""
            self.stdout.write(f"{rule.code:<30} {count:>7} due{since}  (kept {rule.how_long()}){alarm}")
        self.stdout.write("Nothing was deleted. --run deletes.")

    def _run(self) -> None:
        at = timezone.now()
        for turn in retention.sweep(at=at, seconds=timedelta(hours=6).total_seconds()):
            failed = f"  {turn.failed} failed" if turn.failed else ""
            self.stdout.write(f"{turn.rule.code:<30} {turn.gone:>7} gone{failed}")

    def _report(self) -> None:
        since = timezone.localdate() - timedelta(days=30)
        for row in RetentionRun.objects.filter(day__gte=since).order_by("-day", "rule"):
            if row.deleted or row.failed or row.still_due:
                self.stdout.write(
                    f"{row.day}  {row.rule:<30} {row.deleted:>7} gone  {row.failed} failed"
                    f"  {row.still_due} still due  {row.seconds:.1f} s"
                )
