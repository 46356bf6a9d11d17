"""Visitor passes. Of the visitor nothing is kept: no name, no phone, no face, no identity number; there is no column."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from access.models.credentials import Credential
from access.models.gates import Gate
from residents.models import Neighborhood, Resident, User

LONGEST = timedelta(days=30)
BEGINS_WITHIN = timedelta(days=30)
ONE_TRIP = timedelta(hours=2)


class PassQuerySet(models.QuerySet["Pass"]):
    def live(self) -> PassQuerySet:
        """Not ended. One whose time is over counts until it is: the gates went by the time already."""
        return self.filter(credential__ended_at=None)

    def of(self, resident: Resident) -> PassQuerySet:
        """Nobody else's: a pass is seen by whoever answers for the visit, and by no one in the household."""
        return self.filter(credential__resident=resident)


class Pass(models.Model):
    """Somebody answers for a visit: from when to when, through which gates. Hangs on a credential of kind pass, whose
    holder is the host."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    credential = models.OneToOneField(Credential, models.PROTECT, related_name="visitor_pass")
    gates = models.ManyToManyField(Gate, through="PassGate", related_name="+")
    valid_from = models.DateTimeField(_("from"))
    valid_until = models.DateTimeField(_("until"))
    # A courier's: one trip, each gate once.
    once = models.BooleanField(_("one trip"), default=False)
    # The host's own few words to tell passes apart; a trigger blanks them with the pass.
    label = models.CharField(_("for me to remember"), max_length=40, blank=True)
    # Staff, where they made it for a resident who asked them to. Their own ones need no name.
    made_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(_("made"))

    objects = PassQuerySet.as_manager()

    class Meta:
        verbose_name = _("visitor pass")
        verbose_name_plural = _("visitor passes")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gt=F("valid_from")), name="pass_ends_after_it_began"
            ),
            models.CheckConstraint(condition=Q(valid_from__gte=F("made_at")), name="pass_is_not_in_the_past"),
            models.CheckConstraint(
                condition=Q(valid_until__lte=F("valid_from") + LONGEST), name="pass_is_short"
            ),
            models.CheckConstraint(
                condition=Q(valid_from__lte=F("made_at") + BEGINS_WITHIN), name="pass_begins_soon"
            ),
            models.CheckConstraint(
                condition=Q(once=False) | Q(valid_until__lte=F("valid_from") + ONE_TRIP),
                name="pass_for_one_trip_is_brief",
            ),
        ]

    def __str__(self) -> str:
        return f"pass {str(self.pk)[:8]}"

    @property
    def on_behalf(self) -> bool:
        return self.made_by_id is not None

    @property
    def gates_named(self) -> set[UUID]:
        return {place.gate_id for place in self.places.all()}

    def is_over(self, at: datetime) -> bool:
        return self.credential.ended_at is not None or self.valid_until <= at


class PassGate(models.Model):
    """Through which gate a pass leads."""

    id = models.BigAutoField(primary_key=True)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    visit = models.ForeignKey(Pass, models.CASCADE, related_name="places")
    gate = models.ForeignKey(Gate, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["visit", "gate"], name="pass_gate_once")]

    def __str__(self) -> str:
        return f"gate of pass {str(self.visit_id)[:8]}"
