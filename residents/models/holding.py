"""Legal holds: what would go by now stays a while, sealed, because a law wants it; and what was kept (obligation 10).

What is held is no row of its own room any more: it went from there in its time, and a sealed copy lies here, which no page, no
interface and no file reads. So nothing has to remember to pass over it.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from residents.models.asking import SAYS_SOMETHING
from residents.models.people import Resident
from residents.models.places import Neighborhood
from residents.models.users import User

if TYPE_CHECKING:
    from residents.models.handing_out import HandOut

# What may be kept, beside the register: a column each. Nothing made from a face or a finger is among them.
SCOPES = ("entries", "ways", "requests")
REGISTER = _("what the register says")


class HoldQuerySet(models.QuerySet["Hold"]):
    def in_force(self, at: datetime) -> HoldQuerySet:
        """Confirmed by a second, and neither over by its date nor ended."""
        return self.filter(held_until__gt=at, ended_at=None)

    def standing(self) -> HoldQuerySet:
        """Confirmed, and not ended: what it keeps is there until somebody or the sweep has ended it."""
        return self.filter(held_until__isnull=False, ended_at=None)

    def untold(self) -> HoldQuerySet:
        """The person does not know of it yet, because a law forbids it so far."""
        return self.standing().filter(told_at=None)

    def told(self) -> HoldQuerySet:
        return self.filter(told_at__isnull=False)


class Hold(models.Model):
    """One resident's data is kept longer than it would be, until a day. Proposed by one, confirmed by a second.

    The triggers of the migration hold that: two people, the dates, that nothing of it is changed, and that it ends.
    """

    class Asked(models.TextChoices):
        HOLD = "hold", _("to begin it")
        RENEW = "renew", _("to go on with it")
        RELEASE = "release", _("to end it")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="holds")
    name = models.CharField(_("what it is called"), max_length=100)
    reason = models.CharField(_("why"), max_length=500)
    basis = models.CharField(_("by which law"), max_length=200)
    document = models.CharField(_("which document asks for it, and where it is kept"), max_length=200)
    entries = models.BooleanField(_("entry records"), default=False)
    ways = models.BooleanField(_("cards and visits that have ended"), default=False)
    requests = models.BooleanField(_("what was asked and answered"), default=False)
    # The law's words that forbid to tell the person, and until when. Without them they are told at once.
    untold_because = models.CharField(_("which law forbids to tell the person"), max_length=300, blank=True)
    tell_by = models.DateTimeField(_("told at the latest"), null=True, blank=True)
    told_at = models.DateTimeField(_("told"), null=True)
    ends_at = models.DateTimeField(_("over at the latest"))
    proposed_at = models.DateTimeField(_("proposed"), db_default=Now())
    # What one of the staff asks a second for.
    asked = models.CharField(max_length=20, choices=Asked.choices, blank=True)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    held_until = models.DateTimeField(_("ends by itself"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    key = models.UUIDField(default=uuid.uuid4, editable=False)  # vault key of what is kept

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        indexes = [
            models.Index(fields=["held_until"], condition=Q(ended_at=None), name="hold_in_force"),
            models.Index(fields=["resident"], name="hold_by_resident"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(name__regex=SAYS_SOMETHING)
                & Q(reason__regex=SAYS_SOMETHING)
                & Q(basis__regex=SAYS_SOMETHING)
                & Q(document__regex=SAYS_SOMETHING),
                name="hold_says_why",
            ),
            models.CheckConstraint(
                condition=Q(untold_because="", tell_by=None)
                | Q(untold_because__regex=SAYS_SOMETHING, tell_by__isnull=False, tell_by__lte=F("ends_at")),
                name="hold_untold_until_a_day",
            ),
            models.CheckConstraint(
                condition=Q(asked="", asked_by=None) | Q(asked_by__isnull=False) & ~Q(asked=""),
                name="hold_asked_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(held_until=None) | Q(held_until__lte=F("ends_at")),
                name="hold_not_longer_than_said",
            ),
        ]

    def __str__(self) -> str:
        return f"hold {str(self.pk)[:8]}"

    @property
    def covers(self) -> list[str]:
        return ["register", *(scope for scope in SCOPES if getattr(self, scope))]

    @property
    def was_handed_out(self) -> models.QuerySet[HandOut]:
        """To whom copies were given; what was only asked for is not among it."""
        return self.handed_out.handed().order_by("handed_at")

    @property
    def covers_in_words(self) -> list[str]:
        fields = {field.name: field for field in self._meta.fields}
        return [str(REGISTER), *(str(fields[scope].verbose_name) for scope in self.covers[1:])]


class HoldAct(models.Model):
    """Append-only: what a second of the staff confirmed, whom the first had asked."""

    class Kind(models.TextChoices):
        CONFIRMED = "confirmed", _("confirmed")
        RENEWED = "renewed", _("renewed")
        RELEASED = "released", _("released")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    hold = models.ForeignKey(Hold, models.CASCADE, related_name="acts")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="released", until=None) | ~Q(kind="released") & Q(until__isnull=False),
                name="holdact_until_a_day",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {str(self.pk)[:8]}"


class HeldRow(models.Model):
    """Append-only, and gone with the hold: a copy of what went from its own table, sealed under the hold's key."""

    class Source(models.TextChoices):
        """Whatever is not here cannot be kept: nothing that was made from a face is."""

        REGISTER = "residents.register"
        REQUEST_WORDS = "residents.request_words"
        SERVICE_WORDS = "committees.service_words"
        ENTRY_EVENTS = "access.entry_events"
        ENDED_WAYS = "access.ended_ways"
        VISITS = "access.visits"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    hold = models.ForeignKey(Hold, models.PROTECT, related_name="rows")
    source = models.CharField(max_length=40, choices=Source.choices)
    row = models.UUIDField()  # opaque: which one it was
    sealed = models.BinaryField()
    kept_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hold", "source", "row"], name="heldrow_once"),
            models.CheckConstraint(
                condition=Q(
                    source__in=[
                        "residents.register", "residents.request_words", "committees.service_words",
                        "access.entry_events", "access.ended_ways", "access.visits",
                    ]
                ),
                name="heldrow_holds_no_biometrics",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"held {str(self.pk)[:8]}"
