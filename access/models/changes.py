"""Planned changes of what a gate opens by: announced, waited for, carried out on their day or called off (A3)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.models.gates import Gate
from residents.models import Neighborhood, User


class MethodChangeQuerySet(models.QuerySet["MethodChange"]):
    def open(self) -> MethodChangeQuerySet:
        return self.filter(state__in=MethodChange.OPEN)

    def announced(self) -> MethodChangeQuerySet:
        """What residents read of."""
        return self.filter(state=MethodChange.State.ANNOUNCED)

    def due(self, today: date) -> MethodChangeQuerySet:
        return self.announced().filter(takes_effect_on__lte=today)


class MethodChange(models.Model):
    """From these methods to those, at one gate. It names no resident: it moves nobody, and lists nobody."""

    class Kind(models.TextChoices):
        PLANNED = "planned", _("planned")
        # Faces switched off at once after an incident. Nothing else happens without notice.
        INCIDENT = "incident", _("faces switched off at once")

    class State(models.TextChoices):
        PLANNED = "planned", _("waits for a second person")
        ANNOUNCED = "announced", _("announced")
        DONE = "done", _("done")
        CALLED_OFF = "called_off", _("called off")

    OPEN = (State.PLANNED, State.ANNOUNCED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    gate = models.ForeignKey(Gate, models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.PLANNED)
    state = models.CharField(max_length=20, choices=State.choices, default=State.PLANNED)
    # In the order of `Gate.METHODS`, with commas between.
    before = models.CharField(max_length=60)
    after = models.CharField(max_length=60)
    why = models.CharField(_("why"), max_length=300)  # residents read it
    takes_effect_on = models.DateField(_("from which day"), null=True)  # on the neighborhood's calendar
    planned_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    planned_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    announced_at = models.DateTimeField(null=True)  # by the database's clock
    # Its day had come, and somebody would have been left without a way in.
    announced_in_zone = models.CharField(max_length=64, blank=True, default="", editable=False)
    held_up_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    called_off_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    called_off_at = models.DateTimeField(null=True)

    objects = MethodChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["gate"],
                condition=Q(state__in=["planned", "announced"]),
                name="methodchange_open_once",
            ),
            models.CheckConstraint(
                # Whatever is brought in, a card goes on opening (law 1).
                condition=Q(after__regex=r"^card(,pin)?(,qr)?(,face)?(,fingerprint)?$"),
                name="methodchange_keeps_the_card",
            ),
        ]

    def __str__(self) -> str:
        return f"change of methods {str(self.pk)[:8]}"

    @property
    def methods_before(self) -> list[str]:
        return self.before.split(",")

    @property
    def methods_after(self) -> list[str]:
        return self.after.split(",")

    @property
    def given_up(self) -> list[str]:
        return [method for method in self.methods_before if method not in self.methods_after]

    @property
    def brought_in(self) -> list[str]:
        return [method for method in self.methods_after if method not in self.methods_before]

    @staticmethod
    def spelled(methods: Iterable[str]) -> str:
        given = set(methods)
        return ",".join(method for method in Gate.METHODS if method in given)
