"""Look-ups: who of the staff saw whose contact details, why, and until when."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from residents.models.people import Resident
from residents.models.places import Neighborhood
from residents.models.users import User


class LookUp(models.Model):
    """Append-only (see the migration): not even a superuser can unwrite what they looked at."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="look_ups")
    by = models.ForeignKey(User, models.PROTECT, related_name="look_ups")
    capacity = models.CharField(_("in which role"), max_length=40)
    reason = models.CharField(_("reason"), max_length=300)
    at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("look-up")
        verbose_name_plural = _("look-ups")
        indexes = [models.Index(fields=["resident", "-at"], name="lookup_by_resident")]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="lookup_has_a_reason"),
            models.CheckConstraint(condition=Q(until__gt=F("at")), name="lookup_is_time_boxed"),
        ]

    def __str__(self) -> str:
        return f"look-up {str(self.pk)[:8]}"
