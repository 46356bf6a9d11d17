"""What an erasure is certified by, and that somebody of the staff gave up waiting for a place to answer."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from residents.models.asking import SAYS_SOMETHING
from residents.models.erasure import ErasureOrder
from residents.models.people import Resident
from residents.models.places import Neighborhood
from residents.models.users import User


class ClosingQuerySet(models.QuerySet["Closing"]):
    def agreed(self) -> ClosingQuerySet:
        return self.filter(agreed=True)

    def standing(self) -> ClosingQuerySet:
        """Asked for or agreed to; what was turned down may be asked for again."""
        return self.exclude(agreed=False)


class Closing(models.Model):
    """That a device or a recipient will not answer any more: one of the staff says why, another agrees (LM155, LM156).

    A place that is closed by one has ended, and is not gone: what was there may still be there.
    """

    class Kind(models.TextChoices):
        DEVICE = "device", _("a gate's reader")
        RECIPIENT = "recipient", _("whom it was given to")

    class Reason(models.TextChoices):
        LOST = "lost", _("lost")
        STOLEN = "stolen", _("stolen")
        SCRAPPED = "scrapped", _("scrapped or broken for good")
        DISSOLVED = "dissolved", _("the recipient does not exist any more")
        SILENT = "silent", _("the recipient does not answer")

    OF_DEVICES = (Reason.LOST, Reason.STOLEN, Reason.SCRAPPED)
    OF_RECIPIENTS = (Reason.DISSOLVED, Reason.SILENT)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    kind = models.CharField(_("what"), max_length=20, choices=Kind.choices)
    # Of access.Device, or of what a recipient was asked to delete (sharing.Recall).
    what = models.UUIDField(_("number"))
    reason = models.CharField(_("what became of it"), max_length=20, choices=Reason.choices)
    words = models.CharField(_("how that is known"), max_length=300)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("said by"))
    asked_at = models.DateTimeField(_("said"), db_default=Now())
    agreed = models.BooleanField(_("agreed"), null=True)
    answered_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("answered by")
    )
    answered_at = models.DateTimeField(_("answered"), null=True)

    objects = ClosingQuerySet.as_manager()

    class Meta:
        verbose_name = _("place closed by the staff")
        verbose_name_plural = _("places closed by the staff")
        constraints = [
            models.UniqueConstraint(fields=["kind", "what"], condition=~Q(agreed=False), name="closing_once"),
            models.CheckConstraint(
                condition=Q(words__regex=SAYS_SOMETHING), name="closing_says_how_it_is_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="device", reason__in=["lost", "stolen", "scrapped"])
                | Q(kind="recipient", reason__in=["dissolved", "silent"]),
                name="closing_reason_fits",
            ),
            models.CheckConstraint(
                condition=Q(agreed=None, answered_by=None, answered_at=None)
                | Q(agreed__isnull=False, answered_by__isnull=False, answered_at__isnull=False),
                name="closing_answered_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"closing {str(self.pk)[:8]}"


class ErasureCertificate(models.Model):
    """What each place of an order had said at one moment; of every order of a person, where `order` is none.

    Never changed. A later one replaces it, and both stand in the ledger. The database refuses one that says anything else
    than the places themselves (LM154): so whether an erasure is complete can be read off it, and cannot be put into it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="certificates")
    order = models.ForeignKey(ErasureOrder, models.PROTECT, null=True, related_name="certificates")
    number = models.PositiveIntegerField()  # the second replaces the first
    # Codes, numbers and moments: what is signed. See `residents.certificates`.
    document = models.JSONField()
    # By the database's clock; the document has the moment by which it was asked for.
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("certificate of a deletion")
        verbose_name_plural = _("certificates of deletions")
        constraints = [
            models.UniqueConstraint(
                fields=["resident", "order", "number"], nulls_distinct=False, name="certificate_number_once"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="certificate_is_numbered"),
        ]

    def __str__(self) -> str:
        return f"certificate {str(self.pk)[:8]}"
