"""Who can be given anything at all: recipients, what they signed, and what may be asked for of what."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from residents.models import Neighborhood, User


class Field(models.TextChoices):
    """What can be asked for at all. Biometrics are not on the list, so they cannot be asked for."""

    # A person's name and a gate's are two words in Chinese.
    NAME = "name", pgettext_lazy("of a person", "name")
    DWELLING = "dwelling", pgettext_lazy("of a person", "dwelling")
    PHONE = "phone", _("phone")


class Kind(models.TextChoices):
    """What data is wanted for. Each kind has a largest set of fields, and a request for more is refused."""

    DELIVERY = "delivery", _("bringing things to the door")
    REPAIR = "repair", _("repairs and checks at home")
    CARE = "care", _("care and help at home")
    BILLING = "billing", _("reading meters and sending bills")
    ASSEMBLY = "assembly", _("owners’ meetings and votes")
    CLUB = "club", _("what neighbors do together")
    OFFER = "offer", _("telling of an offer")
    SURVEY = "survey", _("counting households")


# An authority asks by law. Nobody drafts a request of this kind for residents to decide on.
ORDER = "order"
# The database holds the same map (`sharing_kind_allows`).
ALLOWED: Mapping[str, frozenset[str]] = {
    Kind.DELIVERY: frozenset({Field.NAME, Field.DWELLING, Field.PHONE}),
    Kind.REPAIR: frozenset({Field.NAME, Field.DWELLING, Field.PHONE}),
    Kind.CARE: frozenset({Field.NAME, Field.DWELLING, Field.PHONE}),
    Kind.BILLING: frozenset({Field.NAME, Field.DWELLING}),
    Kind.ASSEMBLY: frozenset({Field.NAME, Field.DWELLING}),
    Kind.CLUB: frozenset({Field.NAME, Field.DWELLING}),
    Kind.OFFER: frozenset({Field.NAME, Field.PHONE}),
    Kind.SURVEY: frozenset({Field.DWELLING}),
    ORDER: frozenset({Field.NAME, Field.DWELLING, Field.PHONE}),
}
HOME = "CN"  # the law's border: Hong Kong, Macau and Taiwan are on the other side of it


# As residents read it; of any other they read the two letters.
PLACES = {
    "HK": _("Hong Kong"),
    "MO": _("Macau"),
    "TW": _("Taiwan"),
    "SG": _("Singapore"),
    "JP": _("Japan"),
    "KR": _("South Korea"),
    "US": _("United States"),
    "DE": _("Germany"),
}


class Recipient(models.Model):
    class Role(models.TextChoices):
        INDEPENDENT = "independent", _("decides itself what it does with the data")
        PROCESSOR = "processor", _("works for the committee, by contract")
        AUTHORITY = "authority", _("an authority")

    class Route(models.TextChoices):
        """The ways by which the law lets data leave the country (PIPL 38)."""

        ASSESSMENT = "assessment", _("security assessment by the authority")
        CONTRACT = "contract", _("the authority’s standard contract")
        CERTIFICATE = "certificate", _("certificate of a body the authority named")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="recipients")
    name = models.CharField(_("name"), max_length=200)
    contact = models.CharField(_("contact"), max_length=200)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, default=Role.INDEPENDENT)
    jurisdiction = models.CharField(
        _("country or region"),
        max_length=2,
        default=HOME,
        validators=[RegexValidator(r"^[A-Z]{2}\Z", _("Two capital letters, such as CN, HK or DE."))],
        help_text=_("The two letters of ISO 3166: CN is mainland China."),
    )
    route = models.CharField(
        _("legal way abroad"), max_length=20, choices=Route.choices, blank=True, default=""
    )
    route_paper = models.CharField(_("where its paper is kept"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(contact=""), name="recipient_can_be_reached"),
            models.CheckConstraint(
                condition=Q(jurisdiction=HOME, route="", route_paper="")
                | (
                    ~Q(jurisdiction=HOME)
                    & Q(jurisdiction__regex=r"^[A-Z]{2}$")
                    & Q(route__in=("assessment", "contract", "certificate"))
                    & ~Q(route_paper="")
                ),
                name="foreign_has_a_route",
                violation_error_message=_(
                    "A recipient abroad needs a legal way and the place of its paper; one in mainland China has neither."
                ),
            ),
            models.CheckConstraint(
                condition=Q(role__in=("independent", "processor", "authority")), name="recipient_has_a_role"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def abroad(self) -> bool:
        return self.jurisdiction != HOME

    @property
    def place(self) -> str:
        return str(PLACES.get(self.jurisdiction, self.jurisdiction))


class ContractQuerySet(models.QuerySet["Contract"]):
    def in_force(self, on: date) -> ContractQuerySet:
        return self.filter(confirmed_at__isnull=False, ended_at=None, starts__lte=on, until__gte=on)


class Contract(models.Model):
    """What a recipient signed: from when to when, for what, of which data at most. Written by one, confirmed by another, and
    from then on it only ends. Under one that is not in force nothing is put, agreed to or released."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    recipient = models.ForeignKey(
        Recipient, models.PROTECT, related_name="contracts", verbose_name=_("recipient")
    )
    starts = models.DateField(_("first day"))
    until = models.DateField(_("last day"))
    fields = models.JSONField(_("fields"))  # list of Field values: at most these
    kinds = models.JSONField(_("for what"))  # list of Kind values: for nothing else
    measures = models.TextField(_("how they keep it safe"), max_length=2000)
    paper = models.CharField(_("where its paper is kept"), max_length=200)
    written_by = models.ForeignKey(User, models.PROTECT, editable=False, related_name="+")
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")
    confirmed_at = models.DateTimeField(null=True, editable=False)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")
    ended_at = models.DateTimeField(null=True, editable=False)

    objects = ContractQuerySet.as_manager()

    class Meta:
        verbose_name = _("contract with a recipient")
        verbose_name_plural = _("contracts with recipients")
        constraints = [
            models.CheckConstraint(
                condition=Q(until__gte=models.F("starts")),
                name="contract_ends_after_it_began",
                violation_error_message=_("The last day comes after the first."),
            ),
            models.CheckConstraint(
                condition=~Q(measures="") & ~Q(paper=""), name="contract_says_how_and_where"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None, confirmed_at=None)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
                name="contract_confirmed_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(ended_by=None, ended_at=None) | Q(ended_by__isnull=False, ended_at__isnull=False),
                name="contract_ended_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"contract {str(self.pk)[:8]}"

    def holds(self, on: date) -> bool:
        return self.confirmed_at is not None and self.ended_at is None and self.starts <= on <= self.until


class SubProcessor(models.Model):
    """Whom a recipient lets work on the data. Named before the contract is confirmed, and to residents; append-only."""

    id = models.BigAutoField(primary_key=True)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    contract = models.ForeignKey(Contract, models.PROTECT, related_name="sub_processors")
    name = models.CharField(_("name"), max_length=200)
    what_for = models.CharField(_("what for"), max_length=200)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(what_for=""), name="sub_processor_is_named"),
            models.UniqueConstraint(fields=["contract", "name"], name="sub_processor_once"),
        ]

    def __str__(self) -> str:
        return f"sub-processor {self.pk}"
