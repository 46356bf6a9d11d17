"""The recipient's side: its account, the links that it opens, what it is asked to delete, and its signed word."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from residents.models import Neighborhood, User
from sharing.models.copies import Copy, DisclosedRow, RecipientKey
from sharing.models.parties import Recipient


class RecipientAccountQuerySet(models.QuerySet["RecipientAccount"]):
    def living(self) -> RecipientAccountQuerySet:
        """Not ended: it works, or a letter for it is on its way."""
        return self.filter(ended_at=None)


class RecipientAccount(models.Model):
    """Somebody who fetches for a recipient: nobody who lives here, and no staff (LM119). Begins as the code of a letter,
    of which only the keyed digest is kept; what it was stays, and used and ended are final."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    recipient = models.ForeignKey(Recipient, models.PROTECT, related_name="accounts")
    digest = models.BinaryField(unique=True)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    user = models.OneToOneField(User, models.PROTECT, null=True, related_name="recipient_account")
    opened_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = RecipientAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("recipient’s account")
        verbose_name_plural = _("recipients’ accounts")
        constraints = [
            models.UniqueConstraint(
                fields=["recipient"], condition=Q(ended_at=None), name="recipient_one_account"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__lte=F("made_at") + timedelta(days=14)),
                name="recipient_code_two_weeks",
            ),
            models.CheckConstraint(
                condition=Q(user=None, opened_at=None)
                | Q(user__isnull=False, opened_at__lt=F("expires_at"), opened_at__isnull=False),
                name="recipient_joined_in_time",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None) | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="recipient_ended_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"recipient's account {str(self.pk)[:8]}"


class LinkQuerySet(models.QuerySet["Link"]):
    def unspent(self) -> LinkQuerySet:
        """Neither opened nor replaced; its week may be over."""
        return self.filter(opened_at=None, ended_at=None)


class Link(models.Model):
    """The way to one copy, once, within a week, for the recipient's own account (LM128). Only the keyed digest is kept.
    What was signed to open it stays beside it."""

    class Ended(models.TextChoices):
        REPLACED = "replaced", _("another was made in its place")
        CONTRACT = "contract", _("the contract has ended")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    copy = models.ForeignKey(Copy, models.PROTECT, related_name="links")
    digest = models.BinaryField(unique=True)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=10, choices=Ended.choices, blank=True)
    opened_at = models.DateTimeField(null=True)
    opened_by = models.ForeignKey(RecipientAccount, models.PROTECT, null=True, related_name="+")
    challenge = models.CharField(max_length=200, blank=True)
    signature = models.TextField(blank=True)

    objects = LinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("link to a file")
        verbose_name_plural = _("links to files")
        constraints = [
            models.UniqueConstraint(
                fields=["copy"], condition=Q(opened_at=None, ended_at=None), name="link_one_for_a_copy"
            ),
            models.CheckConstraint(
                condition=Q(until__lte=F("made_at") + timedelta(days=7)), name="link_lives_a_week"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_because="")
                | Q(ended_at__isnull=False) & ~Q(ended_because=""),
                name="link_ended_for_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(opened_at=None, opened_by=None, challenge="", signature="")
                | Q(opened_at__lt=F("until"), opened_by__isnull=False, ended_at=None)
                & ~Q(challenge="")
                & ~Q(signature=""),
                name="link_opened_by_a_proof",
            ),
        ]

    def __str__(self) -> str:
        return f"link {str(self.pk)[:8]}"


class RecallQuerySet(models.QuerySet["Recall"]):
    def waiting(self) -> RecallQuerySet:
        return self.filter(confirmation=None)

    def late(self, at: datetime) -> RecallQuerySet:
        """Nobody confirmed in the time that was given."""
        return self.waiting().filter(due_at__lte=at)


class Recall(models.Model):
    """That a recipient is to delete rows of a copy, or give them back. Append-only: whether it waits, is late or is confirmed
    is a question asked of the rows, never a field."""

    class Because(models.TextChoices):
        WITHDRAWN = "withdrawn", _("somebody changed their mind")
        CORRECTED = "corrected", _("something in it was wrong")
        ERASED = "erased", _("somebody was deleted here")
        PERIOD = "period", _("the time for which it was given is over")
        CONTRACT = "contract", _("the contract has ended")
        LEAK = "leak", _("it may have leaked")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    copy = models.ForeignKey(Copy, models.PROTECT, related_name="recalls")
    because = models.CharField(_("why"), max_length=20, choices=Because.choices)
    opened_at = models.DateTimeField(_("since"))
    due_at = models.DateTimeField(_("to be confirmed until"))

    objects = RecallQuerySet.as_manager()

    class Meta:
        verbose_name = _("deletion asked of a recipient")
        verbose_name_plural = _("deletions asked of recipients")
        indexes = [models.Index(fields=["due_at"], name="recall_by_due")]
        constraints = [
            models.CheckConstraint(condition=Q(due_at__gt=F("opened_at")), name="recall_leaves_time"),
        ]

    def __str__(self) -> str:
        return f"recall {str(self.pk)[:8]}"


class RecallLine(models.Model):
    """One row of the copy, which the recipient knows by its tag. Asked for once, whatever else happens later."""

    id = models.BigAutoField(primary_key=True)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    recall = models.ForeignKey(Recall, models.PROTECT, related_name="lines")
    row = models.OneToOneField(DisclosedRow, models.PROTECT, related_name="recalled")

    def __str__(self) -> str:
        return f"recall line {self.pk}"


class Confirmation(models.Model):
    """What the recipient signed: that the rows are gone. Append-only, once for each recall (LM129)."""

    id = models.BigAutoField(primary_key=True)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    recall = models.OneToOneField(Recall, models.PROTECT, related_name="confirmation")
    text = models.TextField()
    signature = models.TextField()
    key = models.ForeignKey(RecipientKey, models.PROTECT, related_name="+")
    account = models.ForeignKey(RecipientAccount, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text="") & ~Q(signature=""), name="confirmation_says_what")
        ]

    def __str__(self) -> str:
        return f"confirmation {self.pk}"
