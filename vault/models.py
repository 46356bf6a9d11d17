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
    # Which epoch wrapped it, or had when it was destroyed, and which one at first; 0: the root itself, before there were
    # epochs. Told by the bytes, written by the database (migration 0004); empty where nobody ever made the key.
    epoch = models.IntegerField(null=True, editable=False)
    first_epoch = models.IntegerField(null=True, editable=False)

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
        indexes = (
            models.Index(
                fields=["epoch", "id"], condition=Q(wrapped__isnull=False), name="vault_key_by_epoch"
            ),
        )

    def __str__(self) -> str:
        return f"key {self.pk}"


class Epoch(models.Model):
    """While one wrapping key was the newest, and how it ended: opened, followed by the next, cleared, retired.

    Forwards only, in the order of their numbers (migration 0004). What the wrapping key is made of lies elsewhere
    (`vault.salts`). Number 0 is the root itself, in a vault that is older than its epochs.
    """

    number = models.IntegerField(primary_key=True, editable=False)
    name = models.BinaryField(unique=True, editable=False)
    opened_at = models.DateTimeField(db_default=Now(), editable=False)
    # From here on a key of the next one wraps; and not before this may the wrapping key be destroyed.
    retire_after = models.DateTimeField(null=True, editable=False)
    # No key is wrapped by it any more, and no page of the table's file holds one that was.
    cleared_at = models.DateTimeField(null=True, editable=False)
    # Its wrapping key exists nowhere: what it wrapped, in a log or a backup, is noise.
    retired_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager[Epoch]] = models.Manager()

    def __str__(self) -> str:
        return f"epoch {self.pk}"


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
