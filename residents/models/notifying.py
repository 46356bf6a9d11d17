"""How somebody is told that something waits: what they chose, the mail address they gave, and what goes out.

None of these rows says what waits, or of which kind it is: a message knows a person, a way and times.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from residents.models.people import Resident
from residents.models.places import Neighborhood
from residents.models.users import User


class MailAddress(models.Model):
    """Given by the resident alone, sealed under a key of its own. Never unique, and nobody signs in with it.

    Before it is proven, one code goes to it and nothing else. The code is computed from the row's number, not kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.OneToOneField(Resident, models.PROTECT, related_name="mail_address")
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    sealed = models.BinaryField()
    given_at = models.DateTimeField()
    code_until = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    proven_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"address {str(self.pk)[:8]}"


class Wish(models.Model):
    """That somebody wants to be told of one topic in one way. Made or taken back, never changed; none is there beforehand.

    `operator` is whom they let have their number or address for it: another one gets neither.
    """

    class Topic(models.TextChoices):
        DECIDE = "decide", _("Something for me to decide")
        ANSWER = "answer", _("An answer to something I asked for")
        DATA = "data", _("Something happened with my data: viewed, given, deleted, or a consent that changed")
        NOTICE = "notice", _("A new notice of a committee or the property office")

    class Way(models.TextChoices):
        MAIL = "mail", _("By e-mail")
        SMS = "sms", _("By text message")
        SLIP = "slip", _("By a printed slip in my mailbox")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="wishes")
    topic = models.CharField(max_length=10, choices=Topic.choices)
    way = models.CharField(max_length=10, choices=Way.choices)
    address = models.ForeignKey(MailAddress, models.PROTECT, null=True, related_name="wishes")
    operator = models.CharField(max_length=100, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resident", "topic", "way"], name="wish_once"),
            models.CheckConstraint(
                condition=Q(way="mail", address__isnull=False) | (~Q(way="mail") & Q(address=None)),
                name="wish_mail_has_an_address",
            ),
            models.CheckConstraint(
                condition=Q(way="slip", operator="") | (~Q(way="slip") & ~Q(operator="")),
                name="wish_names_who_carries_it",
            ),
        ]
        indexes = [models.Index(fields=["neighborhood", "topic"], name="wish_by_topic")]

    def __str__(self) -> str:
        return f"wish {str(self.pk)[:8]}"


class MessageQuerySet(models.QuerySet["Message"]):
    def sendable(self) -> MessageQuerySet:
        """What a worker carries; slips are printed at the desk."""
        return self.exclude(way=Wish.Way.SLIP)

    def due(self, at: datetime) -> MessageQuerySet:
        """Waiting for its turn, or left behind by a worker that died with it."""
        waits = Q(state=Message.State.WAITING, due_at__lte=at)
        return self.sendable().filter(waits | Q(state=Message.State.SENDING, lease_until__lte=at))

    def handed(self) -> MessageQuerySet:
        """For which a number or an address left this house."""
        return self.filter(handed_at__isnull=False)

    def slips(self, at: datetime) -> MessageQuerySet:
        """Whose day to be printed has come, and that are wanted still: one may have been written while that ended."""
        wish = Wish.objects.filter(resident=models.OuterRef("resident"), way=Wish.Way.SLIP)
        waiting = self.filter(way=Wish.Way.SLIP, state=Message.State.WAITING, due_at__lte=at)
        return waiting.filter(models.Exists(wish))


class Message(models.Model):
    """One message that goes out, or went. Several things within a short while are one message."""

    class What(models.TextChoices):
        WAITS = "waits", _("that something waits")
        CODE = "code", _("a code, to prove the address")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        PRINTED = "printed", _("printed")
        GIVEN_UP = "given_up", _("given up")
        DROPPED = "dropped", _("not wanted any more")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="messages")
    what = models.CharField(max_length=10, choices=What.choices, default=What.WAITS)
    way = models.CharField(max_length=10, choices=Wish.Way.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    # Whoever took it up last, and until when it is left alone with it.
    claim = models.UUIDField(null=True)
    claimed_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    # Since when the operator has, or may have, the number or address; shown to the person.
    handed_at = models.DateTimeField(null=True)
    operator = models.CharField(max_length=100, blank=True)
    over_at = models.DateTimeField(null=True)
    # Of slips: the form that had it printed, so that sent twice it prints once, and who pressed.
    batch = models.UUIDField(null=True)
    printed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["resident", "way", "what"], condition=Q(state="waiting"), name="message_one_waiting"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "sending"], over_at=None)
                | Q(state__in=["sent", "printed", "given_up", "dropped"], over_at__isnull=False),
                name="message_is_over_or_not",
            ),
            models.CheckConstraint(
                condition=Q(handed_at=None) | (~Q(way="slip") & ~Q(operator="")),
                name="message_handed_to_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state="printed", way="slip", batch__isnull=False, printed_by__isnull=False)
                | (~Q(state="printed") & Q(batch=None, printed_by=None)),
                name="message_printed_by_somebody",
            ),
            models.CheckConstraint(condition=Q(due_at__gte=F("made_at")), name="message_due_in_order"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(state__in=["waiting", "sending"]), name="message_to_go"
            ),
            models.Index(fields=["resident", "-made_at"], name="message_by_resident"),
            models.Index(fields=["over_at"], condition=Q(over_at__isnull=False), name="message_by_end"),
            models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="message_by_batch"),
        ]

    def __str__(self) -> str:
        return f"message {str(self.pk)[:8]}"
