"""Days on which other hours hold: public holidays, and the days on which their work is made up."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from residents.models import Neighborhood, User


class SpecialDay(models.Model):
    """For the whole neighborhood, every gate and everybody alike: it knows of no person and no way in (law 2)."""

    WEEKDAYS = (
        (1, _("Monday")),
        (2, _("Tuesday")),
        (3, _("Wednesday")),
        (4, _("Thursday")),
        (5, _("Friday")),
        (6, _("Saturday")),
        (7, _("Sunday")),
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="special_days")
    day = models.DateField(_("day"))
    counts_as = models.PositiveSmallIntegerField(_("the hours of a"), choices=WEEKDAYS, default=7)
    name = models.CharField(_("what day it is"), max_length=60)
    name_en = models.CharField(_("the same in English"), max_length=60, blank=True)
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False)
    set_at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = _("special day")
        verbose_name_plural = _("special days")
        constraints = [
            models.UniqueConstraint(
                fields=["neighborhood", "day"],
                name="special_day_once",
                violation_error_message=_("This day stands in the calendar already."),
            ),
            models.CheckConstraint(
                condition=Q(counts_as__gte=1, counts_as__lte=7), name="special_day_is_a_day_of_the_week"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d}"

    @property
    def display_name(self) -> str:
        if self.name_en and (get_language() or "").startswith("en"):
            return self.name_en
        return self.name
