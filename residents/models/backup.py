"""Sets of a backup, and when a database was put back from some: what an erasure waits for, and what may not serve yet."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class BackupQuerySet(models.QuerySet["Backup"]):
    def there(self) -> BackupQuerySet:
        """That may still hold something, here or wherever they were carried."""
        return self.exclude(state=Backup.State.GONE)

    def over(self, at: datetime) -> BackupQuerySet:
        """Whose time is up, and which nobody has seen gone."""
        return self.there().filter(expires_at__lte=at)


class Backup(models.Model):
    """One set: everything in one database at one moment, in one file. It is of everybody and of no neighborhood.

    Written down before the set is made, so that whatever is erased from then on lists it (migration 0034); the copy of this
    row inside the set still says `making`.
    """

    class Kind(models.TextChoices):
        DATA = "data", _("everything but keys")
        VAULT = "vault", _("the keys")

    class State(models.TextChoices):
        MAKING = "making", _("being made")
        KEPT = "kept", _("kept")
        GONE = "gone", _("gone")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("what it holds"), max_length=10, choices=Kind.choices)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.MAKING)
    made_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("to be gone by"))
    # Made elsewhere (archived write-ahead log, a snapshot of a disk): no file of it can be asked.
    declared = models.BooleanField(_("made elsewhere"), default=False)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(_("bytes"), default=0)
    gone_at = models.DateTimeField(_("seen gone"), null=True)
    evidence = models.JSONField(default=dict)

    objects = BackupQuerySet.as_manager()

    class Meta:
        verbose_name = _("backup set")
        verbose_name_plural = _("backup sets")
        indexes = [models.Index(fields=["expires_at"], condition=~Q(state="gone"), name="backup_by_end")]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("made_at")), name="backup_ends"),
            models.CheckConstraint(
                condition=Q(state="gone", gone_at__isnull=False) & ~Q(evidence={})
                | ~Q(state="gone") & Q(gone_at=None),
                name="backup_gone_with_evidence",
            ),
        ]

    def __str__(self) -> str:
        return f"backup {str(self.pk)[:8]}"


class Restoration(models.Model):
    """That this very database was made, or was put back from a backup. While the newest one is not finished, or is of another
    database than the one it lies in, nothing serves (law 11). The application reads it and writes none."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    data = models.UUIDField(null=True)  # the sets it was put back from; neither, where it was made here
    vault = models.UUIDField(null=True)
    # Which database this is: a trigger writes it. Whoever puts back a copy of the row has another database.
    identity = models.CharField(max_length=80, blank=True)
    vault_identity = models.CharField(max_length=80)
    # Erasure orders of the journal that must be carried out before it is finished, by number.
    orders = models.JSONField(default=list)
    began_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["finished_at"],
                condition=Q(finished_at=None),
                nulls_distinct=False,
                name="restoration_one_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"restoration {str(self.pk)[:8]}"
