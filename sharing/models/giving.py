"""What left: a release, its encrypted copies, who is in each and with which values."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from residents.models import Neighborhood, Resident, User
from sharing.models.asking import Answer, Request
from sharing.models.parties import RecipientKey


class Disclosure(models.Model):
    """A release: somebody ordered that what residents agree to be given. How it is given is said by its copies."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    request = models.ForeignKey(Request, models.PROTECT, related_name="disclosures")
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()

    class Meta:
        verbose_name = _("disclosure")
        verbose_name_plural = _("disclosures")

    def __str__(self) -> str:
        return f"disclosure {str(self.pk)[:8]}"


class CopyQuerySet(models.QuerySet["Copy"]):
    def open(self) -> CopyQuerySet:
        """Not handed to anybody yet."""
        return self.filter(state__in=(Copy.State.BUILDING, Copy.State.READY))


class Copy(models.Model):
    """One encrypted making of a release: who is in it stands first, then it is written, then handed to the recipient.

    Forward only. It is handed as it stands or not at all: where anything it holds is not what residents agree to at that
    moment it is void, and another is made.
    """

    class State(models.TextChoices):
        BUILDING = "building", _("being written")
        READY = "ready", _("waits to be fetched")
        HANDED = "handed", _("fetched")
        VOID = "void", _("void: never fetched")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    disclosure = models.ForeignKey(Disclosure, models.PROTECT, related_name="copies")
    # Empty for what was given before files were encrypted to the recipient.
    key = models.ForeignKey(RecipientKey, models.PROTECT, null=True, related_name="copies")
    state = models.CharField(_("state"), max_length=20, choices=State.choices, default=State.BUILDING)
    # Of this copy alone: the tags of its rows, and so their order, hang on it, and a leaked copy is told by them.
    mark = models.BinaryField()
    people = models.PositiveIntegerField(default=0)
    # How far the writing is: rows, of both files together.
    written = models.PositiveIntegerField(_("rows written"), default=0)
    attempt = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    sha256 = models.BinaryField(null=True)
    made_at = models.DateTimeField(_("made"))
    ready_at = models.DateTimeField(_("ready"), null=True)
    handed_at = models.DateTimeField(_("fetched"), null=True)

    objects = CopyQuerySet.as_manager()

    class Meta:
        verbose_name = _("copy for a recipient")
        verbose_name_plural = _("copies for recipients")
        constraints = [
            models.UniqueConstraint(
                fields=["disclosure"],
                condition=Q(state__in=("building", "ready")),
                name="one_copy_in_the_making",
            ),
            models.CheckConstraint(
                condition=Q(state="handed", handed_at__isnull=False) | Q(handed_at=None) & ~Q(state="handed"),
                name="copy_handed_once",
            ),
        ]

    def __str__(self) -> str:
        return f"copy {str(self.pk)[:8]}"


class DisclosedRow(models.Model):
    """That this person's fields are in a copy. Append-only; shown to that person."""

    id = models.BigAutoField(primary_key=True)
    copy = models.ForeignKey(Copy, models.PROTECT, related_name="rows")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="disclosed_rows")
    answer = models.ForeignKey(Answer, models.PROTECT, related_name="+")
    fields = models.JSONField()
    # By which the row is known in the file: other in each copy, and of no meaning elsewhere. Sixteen hexadecimal digits.
    tag = models.CharField(max_length=16)
    place = models.PositiveIntegerField()  # in the order of tags, from 0

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["copy", "resident"], name="disclosed_once"),
            models.UniqueConstraint(fields=["copy", "place"], name="disclosed_in_one_place"),
            models.UniqueConstraint(fields=["copy", "tag"], name="disclosed_by_one_tag"),
        ]

    def __str__(self) -> str:
        return f"disclosed row {self.pk}"


class GivenValues(models.Model):
    """The values of a row, exactly as they are in the file; empty is what was not agreed to or not there. The phone lies as
    in the register, under the person's own key. Goes with the person."""

    row = models.OneToOneField(DisclosedRow, models.PROTECT, primary_key=True, related_name="values")
    name = models.CharField(max_length=100, blank=True)
    dwelling = models.TextField(blank=True)
    phone_sealed = models.BinaryField(null=True)
    salt = models.BinaryField()

    def __str__(self) -> str:
        return f"values of row {self.pk}"


class Piece(models.Model):
    """A part of an encrypted file: age ciphertext and nothing else."""

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        JSON = "json", "JSON"

    id = models.BigAutoField(primary_key=True)
    copy = models.ForeignKey(Copy, models.PROTECT, related_name="pieces")
    format = models.CharField(max_length=4, choices=Format.choices)
    attempt = models.PositiveIntegerField()
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["copy", "attempt", "format", "number"], name="piece_once")
        ]

    def __str__(self) -> str:
        return f"piece {self.pk}"


class Leaves(models.Model):
    """The commitments of a thousand rows, one after the other, each 32 bytes: what their root in the ledger is made from.
    Append-only, and kept when the values behind them are gone."""

    id = models.BigAutoField(primary_key=True)
    copy = models.ForeignKey(Copy, models.PROTECT, related_name="leaves")
    number = models.PositiveIntegerField()
    hashes = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["copy", "number"], name="leaves_once")]

    def __str__(self) -> str:
        return f"leaves {self.pk}"
