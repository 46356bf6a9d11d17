"""What scheduled deletion did, as numbers."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


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
