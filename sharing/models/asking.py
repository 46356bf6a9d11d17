"""Requests and who read them, answers, and that something is to be given."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from residents.models import Guardianship, Neighborhood, Resident, User
from sharing.models.parties import ORDER, Contract, Kind, Recipient

# Below this a count can point at a person, so nobody is told it: of those who said yes, and of all the others.
FEWEST_COUNTED = 5


class RequestQuerySet(models.QuerySet["Request"]):
    def open(self, at: datetime) -> RequestQuerySet:
        return self.put().filter(state=Request.State.OPEN, deadline__gt=at)

    def put(self) -> RequestQuerySet:
        """Those that residents were ever asked: of an order by law nobody is."""
        return self.exclude(state__in=(Request.State.DRAFT, Request.State.REFUSED)).exclude(kind=ORDER)

    def under_contract(self, on: date) -> RequestQuerySet:
        """Without those whose contract is not in force."""
        return self.filter(Q(contract=None) | Q(contract__in=Contract.objects.in_force(on)))


class Request(models.Model):
    """A data-sharing request, put to each resident it is about once two others have read it. What was asked never changes
    once somebody has read it."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        OPEN = "open", _("residents are deciding")
        RELEASED = "released", _("given")
        REFUSED = "refused", _("refused before anybody was asked")
        CLOSED = "closed", _("closed: nothing more is given")

    class Basis(models.TextChoices):
        """Beside it each resident's own yes is needed, always."""

        CONSENT = "consent", _("each resident’s own yes, and nothing else")
        SERVICE = "service", _("a service that the resident ordered")
        DUTY = "duty", _("a duty that a law sets")

    class Because(models.TextChoices):
        BIOMETRICS = "biometrics", _("it asks for a face, a fingerprint or the like")
        BEYOND = "beyond", _("it asks for more than it is for")
        COSTS = "costs", _("a no would cost the resident something")
        REVIEW = "review", _("one of those who read it said no")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="sharing_requests")
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="requests")
    purpose = models.TextField(_("what for"), max_length=500)
    purpose_en = models.TextField(_("what for, in English"), max_length=500)
    # Of what kind, and by which contract; empty: asked before kinds were said.
    kind = models.CharField(_("for what kind of thing"), max_length=20, choices=Kind.choices, default="")
    contract = models.ForeignKey(
        Contract, models.PROTECT, null=True, blank=True, related_name="requests", verbose_name=_("contract")
    )
    basis = models.CharField(_("legal basis"), max_length=20, choices=Basis.choices, default=Basis.CONSENT)
    fields = models.JSONField(_("fields"))  # list of Field values
    audience = models.JSONField(default=dict, blank=True)  # see sharing.audience; empty: all who live here
    retention_days = models.PositiveIntegerField(_("days the recipient may keep it"))
    repeats_until = models.DateField(
        _("given again until"), null=True, blank=True, help_text=_("Empty: it is given once.")
    )
    onward = models.TextField(
        _("passed on to"), max_length=500, blank=True, default="", help_text=_("By name. Empty: to nobody.")
    )
    no_costs = models.TextField(
        _("what a no costs the resident"),
        max_length=500,
        blank=True,
        default="",
        help_text=_("Empty: nothing. With anything else the request is refused."),
    )
    deadline = models.DateTimeField(_("residents decide until"))
    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT, editable=False)
    refused_because = models.CharField(
        _("refused because"), max_length=20, choices=Because.choices, blank=True, default="", editable=False
    )
    drafted_by = models.ForeignKey(User, models.PROTECT, editable=False, related_name="+")
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")
    opened_at = models.DateTimeField(null=True, editable=False)

    objects = RequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("data-sharing request")
        verbose_name_plural = _("data-sharing requests")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=("draft", "refused"))
                | Q(opened_by__isnull=False, opened_at__isnull=False),
                name="sharing_opened_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(no_costs="") | Q(state="refused"), name="sharing_no_costs_nothing"
            ),
            models.CheckConstraint(
                condition=Q(state="refused") & ~Q(refused_because="")
                | ~Q(state="refused") & Q(refused_because=""),
                name="sharing_refused_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"request {str(self.pk)[:8]}"

    def given_again(self, on: date) -> bool:
        """Whether what was given once may be given once more."""
        return (
            self.state == Request.State.RELEASED
            and self.repeats_until is not None
            and on <= self.repeats_until
        )

    @property
    def what_for(self) -> str:
        return self.purpose_en if (get_language() or "").startswith("en") else self.purpose


class Review(models.Model):
    """What one of the committees who drafted nothing of it says about a request: two times yes, or it is not put. Append-only."""

    class Body(models.TextChoices):
        OWNERS = "owners", _("owners' committee")
        RESIDENTS = "residents", _("residents' committee")

    id = models.BigAutoField(primary_key=True)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    request = models.ForeignKey(Request, models.PROTECT, related_name="reviews")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    body = models.CharField(max_length=20, choices=Body.choices)
    yes = models.BooleanField()
    words = models.TextField(_("in your words"), max_length=500, blank=True, default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "by"], name="reviewed_once"),
            models.CheckConstraint(
                condition=Q(body__in=("owners", "residents")), name="review_by_a_committee"
            ),
            models.CheckConstraint(condition=Q(yes=True) | ~Q(words=""), name="review_no_says_why"),
        ]

    def __str__(self) -> str:
        return f"review {self.pk}"


