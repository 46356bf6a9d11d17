"""What the staff order of gates: open in an emergency, lock down, open once from afar. All three end by the database's clock."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from access.models.gates import Gate
from residents.models import Neighborhood, User

# Minutes.
LONGEST_EMERGENCY = 240
LONGEST_LOCKDOWN = 120
# Another of the staff says by then what an emergency was.
REVIEW_WITHIN = timedelta(days=3)


class EmergencyOpeningQuerySet(models.QuerySet["EmergencyOpening"]):
    def standing(self, at: datetime) -> EmergencyOpeningQuerySet:
        return self.filter(ended_at=None, until__gt=at)

    def to_review(self, at: datetime) -> EmergencyOpeningQuerySet:
        return self.filter(reviewed_at=None).exclude(ended_at=None, until__gt=at)

    def overdue(self, at: datetime) -> EmergencyOpeningQuerySet:
        return self.to_review(at).filter(opened_at__lte=at - REVIEW_WITHIN)


class EmergencyOpening(models.Model):
    """One of the staff, one press: a gate, or all of them and the barriers, stand open. Another says later what it was."""

    class Finding(models.TextChoices):
        NEEDED = "needed", _("it was needed")
        DRILL = "drill", _("it was a drill")
        MISTAKE = "mistake", _("it was a mistake")
        MISUSE = "misuse", _("it was misused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    gate = models.ForeignKey(  # null is all of them
        Gate, models.PROTECT, null=True, related_name="emergencies", verbose_name=_("gate")
    )
    minutes = models.PositiveSmallIntegerField(_("minutes"), default=30)
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("opened by"))
    opened_at = models.DateTimeField(_("opened"))  # this and the next by the database's clock
    until = models.DateTimeField(_("until"))
    ended_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("ended by")
    )
    ended_at = models.DateTimeField(_("ended"), null=True)
    reviewed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("reviewed by")
    )
    reviewed_at = models.DateTimeField(_("reviewed"), null=True)
    finding = models.CharField(_("what it was"), max_length=20, choices=Finding.choices, blank=True)

    objects = EmergencyOpeningQuerySet.as_manager()

    class Meta:
        verbose_name = _("emergency opening")
        verbose_name_plural = _("emergency openings")
        indexes = [models.Index(fields=["neighborhood", "-opened_at"], name="emergency_by_age")]
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=LONGEST_EMERGENCY), name="emergency_has_an_end"
            ),
            models.CheckConstraint(
                condition=Q(finding="", reviewed_at=None, reviewed_by=None)
                | Q(finding__in=["needed", "drill", "mistake", "misuse"], reviewed_at__isnull=False),
                name="emergency_reviewed_in_a_word",
            ),
        ]

    def __str__(self) -> str:
        return f"emergency {str(self.pk)[:8]}"

    @property
    def review_by(self) -> datetime:
        return self.opened_at + REVIEW_WITHIN

    def stands(self, at: datetime) -> bool:
        return self.ended_at is None and at < self.until


class LockdownQuerySet(models.QuerySet["Lockdown"]):
    def standing(self, at: datetime) -> LockdownQuerySet:
        return self.filter(began_at__isnull=False, lifted_at=None, until__gt=at)

    def waiting(self, at: datetime) -> LockdownQuerySet:
        return self.filter(began_at=None, lifted_at=None, asked_at__gt=at - Lockdown.CONFIRM_WITHIN)


class Lockdown(models.Model):
    """No visitors' passes and no opening from afar, for two hours at most. Residents pass, and out goes everybody (law 13)."""

    class Why(models.TextChoices):
        DANGER = "danger", _("somebody or something dangerous near the gates")
        AUTHORITY = "authority", _("asked for by the police or another authority")
        MISUSE = "misuse", _("passes or opening from afar are being misused")

    # The second person does it while the reason still holds.
    CONFIRM_WITHIN = timedelta(minutes=15)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    why = models.CharField(_("why"), max_length=20, choices=Why.choices)
    minutes = models.PositiveSmallIntegerField(_("minutes"), default=60)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("asked for by"))
    asked_at = models.DateTimeField(_("asked for"))  # these by the database's clock
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("confirmed by")
    )
    began_at = models.DateTimeField(_("began"), null=True)
    until = models.DateTimeField(_("until"), null=True)
    lifted_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("lifted by")
    )
    lifted_at = models.DateTimeField(_("lifted"), null=True)

    objects = LockdownQuerySet.as_manager()

    class Meta:
        verbose_name = _("lock-down")
        verbose_name_plural = _("lock-downs")
        indexes = [models.Index(fields=["neighborhood", "-asked_at"], name="lockdown_by_age")]
        constraints = [
            models.CheckConstraint(
                condition=Q(minutes__gte=1, minutes__lte=LONGEST_LOCKDOWN),
                name="lockdown_asked_for_two_hours",
            ),
            models.CheckConstraint(
                condition=Q(began_at=None, until=None, confirmed_by=None)
                | Q(
                    confirmed_by__isnull=False,
                    until__gt=F("began_at"),
                    until__lte=F("began_at") + timedelta(minutes=LONGEST_LOCKDOWN),
                ),
                name="lockdown_two_hours_at_most",
            ),
            models.CheckConstraint(
                condition=Q(why__in=["danger", "authority", "misuse"]), name="lockdown_why_in_a_word"
            ),
        ]

    def __str__(self) -> str:
        return f"lock-down {str(self.pk)[:8]}"

    def stands(self, at: datetime) -> bool:
        return self.until is not None and self.lifted_at is None and at < self.until

    def waits(self, at: datetime) -> bool:
        asked = self.asked_at + self.CONFIRM_WITHIN
        return self.began_at is None and self.lifted_at is None and at < asked


class RemoteOpening(models.Model):
    """Opened once from afar. Residents read when, and the kind of reason; what else was said stays unwritten."""

    class Why(models.TextChoices):
        VISITOR = "visitor", _("a visitor or a courier was let in")
        FORGOTTEN = "forgotten", _("a resident came without a way to get in")
        HELP = "help", _("ambulance, fire brigade or police")
        WORK = "work", _("repair, cleaning or a delivery")
        FAULT = "fault", _("the reader or the lock did not work")

    class Outcome(models.TextChoices):
        OPENED = "opened", _("opened")
        REFUSED = "refused", _("stayed shut")

    # From the press to the gate; the database adds it.
    LIFE = timedelta(seconds=30)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    gate = models.ForeignKey(Gate, models.PROTECT, related_name="remote_openings", verbose_name=_("gate"))
    why = models.CharField(_("why"), max_length=20, choices=Why.choices)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("opened by"))
    asked_at = models.DateTimeField(_("opened"))  # these by the database's clock
    until = models.DateTimeField(_("until"))
    heard_at = models.DateTimeField(_("the gate reported it"), null=True)
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome.choices, blank=True)

    class Meta:
        verbose_name = _("opening from afar")
        verbose_name_plural = _("openings from afar")
        indexes = [
            models.Index(fields=["gate", "-asked_at"], name="remote_by_gate"),
            models.Index(fields=["neighborhood", "-asked_at"], name="remote_by_age"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(why__in=["visitor", "forgotten", "help", "work", "fault"]),
                name="remote_why_in_a_word",
            ),
            models.CheckConstraint(
                condition=Q(heard_at=None, outcome="")
                | Q(heard_at__isnull=False, outcome__in=["opened", "refused"]),
                name="remote_heard_with_its_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"opening from afar {str(self.pk)[:8]}"
