"""Handing over: what a body leaves at the end of a term or a contract, line by line, and who holds the keys (obligation 46)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from committees.models.bodies import Committee, Term
from committees.models.contracts import CompanyContract
from residents.models import Neighborhood, User

_Kind = Committee.Kind
# Who may take over what a body leaves: its own successors, or those who keep it for them. A company never takes over from
# itself; the database holds the same (`committees_takes_over`), and a test compares the two.
RECEIVERS: Mapping[str, frozenset[str]] = {
    _Kind.OWNERS: frozenset({_Kind.OWNERS, _Kind.RESIDENTS}),
    _Kind.RESIDENTS: frozenset({_Kind.OWNERS, _Kind.RESIDENTS}),
    _Kind.PROPERTY: frozenset({_Kind.OWNERS, _Kind.RESIDENTS, _Kind.PROPERTY}),
}
# What is said is about things: no telephone number, no identity number, no address of anybody's.
NAMED = r"[0-9]{7}|@"


class KeyCustody(models.Model):
    """Who keeps a half of the wrapping key on paper, or the key of the backups. The key itself is nowhere here.

    Written by whoever takes it, and counted once another has seen them take it. Whoever had it before has it no more then.
    """

    class Thing(models.TextChoices):
        HALF_1 = "half_1", _("half 1 of the wrapping key")
        HALF_2 = "half_2", _("half 2 of the wrapping key")
        BACKUP = "backup", _("the key that opens the backups")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    thing = models.CharField(_("what"), max_length=20, choices=Thing.choices)
    holder = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("who keeps it"))
    taken_at = models.DateTimeField(_("taken"))
    witnessed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    witnessed_at = models.DateTimeField(_("seen by another"), null=True)
    ended_at = models.DateTimeField(_("passed on"), null=True)

    class Meta:
        verbose_name = _("custody of a key")
        verbose_name_plural = _("custody of keys")
        constraints = [
            models.CheckConstraint(
                condition=Q(thing__in=["half_1", "half_2", "backup"]), name="custody_of_a_key"
            ),
            models.UniqueConstraint(
                fields=["neighborhood", "thing"],
                condition=Q(witnessed_at__isnull=False, ended_at=None),
                name="one_keeps_a_key",
            ),
            models.CheckConstraint(
                condition=Q(witnessed_at=None, witnessed_by=None)
                | Q(witnessed_at__isnull=False, witnessed_by__isnull=False),
                name="custody_is_seen_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"custody {str(self.pk)[:8]}"


class HandoverQuerySet(models.QuerySet["Handover"]):
    def open(self) -> HandoverQuerySet:
        return self.filter(countersigned_at=None)


class Handover(models.Model):
    """Of a body, at the end of the term of one of its own, or of a company's contract. Opened, sealed, checked line by line,
    countersigned: one after the other, by two people of two sides, and nothing of it is changed or deleted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    committee = models.ForeignKey(Committee, models.PROTECT, related_name="handovers")
    term = models.OneToOneField(Term, models.PROTECT, null=True, related_name="handover")
    contract = models.OneToOneField(CompanyContract, models.PROTECT, null=True, related_name="handover")
    opened_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # None: by the sweep
    opened_at = models.DateTimeField(_("opened"))
    sealed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    sealed_at = models.DateTimeField(_("sealed"), null=True)
    # Where nobody of the body that leaves will seal it: one who takes over does, says why, and another countersigns.
    without_giver = models.CharField(_("why nobody hands it over"), max_length=300, blank=True, default="")
    # Of all its lines, by the database; the ledger holds it too.
    digest = models.CharField(_("check number"), max_length=64, blank=True, default="")
    countersigned_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    countersigned_at = models.DateTimeField(_("countersigned"), null=True)
    custody_left = models.CharField(
        _("why a key stays with somebody who left"), max_length=300, blank=True, default=""
    )

    objects = HandoverQuerySet.as_manager()

    class Meta:
        verbose_name = _("handover")
        verbose_name_plural = _("handovers")
        constraints = [
            models.CheckConstraint(
                condition=Q(term__isnull=False, contract=None) | Q(term=None, contract__isnull=False),
                name="handover_of_a_term_or_a_contract",
            ),
            models.CheckConstraint(
                condition=Q(sealed_at=None, sealed_by=None, digest="", without_giver="")
                | (Q(sealed_at__isnull=False, sealed_by__isnull=False) & ~Q(digest="")),
                name="handover_is_sealed_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(countersigned_at=None, countersigned_by=None, custody_left="")
                | Q(countersigned_at__isnull=False, countersigned_by__isnull=False, sealed_at__isnull=False),
                name="handover_is_sealed_before_it_is_countersigned",
            ),
            # They stand on a sheet that goes from hand to hand.
            models.CheckConstraint(
                condition=~Q(without_giver__regex=NAMED) & ~Q(custody_left__regex=NAMED),
                name="handover_reasons_name_nobody",
            ),
        ]

    def __str__(self) -> str:
        return f"handover {str(self.pk)[:8]}"


class HandoverLine(models.Model):
    """One thing that is left: how many there are, and a digest of their numbers, so that none is missing later unseen. It
    names things, gates and counts, and nobody."""

    class Kind(models.TextChoices):
        ARCHIVES = "archives", _("archives")
        KEYS = "keys", _("keys")
        DEVICES = "devices", _("gates and readers")
        WORK = "work", _("open work")
        RECIPIENTS = "recipients", _("organizations outside")

    class Checked(models.TextChoices):
        THERE = "there", pgettext_lazy("of a line that is handed over", "it is there")
        DISPUTED = "disputed", pgettext_lazy("of a line that is handed over", "it is not as written")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    handover = models.ForeignKey(Handover, models.PROTECT, related_name="lines")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20, choices=Kind.choices)
    what = models.CharField(max_length=40)  # a code: `portal.handing_over.WHAT`
    label = models.CharField(max_length=120, blank=True, default="")  # of a gate
    count = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)  # SHA-256 of the numbers of what is counted
    checked = models.CharField(max_length=20, choices=Checked.choices, blank=True, default="")
    checked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    checked_at = models.DateTimeField(null=True)
    words = models.CharField(_("what is missing or otherwise"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("line of a handover")
        verbose_name_plural = _("lines of a handover")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["handover", "number"], name="handover_line_numbered"),
            models.UniqueConstraint(fields=["handover", "what", "label"], name="handover_line_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["archives", "keys", "devices", "work", "recipients"]),
                name="handover_line_of_a_kind",
            ),
            models.CheckConstraint(
                condition=Q(checked="", checked_at=None, checked_by=None, words="")
                | Q(checked="there", checked_at__isnull=False, checked_by__isnull=False, words="")
                | (Q(checked="disputed", checked_at__isnull=False, checked_by__isnull=False) & ~Q(words="")),
                name="handover_line_is_disputed_in_words",
            ),
            models.CheckConstraint(
                condition=~Q(words__regex=NAMED),
                name="handover_words_name_nobody",
                violation_error_message=_(
                    "Write about the thing, and name nobody: no telephone number, no address."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"handover line {str(self.pk)[:8]}"
