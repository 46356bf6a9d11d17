"""What a neighborhood's card numbers look like, cards awaited at a gate, and cards seen that nobody has."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from access.models.credentials import Credential
from access.models.gates import Gate
from access.notation import BY_CODE, Notation
from residents.models import Neighborhood, Resident, User


class CardFormat(models.Model):
    """How card numbers are written in lists and on cards here, and what the readers say. No row: both the same."""

    neighborhood = models.OneToOneField(
        Neighborhood, models.PROTECT, primary_key=True, related_name="card_format"
    )
    written = models.CharField(max_length=40)
    said = models.CharField(max_length=40)
    learned_at = models.DateTimeField()
    learned_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.written} > {self.said}"

    @property
    def written_as(self) -> Notation:
        return BY_CODE[self.written]

    @property
    def said_as(self) -> Notation:
        return BY_CODE[self.said]


class TapRequest(models.Model):
    """The next unknown card shown at this gate is this person's; they stand there, and staff confirmed it."""

    class Outcome(models.TextChoices):
        ADDED = "added", _("the card was added")
        TAKEN = "taken", _("the card shown was somebody's already; nothing was added")
        OVER = "over", _("no card was shown in time")
        CANCELLED = "cancelled", _("called off")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    gate = models.ForeignKey(Gate, models.PROTECT, related_name="tap_requests")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="tap_requests")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    capacity = models.CharField(_("in which role"), max_length=40)
    made_at = models.DateTimeField()
    until = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, blank=True, default="")
    credential = models.ForeignKey(Credential, models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["resident", "-made_at"], name="tap_request_by_resident")]
        constraints = [
            models.UniqueConstraint(
                fields=["gate"], condition=Q(closed_at=None), name="tap_request_one_at_a_gate"
            ),
            models.CheckConstraint(condition=Q(until__gt=F("made_at")), name="tap_request_is_time_boxed"),
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="")
                | (Q(closed_at__isnull=False, outcome__in=["added", "taken", "over", "cancelled"])),
                name="tap_request_closes_with_an_outcome",
            ),
            models.CheckConstraint(
                condition=Q(outcome="added", credential__isnull=False)
                | (~Q(outcome="added") & Q(credential=None)),
                name="tap_request_added_a_card",
            ),
        ]

    def __str__(self) -> str:
        return f"tap request {str(self.pk)[:8]}"


class UnknownCard(models.Model):
    """A card that a gate beside the old controller did not know: its mark, and nobody's name. Kept for 14 days."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    gate = models.ForeignKey(Gate, models.PROTECT, related_name="unknown_cards")
    digest = models.BinaryField()
    taps = models.PositiveIntegerField()
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["last_seen"], name="unknown_card_by_age")]
        constraints = [
            models.UniqueConstraint(fields=["gate", "digest"], name="unknown_card_once"),
            models.CheckConstraint(condition=Q(taps__gte=1), name="unknown_card_was_shown"),
        ]

    def __str__(self) -> str:
        return f"unknown card {str(self.pk)[:8]}"
