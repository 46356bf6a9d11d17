"""What befalls a term before its last day: it is suspended, or somebody is co-opted in its place."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from committees.models.bodies import Committee, Term
from residents.models import Neighborhood, User


class SuspensionQuerySet(models.QuerySet["Suspension"]):
    def standing(self) -> SuspensionQuerySet:
        """Not lifted; whether its days have come is for `TermQuerySet.in_force` to say."""
        return self.filter(lifted_at=None)


class Suspension(models.Model):
    """From a day, up to a day or until it is lifted, a term gives no right. By somebody else than the person, for a reason
    that stands in a paper: here it is a code, so that nothing said about somebody stays in a table."""

    class Because(models.TextChoices):
        INQUIRY = "inquiry", _("something is looked into")
        CONFLICT = "conflict", _("their own interest is at stake")
        ABSENCE = "absence", _("they are away, or ill")
        DECISION = "decision", _("the body or its assembly has decided it")
        WISH = "wish", _("they asked for it")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    term = models.ForeignKey(Term, models.PROTECT, related_name="suspensions")
    since = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True)
    because = models.CharField(_("reason"), max_length=20, choices=Because.choices)
    paper = models.CharField(_("where its paper is kept"), max_length=200)
    imposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    imposed_at = models.DateTimeField(_("decided"))
    lifted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(_("lifted"), null=True)

    objects = SuspensionQuerySet.as_manager()

    class Meta:
        verbose_name = _("suspension")
        verbose_name_plural = _("suspensions")
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")), name="suspension_lasts_a_day"
            ),
            models.CheckConstraint(condition=~Q(paper=""), name="suspension_has_a_paper"),
            models.CheckConstraint(
                condition=Q(because__in=["inquiry", "conflict", "absence", "decision", "wish"]),
                name="suspension_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"suspension {str(self.pk)[:8]}"


class CoOption(models.Model):
    """A committee fills a place that came free, for the rest of that term: written down by one member from the minutes,
    confirmed by another, and only then a term."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    committee = models.ForeignKey(Committee, models.PROTECT, related_name="co_options")
    replaces = models.ForeignKey(Term, models.PROTECT, related_name="co_options")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("account"))
    starts = models.DateField(_("from"))
    decided_on = models.DateField(_("decided on"))
    paper = models.CharField(_("where the minutes are kept"), max_length=200)
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    called_off_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    called_off_at = models.DateTimeField(_("called off"), null=True)
    term = models.OneToOneField(Term, models.PROTECT, null=True, related_name="co_opted_by")

    class Meta:
        verbose_name = _("co-option")
        verbose_name_plural = _("co-options")
        constraints = [
            models.CheckConstraint(condition=~Q(paper=""), name="co_option_has_a_paper"),
            models.CheckConstraint(
                condition=Q(starts__gte=F("decided_on")), name="co_option_begins_once_decided"
            ),
            models.CheckConstraint(
                condition=Q(term__isnull=True, confirmed_at=None)
                | Q(term__isnull=False, confirmed_at__isnull=False),
                name="co_option_is_a_term_once_confirmed",
            ),
            models.UniqueConstraint(
                fields=["replaces"],
                condition=Q(confirmed_at__isnull=False),
                name="one_is_co_opted_in_a_place",
            ),
        ]

    def __str__(self) -> str:
        return f"co-option {str(self.pk)[:8]}"

    @property
    def is_waiting(self) -> bool:
        return self.confirmed_at is None and self.called_off_at is None
