"""What people ask about their own data, and what was answered; and what somebody wants for the time after their death.

The rows are kept and hold opaque ids, codes and times; what was written lies beside them and goes (law 9). Triggers of the
migration hold who may ask and answer, that an answer stays as it was given, and the deadline.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.db import models
from django.db.models import DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from residents.deadlines import REMINDED
from residents.models.deskwork import DeskAct
from residents.models.people import Resident
from residents.models.places import Neighborhood
from residents.models.users import User

# Something else than blanks of any script; a reason of spaces is none.
SAYS_SOMETHING = r"[^ \t\n\r\f\v\u00a0\u1680\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]"


class RightsRequestQuerySet(models.QuerySet["RightsRequest"]):
    def open(self) -> RightsRequestQuerySet:
        """Neither answered nor ended."""
        return self.exclude(state__in=RightsRequest.CLOSED)

    def pressing(self, at: datetime) -> RightsRequestQuerySet:
        """Open with a third of the time left, or none."""
        left = ExpressionWrapper((F("due_at") - F("opened_at")) / REMINDED, output_field=DurationField())
        return self.open().annotate(last_third=left).filter(due_at__lte=at + F("last_third"))

    def holding_back(self, at: datetime) -> RightsRequestQuerySet:
        """For these nothing of the person is erased yet: what is asked for is still there, until an answer is due."""
        return self.open().filter(due_at__gt=at).exclude(kind=RightsRequest.Kind.DELETE)


class RightsRequest(models.Model):
    """Somebody asks to see, correct, delete … what is kept about them (obligations 32 to 34)."""

    class Kind(models.TextChoices):
        SEE = "see", _("See what is kept about me")
        CORRECT = "correct", _("Correct something")
        DELETE = "delete", _("Delete something")
        EXPLAIN = "explain", _("Explain something to me")
        RESTRICT = "restrict", _("Stop using something")
        COPY = "copy", _("Take a copy with me")

    class Voice(models.TextChoices):
        SELF = "self", _("by themselves")
        GUARDIAN = "guardian", _("by a guardian")
        RELATIVE = "relative", _("by a near relative, after a death")

    class State(models.TextChoices):
        SECOND = "second", _("waits for a second of the staff")
        OPEN = "open", _("being looked at")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused, with a reason")
        TAKEN_BACK = "taken_back", _("taken back")
        LAPSED = "lapsed", _("ended: nobody is left who asks")

    CLOSED = (State.DONE, State.REFUSED, State.TAKEN_BACK, State.LAPSED)
    # Kept here for people and for code; the trigger of the migration holds it.
    ALLOWED: Mapping[str, frozenset[str]] = {
        State.SECOND: frozenset({State.OPEN, State.REFUSED, State.TAKEN_BACK, State.LAPSED}),
        State.OPEN: frozenset({State.DONE, State.REFUSED, State.TAKEN_BACK, State.LAPSED}),
    }
    # Near relatives may see, copy, correct and delete (PIPL 49); no more than that.
    FOR_RELATIVES = (Kind.SEE, Kind.CORRECT, Kind.DELETE, Kind.COPY)

    class About(models.TextChoices):
        """What is to be corrected. The first two the system writes itself when the answer is yes."""

        NAME = "name", _("My name")
        PHONE = "phone", _("My phone number")
        DWELLING = "dwelling", _("Where I live, or what I own")
        OTHER = "other", _("Something else")

    class Relation(models.TextChoices):
        """Near relatives, as the Civil Code counts them (1045)."""

        SPOUSE = "spouse", _("husband or wife")
        PARENT = "parent", _("father or mother")
        CHILD = "child", _("son or daughter")
        SIBLING = "sibling", _("brother or sister")
        GRANDPARENT = "grandparent", _("grandparent")
        GRANDCHILD = "grandchild", _("grandchild")
        NAMED = "named", _("none of these: somebody they named in their lifetime")

    class Seen(models.TextChoices):
        """What showed that they are a near relative. No copy and no number of it is kept."""

        REGISTER = "register", _("household register")
        MARRIAGE = "marriage", _("marriage certificate")
        BIRTH = "birth", _("birth certificate")
        NOTARY = "notary", _("a paper of a notary or a court")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="rights_requests")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    about = models.CharField(max_length=20, choices=About.choices, blank=True)
    voice = models.CharField(max_length=20, choices=Voice.choices)
    # Who typed it: the person, a guardian, or one of the staff for whoever stands at the desk.
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    known_by = models.CharField(max_length=20, choices=DeskAct.KnownBy.choices, blank=True)
    # Opaque, without a foreign key: what was recorded of a death goes with the person, and this stays.
    death = models.UUIDField(null=True)
    relation = models.CharField(max_length=20, choices=Relation.choices, blank=True)
    seen = models.CharField(max_length=20, choices=Seen.choices, blank=True)
    seconded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    seconded_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField(db_default=Now())  # by the database's clock, as all that follow
    due_at = models.DateTimeField()
    proven_at = models.DateTimeField(null=True)  # when the asker last showed who they are, for a copy
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")  # none: the system
    capacity = models.CharField(_("in which role"), max_length=40, blank=True)
    closed_at = models.DateTimeField(null=True)

    objects = RightsRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("request about one’s own data")
        verbose_name_plural = _("requests about one’s own data")
        indexes = [
            models.Index(fields=["resident", "-opened_at"], name="rightsrequest_by_resident"),
            models.Index(
                fields=["neighborhood", "due_at"],
                condition=Q(state__in=["second", "open"]),
                name="rightsrequest_to_answer",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["second", "open"], closed_at=None, closed_by=None, capacity="")
                | Q(state__in=["done", "refused", "taken_back", "lapsed"], closed_at__isnull=False),
                name="rightsrequest_open_or_closed",
            ),
            models.CheckConstraint(
                condition=Q(due_at__gt=F("opened_at")), name="rightsrequest_due_after_it_began"
            ),
            models.CheckConstraint(
                condition=~Q(kind="copy", state="done")
                | Q(proven_at__isnull=False)
                | Q(known_by="in_person")
                | Q(voice="relative", seconded_by__isnull=False),
                name="rightsrequest_copy_is_proven",
            ),
            models.CheckConstraint(
                condition=~Q(voice="relative") & Q(death=None, relation="", seen="", seconded_by=None)
                | Q(voice="relative", kind__in=["see", "correct", "delete", "copy"])
                & ~Q(relation="")
                & ~Q(seen=""),
                name="rightsrequest_relative_says_whose",
            ),
        ]

    def __str__(self) -> str:
        return f"request about data {str(self.pk)[:8]}"

    @property
    def is_open(self) -> bool:
        return self.state not in self.CLOSED


class RequestWords(models.Model):
    """What was written about a request. Never changed; goes three years after the answer, or with the person."""

    class Part(models.TextChoices):
        ASKED = "asked", _("what was asked")
        WANTED = "wanted", _("what it should say")  # sealed: it may be a phone number
        RELATIVE = "relative", _("who asks, after a death")
        ANSWER = "answer", _("what was answered")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    request = models.ForeignKey(RightsRequest, models.PROTECT, related_name="words")
    part = models.CharField(max_length=20, choices=Part.choices)
    words = models.CharField(max_length=2000, blank=True)
    sealed = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "part"], name="requestwords_said_once"),
            models.CheckConstraint(
                condition=Q(part="wanted", words="", sealed__isnull=False)
                | ~Q(part="wanted") & Q(sealed=None, words__regex=SAYS_SOMETHING),
                name="requestwords_say_something",
            ),
        ]

    def __str__(self) -> str:
        return f"words of a request {str(self.pk)[:8]}"


class InstructionQuerySet(models.QuerySet["Instruction"]):
    def standing(self) -> InstructionQuerySet:
        return self.filter(ended_at=None)


class Instruction(models.Model):
    """What somebody decided, in their lifetime, about what relatives may ask after their death (obligation 34)."""

    class Wish(models.TextChoices):
        NOTHING = "nothing", _("Relatives are given nothing")
        NAMED = "named", _("One person decides, whom I name")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    resident = models.ForeignKey(Resident, models.PROTECT, related_name="instructions")
    wish = models.CharField(max_length=20, choices=Wish.choices)
    named = models.CharField(max_length=100, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    objects = InstructionQuerySet.as_manager()

    class Meta:
        verbose_name = _("instruction for after one’s death")
        verbose_name_plural = _("instructions for after one’s death")
        constraints = [
            models.UniqueConstraint(
                fields=["resident"], condition=Q(ended_at=None), name="instruction_stands_once"
            ),
            models.CheckConstraint(
                condition=Q(wish="nothing", named="") | Q(wish="named", named__regex=SAYS_SOMETHING),
                name="instruction_names_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"instruction {str(self.pk)[:8]}"
