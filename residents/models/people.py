"""Residents, and who lives and owns where.

No identity numbers are kept, and a phone is never needed (A4).
"""

from __future__ import annotations

import uuid
from datetime import date

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from residents.models.places import Neighborhood, Unit
from residents.models.users import User


class ResidentQuerySet(models.QuerySet["Resident"]):
    def living(self) -> ResidentQuerySet:
        """Not erased."""
        return self.filter(erased_at=None)

    def of(self, user: User) -> ResidentQuerySet:
        return self.living().filter(user=user)

    def held(self, resident: uuid.UUID) -> Resident:
        """To the end of the transaction, with their neighborhood: two desks and two tabs take turns. The person comes
        first in every act on them."""
        return (
            self.select_for_update(of=("self",), no_key=True).select_related("neighborhood").get(pk=resident)
        )


class Resident(models.Model):
    """A person on the register. After erasure the row stays as an opaque tombstone."""

    class Left(models.TextChoices):
        MOVED_OUT = "moved_out", _("moved out")
        DIED = "died", _("died")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="residents")
    user = models.OneToOneField(User, models.PROTECT, null=True, blank=True, related_name="resident")
    name = models.CharField(pgettext_lazy("of a person", "name"), max_length=100, blank=True)
    phone_sealed = models.BinaryField(null=True, editable=False)
    phone_index = models.BinaryField(null=True, editable=False)  # shared phones exist: never unique
    contact_key = models.UUIDField(default=uuid.uuid4, editable=False)  # vault key of the phone
    # Of minors only, for who may decide hangs on it; it goes when they come of age.
    born = models.DateField(_("date of birth, of minors only"), null=True, blank=True)
    # They say that others read their mail. It tells of their home: only the desk's page of their letters and they
    # themselves see it, and no list, file, slip or ledger entry says it.
    keep_at_desk = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(_("on the register since"), auto_now_add=True)
    # Since when they live nowhere here any more: ways in and consents ended then, the rest goes after a grace.
    left_at = models.DateTimeField(null=True, editable=False)
    left_because = models.CharField(
        max_length=20, choices=Left.choices, blank=True, default="", editable=False
    )
    erased_at = models.DateTimeField(null=True, editable=False)

    objects = ResidentQuerySet.as_manager()

    class Meta:
        verbose_name = _("resident")
        verbose_name_plural = _("residents")
        indexes = [
            models.Index(fields=["neighborhood", "id"], name="resident_by_neighborhood"),
            models.Index(fields=["-created_at", "id"], name="resident_newest_first"),
            models.Index(fields=["phone_index"], name="resident_by_phone"),
            # Whether two accounts are one person is asked by name.
            models.Index(
                fields=["name"], condition=Q(user__isnull=False), name="resident_by_name_of_account"
            ),
            models.Index(fields=["born"], condition=Q(born__isnull=False), name="resident_by_birth"),
            models.Index(
                fields=["left_at"],
                condition=Q(left_at__isnull=False, erased_at=None),
                name="resident_in_grace",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(phone_sealed=None, phone_index=None)
                | Q(phone_sealed__isnull=False, phone_index__isnull=False),
                name="phone_sealed_and_indexed",
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(name="", phone_sealed=None, user=None, born=None),
                name="erased_is_a_tombstone",
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(keep_at_desk=False), name="erased_says_nothing_of_the_mail"
            ),
            models.CheckConstraint(
                condition=Q(left_at=None, left_because="") | (Q(left_at__isnull=False) & ~Q(left_because="")),
                name="left_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"resident {str(self.pk)[:8]}"


class OccupancyQuerySet(models.QuerySet["Occupancy"]):
    def current(self, on: date) -> OccupancyQuerySet:
        return self.filter(Q(until=None) | Q(until__gt=on), since__lte=on)

    def standing(self, on: date) -> OccupancyQuerySet:
        """Current, or to begin. One that ends on the day it begins never comes to be."""
        return self.filter(Q(until=None) | (Q(until__gt=on) & Q(until__gt=F("since"))))


class Occupancy(models.Model):
    """Somebody lives in a dwelling from `since` up to, not including, `until`.

    Each person has their own, whoever the contract is with: no landlord and no head of a household controls another's.
    """

    class Tenure(models.TextChoices):
        OWNER = "owner", _("owner")
        FAMILY = "family", _("family")
        TENANT = "tenant", _("tenant")
        SUBTENANT = "subtenant", _("subtenant")
        LIVE_IN = "live_in", _("live-in helper")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="occupancies")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="occupancies")
    tenure = models.CharField(_("as what"), max_length=20, choices=Tenure.choices, default=Tenure.FAMILY)
    since = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True, blank=True)
    # By the database's clock: an entry made by mistake can be taken back for a week, and no longer.
    written_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = OccupancyQuerySet.as_manager()

    class Meta:
        verbose_name = _("who lives here")
        verbose_name_plural = _("who lives where")
        indexes = [
            models.Index(fields=["-since", "id"], name="occupancy_newest_first"),
            models.Index(fields=["tenure", "-since", "id"], name="occupancy_by_tenure"),
        ]
        constraints = [
            models.CheckConstraint(
                # Equal: it was called off before it began.
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="occupancy_ends_after_it_began",
            ),
            models.UniqueConstraint(
                fields=["resident", "unit"], condition=Q(until=None), name="occupancy_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"occupancy {str(self.pk)[:8]}"


class OwnershipQuerySet(models.QuerySet["Ownership"]):
    def current(self, on: date) -> OwnershipQuerySet:
        return self.filter(Q(until=None) | Q(until__gt=on), since__lte=on)


class Ownership(models.Model):
    """Somebody owns a dwelling, alone or with others, from `since` up to, not including, `until`.

    It opens no gate and closes none: who lives there is an `Occupancy`. It counts for votes, with the dwelling's area.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="ownerships")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="ownerships")
    since = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True, blank=True)

    objects = OwnershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("owner")
        verbose_name_plural = _("who owns what")
        indexes = [models.Index(fields=["-since", "id"], name="ownership_newest_first")]
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")), name="ownership_ends_after_it_began"
            ),
            models.UniqueConstraint(
                fields=["resident", "unit"], condition=Q(until=None), name="ownership_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"ownership {str(self.pk)[:8]}"
