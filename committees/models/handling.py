"""How a body handles what it was asked: to whom of its staff it is assigned, what they note for themselves, and within how many days it
answers. None of it is said to whoever asked: their words and the answers are steps (`service.py`)."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from committees.models.bodies import Committee
from committees.models.service import Kind, ServiceRequest
from residents.models import Neighborhood, User

MOST_NOTES = 50


class ServiceAssignment(models.Model):
    """From here on it is `assignee` who sees to it, or nobody. The last row counts, and only while the assignee's right stands.

    A row of its own and no step: a step is what the resident reads, and a colleague's answer would be given back for it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    request = models.ForeignKey(ServiceRequest, models.PROTECT, related_name="assignments")
    number = models.PositiveSmallIntegerField()  # from 1, without gaps
    assignee = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    capacity = models.CharField(max_length=40, blank=True)  # the assignee's office, as in a step
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    by_capacity = models.CharField(max_length=40)
    token = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("who a request is assigned to")
        verbose_name_plural = _("who requests are assigned to")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "number"], name="service_assignment_one_after_another"
            ),
            models.UniqueConstraint(fields=["request", "token"], name="service_assignment_sent_once"),
            models.CheckConstraint(
                condition=Q(assignee=None, capacity="") | Q(assignee__isnull=False) & ~Q(capacity=""),
                name="service_assignee_has_an_office",
            ),
        ]

    def __str__(self) -> str:
        return f"service assignment {str(self.pk)[:8]}"


class ServiceNote(models.Model):
    """What the staff of the body note for themselves, sealed under the request's key as a note: as words it does not open."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    request = models.ForeignKey(ServiceRequest, models.PROTECT, related_name="notes")
    number = models.PositiveSmallIntegerField()  # from 1, without gaps
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=40)
    token = models.UUIDField()
    at = models.DateTimeField()
    sealed = models.BinaryField()

    class Meta:
        verbose_name = _("note inside a body")
        verbose_name_plural = _("notes inside a body")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["request", "number"], name="service_note_one_after_another"),
            models.UniqueConstraint(fields=["request", "token"], name="service_note_sent_once"),
            models.CheckConstraint(
                condition=Q(number__gte=1, number__lte=MOST_NOTES), name="service_notes_at_most_fifty"
            ),
        ]

    def __str__(self) -> str:
        return f"service note {str(self.pk)[:8]}"


class ServiceTimes(models.Model):
    """Within how many days a body answers what is asked from now on, and has done it. Append-only: the newest of a kind counts,
    and what was asked before keeps the days it was asked under. Without a row they are `REPLY_DAYS` and `DONE_DAYS`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    committee = models.ForeignKey(
        Committee, models.PROTECT, related_name="service_times", verbose_name=_("body")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    reply_days = models.PositiveSmallIntegerField(_("days until an answer"))
    done_days = models.PositiveSmallIntegerField(_("days until it is done"))
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    set_at = models.DateTimeField(_("from"))

    class Meta:
        verbose_name = _("days within which a body answers")
        verbose_name_plural = _("days within which bodies answer")
        indexes = [models.Index(fields=["committee", "kind", "-set_at"], name="service_times_newest")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="service_times_of_a_known_kind"),
            models.CheckConstraint(
                condition=Q(reply_days__gte=1, done_days__gte=models.F("reply_days")),
                name="service_answered_before_it_is_done",
                violation_error_message=_("An answer comes first, and takes a day at least."),
            ),
        ]

    def __str__(self) -> str:
        return f"service times {str(self.pk)[:8]}"
