from __future__ import annotations

from django.db import models

from ledger.models.entries import Entry


class Waiting(models.Model):
    """An entry that is not in the tree yet. A trigger writes it with the entry, and lets it go only for a leaf."""

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, primary_key=True, related_name="waiting")

    class Meta:
        verbose_name_plural = "waiting"

    def __str__(self) -> str:
        return f"waiting {self.pk}"


class Leaf(models.Model):
    """An entry's place in the tree, for ever. A trigger takes the next place only, and no hash but the entry's own."""

    index = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="leaf", editable=False)
    hash = models.BinaryField(max_length=32, editable=False)

    class Meta:
        verbose_name_plural = "leaves"
        constraints = (
            models.UniqueConstraint(fields=["hash"], name="ledger_leaf_once"),
            models.CheckConstraint(condition=models.Q(hash__length=32), name="ledger_leaf_hash_is_sha256"),
        )

    def __str__(self) -> str:
        return f"leaf {self.pk}"


class Tile(models.Model):
    """256 neighbouring hashes of level 8 × `level` of the tree, once all of them are there, and the hash over them.

    A trigger checks both against what they are made from.
    """

    level = models.PositiveSmallIntegerField(editable=False)
    number = models.BigIntegerField(editable=False)
    root = models.BinaryField(max_length=32, editable=False)
    hashes = models.BinaryField(max_length=8192, editable=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["level", "number"], name="ledger_tile_once"),)

    def __str__(self) -> str:
        return f"tile {self.level}/{self.number}"
