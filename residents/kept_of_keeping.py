"""How long it is kept how well these rules are kept: audits, sweeps, and what was late. None of it names a resident."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from residents.keeping import End, Rule, deleted
from residents.models import Lateness, MinorsAudit, RetentionRun

RUNS = timedelta(days=400)
# As long as an assessment is kept (PIPL 56); the database lets it go no sooner (residents 0041).
AUDITED = timedelta(days=3 * 365)

OF_RECORDS: Sequence[Rule] = (
    Rule(
        code="residents.minors_audits",
        what=_("What the yearly audit of minors’ data found, and who closed it"),
        why=_("So that those who supervise us can read it. It names no resident."),
        life=AUDITED,
        since=_("after it was closed"),
        end=End.DELETE,
        covers=("residents.MinorsAudit",),
        rows=lambda: MinorsAudit.objects.filter(closed_at__isnull=False),
        clock="closed_at",
        forget=deleted(MinorsAudit),
    ),
    Rule(
        code="residents.retention_runs",
        what=_("How much was deleted each day, as numbers"),
        why=_("So that auditors can see that these rules are kept. It names nobody."),
        life=RUNS,
        since=_("after the day"),
        end=End.DELETE,
        covers=("residents.RetentionRun",),
        rows=RetentionRun.objects.all,
        clock="last_at",
        forget=deleted(RetentionRun),
    ),
    Rule(
        code="residents.latenesses",
        what=_("That one of these rules was late, and until when"),
        why=_("So that auditors can see how well they are kept. It names nobody."),
        life=RUNS,
        since=_("after it was put right"),
        end=End.DELETE,
        covers=("residents.Lateness",),
        rows=lambda: Lateness.objects.filter(over_at__isnull=False),
        clock="over_at",
        forget=deleted(Lateness),
    ),
)
