"""Erasure orders and their places.

An order lists every place that may hold the data. Each place has a state of its own, and the order is complete
only when every place has said so: completeness is a question asked of the places, never a field.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from residents.models.people import Resident
from residents.models.places import Neighborhood


class ErasureOrderQuerySet(models.QuerySet["ErasureOrder"]):
    def _unfinished(self) -> Exists:
        return Exists(
            ErasurePlace.objects.filter(order=OuterRef("pk")).exclude(state=ErasurePlace.State.GONE)
        )

    def incomplete(self) -> ErasureOrderQuerySet:
        return self.filter(self._unfinished())

    def under_way(self) -> ErasureOrderQuerySet:
        """Something is still to be done or to be answered; backups end by themselves."""
        waiting = ErasurePlace.objects.filter(order=OuterRef("pk")).exclude(state=ErasurePlace.State.GONE)
        return self.filter(Exists(waiting.exclude(kind=ErasurePlace.Kind.BACKUP)))

    def complete(self) -> ErasureOrderQuerySet:
        return self.filter(~self._unfinished(), Exists(ErasurePlace.objects.filter(order=OuterRef("pk"))))


class ErasureOrder(models.Model):
    class Cause(models.TextChoices):
        WITHDRAWN = "withdrawn", _("you stopped it")
        EXPIRED = "expired", _("the time you agreed to is over")
        FORM_CHANGED = "form_changed", _("the form changed")
        RETIRED = "retired", _("it is no longer offered here")
        MOVED_OUT = "moved_out", _("you do not live here any more")
        DIED = "died", _("a death was recorded")
        UNHELD = "unheld", _("no guardian who had agreed decides any more")
        PAPER = "paper", _("the paper does not count")
        HELD = "held", _("a law wants it kept for a while")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="erasure_orders")
    purpose = models.CharField(_("what for"), max_length=40)
    cause = models.CharField(_("why"), max_length=20, choices=Cause.choices)
    opened_at = models.DateTimeField(_("since"))
    # Since when the journal holds it, which a restore follows. Nothing of it is called gone before (migration 0034).
    journalled_at = models.DateTimeField(null=True, editable=False)

    objects = ErasureOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("erasure order")
        verbose_name_plural = _("erasure orders")
        indexes = [
            models.Index(fields=["resident", "-opened_at"], name="erasure_by_resident"),
            models.Index(fields=["-opened_at", "id"], name="erasure_newest_first"),
            models.Index(
                fields=["opened_at"], condition=Q(journalled_at=None), name="erasure_not_journalled"
            ),
        ]

    def __str__(self) -> str:
        return f"erasure {str(self.pk)[:8]}"

    @property
    def is_ended(self) -> bool:
        """Nothing is waited for any more. Where the staff closed a place, it has ended with a gap and is not complete."""
        places = list(self.places.all())
        return bool(places) and all(place.state in ErasurePlace.ENDED for place in places)

    @property
    def is_complete(self) -> bool:
        places = list(self.places.all())
        return bool(places) and all(place.state == ErasurePlace.State.GONE for place in places)


class ErasurePlaceQuerySet(models.QuerySet["ErasurePlace"]):
    def open(self) -> ErasurePlaceQuerySet:
        """Not gone, as far as anybody knows. Some of them nobody waits for any more."""
        return self.exclude(state=ErasurePlace.State.GONE)

    def waited_for(self) -> ErasurePlaceQuerySet:
        return self.exclude(state__in=ErasurePlace.ENDED)


class ErasurePlace(models.Model):
    """One place of one order. Only ever moves forward; GONE is final (held by a trigger)."""

    class Kind(models.TextChoices):
        ROWS = "rows", _("the database's rows")
        PHOTOS = "photos", _("enrolment photos")
        KEY = "key", _("the key that could read it")
        PAGES = "pages", _("the disk pages of the databases")
        DEVICE = "device", _("a gate's reader")
        RECIPIENT = "recipient", _("whom it was given to")
        BACKUP = "backup", _("a backup set")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        LOST = "lost", _("device lost before it could confirm")
        HELD = "held", _("kept by a legal hold")
        # Nobody waits for it any more, and nobody knows that it is gone: see `Closing`.
        CLOSED = "closed", _("closed by the staff without an answer")
        GONE = "gone", _("gone")

    ENDED = (State.GONE, State.CLOSED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(ErasureOrder, models.PROTECT, related_name="places")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    # What is to be erased there, by opaque id: a standing, a key, a credential, what a recipient was asked to delete.
    target = models.UUIDField()
    device = models.UUIDField(null=True)  # of access.Device, for kind DEVICE
    label = models.CharField(
        max_length=120, blank=True
    )  # what people call the place: a gate's name, a recipient's
    state = models.CharField(max_length=20, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    evidence = models.JSONField(default=dict)
    changed_at = models.DateTimeField()

    objects = ErasurePlaceQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="erasure_place_due"),
            models.Index(fields=["device", "target"], name="erasure_place_by_device"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "kind", "target", "device"], nulls_distinct=False, name="erasure_place_once"
            ),
            models.CheckConstraint(
                condition=Q(kind="device", device__isnull=False) | (~Q(kind="device") & Q(device=None)),
                name="erasure_place_names_its_device",
            ),
            models.CheckConstraint(
                condition=~Q(state="gone") | ~Q(evidence={}), name="erasure_place_gone_with_evidence"
            ),
            # What a face was made into, photos and readers are held by nothing.
            models.CheckConstraint(
                condition=~Q(state="held") | Q(kind__in=["rows", "key", "pages"]),
                name="erasure_place_held_is_no_face",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {str(self.pk)[:8]}"
