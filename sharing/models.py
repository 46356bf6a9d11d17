"""Recipients, requests, answers and disclosures."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from residents.models import Guardianship, Neighborhood, Resident, User

# Below this a count can point at a person, so nobody is told it: of those who said yes, and of all the others.
FEWEST_COUNTED = 5


class Field(models.TextChoices):
    """What can be asked for at all. Biometrics are not on the list, so they cannot be asked for."""

    # A person's name and a gate's are two words in Chinese.
    NAME = "name", pgettext_lazy("of a person", "name")
    DWELLING = "dwelling", pgettext_lazy("of a person", "dwelling")
    PHONE = "phone", _("phone")


class Recipient(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="recipients")
    name = models.CharField(_("name"), max_length=200)
    contact = models.CharField(_("contact"), max_length=200)

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        constraints = [
            models.CheckConstraint(condition=~Q(name="") & ~Q(contact=""), name="recipient_can_be_reached")
        ]

    def __str__(self) -> str:
        return self.name


class RequestQuerySet(models.QuerySet["Request"]):
    def open(self, at: datetime) -> RequestQuerySet:
        return self.filter(state=Request.State.OPEN, deadline__gt=at)


class Request(models.Model):
    """A data-sharing request, put to each resident. What was asked never changes once it is open."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        OPEN = "open", _("residents are deciding")
        RELEASED = "released", _("given")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="sharing_requests")
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="requests")
    purpose = models.TextField(_("what for"), max_length=500)
    purpose_en = models.TextField(_("what for, in English"), max_length=500)
    fields = models.JSONField(_("fields"))  # list of Field values
    retention_days = models.PositiveIntegerField(_("days the recipient may keep it"))
    deadline = models.DateTimeField(_("residents decide until"))
    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT, editable=False)
    drafted_by = models.ForeignKey(User, models.PROTECT, editable=False, related_name="+")
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")
    opened_at = models.DateTimeField(null=True, editable=False)

    objects = RequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("data-sharing request")
        verbose_name_plural = _("data-sharing requests")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="draft") | Q(opened_by__isnull=False, opened_at__isnull=False),
                name="sharing_opened_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(opened_by=None) | ~Q(opened_by=models.F("drafted_by")),
                name="sharing_needs_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"request {str(self.pk)[:8]}"

    @property
    def what_for(self) -> str:
        return self.purpose_en if (get_language() or "").startswith("en") else self.purpose


class Answer(models.Model):
    """Yes to these of the fields that were asked for, and to none of them is no. Append-only; the newest row counts, and no
    row means no. For a child under fourteen a guardian answers, by the guardianship that is named."""

    id = models.BigAutoField(primary_key=True)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    request = models.ForeignKey(Request, models.PROTECT, related_name="answers")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="sharing_answers")
    yes = models.BooleanField()
    fields = models.JSONField(default=list)  # list of Field values
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
    """What left: one file, sealed at rest until it is fetched, and one row for each person in it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    request = models.OneToOneField(Request, models.PROTECT, related_name="disclosure")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    built_at = models.DateTimeField(null=True)
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    file_sealed = models.BinaryField(null=True)
    file_sha256 = models.BinaryField(null=True)
    fetched_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("disclosure")
        verbose_name_plural = _("disclosures")

    def __str__(self) -> str:
        return f"disclosure {str(self.pk)[:8]}"


class DisclosedRow(models.Model):
    """That this person's fields were in the file. Append-only; shown to that person."""

    id = models.BigAutoField(primary_key=True)
    disclosure = models.ForeignKey(Disclosure, models.PROTECT, related_name="rows")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="disclosed_rows")
    answer = models.ForeignKey(Answer, models.PROTECT, related_name="+")
    fields = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["disclosure", "resident"], name="disclosed_once")]

    def __str__(self) -> str:
        return f"disclosed row {self.pk}"
