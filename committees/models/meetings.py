"""Meetings of the owners: what is voted on, and who votes with how much, both fixed with the notice."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from committees.models.bodies import Committee
from residents.models import Neighborhood, Resident, Unit, User


@dataclass(frozen=True)
class Threshold:
    """Of those who take part, by area and by heads each: more than this, or, where `reaches`, this much."""

    share: Fraction
    reaches: bool


TAKE_PART = Fraction(2, 3)
ORDINARY = Threshold(Fraction(1, 2), reaches=False)
GRAVE = Threshold(Fraction(3, 4), reaches=True)
# The same stand in the migrations, and in `committees/recount.py`; a test compares them.
SHORTEST_WINDOW, LONGEST_WINDOW = 5, 60
MOST_PROXIES = 3


class Meeting(models.Model):
    """Called by an owners' committee. A draft until notice is given; from then on nothing of it changes but what comes of it."""

    class Kind(models.TextChoices):
        REGULAR = "regular", _("regular meeting")
        INTERIM = "interim", _("interim meeting")

    NOTICE_DAYS = {Kind.REGULAR: 15, Kind.INTERIM: 7}

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    committee = models.ForeignKey(Committee, models.PROTECT, related_name="meetings")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    title = models.CharField(_("title"), max_length=100)
    place = models.CharField(_("where papers are handed in"), max_length=120)
    opens_on = models.DateField(_("first day of voting"))
    closes_on = models.DateField(_("last day of voting"))
    # For how many others one person may vote on paper, at most.
    proxies = models.PositiveSmallIntegerField(_("proxies for one person at most"), default=MOST_PROXIES)
    key = models.UUIDField(default=uuid.uuid4, editable=False, unique=True)  # of the urn, in the vault
    drafted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField()
    noticed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    noticed_at = models.DateTimeField(_("notice given"), null=True)
    # Of the whole roll; the database writes them with the notice. Areas are whole square centimetres.
    roll_heads = models.PositiveIntegerField(null=True)
    roll_area = models.BigIntegerField(null=True)
    called_off_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    called_off_at = models.DateTimeField(_("called off"), null=True)
    # While votes are taken in, one asks for it and another calls it off.
    off_asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    off_asked_at = models.DateTimeField(_("asked to be called off"), null=True)

    class Meta:
        verbose_name = _("meeting of the owners")
        verbose_name_plural = _("meetings of the owners")
        constraints = [
            models.CheckConstraint(condition=Q(proxies__gte=0, proxies__lte=10), name="meeting_proxies_few"),
            models.CheckConstraint(condition=Q(kind__in=["regular", "interim"]), name="meeting_kind_known"),
            models.CheckConstraint(
                condition=Q(noticed_at=None, noticed_by=None, roll_heads=None, roll_area=None)
                | Q(
                    noticed_at__isnull=False,
                    noticed_by__isnull=False,
                    roll_heads__isnull=False,
                    roll_area__isnull=False,
                ),
                name="meeting_noticed_with_its_roll",
            ),
            models.CheckConstraint(
                condition=Q(off_asked_at=None, off_asked_by=None)
                | Q(off_asked_at__isnull=False, off_asked_by__isnull=False, noticed_at__isnull=False),
                name="meeting_off_asked_of_one_called",
            ),
        ]
        indexes = [models.Index(fields=["neighborhood", "-opens_on"], name="meeting_by_neighborhood")]

    def __str__(self) -> str:
        return f"meeting {str(self.pk)[:8]}"

    @property
    def days(self) -> int:
        """Of the window, its first and its last day included."""
        return (self.closes_on - self.opens_on).days + 1

    def is_open(self, on: date) -> bool:
        return self.is_standing and self.opens_on <= on <= self.closes_on

    def is_over(self, on: date) -> bool:
        return self.is_standing and on > self.closes_on

    @property
    def is_standing(self) -> bool:
        return self.noticed_at is not None and self.called_off_at is None


