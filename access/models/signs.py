"""Signs: who walks past a reader that looks at faces can read that it does, and what for (obligation 24)."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models.gates import Device
from residents.models import Neighborhood, User


class SignQuerySet(models.QuerySet["Sign"]):
    def hanging(self) -> SignQuerySet:
        return self.filter(taken_down_at=None)


class Sign(models.Model):
    """The sign beside one device. A device that looks at faces is sent none while no sign hangs there."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, models.PROTECT, related_name="signs", verbose_name=_("device"))
    hangs = models.CharField(_("where it hangs"), max_length=120)
    purpose = models.CharField(_("the purpose it states"), max_length=300)
    posted_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("posted by"))
    posted_at = models.DateTimeField(_("posted"))
    taken_down_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("taken down by")
    )
    taken_down_at = models.DateTimeField(_("taken down"), null=True)

    objects = SignQuerySet.as_manager()

    class Meta:
        verbose_name = _("sign")
        verbose_name_plural = _("signs")
        constraints = [
            models.UniqueConstraint(
                fields=["device"], condition=Q(taken_down_at=None), name="sign_one_at_a_device"
            ),
            models.CheckConstraint(
                condition=Q(hangs__regex=r"\S", purpose__regex=r"\S"), name="sign_says_where_and_what_for"
            ),
            models.CheckConstraint(
                condition=Q(taken_down_by=None, taken_down_at=None)
                | Q(taken_down_by__isnull=False, taken_down_at__isnull=False),
                name="sign_taken_down_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"sign {str(self.pk)[:8]}"
