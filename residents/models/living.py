"""How somebody comes to live here no more, and who stands beside those who cannot or need not do everything alone.

Law 13 is held by triggers on these rows: an occupancy ends by a `MoveOut`, and a `MoveOut` that is not the person's own
stands on a `Departure` that ran its course, or on a `Death` that two people recorded.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from residents import ages
from residents.models.people import Occupancy, Resident
from residents.models.places import Neighborhood
from residents.models.users import User


class MoveOutQuerySet(models.QuerySet["MoveOut"]):
    def planned(self) -> MoveOutQuerySet:
        return self.filter(called_off_at=None, carried_out_at=None)


class MoveOut(models.Model):
    """An occupancy ends on a day: said by the person, or by what the law of the house puts in their place."""

    class Route(models.TextChoices):
        SELF = "self", _("by themself, in the portal")
        DESK = "desk", _("by themself, at the desk, on paper")
        GUARDIAN = "guardian", _("by a guardian")
        NOTICE = "notice", _("after a notice")
        DEATH = "death", _("by death")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="move_outs")
    occupancy = models.ForeignKey(Occupancy, models.PROTECT, related_name="move_outs")
    on = models.DateField(_("from this day on"))  # the first day on which they do not live there
    until_before = models.DateField(null=True)  # what the occupancy said, should this be called off
    route = models.CharField(_("how"), max_length=20, choices=Route.choices)
    paper = models.CharField(_("where the signed slip is"), max_length=120, blank=True)
    departure = models.ForeignKey("residents.Departure", models.PROTECT, null=True, related_name="+")
    death = models.ForeignKey("residents.Death", models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField()
    called_off_at = models.DateTimeField(null=True)
    carried_out_at = models.DateTimeField(null=True)

    objects = MoveOutQuerySet.as_manager()

    class Meta:
        verbose_name = _("move-out")
        verbose_name_plural = _("move-outs")
        constraints = [
            models.UniqueConstraint(
                fields=["occupancy"],
                condition=Q(called_off_at=None, carried_out_at=None),
                name="move_out_planned_once",
            ),
            models.CheckConstraint(
                condition=Q(called_off_at=None) | Q(carried_out_at=None), name="move_out_off_or_done"
            ),
        ]
        indexes = [
            models.Index(
                fields=["on"], condition=Q(called_off_at=None, carried_out_at=None), name="move_out_due"
            )
        ]

    def __str__(self) -> str:
        return f"move-out {str(self.pk)[:8]}"


class DepartureQuerySet(models.QuerySet["Departure"]):
    def open(self) -> DepartureQuerySet:
        return self.exclude(state__in=Departure.CLOSED)


class Departure(models.Model):
    """Somebody says that somebody else does not live here any more. Until it is closed, everything stays as it is."""

    class State(models.TextChoices):
        ASKED = "asked", _("asked by a neighbor or a landlord; nobody has taken it up")
        OPEN = "open", _("opened; nothing has changed")
        NOTICE = "notice", _("seven days' notice is running")
        DISPUTED = "disputed", _("disputed; nothing happens until it is settled")
        CONFIRMED = "confirmed", _("confirmed by the person")
        ENDED = "ended", _("ended after the notice")
        DROPPED = "dropped", _("closed; the person lives here")

    CLOSED = (State.CONFIRMED, State.ENDED, State.DROPPED)
    # Kept here for people and for code; the trigger of the migration holds it.
    ALLOWED: Mapping[str, frozenset[str]] = {
        State.ASKED: frozenset({State.OPEN, State.DISPUTED, State.CONFIRMED, State.DROPPED}),
        State.OPEN: frozenset({State.NOTICE, State.DISPUTED, State.CONFIRMED, State.DROPPED}),
        State.NOTICE: frozenset({State.DISPUTED, State.CONFIRMED, State.ENDED, State.DROPPED}),
        # A court's paper opens it once more; then it can end, and not be disputed again.
        State.DISPUTED: frozenset({State.OPEN, State.CONFIRMED, State.DROPPED}),
    }

    class Document(models.TextChoices):
        LEASE = "lease", _("the end of a lease, signed by both")
        MOVED = "moved", _("a proof of residence elsewhere")
        STATEMENT = "statement", _("a statement of the person")
        COURT = "court", _("a decision of a court")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="departures")
    occupancy = models.ForeignKey(Occupancy, models.PROTECT, related_name="departures")
    state = models.CharField(_("state"), max_length=20, choices=State.choices)
    asked_by = models.ForeignKey(Resident, models.PROTECT, null=True, related_name="+")
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    words = models.CharField(_("what is said"), max_length=300, blank=True)
    opened_at = models.DateTimeField(_("since"))
    # What kind of document, and where it is kept: no scan, and no number of anybody.
    document = models.CharField(_("document"), max_length=20, choices=Document.choices, blank=True)
    kept_where = models.CharField(_("where the document is kept"), max_length=120, blank=True)
    document_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    seconded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    delivered_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    delivered_at = models.DateTimeField(_("slip delivered"), null=True)  # by the database's clock
    notice_until = models.DateField(_("notice runs until"), null=True)  # seven full days lie before it
    disputed_at = models.DateTimeField(_("disputed"), null=True)
    court = models.BooleanField(_("a court has decided"), default=False)
    settled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(_("what was found"), max_length=300, blank=True)
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    paper = models.CharField(_("where the signed slip is"), max_length=120, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True)

    objects = DepartureQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice about who lives here")
        verbose_name_plural = _("notices about who lives here")
        constraints = [
            models.UniqueConstraint(
                fields=["occupancy"],
                condition=~Q(state__in=["confirmed", "ended", "dropped"]),
                name="departure_open_once",
            )
        ]
        indexes = [
            models.Index(fields=["notice_until"], condition=Q(state="notice"), name="departure_by_notice"),
            models.Index(fields=["resident", "-opened_at"], name="departure_by_resident"),
        ]

    def __str__(self) -> str:
        return f"departure {str(self.pk)[:8]}"


class DeathQuerySet(models.QuerySet["Death"]):
    def standing(self) -> DeathQuerySet:
        return self.filter(confirmed_at__isnull=False, undone_at=None)


class Death(models.Model):
    """Recorded by one of the staff, and by a second one or an adult who lived with them. A mistake can be undone."""

    class Document(models.TextChoices):
        CERTIFICATE = "certificate", _("death certificate")
        POLICE = "police", _("a paper of the police or of the civil registry")
        COURT = "court", _("a decision of a court")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="deaths")
    document = models.CharField(_("document"), max_length=20, choices=Document.choices)
    kept_where = models.CharField(_("where the document is kept"), max_length=120, blank=True)
    reported_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    reported_at = models.DateTimeField(_("reported"))
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    told_by = models.ForeignKey(Resident, models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    undone_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(_("undone"), null=True)

    objects = DeathQuerySet.as_manager()

    class Meta:
        verbose_name = _("recorded death")
        verbose_name_plural = _("recorded deaths")
        constraints = [
            models.UniqueConstraint(
                fields=["resident"], condition=Q(undone_at=None), name="death_recorded_once"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None, confirmed_by=None, told_by=None)
                | Q(confirmed_at__isnull=False, confirmed_by__isnull=False),
                name="death_confirmed_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"death {str(self.pk)[:8]}"


class GuardianshipQuerySet(models.QuerySet["Guardianship"]):
    def current(self, on: date) -> GuardianshipQuerySet:
        """On this day. It ends on the fourteenth birthday whether or not anybody writes that down (obligation 15)."""
        return self.filter(
            Q(until=None) | Q(until__gt=on),
            since__lte=on,
            child__born__gt=ages.years_before(on, ages.GUARDED),
            child__left_at=None,
            guardian__left_at=None,
            guardian__erased_at=None,
            barred_at=None,
        )


class Guardianship(models.Model):
    """Who decides for a child under fourteen. Seen on paper by staff; no copy and no number of it is kept."""

    class Verified(models.TextChoices):
        REGISTER = "register", _("household register")
        BIRTH = "birth", _("birth certificate")
        COURT = "court", _("a decision of a court")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    child = models.ForeignKey(Resident, models.PROTECT, related_name="guardianships")
    guardian = models.ForeignKey(Resident, models.PROTECT, related_name="wards")
    since = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True)
    verified = models.CharField(_("seen"), max_length=20, choices=Verified.choices)
    verified_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    # By a court: power and sight are gone at once, and this pair is not verified anew but on a court's paper.
    barred_at = models.DateTimeField(_("barred by a court"), null=True)
    barred_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = GuardianshipQuerySet.as_manager()

    class Meta:
        verbose_name = _("guardian")
        verbose_name_plural = _("guardians")
        constraints = [
            models.CheckConstraint(condition=~Q(child=F("guardian")), name="guardian_is_somebody_else"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="guardianship_ends_after_it_began"
            ),
            models.UniqueConstraint(
                fields=["child", "guardian"], condition=Q(until=None), name="guardianship_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"guardianship {str(self.pk)[:8]}"


class HelperQuerySet(models.QuerySet["Helper"]):
    def current(self, on: date) -> HelperQuerySet:
        return self.filter(
            Q(until=None) | Q(until__gt=on),
            since__lte=on,
            resident__left_at=None,
            helper__left_at=None,
            helper__erased_at=None,
        )


class Helper(models.Model):
    """Whom an adult has named to help: reports a lost card. Says no yes, and sees no entries."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="helpers")
    helper = models.ForeignKey(Resident, models.PROTECT, related_name="helps")
    since = models.DateField(_("from"))
    until = models.DateField(_("until"), null=True)
    named_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    objects = HelperQuerySet.as_manager()

    class Meta:
        verbose_name = _("helper")
        verbose_name_plural = _("helpers")
        constraints = [
            models.CheckConstraint(condition=~Q(resident=F("helper")), name="helper_is_somebody_else"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="helper_ends_after_it_began"
            ),
            models.UniqueConstraint(
                fields=["resident", "helper"], condition=Q(until=None), name="helper_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"helper {str(self.pk)[:8]}"
