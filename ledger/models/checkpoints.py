from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Checkpoint(models.Model):
    """What the log said of itself at a time: so many leaves, this root, signed. A trigger lets it only grow."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=32, editable=False)
    # The signed note as C2SP tlog-checkpoint writes it, without cosignatures.
    note = models.TextField(editable=False)
    # A trigger sets it.
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=models.Q(root__length=32), name="ledger_checkpoint_root_is_sha256"
            ),
        )

    def __str__(self) -> str:
        return f"checkpoint {self.pk}"


class Witness(models.Model):
    """Another organization that checks the log and signs what it saw, with a key of its own."""

    name = models.CharField(max_length=128, unique=True, editable=False)
    public_key = models.BinaryField(max_length=32, unique=True, editable=False)

    class Meta:
        verbose_name_plural = "witnesses"
        constraints = (
            models.CheckConstraint(
                condition=models.Q(public_key__length=32), name="ledger_witness_key_is_ed25519"
            ),
            models.CheckConstraint(
                condition=models.Q(name__regex=r"^[!-*,-~]+$"), name="ledger_witness_name_is_plain"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Cosignature(models.Model):
    """That a witness saw this very checkpoint, and that it continued what it had seen before (cosignature/v1)."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="cosignatures")
    witness = models.ForeignKey(Witness, on_delete=models.PROTECT, related_name="cosignatures")
    timestamp = models.BigIntegerField(editable=False)  # POSIX seconds, by the witness's clock, and signed
    signature = models.BinaryField(max_length=64, editable=False)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["checkpoint", "witness"], name="ledger_cosignature_once"),
            models.CheckConstraint(
                condition=models.Q(signature__length=64), name="ledger_cosignature_is_ed25519"
            ),
        )

    def __str__(self) -> str:
        return f"cosignature {self.pk}"
