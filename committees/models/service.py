"""What a resident asks of a body: a repair, quiet, an answer. The words and pictures are sealed side rows that go; the steps
and their times stay, and say later whether anybody replied in time."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from committees.models.bodies import Committee
from residents.models import Neighborhood, Resident, Unit, User

# Beside the roles of staff (`property.clerk`): in which capacity a step was taken.
RESIDENT, HELPER, SYSTEM = "resident", "helper", "system"
MOST_PHOTOS = 4
# From then on a step must bring it on: nobody fills a request for ever, and it is closed all the same.
MOST_STEPS = 100
REOPEN = timedelta(days=30)
LARGEST = 4 * 1024 * 1024  # of a sealed picture; written anew at 1900 dots they have some 300 kB


class Kind(models.TextChoices):
    REPAIR = "repair", _("repair")
    NOISE = "noise", _("noise")
    COMPLAINT = "complaint", _("complaint")
    OTHER = "other", _("something else")


class Status(models.TextChoices):
    RECEIVED = "received", pgettext_lazy("of a request", "received")
    REPLIED = "replied", pgettext_lazy("of a request", "answered")
    WORKING = "working", pgettext_lazy("of a request", "being worked on")
    DONE = "done", pgettext_lazy("of a request", "done")
    REOPENED = "reopened", pgettext_lazy("of a request", "not solved: open again")
    CALLED_OFF = "called_off", pgettext_lazy("of a request", "called off")


# What may follow what. The database holds the same (`committees_service_follows`), and a test compares the two.
ALLOWED: Mapping[Status, frozenset[Status]] = {
    Status.RECEIVED: frozenset({Status.REPLIED, Status.WORKING, Status.DONE, Status.CALLED_OFF}),
    Status.REPLIED: frozenset({Status.WORKING, Status.DONE, Status.CALLED_OFF}),
    Status.WORKING: frozenset({Status.DONE, Status.CALLED_OFF}),
    Status.DONE: frozenset({Status.REOPENED}),
    Status.REOPENED: frozenset({Status.REPLIED, Status.WORKING, Status.DONE, Status.CALLED_OFF}),
    Status.CALLED_OFF: frozenset(),
}
BY_STAFF = frozenset({Status.REPLIED, Status.WORKING, Status.DONE})
OVER = frozenset({Status.DONE, Status.CALLED_OFF})
# Within how many days somebody answers, and within how many it is done, where a body has set no others (`ServiceTimes`); and
# the most that it may set. The database counts them from its own clock.
REPLY_DAYS: Mapping[Kind, int] = {Kind.REPAIR: 2, Kind.NOISE: 2, Kind.COMPLAINT: 7, Kind.OTHER: 7}
DONE_DAYS: Mapping[Kind, int] = {Kind.REPAIR: 15, Kind.NOISE: 15, Kind.COMPLAINT: 30, Kind.OTHER: 30}
MOST_REPLY_DAYS: Mapping[Kind, int] = {Kind.REPAIR: 7, Kind.NOISE: 7, Kind.COMPLAINT: 15, Kind.OTHER: 15}
MOST_DONE_DAYS: Mapping[Kind, int] = {Kind.REPAIR: 30, Kind.NOISE: 30, Kind.COMPLAINT: 60, Kind.OTHER: 60}


class ServiceRequestQuerySet(models.QuerySet["ServiceRequest"]):
    def open(self) -> ServiceRequestQuerySet:
        return self.exclude(status__in=OVER)

    def open_or_done(self, *, since: datetime) -> ServiceRequestQuerySet:
        """What is open, then what was done of late."""
        found = self.exclude(status=Status.CALLED_OFF).filter(Q(ended_at=None) | Q(ended_at__gt=since))
        return found.order_by(models.F("ended_at").asc(nulls_first=True), *self.by_due_date().query.order_by)

    def open_first(self) -> ServiceRequestQuerySet:
        """As whoever asked reads them."""
        return self.order_by(models.Case(models.When(status__in=OVER, then=1), default=0), "-opened_at", "pk")

    def by_due_date(self) -> ServiceRequestQuerySet:
        """What is due first, first: a reply where none was given yet, else that it is done."""
        return self.order_by(
            models.Case(models.When(replied_at=None, then="reply_due_at"), default="done_due_at"),
            "opened_at",
            "pk",
        )


class ServiceRequest(models.Model):
    """Asked of one kind of body, and seen by its staff and by the resident: by no other body, and nobody else at home.

    A kind, not one committee: whoever follows a company in office answers what it left (obligation 46).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="service_requests")
    # Empty where it is about somewhere else, which the words name, and once the words have gone.
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    body = models.CharField(_("who answers"), max_length=20, choices=Committee.Kind.choices)
    # In the vault; of this request alone. Seals its words and pictures.
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    token = models.UUIDField()  # of the form that was sent: sent twice, it is one request
    status = models.CharField(_("status"), max_length=20, choices=Status.choices, default=Status.RECEIVED)
    # All of these the database writes, from what the body has set, from the steps and by its own clock.
    reply_days = models.PositiveSmallIntegerField(default=0, editable=False)
    done_days = models.PositiveSmallIntegerField(default=0, editable=False)
    opened_at = models.DateTimeField()
    reply_due_at = models.DateTimeField()
    done_due_at = models.DateTimeField()
    replied_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    forgotten_at = models.DateTimeField(null=True)

    objects = ServiceRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request to a body")
        verbose_name_plural = _("requests to a body")
        indexes = [
            models.Index(fields=["resident", "-opened_at"], name="service_by_resident"),
            models.Index(
                fields=["neighborhood", "body", "reply_due_at"],
                name="service_open_by_body",
                condition=~Q(status__in=["done", "called_off"]),
            ),
            models.Index(fields=["neighborhood", "opened_at"], name="service_by_month"),
            models.Index(fields=["ended_at"], name="service_to_forget", condition=Q(forgotten_at=None)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["resident", "token"], name="service_sent_once"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="service_of_a_known_kind"),
            models.CheckConstraint(
                condition=Q(body__in=Committee.Kind.values), name="service_asked_of_a_known_body"
            ),
        ]

    def __str__(self) -> str:
        return f"service request {str(self.pk)[:8]}"

    @property
    def is_open(self) -> bool:
        return self.status not in OVER

    @property
    def due_at(self) -> datetime:
        return self.done_due_at if self.replied_at else self.reply_due_at

    def may_reopen(self, at: datetime) -> bool:
        return self.status == Status.DONE and self.ended_at is not None and at < self.ended_at + REOPEN


