"""How readers are: what each says of itself, and when it was not heard of. Nothing here tells of anybody who passes."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models.gates import Device, Gate
from residents.models import Neighborhood

# A version and nothing else: no letter or number of somebody fits in.
VERSION = r"^[0-9]{1,3}([.][0-9]{1,3}){0,3}$"
MOST_WAITING = 10_000_000
MOST_OFF = 10 * 366 * 24 * 3600  # seconds


class DeviceState(models.Model):
    """One row for each reader, overwritten at most once a minute (see the migration)."""

    class Power(models.TextChoices):
        MAINS = "mains", _("mains")
        BATTERY = "battery", _("battery")
        UNKNOWN = "unknown", _("not known")

    device = models.OneToOneField(Device, models.PROTECT, primary_key=True, related_name="state")
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    waiting = models.PositiveIntegerField()  # events that it has yet to send
    power = models.CharField(max_length=10, choices=Power.choices)
    agent = models.CharField(max_length=20)  # which version of its program
    clock_off = models.IntegerField()  # seconds that its own clock is ahead of ours
    told_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(power__in=["mains", "battery", "unknown"]), name="devicestate_power_is_known_word"
            ),
            models.CheckConstraint(condition=Q(agent__regex=VERSION), name="devicestate_agent_is_a_version"),
            models.CheckConstraint(
                condition=Q(waiting__lte=MOST_WAITING, clock_off__gte=-MOST_OFF, clock_off__lte=MOST_OFF),
                name="devicestate_numbers_are_bounded",
            ),
        ]

    def __str__(self) -> str:
        return f"state of device {str(self.pk)[:8]}"


class SilenceQuerySet(models.QuerySet["Silence"]):
    def standing(self) -> SilenceQuerySet:
        return self.filter(over_at=None)


class Silence(models.Model):
    """That a reader of a gate in service was not heard of: from when it is noticed until it has been heard of for a while."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    gate = models.ForeignKey(Gate, models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, models.PROTECT, related_name="silences")
    since = models.DateTimeField(_("last heard of"))
    noticed_at = models.DateTimeField(_("noticed"))
    heard_at = models.DateTimeField(_("heard of again"), null=True)
    over_at = models.DateTimeField(_("over"), null=True)

    objects = SilenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["device"], condition=Q(over_at=None), name="silence_of_a_reader_once"
            )
        ]

    def __str__(self) -> str:
        return f"silence {str(self.pk)[:8]}"
