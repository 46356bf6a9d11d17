"""Entry events as gates report them: no photos, no names, no person."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from access.models.gates import Device, Gate
from residents.models import Neighborhood


class EntryEvent(models.Model):
    """The credential is an opaque id without a foreign key: an unknown or erased one must not lose the event."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    gate = models.ForeignKey(Gate, models.PROTECT, related_name="events")
    device = models.ForeignKey(Device, models.PROTECT, related_name="events")
    boot = models.UUIDField()
    sequence = models.BigIntegerField()
    kind = models.CharField(_("by"), max_length=20)
    credential = models.UUIDField(null=True)
    outcome = models.CharField(_("outcome"), max_length=20)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    device_time = models.DateTimeField(_("by the gate's clock"))
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("entry event")
        verbose_name_plural = _("entry events")
        indexes = [
            models.Index(fields=["gate", "-received_at"], name="event_by_gate"),
            models.Index(fields=["credential", "-received_at"], name="event_by_credential"),
        ]
        constraints = [models.UniqueConstraint(fields=["device", "boot", "sequence"], name="event_once")]

    def __str__(self) -> str:
        return f"event {str(self.pk)[:8]}"
