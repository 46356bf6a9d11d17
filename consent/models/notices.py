from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from consent.models.forms import Form
from consent.models.purposes import Purpose
from residents.models import Neighborhood, Resident


class Notice(models.Model):
    """Something about a consent that a person is told once. Only those who had said yes are told of a change."""

    class Kind(models.TextChoices):
        FORM_CHANGED = "form_changed", _("the form changed, and your yes ended")
        FORM_REWORDED = "form_reworded", _("the form says the same in other words, and your yes stands")
        PAPER_YES = "paper_yes", _("your yes on paper was taken in")
        PAPER_STOPPED = "paper_stopped", _("your yes on paper does not count")
        NOW_YOURS = "now_yours", _("you are fourteen: from now on you decide yourself")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="consent_notices")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    purpose = models.CharField(max_length=40, choices=Purpose.choices)
    form = models.ForeignKey(Form, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("notice about a consent")
        verbose_name_plural = _("notices about consents")
        constraints = [models.UniqueConstraint(fields=["resident", "kind", "form"], name="notice_told_once")]

    def __str__(self) -> str:
        return f"notice {str(self.pk)[:8]}"
