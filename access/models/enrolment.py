"""Enrolments: a row first, a message second, so that a lost message only delays."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models.credentials import Credential
from consent.models import Standing
from residents.models import Neighborhood, Resident


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def unfinished(self) -> EnrolmentQuerySet:
        return self.filter(state__in=[Enrolment.State.WAITING, Enrolment.State.WORKING])

    def due(self, at: datetime) -> EnrolmentQuerySet:
        """Waiting, or claimed by a worker whose lease ran out."""
        return self.filter(
            Q(state=Enrolment.State.WAITING) | Q(state=Enrolment.State.WORKING, leased_until__lt=at)
        )


class Enrolment(models.Model):
    """Two photos on their way to a template. The row leaves with its standing."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        WORKING = "working", _("being looked at")
        DONE = "done", _("done")
        REFUSED = "refused", _("not accepted")

    class Route(models.TextChoices):
        PORTAL = "portal", _("sent over the internet")
        OFFICE = "office", _("taken at the office")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="enrolments")
    standing = models.ForeignKey(Standing, models.RESTRICT, related_name="enrolments")
    photo_standing = models.ForeignKey(Standing, models.RESTRICT, null=True, related_name="+")
    route = models.CharField(max_length=20, choices=Route.choices)
    state = models.CharField(max_length=20, choices=State.choices, default=State.WAITING)
    reason = models.CharField(
        max_length=40, blank=True
    )  # why it was refused: gate.photos.Refusal and two more
    photo = models.PositiveSmallIntegerField(null=True)  # 1 or 2, where one of the photos was the reason
    credential = models.ForeignKey(Credential, models.PROTECT, null=True, related_name="+")
    attempts = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["waiting", "working"]),
                name="enrolment_unfinished",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["resident"],
                condition=Q(state__in=["waiting", "working"]),
                name="enrolment_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(route="office") | Q(photo_standing__isnull=False),
                name="enrolment_photo_sent_with_consent",
            ),
            models.CheckConstraint(
                condition=(Q(state="refused") & ~Q(reason="")) | (~Q(state="refused") & Q(reason="")),
                name="enrolment_refused_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "working"], finished_at=None)
                | Q(state__in=["done", "refused"], finished_at__isnull=False),
                name="enrolment_finished_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"enrolment {str(self.pk)[:8]}"