class ServiceStep(models.Model):
    """Something that was said or done about it. One with the status of the step before only adds words."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    request = models.ForeignKey(ServiceRequest, models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField()  # from 1, without gaps
    status = models.CharField(max_length=20, choices=Status.choices)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    capacity = models.CharField(max_length=40)
    token = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("step of a request")
        verbose_name_plural = _("steps of requests")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["request", "number"], name="service_step_one_after_another"),
            models.UniqueConstraint(fields=["request", "token"], name="service_step_sent_once"),
        ]

    def __str__(self) -> str:
        return f"service step {str(self.pk)[:8]}"


class ServiceWords(models.Model):
    """What was said with a step, sealed; with the first one, where it is."""

    step = models.OneToOneField(ServiceStep, models.PROTECT, primary_key=True, related_name="words")
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    sealed = models.BinaryField()

    class Meta:
        verbose_name = _("words of a request")
        verbose_name_plural = _("words of requests")

    def __str__(self) -> str:
        return f"service words {str(self.pk)[:8]}"


class ServicePhoto(models.Model):
    """A picture that came with a step, written anew and sealed. Nothing ever looks for a face in it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    step = models.ForeignKey(ServiceStep, models.PROTECT, related_name="photos")
    number = models.PositiveSmallIntegerField()
    sealed = models.BinaryField()

    class Meta:
        verbose_name = _("picture of a request")
        verbose_name_plural = _("pictures of requests")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["step", "number"], name="service_photo_one_place_each"),
            models.CheckConstraint(
                condition=Q(number__gte=1, number__lte=MOST_PHOTOS), name="service_photos_at_most_four"
            ),
        ]

    def __str__(self) -> str:
        return f"service photo {str(self.pk)[:8]}"
