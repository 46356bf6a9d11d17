"""Letters with a one-time code, and the batches they are printed in.

A letter is for a person, never for a household. Of its code only the keyed digest is kept: a letter that is lost cannot
be printed again, only replaced. What a letter was never changes, and used, replaced and expired are final (triggers).
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from residents.models.people import Resident
from residents.models.places import Building, Neighborhood
from residents.models.users import User


class LetterBatch(models.Model):
    """One print run. Its id is the token of the form that asked for it, so that a form sent twice prints once.

    Only ever added to; forgotten with its last letter.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    building = models.ForeignKey(Building, models.PROTECT, null=True, related_name="+")
    # The batch whose letters this one replaced: lost, or torn by the printer.
    again = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=40)
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["neighborhood", "-made_at"], name="letterbatch_by_neighborhood")]

    def __str__(self) -> str:
        return f"batch {str(self.pk)[:8]}"


class LetterQuerySet(models.QuerySet["Letter"]):
    def unspent(self) -> LetterQuerySet:
        """Neither used nor replaced; it may have expired."""
        return self.filter(used_at=None, replaced_at=None)

    def open(self, at: datetime) -> LetterQuerySet:
        """Its code works."""
        return self.unspent().filter(expires_at__gt=at)

    def ended_before(self, at: datetime) -> LetterQuerySet:
        """Used, replaced or expired before this moment."""
        return self.filter(
            Q(used_at__lt=at) | Q(replaced_at__lt=at) | Q(used_at=None, replaced_at=None, expires_at__lt=at)
        )


class Letter(models.Model):
    class Purpose(models.TextChoices):
        OPEN = "open", _("to open an account")
        RECOVER = "recover", _("to get back into an account")

    class Goes(models.TextChoices):
        """How it goes. A slip is handed over as it is made, and lives for minutes."""

        MAILBOX = "mailbox", _("into the mailbox")
        DESK = "desk", _("kept at the desk")
        SLIP = "slip", _("a slip, handed over at once")

    class Delivered(models.TextChoices):
        MAILBOX = "mailbox", _("put into the mailbox")
        BY_HAND = "by_hand", _("handed over")

    class Seen(models.TextChoices):
        """How staff knew whom they saw. No number of any document is kept."""

        DOCUMENT = "document", _("a document with a photo was shown")
        KNOWN = "known", _("known in person")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="letters")
    batch = models.ForeignKey(LetterBatch, models.PROTECT, null=True, related_name="letters")
    purpose = models.CharField(_("what for"), max_length=10, choices=Purpose.choices)
    goes = models.CharField(pgettext_lazy("of a letter", "how it goes"), max_length=10, choices=Goes.choices)
    digest = models.BinaryField(unique=True)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    capacity = models.CharField(max_length=40, blank=True)  # in which role; empty: by the system itself
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    delivered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    delivered_how = models.CharField(max_length=10, choices=Delivered.choices, blank=True)
    seen = models.CharField(max_length=10, choices=Seen.choices, blank=True)
    used_at = models.DateTimeField(null=True)
    replaced_at = models.DateTimeField(null=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        indexes = [
            models.Index(fields=["resident", "-made_at"], name="letter_by_resident"),
            models.Index(fields=["neighborhood", "expires_at"], name="letter_by_neighborhood"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["resident", "purpose"],
                condition=Q(used_at=None, replaced_at=None),
                name="letter_one_open",
            ),
            models.CheckConstraint(
                condition=Q(used_at=None) | Q(replaced_at=None, used_at__lt=F("expires_at")),
                name="letter_used_in_its_time",
            ),
            models.CheckConstraint(
                condition=Q(delivered_at=None, delivered_by=None, delivered_how="", seen="")
                | Q(
                    delivered_at__gte=F("made_at"),
                    delivered_at__lt=F("expires_at"),
                    delivered_by__isnull=False,
                )
                & (
                    Q(delivered_how="mailbox", goes="mailbox", seen="")
                    | Q(delivered_how="by_hand", seen__gt="")
                ),
                name="letter_delivered_in_one_way",
            ),
            models.CheckConstraint(
                condition=~Q(goes="slip") | Q(purpose="recover", delivered_how="by_hand"),
                name="letter_slip_is_handed_over",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("made_at")), name="letter_has_its_time"),
        ]

    def __str__(self) -> str:
        return f"letter {str(self.pk)[:8]}"

    def is_expired(self, at: datetime) -> bool:
        return at >= self.expires_at
