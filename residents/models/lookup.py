"""Look-ups: who of the staff saw whose contact details, why, and until when; who let them, of somebody under eighteen; and when
nobody could be asked, because a life was in danger."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from residents.models.people import Resident
from residents.models.places import Neighborhood, Unit
from residents.models.users import User

OPEN_FOR = timedelta(minutes=15)
EMERGENCY_FOR = timedelta(minutes=30)


class What(models.TextChoices):
    """What is opened. The one opens nothing of the other."""

    CONTACT = "contact", _("Your name and phone number")
    ENTRY = "entry", _("Who passed a gate, and it was you or a visitor of yours")


class Approval(models.Model):
    """Somebody of the staff wants to see a minor's details, and another lets them for a while, or not (obligation 16).

    Asked once, answered once, by two people; the trigger of the migration holds it. Kept as the look-up is.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="approvals")
    what = models.CharField(max_length=20, choices=What.choices, default=What.CONTACT)
    event = models.UUIDField(null=True)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    capacity = models.CharField(_("in which role"), max_length=40)
    reason = models.CharField(_("reason"), max_length=300)
    asked_at = models.DateTimeField(db_default=Now())
    answered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    answered_capacity = models.CharField(_("approved in which role"), max_length=40, blank=True)
    answered_at = models.DateTimeField(null=True)
    until = models.DateTimeField(_("may look until"), null=True)  # none: no

    class Meta:
        verbose_name = _("approval of a look-up")
        verbose_name_plural = _("approvals of look-ups")
        indexes = [
            models.Index(
                fields=["neighborhood", "asked_at"], condition=Q(answered_at=None), name="approval_to_answer"
            )
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="approval_has_a_reason"),
            models.CheckConstraint(
                condition=Q(what="contact", event=None) | Q(what="entry", event__isnull=False),
                name="approval_says_what_it_opens",
            ),
            models.CheckConstraint(
                condition=Q(answered_by=None, answered_at=None, answered_capacity="", until=None)
                | Q(answered_by__isnull=False, answered_at__isnull=False)
                & ~Q(answered_capacity="")
                & ~Q(answered_by=F("asked_by")),
                name="approval_by_a_second",
            ),
        ]

    def __str__(self) -> str:
        return f"approval {str(self.pk)[:8]}"


class Emergency(models.Model):
    """Append-only: one of the staff opens one person's details, or those of a dwelling, alone, for a life is in danger.

    Of minors too. Whoever has two that nobody else has looked at since gets no third; the trigger of the migration holds it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, null=True, related_name="emergencies")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="emergencies")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    capacity = models.CharField(_("in which role"), max_length=40)
    reason = models.CharField(_("reason"), max_length=300)
    told = models.CharField(_("who was told or called"), max_length=200)
    at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["neighborhood", "at"], name="emergency_by_neighborhood")]
        constraints = [
            models.CheckConstraint(
                condition=Q(resident__isnull=False, unit=None) | Q(resident=None, unit__isnull=False),
                name="emergency_of_one",
            ),
            models.CheckConstraint(
                condition=~Q(reason="") & ~Q(told=""), name="emergency_says_why_and_who_was_told"
            ),
            models.CheckConstraint(
                condition=Q(until__gt=F("at"), until__lte=F("at") + EMERGENCY_FOR), name="emergency_is_short"
            ),
        ]

    def __str__(self) -> str:
        return f"emergency {str(self.pk)[:8]}"

    @property
    def looked_at(self) -> EmergencyReview | None:
        """What somebody else found, if anybody has looked at it yet."""
        return getattr(self, "review", None)


class EmergencyReview(models.Model):
    """Append-only: what somebody else found who looked at it afterwards."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    emergency = models.OneToOneField(Emergency, models.PROTECT, related_name="review")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    capacity = models.CharField(_("in which role"), max_length=40)
    needed = models.BooleanField()
    words = models.CharField(_("in your words"), max_length=300)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(words=""), name="emergency_review_has_words")]

    def __str__(self) -> str:
        return f"review {str(self.pk)[:8]}"


class LookUp(models.Model):
    """Append-only (see the migration): not even a superuser can unwrite what they looked at."""

    What = What

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="look_ups")
    by = models.ForeignKey(User, models.PROTECT, related_name="look_ups")
    what = models.CharField(max_length=20, choices=What.choices, default=What.CONTACT)
    # Of an entry: which one. Opaque, without a foreign key: the event goes after a month, and this stays.
    event = models.UUIDField(null=True)
    capacity = models.CharField(_("in which role"), max_length=40)
    reason = models.CharField(_("reason"), max_length=300)
    # Of somebody under eighteen there is one, by a trigger; each opens once.
    approval = models.OneToOneField(Approval, models.PROTECT, null=True, related_name="look_up")
    emergency = models.ForeignKey(Emergency, models.PROTECT, null=True, related_name="look_ups")
    at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("look-up")
        verbose_name_plural = _("look-ups")
        indexes = [
            models.Index(fields=["resident", "-at"], name="lookup_by_resident"),
            models.Index(fields=["at", "by"], name="lookup_by_time"),
            models.Index(fields=["-at", "id"], name="lookup_newest_first"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="lookup_has_a_reason"),
            models.CheckConstraint(condition=Q(until__gt=F("at")), name="lookup_is_time_boxed"),
            models.CheckConstraint(
                condition=Q(what="contact", event=None) | Q(what="entry", event__isnull=False),
                name="lookup_says_what_it_opened",
            ),
            models.CheckConstraint(
                condition=Q(approval=None) | Q(emergency=None), name="lookup_by_one_of_two"
            ),
            models.UniqueConstraint(fields=["emergency", "resident"], name="lookup_once_in_an_emergency"),
            # One that is longer ago than that opens nothing any more: so the law on how many there are counts by this time.
            models.CheckConstraint(
                condition=Q(emergency=None, until__lte=F("at") + OPEN_FOR)
                | Q(emergency__isnull=False, until__lte=F("at") + EMERGENCY_FOR),
                name="lookup_is_short",
            ),
        ]

    def __str__(self) -> str:
        return f"look-up {str(self.pk)[:8]}"
