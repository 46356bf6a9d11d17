"""Bodies, terms, and the object permissions that a term grants."""

from __future__ import annotations

import uuid
from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from guardian.models import UserObjectPermissionBase

from residents.models import Neighborhood, User


class Committee(models.Model):
    """One of three kinds of body, never one word for all."""

    class Kind(models.TextChoices):
        OWNERS = "owners", _("owners' committee")
        RESIDENTS = "residents", _("residents' committee")
        PROPERTY = "property", _("property company")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="committees")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        verbose_name = _("committee")
        verbose_name_plural = _("committees")

    def __str__(self) -> str:
        return self.name


class TermQuerySet(models.QuerySet["Term"]):
    def in_force(self, on: date) -> TermQuerySet:
        return self.filter(starts__lte=on, ends__gt=on)


class Term(models.Model):
    """Somebody holds a role from `starts` up to, not including, `ends`. There is no term without an end."""

    class Role(models.TextChoices):
        CHAIR = "chair", _("chair")
        CLERK = "clerk", _("clerk")
        AUDITOR = "auditor", _("auditor")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="terms")
    committee = models.ForeignKey(Committee, models.PROTECT, related_name="terms")
    user = models.ForeignKey(User, models.PROTECT, related_name="terms")
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    starts = models.DateField(_("from"))
    ends = models.DateField(_("until"))

    objects = TermQuerySet.as_manager()

    class Meta:
        verbose_name = _("term")
        verbose_name_plural = _("terms")
        constraints = [
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="term_ends_after_it_began"),
        ]

    def __str__(self) -> str:
        return f"term {str(self.pk)[:8]}"


class NeighborhoodPermission(UserObjectPermissionBase):
    """guardian's direct-foreign-key model: a permission on a neighborhood, granted by an appointment."""

    content_object = models.ForeignKey(Neighborhood, on_delete=models.CASCADE)

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False
