"""Imports: a list that somebody uploaded, as far as it is kept, and what became of each of its lines.

What the lines say is sealed under the import's own key, which is destroyed when the import is forgotten. Plain columns
hold ids, numbers and codes.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from residents.models.places import Neighborhood
from residents.models.users import User


class ImportQuerySet(models.QuerySet["Import"]):
    def running(self) -> ImportQuerySet:
        return self.filter(state__in=Import.RUNNING)

    def idle(self, at: datetime) -> ImportQuerySet:
        """Running, and in nobody's hands: waiting for a worker, or claimed by one whose lease ran out."""
        return self.running().filter(Q(leased_until=None) | Q(leased_until__lt=at))

    def kept(self) -> ImportQuerySet:
        return self.filter(forgotten_at=None)


class Import(models.Model):
    class State(models.TextChoices):
        PLANNED = "planned", _("looked at, nothing written yet")
        APPLYING = "applying", _("being written")
        APPLIED = "applied", _("written")
        STOPPED = "stopped", _("stopped before its end")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")
        DROPPED = "dropped", _("dropped")

    # Every change of state there is; a trigger holds it (see the migration).
    CHANGES: dict[str, tuple[str, ...]] = {
        State.PLANNED: (State.APPLYING, State.DROPPED),
        State.APPLYING: (State.APPLIED, State.STOPPED),
        # What was stopped is taken back, or left as it is: the same list again goes on where it stopped.
        State.STOPPED: (State.UNDOING,),
        State.APPLIED: (State.UNDOING,),
        State.UNDOING: (State.UNDONE, State.STOPPED),
    }
    RUNNING = (State.APPLYING, State.UNDOING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    key = models.UUIDField(default=uuid.uuid4, editable=False)  # vault key of the lines and of `about`
    state = models.CharField(max_length=20, choices=State.choices, default=State.PLANNED)
    make_dwellings = models.BooleanField(default=False)
    gates = models.JSONField(default=list)  # ids of gates to open for the dwellings of this list
    has_cards = models.BooleanField(default=False)
    about = models.BinaryField(null=True, editable=False)  # sealed: the sheet's name and headings not used
    planned = models.JSONField(default=dict)  # lines by fate, as the dry run had it
    became = models.JSONField(default=dict)  # lines by fate, as it came
    rows = models.PositiveIntegerField(default=0)  # lines to be worked on
    done = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)  # lines of which something stayed when it was undone
    attempts = models.PositiveIntegerField(default=0)  # since something was last done
    leased_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    forget_at = models.DateTimeField()
    forgotten_at = models.DateTimeField(null=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        indexes = [
            models.Index(fields=["neighborhood", "-created_at"], name="import_by_neighborhood"),
            models.Index(fields=["forget_at"], condition=Q(forgotten_at=None), name="import_to_forget"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["neighborhood"],
                condition=Q(state__in=["applying", "undoing"]),
                name="import_one_at_a_time",
            ),
            models.CheckConstraint(condition=Q(done__lte=F("rows")), name="import_done_of_rows"),
            models.CheckConstraint(
                condition=Q(forgotten_at=None) | Q(about=None), name="import_forgotten_says_nothing"
            ),
        ]

    def __str__(self) -> str:
        return f"import {str(self.pk)[:8]}"

    @property
    def is_running(self) -> bool:
        return self.state in self.RUNNING


class ImportRow(models.Model):
    class Fate(models.TextChoices):
        NEW = "new", _("new")
        CHANGED = "changed", _("changed")
        SAME = "same", _("same")
        REFUSED = "refused", _("refused")

    id = models.BigAutoField(primary_key=True)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    source = models.ForeignKey(Import, models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField()  # as the spreadsheet counts
    fate = models.CharField(max_length=20, choices=Fate.choices)
    reason = models.CharField(max_length=40, blank=True)
    notes = models.JSONField(default=list)  # codes
    content = models.BinaryField()  # sealed: what the line says
    # What came of it; empty until it was worked on.
    outcome = models.CharField(max_length=20, choices=Fate.choices, blank=True, default="")
    before = models.BinaryField(null=True)  # sealed: what it changed, as it was and as it became
    # Opaque ids of what the line is about and of what it made. No foreign keys: what is undone or erased may go.
    resident = models.UUIDField(null=True)
    made = models.JSONField(default=dict)
    undone = models.BooleanField(default=False)
    left = models.JSONField(default=list)  # codes: what stayed when it was undone, and why

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "number"], name="import_row_once"),
            models.CheckConstraint(
                condition=~Q(fate="refused") | ~Q(reason=""), name="import_row_refused_with_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["source", "fate", "number"], name="import_row_by_fate"),
            models.Index(fields=["source", "resident"], name="import_row_by_resident"),
        ]

    def __str__(self) -> str:
        return f"import row {self.pk}"
