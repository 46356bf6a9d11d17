"""What a hold keeps is given to a court or an authority: to whom, on which order, by which two, in which file (ADR 47)."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from residents.models.asking import SAYS_SOMETHING
from residents.models.holding import Hold
from residents.models.places import Neighborhood
from residents.models.users import User

AGE_KEY = "^age1[02-9ac-hj-np-z]{58}$"


class HandOutQuerySet(models.QuerySet["HandOut"]):
    def open(self) -> HandOutQuerySet:
        """Asked for, and not made yet."""
        return self.filter(handed_at=None)

    def handed(self) -> HandOutQuerySet:
        return self.filter(handed_at__isnull=False)


class HandOut(models.Model):
    """One file with everything that one hold keeps, which only its recipient opens.

    The trigger of the migration holds that two of the staff stand behind it, that it says of itself what it holds, that it is
    made once, and that nothing of it changes afterwards.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    hold = models.ForeignKey(Hold, models.CASCADE, related_name="handed_out")
    to = models.CharField(_("to which court or authority"), max_length=200)
    order = models.CharField(_("number of its order, and where the paper is kept"), max_length=200)
    key = models.CharField(_("their age key"), max_length=80)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    agreed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    agreed_at = models.DateTimeField(null=True)
    rows = models.PositiveIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    handed_at = models.DateTimeField(null=True)

    objects = HandOutQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(to__regex=SAYS_SOMETHING) & Q(order__regex=SAYS_SOMETHING),
                name="handout_says_to_whom",
            ),
            models.CheckConstraint(condition=Q(key__regex=AGE_KEY), name="handout_only_they_open_it"),
            models.CheckConstraint(
                condition=Q(handed_at=None, rows=None, sha256="")
                | Q(
                    agreed_at__isnull=False,
                    handed_at__isnull=False,
                    rows__gt=0,
                    sha256__regex="^[0-9a-f]{64}$",
                ),
                name="handout_is_of_something",
            ),
            models.UniqueConstraint(
                fields=["hold"], condition=Q(handed_at=None), name="handout_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"hand-out {str(self.pk)[:8]}"
