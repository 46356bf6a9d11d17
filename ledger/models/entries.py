from __future__ import annotations

from django.db import models
from django.db.models.functions import Length, Now

# So that a constraint can speak of the length of bytes.
models.BinaryField.register_lookup(Length)


class Entry(models.Model):
    """That an act happened: for ever. What it was in detail is only committed to."""

    id = models.BigAutoField(primary_key=True)
    neighborhood = models.UUIDField(null=True, editable=False)
    kind = models.CharField(max_length=64, editable=False)
    subject = models.UUIDField(null=True, editable=False)
    commitment = models.BinaryField(max_length=32, editable=False)
    # A trigger sets it, so that nobody, the application included, can write an entry into the past.
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "entries"
        indexes = (
            models.Index(fields=["subject", "id"], name="ledger_entry_subject"),
            models.Index(fields=["neighborhood", "id"], name="ledger_entry_neighborhood"),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(commitment__length=32), name="ledger_entry_commitment_is_sha256"
            ),
            # Two alike in one microsecond would be one leaf, which stands once: the second, and all that waits after it,
            # would never have a place. The salt keeps honest ones apart.
            models.UniqueConstraint(fields=["commitment"], name="ledger_entry_commitment_once"),
            models.CheckConstraint(
                condition=models.Q(kind__regex=r"^[a-z][a-z0-9_.-]*$"), name="ledger_entry_kind_is_a_code"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Opening(models.Model):
    """What an entry commits to, and the salt that hides it. May be erased; never changed."""

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, primary_key=True, related_name="opening")
    salt = models.BinaryField(max_length=32, editable=False)
    payload = models.JSONField(editable=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(salt__length=32), name="ledger_opening_salt_is_32_bytes"
            ),
        )

    def __str__(self) -> str:
        return f"opening of {self.pk}"
