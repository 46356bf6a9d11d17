"""Neighborhoods, buildings and units: the ground that rights are scoped to."""

from __future__ import annotations

import uuid
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from residents.deadlines import DEADLINES


def known_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(_("Write a time zone such as Asia/Shanghai."))


def no_later_than_the_law() -> Q:
    found = Q(answer_days__isnull=True)
    for code, each in DEADLINES.items():
        found |= Q(jurisdiction=code, answer_days__gte=1, answer_days__lte=each.days)
    return found


class Neighborhood(models.Model):
    """A residential community (小区); the shard key of every table that grows."""

    class Jurisdiction(models.TextChoices):
        """Whose law says by when people have an answer about their own data (`residents.deadlines`)."""

        CN = "CN", _("China")
        EU = "EU", _("European Union")
        HK = "HK", _("Hong Kong")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=100)
    name_en = models.CharField(_("name in English"), max_length=100, blank=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="Asia/Shanghai", validators=[known_zone]
    )
    # Printed on letters and slips, and said where a door stays shut.
    office = models.CharField(_("where the property office is"), max_length=120, blank=True)
    guard_phone = models.CharField(_("whom to ring at a gate"), max_length=40, blank=True)
    # A neighborhood may keep entry events for less than the thirty days, and never for more (obligation 20).
    entry_event_days = models.PositiveSmallIntegerField(_("days entry events are kept"), default=30)
    # What is counted is told of so many people or more (obligations 27, 31); see `sharing.counting`.
    fewest_counted = models.PositiveSmallIntegerField(_("no number is told of fewer people than"), default=5)
    # By when there is an answer about somebody's own data: by this law, or sooner, never later (obligation 32).
    jurisdiction = models.CharField(
        _("whose law of data holds here"), max_length=2, choices=Jurisdiction.choices, default=Jurisdiction.CN
    )
    answer_days = models.PositiveSmallIntegerField(
        _("days to answer about own data, if fewer than the law’s"), null=True, blank=True
    )
    # Nobody here is real: for staff to practise on.
    practice = models.BooleanField(default=False, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(entry_event_days__gte=1, entry_event_days__lte=30),
                name="entry_events_kept_a_month_at_most",
                violation_error_message=_("Between 1 and 30 days."),
            ),
            models.CheckConstraint(
                condition=Q(fewest_counted__gte=5),
                name="no_number_of_fewer_than_five",
                violation_error_message=_("At least 5."),
            ),
            models.CheckConstraint(
                condition=no_later_than_the_law(),
                name="answers_no_later_than_the_law_says",
                violation_error_message=_("No more days than the law gives, and one at least."),
            ),
            models.CheckConstraint(
                condition=Q(jurisdiction__in=list(DEADLINES)), name="neighborhood_law_is_known"
            ),
        ]
        verbose_name = _("neighborhood")
        verbose_name_plural = _("neighborhoods")
        # What a committee role may grant, always on one neighborhood (see committees/roles.py).
        permissions = [
            ("view_register", "See the register, masked"),
            ("look_up", "Unmask a resident's contact details, with a reason"),
            ("approve_minors", "Approve that somebody else looks at a minor's details"),
            ("manage_register", "Add and correct residents and dwellings"),
            ("manage_access", "Gates, devices, cards and rules"),
            ("publish_forms", "Draft and publish consent forms"),
            ("assess", "Justify and assess the use of faces, and confirm what another wrote"),
            ("draft_sharing", "Draft a data-sharing request"),
            ("approve_sharing", "Open and release a data-sharing request"),
            ("settle_departures", "Settle a dispute about who lives where"),
            ("publish_notices", "Write and publish what one's own body lets residents know"),
            ("answer_service", "Answer what residents ask of one's own body"),
            ("call_meetings", "Call the owners to a meeting and a vote"),
            ("count_votes", "Give out and read ballots on paper, and count"),
            ("keep_members", "Co-opt and suspend members of one's own body"),
            ("keep_contracts", "Write, extend and end the contract with the property company, two together"),
            ("hand_over", "Hand over what one's own body leaves, and take over what another leaves"),
            ("audit", "Read the record of look-ups, decisions, disclosures and erasures"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        if self.name_en and (get_language() or "").startswith("en"):
            return self.name_en
        return self.name


class Building(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="buildings")
    name = models.CharField(_("name"), max_length=50)

    class Meta:
        verbose_name = _("building")
        verbose_name_plural = _("buildings")
        constraints = [models.UniqueConstraint(fields=["neighborhood", "name"], name="building_once")]

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """A dwelling."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="units")
    building = models.ForeignKey(Building, models.PROTECT, related_name="units")
    number = models.CharField(_("number"), max_length=20)
    # Square metres by the title deed: what a vote of the owners weighs.
    area = models.DecimalField(
        _("area in square metres"), max_digits=8, decimal_places=2, null=True, blank=True
    )

    class Meta:
        verbose_name = _("dwelling")
        verbose_name_plural = _("dwellings")
        indexes = [models.Index(fields=["number"], name="unit_by_number")]
        constraints = [
            models.UniqueConstraint(fields=["building", "number"], name="unit_once"),
            models.CheckConstraint(condition=Q(area=None) | Q(area__gt=0), name="unit_area_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.building} {self.number}"