class Answer(models.Model):
    """Yes to these of the fields that were asked for, and to none of them is no. Append-only; the newest row counts, and no
    row means no. For a child under fourteen a guardian answers, by the guardianship that is named."""

    id = models.BigAutoField(primary_key=True)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    request = models.ForeignKey(Request, models.PROTECT, related_name="answers")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="sharing_answers")
    yes = models.BooleanField()
    fields = models.JSONField(default=list)  # list of Field values
    # That it goes abroad was agreed to on its own; without it there is no yes to a recipient abroad.
    abroad = models.BooleanField(default=False, db_default=False)
    actor = models.ForeignKey(User, models.PROTECT, related_name="+")
    guardianship = models.ForeignKey(Guardianship, models.PROTECT, null=True, related_name="sharing_answers")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["request", "resident", "-id"], name="answer_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(yes=True) & ~Q(fields=[]) | Q(yes=False, fields=[]),
                name="answer_is_yes_to_fields",
            )
        ]

    def __str__(self) -> str:
        return f"answer {self.pk}"


class Count(models.Model):
    """How many people live here, by one thing about them: counted by the database and told where it points at nobody.

    `cells` is {building id, age band or tenure: number, or null where it is not told}. Nothing is counted by two things
    at once, and for ninety days there is no second answer.
    """

    class Cut(models.TextChoices):
        BUILDING = "building", _("by building")
        AGE = "age", _("by age")
        TENURE = "tenure", _("by what people are in their home")

    id = models.BigAutoField(primary_key=True)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    cut = models.CharField(max_length=20, choices=Cut.choices)
    cells = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["neighborhood", "cut", "-at"], name="count_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(cut__in=["building", "age", "tenure"]), name="count_by_one_cut"
            )
        ]

    def __str__(self) -> str:
        return f"count {self.pk}"


class Tally(models.Model):
    """How many said yes by the deadline, as it is told: counted once, by the database, and never again. Empty where the
    number, or what is left of everybody, is so small that it would point at somebody."""

    id = models.BigAutoField(primary_key=True)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    request = models.OneToOneField(Request, models.PROTECT, related_name="tally")
    shown = models.PositiveIntegerField(null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(shown=None) | Q(shown__gte=FEWEST_COUNTED), name="tally_points_at_nobody"
            )
        ]

    def __str__(self) -> str:
        return f"tally {self.pk}"


class Disclosure(models.Model):
    """That what residents agreed to is to be given. What is given lies in its copies (`sharing.models.copies`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    request = models.ForeignKey(Request, models.PROTECT, related_name="disclosures")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()

    class Meta:
        verbose_name = _("disclosure")
        verbose_name_plural = _("disclosures")

    def __str__(self) -> str:
        return f"disclosure {str(self.pk)[:8]}"
