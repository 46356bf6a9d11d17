"""What scheduled deletion did, as numbers; and when it was late."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from residents.models.places import Neighborhood


class RetentionRun(models.Model):
    """One rule on one day, over all neighborhoods. It is of nobody, so it belongs to no neighborhood; and there are as
    many rows as there are rules and days."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    rule = models.CharField(_("rule"), max_length=80)
    day = models.DateField(_("day"))
    deleted = models.BigIntegerField(_("gone"), default=0)
    failed = models.BigIntegerField(_("failed"), default=0)
    still_due = models.BigIntegerField(_("still due"), default=0)
    oldest_due = models.DateTimeField(_("due since"), null=True)
    seconds = models.FloatField(_("seconds"), default=0)
    last_at = models.DateTimeField(_("last sweep"))

    class Meta:
        verbose_name = _("scheduled deletion")
        verbose_name_plural = _("scheduled deletions")
        constraints = [models.UniqueConstraint(fields=["rule", "day"], name="retention_run_once")]

    def __str__(self) -> str:
        return f"{self.rule} {self.day}"


class Lateness(models.Model):
    """That something is kept for longer than it may be here, from when it was noticed until it was not so any more.

    One row for each time, so that whoever answers for it is told once of each. It is of nobody.
    """

    SWEEP = "sweep"  # nobody sweeps, whatever the rows say

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    rule = models.CharField(_("rule"), max_length=80)  # its code, or SWEEP
    since = models.DateTimeField(_("noticed"), db_default=Now())
    over_at = models.DateTimeField(_("over"), null=True)

    class Meta:
        verbose_name = _("late deletion")
        verbose_name_plural = _("late deletions")
        constraints = [
            models.UniqueConstraint(
                fields=["neighborhood", "rule"], condition=Q(over_at=None), name="lateness_once"
            ),
            models.CheckConstraint(
                condition=Q(over_at=None) | Q(over_at__gte=F("since")), name="lateness_ends_after_it_began"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {str(self.pk)[:8]}"
