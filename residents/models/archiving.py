"""A copy of all that is kept of somebody, made for them alone, lying sealed until they fetch it: for a day at most."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from residents.models.people import Resident
from residents.models.places import Neighborhood


class ArchiveQuerySet(models.QuerySet["Archive"]):
    def idle(self, at: datetime) -> ArchiveQuerySet:
        """Not made, and nobody is at it; without those that failed each time."""
        free = Q(leased_until=None) | Q(leased_until__lte=at)
        return self.filter(free, ready_at=None, attempt__lt=Archive.ATTEMPTS)


class Archive(models.Model):
    """One at a time for a person. What is made does not change, and goes when it is fetched (LM160)."""

    ATTEMPTS = 5

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.OneToOneField(Resident, models.PROTECT, related_name="archive")
    language = models.CharField(max_length=10, choices=[("zh-hans", "zh-hans"), ("en", "en")])
    at = models.DateTimeField(db_default=Now())  # by the database's clock, as when it was ready
    attempt = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    done = models.PositiveSmallIntegerField(default=0)  # parts of it, for whoever waits
    parts = models.PositiveSmallIntegerField(default=0)
    sealed = models.BinaryField(null=True)  # under the key of their phone number, which dies with them
    ready_at = models.DateTimeField(null=True)

    objects = ArchiveQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sealed=None, ready_at=None) | Q(sealed__isnull=False, ready_at__isnull=False),
                name="archive_is_ready_or_not",
            )
        ]

    def __str__(self) -> str:
        return f"archive {str(self.pk)[:8]}"

    @property
    def failed(self) -> bool:
        """So often that nobody takes it up again; a worker that died at the last attempt has lost its lease, too."""
        over = self.leased_until is None or self.leased_until <= timezone.now()
        return self.ready_at is None and over and self.attempt >= self.ATTEMPTS
