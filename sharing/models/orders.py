"""What an authority asks for by law: by which law and paper, about whom, and when these people are told."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from residents.models import Neighborhood, Resident
from sharing.models.asking import Request
from sharing.models.parties import Recipient

# So long at most nobody is told, where a law forbids telling.
LONGEST_SILENCE = timedelta(days=90)
SHA256 = r"^[0-9a-f]{64}\Z"


class OrderQuerySet(models.QuerySet["Order"]):
    def to_be_told(self, at: datetime) -> OrderQuerySet:
        """What they ask for is ready or was fetched, its day has come, and nobody was called to it yet."""
        day = Q(tell_on=None) | Q(tell_on__lte=at)
        ready = Q(request__disclosures__copies__state__in=("ready", "handed"))
        return self.filter(day, ready, told_at=None).distinct()


class Order(models.Model):
    """An order by law. Its request says to whom, what for and which fields, is read by two others as every request is, and
    nobody's yes is asked. What is written here never changes (LM140); only that people were called to it is added."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.OneToOneField(Request, models.CASCADE, editable=False, related_name="order")
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, editable=False, related_name="+")
    authority = models.ForeignKey(
        Recipient,
        models.PROTECT,
        related_name="orders",
        limit_choices_to={"role": "authority", "jurisdiction": "CN"},
        verbose_name=_("authority"),
    )
    legal_basis = models.CharField(
        _("by which law"), max_length=300, help_text=_("The law and its paragraph, as the order names them.")
    )
    document = models.CharField(_("where the order is kept"), max_length=200)
    document_sha256 = models.CharField(
        _("check number of the order"),
        max_length=64,
        validators=[RegexValidator(SHA256, _("Sixty-four of 0–9 and a–f: the SHA-256 of its scan."))],
        help_text=_("SHA-256 of its scan: sixty-four of 0–9 and a–f."),
    )
    # None: the people are told at once.
    tell_on = models.DateTimeField(_("told on"), null=True, blank=True, editable=False)
    forbidden_by = models.CharField(
        _("which law forbids telling now"),
        max_length=300,
        blank=True,
        default="",
        help_text=_("Empty: the people are told at once."),
    )
    drafted_at = models.DateTimeField(_("drafted at"), db_default=Now(), editable=False)
    told_at = models.DateTimeField(null=True, editable=False)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order by law")
        verbose_name_plural = _("orders by law")
        constraints = [
            models.CheckConstraint(
                condition=~Q(legal_basis="") & ~Q(document="") & Q(document_sha256__regex=r"^[0-9a-f]{64}$"),
                name="order_says_by_what",
            ),
            models.CheckConstraint(
                condition=Q(tell_on=None, forbidden_by="") | Q(tell_on__isnull=False) & ~Q(forbidden_by=""),
                name="order_tells_or_says_why_not",
            ),
            models.CheckConstraint(
                condition=Q(tell_on=None) | Q(tell_on__lte=F("drafted_at") + LONGEST_SILENCE),
                name="order_tells_in_ninety_days",
            ),
        ]

    def __str__(self) -> str:
        return f"order {str(self.pk)[:8]}"


class OrderPerson(models.Model):
    """Somebody whom an order names. They are written down before anybody reads it, one at a time."""

    id = models.BigAutoField(primary_key=True)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, models.CASCADE, related_name="people")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "resident"], name="ordered_once")]

    def __str__(self) -> str:
        return f"person of an order {self.pk}"
