"""Who has voted, what was handed in, and what came of it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from committees.models.meetings import Head, Meeting, Topic
from residents.models import Neighborhood, Resident, User

LARGEST_FILE = 64 * 1024 * 1024


class Proxy(models.Model):
    """Somebody else votes for an owner, on paper. One of the staff has seen the signed paper, and a second one read it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="+")
    head = models.ForeignKey(Head, models.CASCADE, related_name="proxies")
    holder = models.ForeignKey(Resident, models.PROTECT, related_name="+")
    kept_where = models.CharField(_("where the signed paper is kept"), max_length=120)
    entered_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    entered_at = models.DateTimeField()
    read_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    read_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("proxy")
        verbose_name_plural = _("proxies")
        constraints = [
            models.UniqueConstraint(fields=["head"], name="proxy_one_for_a_vote"),
            models.CheckConstraint(condition=~Q(kept_where=""), name="proxy_is_on_paper"),
            models.CheckConstraint(
                condition=Q(read_at=None, read_by=None)
                | Q(read_at__isnull=False, read_by__isnull=False) & ~Q(read_by=F("entered_by")),
                name="proxy_read_by_a_second",
            ),
        ]
        indexes = [models.Index(fields=["meeting", "holder"], name="proxy_by_holder")]

    def __str__(self) -> str:
        return f"proxy {str(self.pk)[:8]}"


class Sheet(models.Model):
    """A ballot on paper, given out on request. Whoever fills it in keeps the code: it is their receipt."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="+")
    head = models.ForeignKey(Head, models.CASCADE, related_name="sheets")
    proxy = models.ForeignKey(Proxy, models.PROTECT, null=True, related_name="+")
    code = models.CharField(max_length=16, unique=True)
    given_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    given_at = models.DateTimeField()

    class Meta:
        verbose_name = _("ballot on paper")
        verbose_name_plural = _("ballots on paper")
        constraints = [
            models.CheckConstraint(
                condition=Q(code__regex=r"^[0-9A-HJKMNP-TV-Z]{16}$"), name="sheet_has_a_code"
            )
        ]

    def __str__(self) -> str:
        return f"sheet {str(self.pk)[:8]}"


class Turnout(models.Model):
    """This vote has been handed in; how, is not here. Once for each head, whichever way came first."""

    class Channel(models.TextChoices):
        ELECTRONIC = "electronic", _("here in the portal")
        PAPER = "paper", _("on paper")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    meeting = models.ForeignKey(Meeting, models.PROTECT, related_name="+")
    head = models.OneToOneField(Head, models.CASCADE, related_name="turnout")
    channel = models.CharField(_("how"), max_length=12, choices=Channel.choices)
    resident = models.ForeignKey(Resident, models.PROTECT, null=True, related_name="+")  # who voted here
    sheet = models.OneToOneField(Sheet, models.PROTECT, null=True, related_name="turnout")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("vote handed in")
        verbose_name_plural = _("votes handed in")
        constraints = [
            models.CheckConstraint(
                condition=Q(channel="electronic", resident__isnull=False, sheet=None)
                | Q(channel="paper", resident=None, sheet__isnull=False),
                name="turnout_by_one_way",
            )
        ]
        indexes = [models.Index(fields=["meeting", "at"], name="turnout_by_meeting")]

    def __str__(self) -> str:
        return f"turnout {str(self.pk)[:8]}"


class Entry(models.Model):
    """One of the staff has read a sheet and typed what stands on it. What they typed is here as a digest under a key of the
    vault, so that the next one does not see it, and nobody who has the database does. Two that agree are a ballot."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    sheet = models.ForeignKey(Sheet, models.CASCADE, related_name="entries")
    digest = models.BinaryField(max_length=32)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("reading of a ballot on paper")
        verbose_name_plural = _("readings of ballots on paper")
        constraints = [models.UniqueConstraint(fields=["sheet", "by"], name="entry_once_by_each")]

    def __str__(self) -> str:
        return f"entry {str(self.pk)[:8]}"