class Topic(models.Model):
    """One question, answered with yes, no or an abstention. Of an election there is one for each candidate."""

    class Item(models.IntegerChoices):
        """What the owners decide together (Civil Code 278)."""

        PROCEDURE = 1, _("1: rules of procedure of the owners' assembly")
        STATUTE = 2, _("2: house rules of the owners")
        ELECTION = 3, _("3: elect or replace members of the owners' committee")
        COMPANY = 4, _("4: choose or dismiss a property company")
        USE_FUNDS = 5, _("5: use money of the maintenance fund")
        RAISE_FUNDS = 6, _("6: raise money for the maintenance fund")
        REBUILD = 7, _("7: rebuild or alter buildings")
        COMMON_PARTS = 8, _("8: use common parts otherwise, or for business")
        OTHER = 9, _("9: something else that is for the owners")

    GRAVE_ITEMS = frozenset({Item.RAISE_FUNDS, Item.REBUILD, Item.COMMON_PARTS})
    # Nobody answers for how they voted on a person.
    SECRET_ITEMS = frozenset({Item.ELECTION})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="topics")
    number = models.PositiveSmallIntegerField()
    item = models.PositiveSmallIntegerField(_("what it is about"), choices=Item.choices)
    title = models.CharField(_("question"), max_length=200)
    text = models.TextField(_("explained"), max_length=4000, blank=True)
    secret = models.BooleanField(_("secret vote"), default=False)

    class Meta:
        verbose_name = _("topic")
        verbose_name_plural = _("topics")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "number"], name="topic_one_number_each"),
            models.CheckConstraint(condition=Q(number__gte=1, number__lte=30), name="topics_at_most_thirty"),
            models.CheckConstraint(condition=Q(item__gte=1, item__lte=9), name="topic_item_known"),
            models.CheckConstraint(condition=~Q(title=""), name="topic_asks_something"),
            models.CheckConstraint(condition=~Q(item=3) | Q(secret=True), name="elections_are_secret"),
        ]

    def __str__(self) -> str:
        return f"topic {self.number} of meeting {str(self.meeting_id)[:8]}"

    @property
    def threshold(self) -> Threshold:
        return GRAVE if self.item in self.GRAVE_ITEMS else ORDINARY


class Head(models.Model):
    """One vote: the owner or the joint owners of one or several dwellings, with the area of all of these. Written by the
    database when notice is given. A dwelling nobody is known to own is a head that nobody votes for."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="heads")
    area = models.BigIntegerField()

    class Meta:
        verbose_name = _("vote on the roll")
        verbose_name_plural = _("votes on the roll")
        constraints = [models.CheckConstraint(condition=Q(area__gt=0), name="head_has_an_area")]

    def __str__(self) -> str:
        return f"head {str(self.pk)[:8]}"


class HeadUnit(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    head = models.ForeignKey(Head, models.CASCADE, related_name="units")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    area = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["head", "unit"], name="headunit_once")]

    def __str__(self) -> str:
        return f"dwelling of head {str(self.head_id)[:8]}"


class HeadOwner(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    head = models.ForeignKey(Head, models.CASCADE, related_name="owners")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["head", "resident"], name="headowner_once")]
        indexes = [models.Index(fields=["resident"], name="headowner_by_resident")]

    def __str__(self) -> str:
        return f"owner of head {str(self.head_id)[:8]}"


class Naming(models.Model):
    """One of several owners says which of them votes for all. It counts when all have said the same, and from then on until
    all have said another. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    head = models.ForeignKey(Head, models.CASCADE, related_name="namings")
    owner = models.ForeignKey(Resident, models.PROTECT, related_name="+")
    named = models.ForeignKey(Resident, models.PROTECT, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["head", "owner", "-at"], name="naming_by_owner")]

    def __str__(self) -> str:
        return f"naming {str(self.pk)[:8]}"
