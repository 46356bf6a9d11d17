"""The feed: desired state, one row per gate and credential, with a version that only grows."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from access.models.credentials import Credential
from access.models.gates import Gate
from residents.models import Neighborhood


class FeedCounter(models.Model):
    """The neighborhood's last version. Locked last and held to commit, so that no reader passes over a change."""

    neighborhood = models.OneToOneField(Neighborhood, models.PROTECT, primary_key=True, related_name="+")
    last = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"feed counter {self.last}"


class FeedRow(models.Model):
    """What one gate should know of one credential. A row that is not present is a tombstone."""

    id = models.BigAutoField(primary_key=True)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    gate = models.ForeignKey(Gate, models.PROTECT, related_name="feed_rows")
    credential = models.ForeignKey(Credential, models.PROTECT, related_name="feed_rows")
    version = models.BigIntegerField()
    present = models.BooleanField()
    body = models.JSONField(default=dict)  # what goes to the gate: opaque ids, digest, windows; never a name
    changed_at = models.DateTimeField()
    review_at = models.DateTimeField(null=True)  # when a date in the body passes: see access.feed.review

    class Meta:
        indexes = [
            models.Index(
                fields=["review_at"],
                condition=Q(present=True, review_at__isnull=False),
                name="feed_row_to_review",
            ),
            models.Index(fields=["changed_at"], condition=Q(present=False), name="feed_tombstone_by_age"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(present=True) | Q(body={}, review_at=None), name="feed_tombstone_is_bare"
            ),
            models.UniqueConstraint(fields=["gate", "credential"], name="feed_row_once"),
            models.UniqueConstraint(fields=["gate", "version"], name="feed_version_once"),
        ]

    def __str__(self) -> str:
        return f"feed row {self.pk} v{self.version}"
