"""On how many browsers a notice was opened: a number, and of nobody."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from committees.models.notices import Notice
from residents.models import Neighborhood


class NoticeOpenings(models.Model):
    """Counted by ones, and by `committees.openings` alone. Which browser it was stands nowhere here: the browser itself knows.

    Today is apart from the days before, so that nobody sees the number move at the moment somebody reads."""

    notice = models.OneToOneField(Notice, models.CASCADE, primary_key=True, related_name="openings")
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    day = models.DateField()
    today = models.PositiveIntegerField()
    before = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("number of openings")
        verbose_name_plural = _("numbers of openings")

    def __str__(self) -> str:
        return f"openings of notice {str(self.pk)[:8]}"
