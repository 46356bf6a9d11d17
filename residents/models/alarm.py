"""Alarms: that something happened which an auditor should hear of. What stands in them names nobody but who caused it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from residents.models.places import Neighborhood
from residents.models.users import User


class Alarm(models.Model):
    """Append-only (see the migration). Which kind, who caused it, and about which thing by its number: no name, no words."""

    class Kind(models.TextChoices):
        LOOKS_MANY = (
            "looks.many",
            _("Somebody wanted to look at more people’s details than one may in that time"),
        )
        LOOKS_AT_NIGHT = "looks.at_night", _("Somebody looked at a person’s details at night")
        LOOKS_OWN_NEIGHBORS = (
            "looks.own_neighbors",
            _("Somebody looked at a neighbor of their own, or at whom they live or lived with"),
        )
        LOOKS_MINORS_REFUSED = (
            "looks.minors_refused",
            _("Somebody tried to look at a minor’s details that nobody had approved"),
        )
        SHARING_REFUSED_REVIEWER = (
            "sharing.refused_reviewer",
            _("Somebody tried to decide about sharing data who may not"),
        )
        SHARING_REFUSED_LINK = "sharing.refused_link", _("A link to a file was refused")
        SHARING_REPLAYED_LINK = (
            "sharing.replayed_link",
            _("A link to a file was used again after it had been opened"),
        )
        SHARING_FORMULA = (
            "sharing.formula",
            _("A value that a spreadsheet would run was made harmless in a file"),
        )
        SHARING_KEY_CHANGED = (
            "sharing.key_changed",
            _("A recipient’s key changed while a file was on its way"),
        )
        RECALL_LATE = "recall.late", _("A recipient has not confirmed in time that data is deleted")
        EMERGENCY_OPENED = (
            "emergency.opened",
            _("Somebody opened details alone because a life was in danger"),
        )
        RETENTION_LATE = "retention.late", _("Something is kept for longer than it may be")
        RETENTION_SILENT = "retention.silent", _("Nothing has been deleted by the clock for a while")
        RIGHTS_DUE = "rights.due", _("An answer about somebody’s own data is due soon")
        RIGHTS_LATE = "rights.late", _("An answer about somebody’s own data is late")
        GATE_SILENT = "gate.silent", _("A reader at a gate has not been heard of for a while")
        AUDIT_LATE = "audit.late", _("The yearly audit of minors’ data is late")
        STEP_FIRST = "step.first", _("Somebody of the staff set up their second step of signing in")
        STEP_LOST = "step.lost", _("Somebody of the staff has lost their second step of signing in")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    kind = models.CharField(_("what happened"), max_length=40, choices=Kind.choices)
    # Nobody, where it came from outside or by itself.
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    # Opaque, without a foreign key: a resident, a request, a link or an emergency, as the kind says.
    subject = models.UUIDField(_("about"), null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        indexes = [
            models.Index(fields=["neighborhood", "-at"], name="alarm_by_neighborhood"),
            models.Index(fields=["-at", "id"], name="alarm_newest_first"),
        ]
        constraints = [
            models.CheckConstraint(condition=~models.Q(kind=""), name="alarm_says_what"),
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=models.Q(kind__in=["rights.due", "rights.late"]),
                name="alarm_of_a_request_once",
            ),
        ]

    def __str__(self) -> str:
        return f"alarm {str(self.pk)[:8]}"


class AlarmRead(models.Model):
    """That somebody has read an alarm: a row of its own. Each auditor reads for themself, and lays it down for nobody else."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    alarm = models.ForeignKey(Alarm, models.PROTECT, related_name="readings")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alarm", "by"], name="alarm_read_once")]

    def __str__(self) -> str:
        return f"reading {str(self.pk)[:8]}"
