"""The yearly audit of how data of minors was handled (obligation 39): opened by itself, closed by an auditor in words."""

from __future__ import annotations

import uuid
from datetime import date

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from residents.models.places import Neighborhood
from residents.models.users import User


def due_on(year: int) -> date:
    """The last day of January after it, as the trigger of the migration has it."""
    return date(year + 1, 1, 31)


class MinorsAuditQuerySet(models.QuerySet["MinorsAudit"]):
    def open(self) -> MinorsAuditQuerySet:
        return self.filter(closed_at=None)


class MinorsAudit(models.Model):
    """One for each year and neighborhood. It stands from the first sweep of its year on, is closed once, after that year, and
    never changes again; triggers of the migration hold it, and that it goes after three years and no day sooner."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField(_("year"))
    opened_at = models.DateTimeField(db_default=Now())
    due_on = models.DateField(_("to be closed by"))
    late_at = models.DateTimeField(null=True)  # when the auditors were told that it is late
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    capacity = models.CharField(_("in which role"), max_length=40, blank=True)
    findings = models.CharField(_("findings"), max_length=2000, blank=True)

    objects = MinorsAuditQuerySet.as_manager()

    class Meta:
        verbose_name = _("yearly audit of minors’ data")
        verbose_name_plural = _("yearly audits of minors’ data")
        constraints = [
            models.UniqueConstraint(fields=["neighborhood", "year"], name="minorsaudit_once_a_year"),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by=None, capacity="", findings="")
                | Q(closed_at__isnull=False, closed_by__isnull=False) & ~Q(capacity="") & ~Q(findings=""),
                name="minorsaudit_closed_in_words",
            ),
        ]

    def __str__(self) -> str:
        return f"audit {str(self.pk)[:8]}"
