"""What a property company works under: from a day, up to a day, written by one and confirmed by another."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from committees.models.bodies import Committee
from residents.models import Neighborhood, User


class CompanyContractQuerySet(models.QuerySet["CompanyContract"]):
    def current(self) -> CompanyContractQuerySet:
        """Confirmed, and replaced by no later one: what counts, whatever its days."""
        return self.filter(confirmed_at__isnull=False, superseded_at=None)

    def waiting(self) -> CompanyContractQuerySet:
        return self.filter(confirmed_at=None, called_off_at=None)


class CompanyContract(models.Model):
    """The rights of a company's staff end with it, whatever their terms say (obligations 30, 46).

    A row never changes its days: a longer or a shorter contract is another row that takes its place once a second person has
    confirmed it, so that each version stays to be read.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    committee = models.ForeignKey(
        Committee, models.PROTECT, related_name="contracts", verbose_name=_("property company")
    )
    replaces = models.ForeignKey(
        "self", models.PROTECT, null=True, editable=False, related_name="replaced_by"
    )
    starts = models.DateField(_("from"))
    ends = models.DateField(_("until"), help_text=_("The first day on which it holds no more."))
    paper = models.CharField(_("where its paper is kept"), max_length=200)
    written_by = models.ForeignKey(User, models.PROTECT, editable=False, related_name="+")
    written_at = models.DateTimeField(editable=False)
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, editable=False)
    called_off_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")
    called_off_at = models.DateTimeField(_("called off"), null=True, editable=False)
    superseded_at = models.DateTimeField(_("replaced"), null=True, editable=False)

    objects = CompanyContractQuerySet.as_manager()

    class Meta:
        verbose_name = _("contract with the property company")
        verbose_name_plural = _("contracts with the property company")
        constraints = [
            models.CheckConstraint(
                condition=Q(ends__gte=F("starts")),
                name="company_contract_ends_after_it_began",
                violation_error_message=_("The last day comes after the first."),
            ),
            models.CheckConstraint(condition=~Q(paper=""), name="company_contract_has_a_paper"),
            models.UniqueConstraint(
                fields=["replaces"],
                condition=Q(confirmed_at__isnull=False),
                name="company_contract_replaced_once",
            ),
        ]

    def __str__(self) -> str:
        return f"company contract {str(self.pk)[:8]}"

    @property
    def last_day(self) -> date:
        return self.ends - timedelta(days=1)

    @property
    def is_waiting(self) -> bool:
        return self.confirmed_at is None and self.called_off_at is None

    @property
    def is_current(self) -> bool:
        return self.confirmed_at is not None and self.superseded_at is None
