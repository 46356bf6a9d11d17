"""Since when each face model has been in use here. Of things, and of nobody."""

from __future__ import annotations

from django.db import models


class FaceModelUse(models.Model):
    """Append-only, and numbers only grow (see the migration): a program of before that still runs beside the new one for a
    while cannot turn the models round and round, asking everybody each time."""

    number = models.PositiveSmallIntegerField(primary_key=True)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(number__gte=1, number__lte=255), name="facemodeluse_number_fits_a_template"
            )
        ]

    def __str__(self) -> str:
        return f"face model {self.number}"
