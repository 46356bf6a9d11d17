"""What a device asks for."""

from __future__ import annotations

from django.db import models


class Way(models.Model):
    """A card, as far as a gate needs it."""

    digest = models.CharField(max_length=64)
    valid_until = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    def __str__(self) -> str:
        return f"way {self.pk}"
