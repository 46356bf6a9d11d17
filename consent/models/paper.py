from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from consent.models.forms import Form
from residents.models import Guardianship, Neighborhood, Resident, User

# A confirmed yes counts after that; what has not come back, or was not read, by then counts no more: whoever still wants it
# takes a new form home.
WAIT = timedelta(days=3)
BACK_WITHIN, READ_WITHIN = timedelta(days=60), timedelta(days=30)


class PaperQuerySet(models.QuerySet["Paper"]):
    def open(self) -> PaperQuerySet:
        """At somebody's home, or on its way to count. What was answered with no is over at once."""
        return self.filter(stopped_at=None, decision=None).exclude(answer="no")

    def to_second(self) -> PaperQuerySet:
        """A second clerk has to read it."""
        return self.open().filter(received_at__isnull=False, confirmed_at=None)

    def under_way(self) -> PaperQuerySet:
        """A yes that came back and does not count yet."""
        return self.open().filter(received_at__isnull=False)

    def due(self, at: datetime) -> PaperQuerySet:
        """To count now."""
        return self.under_way().filter(confirmed_at__lte=at - WAIT)

    def overdue(self, at: datetime) -> PaperQuerySet:
        late = Q(received_at=None, handed_out_at__lte=at - BACK_WITHIN)
        unread = Q(received_at__lte=at - READ_WITHIN, confirmed_at=None)
        return self.open().filter(late | unread)


class Paper(models.Model):
    """A form that went home on paper and came back signed. A no counts at once; a yes is read by a second clerk, and counts
    three days later (law 5)."""

    class Answer(models.TextChoices):
        YES = "yes", _("yes")
        NO = "no", _("no")

    class Stopped(models.TextChoices):
        RESIDENT = "resident", _("the resident said stop")
        UNREADABLE = "unreadable", _("the second clerk read something else")
        DECIDED = "decided", _("the resident decided otherwise in the meantime")
        LAPSED = "lapsed", _("it never came back, or too late")
        FORM = "form", _("the form changed in the meantime")
        NOT_NOW = "not_now", _("when it was to count, something that it needs was not there")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="papers")
    form = models.ForeignKey(Form, models.PROTECT, related_name="papers")
    language = models.CharField(_("language"), max_length=10)
    guardianship = models.ForeignKey(Guardianship, models.PROTECT, null=True, related_name="+")  # who signs
    handed_out_at = models.DateTimeField()
    handed_out_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    answer = models.CharField(max_length=5, choices=Answer.choices, blank=True)
    received_at = models.DateTimeField(null=True)
    received_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    # SHA-256 of the picture as it was kept. The picture itself is a side row, and goes.
    scan_hash = models.BinaryField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    stopped_at = models.DateTimeField(null=True)
    stopped_because = models.CharField(max_length=20, choices=Stopped.choices, blank=True)

    objects = PaperQuerySet.as_manager()

    class Meta:
        verbose_name = _("form on paper")
        verbose_name_plural = _("forms on paper")
        indexes = [models.Index(fields=["resident", "-handed_out_at"], name="paper_by_resident")]
        constraints = [
            models.CheckConstraint(
                condition=Q(answer="", received_at=None, received_by=None)
                | Q(received_at__isnull=False, received_by__isnull=False) & ~Q(answer=""),
                name="paper_received_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None, confirmed_by=None)
                | Q(
                    answer="yes",
                    scan_hash__isnull=False,
                    confirmed_at__isnull=False,
                    confirmed_by__isnull=False,
                )
                & ~Q(confirmed_by=F("received_by")),
                name="paper_yes_read_by_a_second_clerk",
            ),
        ]

    def __str__(self) -> str:
        return f"paper {str(self.pk)[:8]}"

    @property
    def signer(self) -> Resident:
        """Whose signature it bears: a guardian's, or the resident's own."""
        return self.guardianship.guardian if self.guardianship else self.resident

    @property
    def counts_from(self) -> datetime | None:
        return self.confirmed_at + WAIT if self.confirmed_at else None

    @property
    def number(self) -> str:
        """As it stands on the sheet: enough to find it by, in one neighborhood."""
        return f"{self.pk.hex[:4]}-{self.pk.hex[4:8]}".upper()


class PaperScan(models.Model):
    """The picture of a signed paper, sealed. It goes when the yes ends; what it was a picture of stays as a hash."""

    paper = models.OneToOneField(Paper, models.PROTECT, primary_key=True, related_name="scan")
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    key = models.UUIDField(
        unique=True, default=uuid.uuid4, editable=False
    )  # in the vault; of this picture alone
    sealed = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = _("scan of a paper")
        verbose_name_plural = _("scans of papers")

    def __str__(self) -> str:
        return f"scan {str(self.pk)[:8]}"
