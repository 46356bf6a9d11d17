"""What is given to a recipient: rows first, then files that only the recipient can open."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from residents.models import Neighborhood, Resident, User
from sharing.models.asking import Answer, Disclosure
from sharing.models.orders import Order
from sharing.models.parties import Recipient


class RecipientKeyQuerySet(models.QuerySet["RecipientKey"]):
    def living(self) -> RecipientKeyQuerySet:
        return self.filter(ended_at=None)

    def confirmed(self) -> RecipientKeyQuerySet:
        """Something may be made for these: proven, heard by staff on the telephone, and not ended."""
        return self.living().filter(confirmed_at__isnull=False)


class RecipientKey(models.Model):
    """The one key of a recipient, ssh-ed25519: files are encrypted to it, and with it the recipient signs. Never changes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="keys")
    # Whose letter it came by: whoever wrote that does not confirm the key.
    account = models.ForeignKey("sharing.RecipientAccount", models.PROTECT, related_name="keys")
    public = models.CharField(max_length=200, unique=True)
    fingerprint = models.CharField(max_length=60)
    given_at = models.DateTimeField()
    proven_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)

    objects = RecipientKeyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["recipient"], condition=Q(ended_at=None), name="recipient_one_living_key"
            ),
            models.CheckConstraint(
                condition=Q(public__startswith="ssh-ed25519 "), name="recipient_key_is_ed25519"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None, confirmed_by=None)
                | Q(confirmed_at__isnull=False, confirmed_by__isnull=False, proven_at__isnull=False),
                name="recipient_key_proven_first",
            ),
        ]

    def __str__(self) -> str:
        return f"recipient's key {str(self.pk)[:8]}"


class CopyQuerySet(models.QuerySet["Copy"]):
    def living(self) -> CopyQuerySet:
        return self.exclude(state=Copy.State.VOID)

    def idle(self, at: datetime) -> CopyQuerySet:
        """To be written, and nobody is at it."""
        return self.filter(Q(leased_until=None) | Q(leased_until__lte=at), state=Copy.State.BUILDING)


class Copy(models.Model):
    """One making of what a disclosure gives, for one key. Goes forward only, and one that is not void stands for each
    disclosure. `mark` is drawn for it: the tags of its rows, and with them their order, follow from it."""

    class State(models.TextChoices):
        SETTLING = "settling", _("its rows are being written down")
        BUILDING = "building", _("being encrypted")
        READY = "ready", _("waits to be fetched")
        HANDED = "handed", _("handed over")
        VOID = "void", _("void")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    disclosure = models.ForeignKey(Disclosure, models.PROTECT, related_name="copies")
    number = models.PositiveIntegerField()
    # None: given before files were encrypted to anybody.
    key = models.ForeignKey(RecipientKey, models.PROTECT, null=True, related_name="copies")
    state = models.CharField(max_length=20, choices=State.choices, default=State.SETTLING)
    attempt = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    rows_settled = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)  # rows written; each is written once for each format
    sha256 = models.BinaryField(null=True)
    mark = models.BinaryField()
    settled_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True)
    handed_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)

    objects = CopyQuerySet.as_manager()

    class Meta:
        verbose_name = _("copy")
        verbose_name_plural = _("copies")
        indexes = [models.Index(fields=["ready_at"], name="copy_by_ready")]
        constraints = [
            models.UniqueConstraint(fields=["disclosure", "number"], name="copy_numbered"),
            models.UniqueConstraint(
                fields=["disclosure"], condition=~Q(state="void"), name="copy_one_living"
            ),
            models.CheckConstraint(
                condition=Q(key__isnull=False) | Q(state__in=["handed", "void"]), name="copy_for_a_key"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["settling", "building"], ready_at=None, handed_at=None)
                | Q(state="ready", ready_at__isnull=False, handed_at=None)
                | Q(state="handed", ready_at__isnull=False, handed_at__isnull=False)
                | Q(state="void", voided_at__isnull=False, handed_at=None),
                name="copy_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"copy {str(self.pk)[:8]}"

    @property
    def percent(self) -> int:
        """Each row is written twice, once for each format."""
        return 100 * self.done // (2 * self.rows_settled) if self.rows_settled else 0


class DisclosedRow(models.Model):
    """That this person's fields are in the copy. Append-only; shown to that person. `tag` stands beside the values in the
    file, and says who it is only here."""

    id = models.BigAutoField(primary_key=True)
    copy = models.ForeignKey(Copy, models.PROTECT, db_index=False, related_name="rows")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="disclosed_rows")
    # By their own yes, or by an order of law: never by neither, and never by both.
    answer = models.ForeignKey(Answer, models.PROTECT, null=True, related_name="+")
    order = models.ForeignKey(Order, models.PROTECT, null=True, db_index=False, related_name="+")
    fields = models.JSONField()
    tag = models.CharField(max_length=12)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["copy", "resident"], name="disclosed_once"),
            models.UniqueConstraint(fields=["copy", "tag"], name="disclosed_by_tag"),
            models.CheckConstraint(
                condition=Q(answer__isnull=False, order=None) | Q(answer=None, order__isnull=False),
                name="disclosed_by_answer_or_order",
            ),
        ]

    def __str__(self) -> str:
        return f"disclosed row {self.pk}"


class GivenValues(models.Model):
    """The very values of a row; empty is what was not given. Goes with the person, the row stays.

    The number is sealed as it is in the register, so it opens for whoever may open that, and is gone with its key.
    """

    row = models.OneToOneField(DisclosedRow, models.PROTECT, primary_key=True, related_name="values")
    name = models.TextField(blank=True)
    dwelling = models.TextField(blank=True)
    phone_sealed = models.BinaryField(null=True)
    salt = models.BinaryField()

    def __str__(self) -> str:
        return f"values of row {self.pk}"


class Sheet(models.Model):
    """Hashes of 1,024 rows of a copy, of which the ledger holds the root. They are sorted, and filled up with hashes of
    nothing, so that neither a place nor a last sheet tells how many people there are."""

    id = models.BigAutoField(primary_key=True)
    copy = models.ForeignKey(Copy, models.PROTECT, db_index=False, related_name="sheets")
    number = models.PositiveIntegerField()
    leaves = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["copy", "number"], name="sheet_numbered")]

    def __str__(self) -> str:
        return f"sheet {self.pk}"


class Piece(models.Model):
    """Up to 1 MiB of a file, as age encrypted it: nothing here can open it."""

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        JSON = "json", "JSON"

    id = models.BigAutoField(primary_key=True)
    copy = models.ForeignKey(Copy, models.PROTECT, db_index=False, related_name="pieces")
    format = models.CharField(max_length=4, choices=Format.choices)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["copy", "format", "number"], name="piece_numbered"),
        ]

    def __str__(self) -> str:
        return f"piece {self.pk}"
