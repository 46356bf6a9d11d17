from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from consent.models.forms import Form
from consent.models.paper import Paper
from consent.models.purposes import Purpose
from residents.models import Guardianship, Neighborhood, Resident, User


class Decision(models.Model):
    """What somebody decided. Append-only: a change of mind is a further row (obligation 35, F19)."""

    class Kind(models.TextChoices):
        GIVEN = "given", _("yes")
        REFUSED = "refused", _("no")
        WITHDRAWN = "withdrawn", _("stopped")
        EXPIRED = "expired", _("ran out")
        SUPERSEDED = "superseded", _("ended with its form")
        ENDED = "ended", _("ended with living here")

    class Capacity(models.TextChoices):
        SELF = "self", _("the resident")
        GUARDIAN = "guardian", _("a guardian")
        HELPER = "helper", _("a helper")  # says no, never yes
        SYSTEM = "system", _("the clock")

    class Route(models.TextChoices):
        PORTAL = "portal", _("in the portal")
        PAPER = "paper", _("on paper")
        CLOCK = "clock", _("by the clock")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="decisions")
    form = models.ForeignKey(Form, models.PROTECT, related_name="decisions")
    purpose = models.CharField(max_length=40, choices=Purpose.choices)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    capacity = models.CharField(max_length=20, choices=Capacity.choices)
    route = models.CharField(max_length=20, choices=Route.choices)
    guardianship = models.ForeignKey(Guardianship, models.PROTECT, null=True, related_name="+")
    paper = models.OneToOneField(Paper, models.PROTECT, null=True, related_name="decision")
    language = models.CharField(max_length=10)
    form_hash = models.BinaryField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        indexes = [models.Index(fields=["resident", "purpose", "-at"], name="decision_by_resident")]
        constraints = [
            models.CheckConstraint(
                # Only the clock may decide without a person, and it can only end something. On paper it is the signature
                # that decides, and no account.
                condition=Q(
                    actor__isnull=False,
                    route="portal",
                    paper=None,
                    capacity__in=["self", "guardian", "helper"],
                )
                | Q(actor=None, route="paper", paper__isnull=False, capacity__in=["self", "guardian"])
                | Q(
                    actor=None,
                    route="clock",
                    paper=None,
                    capacity="system",
                    kind__in=["expired", "superseded", "ended"],
                ),
                name="decision_has_an_actor",
            ),
            models.CheckConstraint(
                condition=Q(capacity="guardian", guardianship__isnull=False)
                | ~Q(capacity="guardian") & Q(guardianship=None),
                name="decision_of_a_guardian_says_whose",
            ),
            models.CheckConstraint(
                condition=~Q(capacity="helper") | Q(kind="refused"), name="decision_of_a_helper_is_a_no"
            ),
        ]

    def __str__(self) -> str:
        return f"decision {str(self.pk)[:8]}"
