from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Key(models.Model):
    """A data key, wrapped; or the tombstone of one.

    The database holds the life of a key (migration 0002): its names never change, the row is never deleted,
    and once destroyed nothing about it can be changed again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Empty only on the tombstone of a key that was destroyed before anyone made it.
    subject = models.UUIDField(null=True, editable=False)
    purpose = models.CharField(max_length=64, blank=True, editable=False)
    wrapped = models.BinaryField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    destroyed_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager[Key]] = models.Manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(wrapped__isnull=True, destroyed_at__isnull=False)
                | Q(wrapped__isnull=False, destroyed_at__isnull=True),
                name="vault_key_destroyed_means_no_bytes",
            ),
            models.CheckConstraint(
                condition=Q(destroyed_at__isnull=False) | (Q(subject__isnull=False) & ~Q(purpose="")),
                name="vault_key_alive_belongs_to_someone",
            ),
        )

    def __str__(self) -> str:
        return f"key {self.pk}"


class Canary(models.Model):
    """The one row that tells the wrapping key from any other; see `vault.canary`. Never changed, never deleted."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    wrapped = models.BinaryField(editable=False)
    planted_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[models.Manager[Canary]] = models.Manager()

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="vault_canary_is_one"),)

    def __str__(self) -> str:
        return "the canary"