class Ballot(models.Model):
    """What a head says to one topic. Of a secret vote it is a commitment, which tells nothing (`committees.commitments`)."""

    class Choice(models.TextChoices):
        YES = "yes", pgettext_lazy("a vote", "Yes")
        NO = "no", pgettext_lazy("a vote", "No")
        ABSTAIN = "abstain", pgettext_lazy("a vote", "I abstain")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    topic = models.ForeignKey(Topic, models.PROTECT, related_name="+")
    head = models.ForeignKey(Head, models.CASCADE, related_name="ballots")
    code = models.CharField(
        max_length=20
    )  # under which it is published; made from the receipt, which is not kept
    choice = models.CharField(max_length=10, choices=Choice.choices, blank=True)
    commitment = models.CharField(max_length=66, blank=True)
    proof = models.CharField(max_length=260, blank=True)

    class Meta:
        verbose_name = _("ballot")
        verbose_name_plural = _("ballots")
        constraints = [
            models.UniqueConstraint(fields=["head", "topic"], name="ballot_one_for_a_vote"),
            models.UniqueConstraint(fields=["topic", "code"], name="ballot_one_for_a_code"),
            models.CheckConstraint(condition=Q(code__regex=r"^[0-9a-f]{20}$"), name="ballot_has_a_code"),
            models.CheckConstraint(
                condition=Q(choice__in=["yes", "no", "abstain"], commitment="", proof="")
                | Q(
                    choice="", commitment__regex=r"^0[23][0-9a-f]{64}$", proof__regex=r"^([0-9a-f]{128}){2}$"
                ),
                name="ballot_says_or_commits",
            ),
        ]

    def __str__(self) -> str:
        return f"ballot {str(self.pk)[:8]}"


class Urn(models.Model):
    """The running sums of the secret topics, and the key for readings of paper, sealed under the meeting's key. Gone when it
    has been counted, and the key with it."""

    meeting = models.OneToOneField(Meeting, models.PROTECT, primary_key=True, related_name="urn")
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    sealed = models.BinaryField()

    def __str__(self) -> str:
        return f"urn of meeting {str(self.meeting_id)[:8]}"


class Result(models.Model):
    """Counted, once. `published` is the file that everybody may count again, byte for byte; the ledger holds its hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    meeting = models.OneToOneField(Meeting, models.PROTECT, related_name="result")
    minutes = models.TextField(_("minutes"), max_length=20_000)
    published = models.TextField()
    hash = models.BinaryField(max_length=32)
    posted_until = models.DateField(_("posted until"))
    counted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    counted_at = models.DateTimeField(_("counted"))

    class Meta:
        verbose_name = _("result of a vote")
        verbose_name_plural = _("results of votes")

    def __str__(self) -> str:
        return f"result {str(self.pk)[:8]}"


class Outcome(models.Model):
    """Of one topic. Areas are whole square centimetres. Nothing is said of yes where a secret topic was not opened, because too
    few took part."""

    topic = models.OneToOneField(Topic, models.PROTECT, primary_key=True, related_name="outcome")
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    result = models.ForeignKey(Result, models.PROTECT, related_name="outcomes")
    heads = models.PositiveIntegerField()
    area = models.BigIntegerField()
    yes_heads = models.PositiveIntegerField(null=True)
    yes_area = models.BigIntegerField(null=True)
    passed = models.BooleanField()

    class Meta:
        verbose_name = _("outcome of a topic")
        verbose_name_plural = _("outcomes of topics")
        ordering = ["topic__number"]
        constraints = [
            models.CheckConstraint(
                condition=Q(yes_heads__isnull=False, yes_area__isnull=False)
                | Q(yes_heads=None, yes_area=None, passed=False),
                name="outcome_not_opened_passes_nothing",
            )
        ]

    def __str__(self) -> str:
        return f"outcome of topic {str(self.topic_id)[:8]}"

    @property
    def is_opened(self) -> bool:
        return self.yes_heads is not None
