"""The room of an incident: what was found and done, who is affected, what was said to whom, and who was told."""

from __future__ import annotations

import uuid
from hashlib import sha256

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from consent.models import Incident
from residents.models import Neighborhood, Resident, User
from sharing.models.copies import Copy


class Leak(models.Model):
    """An incident whose room was opened. Append-only: whatever happens further is a step. The clocks of the law begin
    with `noticed_at`, which is never later than now (LM147)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    incident = models.OneToOneField(Incident, models.PROTECT, related_name="leak")
    noticed_at = models.DateTimeField(_("when it was noticed"))
    opened_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=40)
    opened_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["neighborhood", "-opened_at"], name="leak_newest")]

    def __str__(self) -> str:
        return f"leak {str(self.pk)[:8]}"


class LeakStep(models.Model):
    """One line of the timeline. Append-only, and `at` is the database's clock. Where the last says closed, the room is."""

    class Kind(models.TextChoices):
        OPENED = "opened", _("the room was opened")
        FOUND = "found", _("what was found")
        DONE = "done", _("what was done")
        SUPPOSED = "supposed", _("supposed to concern so many people in all")
        SOURCE = "source", _("where it may have come from was written down")
        COUNTED = "counted", _("who is affected was computed")
        TRACED = "traced", _("a text was compared with what was given out")
        SENT = "sent", _("a notice was sent")
        RECALLED = "recalled", _("the recipient was asked to delete it")
        PRINTED = "printed", _("notices were printed for who has no account")
        CLOSED = "closed", _("the room was closed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    leak = models.ForeignKey(Leak, models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    words = models.TextField(blank=True)
    number = models.PositiveIntegerField(null=True)  # of people, of copies, of sheets: as the kind says
    happened_at = models.DateTimeField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=40)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["leak", "at"], name="leakstep_in_order")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind__in=["found", "done", "closed"]) | Q(words__regex=r"\S"),
                name="leakstep_says_what",
            ),
            models.CheckConstraint(
                condition=~Q(kind="supposed") | Q(number__isnull=False), name="leakstep_says_how_many"
            ),
        ]

    def __str__(self) -> str:
        return f"step {str(self.pk)[:8]}"


class LeakSource(models.Model):
    """From where it may have got out: what one account, or any, looked at in a while; a copy that was handed over; or the
    register as a whole. Append-only: who is affected is computed from these, and never chosen."""

    class Kind(models.TextChoices):
        LOOK_UPS = "look_up", _("details that staff looked at")
        COPY = "copy", _("a copy that was given to a recipient")
        REGISTER = "register", _("the register as a whole")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    leak = models.ForeignKey(Leak, models.PROTECT, related_name="sources")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    account = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # None: whoever looked
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    copy = models.ForeignKey(Copy, models.PROTECT, null=True, related_name="leaks")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="look_up", since__isnull=False, until__gt=F("since"), copy=None)
                | Q(kind="copy", copy__isnull=False, account=None, since=None, until=None)
                | Q(kind="register", copy=None, account=None, since=None, until__isnull=False),
                name="leaksource_says_where",
            ),
            models.UniqueConstraint(fields=["leak", "copy"], name="leaksource_copy_once"),
        ]

    def __str__(self) -> str:
        return f"source {str(self.pk)[:8]}"


class LeakPerson(models.Model):
    """That somebody is affected, and by what. Computed by the database, which takes no other (LM146); append-only."""

    id = models.BigAutoField(primary_key=True)
    leak = models.ForeignKey(Leak, models.PROTECT, db_index=False, related_name="people")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="leaks")
    reason = models.CharField(max_length=10, choices=LeakSource.Kind.choices)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["leak", "resident", "reason"], name="leakperson_once")]

    def __str__(self) -> str:
        return f"affected {self.pk}"


class LeakNotice(models.Model):
    """What is said of it, each item that PIPL 57 asks for as a column. Sent whole or not at all (LM143); what was sent stays
    as it is (LM144)."""

    class To(models.TextChoices):
        PEOPLE = "people", _("the people it concerns")
        GUARDIANS = "guardians", _("guardians of those under eighteen")
        AUTHORITY = "authority", _("the authority")
        PROVINCE = "province", _("the authority of the province")

    ITEMS = ("categories", "cause", "harm", "remedies", "own_steps", "contact")
    OFFICES = (To.AUTHORITY, To.PROVINCE)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    leak = models.ForeignKey(Leak, models.PROTECT, related_name="notices")
    goes_to = models.CharField(_("who gets it"), max_length=10, choices=To.choices)
    categories = models.TextField(_("which information"), blank=True)
    cause = models.TextField(_("how it happened"), blank=True)
    harm = models.TextField(_("what harm it may do"), blank=True)
    remedies = models.TextField(_("what was done about it"), blank=True)
    own_steps = models.TextField(_("what you can do yourself"), blank=True)
    contact = models.TextField(_("whom to ask"), blank=True)
    office = models.CharField(_("which office, and how it was given there"), max_length=200, blank=True)
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    sent_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None, sent_by=None) | Q(sent_at__isnull=False, sent_by__isnull=False),
                name="leaknotice_sent_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"notice of a leak {str(self.pk)[:8]}"

    @property
    def missing(self) -> list[str]:
        """The items that say nothing yet."""
        wanted = (*self.ITEMS, "office") if self.goes_to in self.OFFICES else self.ITEMS
        return [name for name in wanted if not getattr(self, name).strip()]

    @property
    def said(self) -> str:
        """All of it, as the ledger keeps the hash of it."""
        return "\n\n".join(getattr(self, name) for name in self.ITEMS)

    @property
    def digest(self) -> str:
        return sha256(self.said.encode()).hexdigest()


class LeakTold(models.Model):
    """That `reader` has got it, about themself or a child of theirs. Append-only, once for each (LM145)."""

    class Way(models.TextChoices):
        ACCOUNT = "account", _("in their account")
        PAPER = "paper", _("on paper")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    notice = models.ForeignKey(LeakNotice, models.PROTECT, db_index=False, related_name="told")
    reader = models.ForeignKey(Resident, models.PROTECT, related_name="told_of_leaks")
    about = models.ForeignKey(Resident, models.PROTECT, related_name="+")
    way = models.CharField(max_length=10, choices=Way.choices)
    # Of paper: the form that had it printed, so that sent twice it prints once, and who pressed.
    batch = models.UUIDField(null=True)
    printed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="leaktold_sheet")]
        constraints = [
            models.UniqueConstraint(fields=["notice", "reader", "about"], name="leaktold_once"),
            models.CheckConstraint(
                condition=Q(way="account", batch=None, printed_by=None)
                | Q(way="paper", batch__isnull=False, printed_by__isnull=False),
                name="leaktold_on_paper_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"told {str(self.pk)[:8]}"
