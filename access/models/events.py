"""Entry events as gates report them: no photos, no names, no person."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models.gates import Device, Gate
from residents.models import Neighborhood

# Letters and what holds them together: no digits, so no phone, card or identity number either.
CODE = r"^[a-z][a-z_.-]*$"


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
            models.Index(fields=["neighborhood", "received_at"], name="event_by_age"),
            models.Index(fields=["-received_at", "id"], name="event_newest_first"),
            # Most gates open most of the time: the others are few.
            models.Index(
                fields=["outcome", "-received_at", "id"],
                condition=~Q(outcome="opened"),
                name="event_not_opened",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["device", "boot", "sequence"], name="event_once"),
            # F3: what words there are here are codes of ours. A name or a number of somebody is none.
            models.CheckConstraint(
                condition=Q(kind__regex=CODE) & Q(outcome__regex=CODE) & Q(reason__regex=rf"^$|{CODE}"),
                name="event_says_codes_only",
            ),
        ]

    def __str__(self) -> str:
        return f"event {str(self.pk)[:8]}"
