from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from consent.models.decisions import Decision
from consent.models.forms import IN_FORCE
from consent.models.purposes import Purpose
from residents.models import Neighborhood, Resident


class StandingQuerySet(models.QuerySet["Standing"]):
    def live(self, at: datetime) -> StandingQuerySet:
        """In force: its time is not over, and its form is in force, in these words or others (obligation 7)."""
        return self.filter(expires_at__gt=at, decision__form__state__in=IN_FORCE)

    def over(self, at: datetime) -> StandingQuerySet:
        """Not live any more, and still to be ended."""
        return self.filter(Q(expires_at__lte=at) | ~Q(decision__form__state__in=IN_FORCE))

    def of(self, resident: Resident, purpose: str) -> StandingQuerySet:
        return self.filter(resident=resident, purpose=purpose)


class Standing(models.Model):
    """Exists only while consent is in force (law 3). Its key dies with it; a new yes gets a new key."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="standings")
    purpose = models.CharField(max_length=40, choices=Purpose.choices)
    decision = models.OneToOneField(Decision, models.PROTECT, related_name="standing")
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)  # in the vault
    since = models.DateTimeField()
    expires_at = models.DateTimeField()

    objects = StandingQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent in force")
        verbose_name_plural = _("consents in force")
        indexes = [models.Index(fields=["expires_at"], name="standing_by_expiry")]
        constraints = [
            models.UniqueConstraint(fields=["resident", "purpose"], name="standing_once"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("since")), name="standing_ends"),
        ]

    def __str__(self) -> str:
        return f"standing {str(self.pk)[:8]}"
