"""What a body lets the residents know."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, OuterRef, Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from committees.models.bodies import Committee
from residents.models import Building, Neighborhood, User


class NoticeQuerySet(models.QuerySet["Notice"]):
    def published(self) -> NoticeQuerySet:
        """What residents can read: published, and not taken down."""
        return self.filter(published_at__isnull=False, taken_down_at=None)

    def said_before(self, moment: datetime | None) -> NoticeQuerySet:
        return self if moment is None else self.filter(published_at__lt=moment)

    def current(self, on: date) -> NoticeQuerySet:
        """Not over by its own date."""
        return self.filter(Q(until=None) | Q(until__gte=on))

    def of_late(self, since: datetime) -> NoticeQuerySet:
        """Published since then, or on top."""
        return self.filter(Q(published_at__gte=since) | Q(pinned=True))

    def scheduled(self) -> NoticeQuerySet:
        """Drafts that will be published at a moment somebody named."""
        return self.filter(published_at=None, publish_at__isnull=False)

    def with_buildings(self) -> NoticeQuerySet:
        """Each with the names of the buildings it is for, in the same query. One that is no more has no name."""
        place = Func(
            OuterRef("buildings"), F("pk"), function="array_position", output_field=models.IntegerField()
        )
        named = Building.objects.alias(place=place).filter(place__isnull=False)
        return self.annotate(building_names=ArraySubquery(named.order_by("name").values("name")))

    def newest_first(self) -> NoticeQuerySet:
        return self.order_by("-published_at", "-pk")


class Notice(models.Model):
    """A draft of one body until it is published; from then on its words stand, and whom they are for. A mistake is put right by
    another notice that names it, and what should never have been said is taken down. Who read it is kept nowhere.

    While a moment of publication stands, so does the draft: it is called off first, then changed (committees 0020)."""

    class Kind(models.TextChoices):
        NOTICE = "notice", _("notice")
        MEETING = "meeting", _("meeting")
        DOCUMENT = "document", _("document")

    class Sort(models.TextChoices):
        """Of a document, so that it can be found again."""

        MINUTES = "minutes", pgettext_lazy("of a document", "minutes")
        ACCOUNTS = "accounts", pgettext_lazy("of a document", "accounts")
        RULES = "rules", pgettext_lazy("of a document", "rules")
        CONTRACT = "contract", pgettext_lazy("of a document", "contract")

    class Audience(models.TextChoices):
        """Whom it is for. Nobody else reads it; what the law makes public is for all (`committees.audience`)."""

        ALL = "all", _("everybody here")
        BUILDINGS = "buildings", _("who lives in or owns a dwelling of some buildings")
        OWNERS = "owners", _("owners")
        LIVING = "living", _("whoever lives here")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    committee = models.ForeignKey(
        Committee, models.PROTECT, related_name="notices", verbose_name=_("by which body")
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices, default=Kind.NOTICE)
    title = models.CharField(_("title"), max_length=100)
    text = models.TextField(_("text"), max_length=20_000)
    title_en = models.CharField(_("title in English"), max_length=200, blank=True)
    text_en = models.TextField(_("text in English"), max_length=40_000, blank=True)
    meets_at = models.DateTimeField(_("when the meeting begins"), null=True, blank=True)
    place = models.CharField(_("where it meets"), max_length=120, blank=True)
    sort = models.CharField(_("sort of document"), max_length=20, choices=Sort.choices, blank=True)
    audience = models.CharField(
        _("for whom"),
        max_length=20,
        choices=Audience.choices,
        default=Audience.ALL,
        db_default=Audience.ALL,
    )
    # Which ones, in order of their numbers. Not their rows: what was published stands, whatever becomes of a building.
    buildings = ArrayField(models.UUIDField(), verbose_name=_("which buildings"), default=list, blank=True)
    # What was written for it or after it: an agenda, the minutes.
    meeting = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="papers",
        verbose_name=_("of which meeting"),
    )
    pinned = models.BooleanField(_("on top of the list"), default=False)
    until = models.DateField(_("counts until"), null=True, blank=True)
    corrects = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="corrections",
        verbose_name=_("puts right"),
    )
    written_by = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False)
    written_at = models.DateTimeField(editable=False)
    # The moment that somebody named, and who: they publish it, and must still be allowed to.
    publish_at = models.DateTimeField(_("will be published"), null=True, editable=False)
    scheduled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    # It was to be published then, and whoever had said so was not allowed to any more.
    held_back_at = models.DateTimeField(_("was not published"), null=True, editable=False)
    published_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    published_at = models.DateTimeField(null=True, editable=False)
    taken_down_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", editable=False)
    taken_down_at = models.DateTimeField(_("taken down at"), null=True, editable=False)
    # Of the form that was sent: sent twice, it is one draft.
    token = models.UUIDField(null=True, editable=False)
    # Of its words and files; the database writes it at the moment of publication.
    hash = models.BinaryField(max_length=32, null=True, editable=False)

    objects = NoticeQuerySet.as_manager()

    # Everything in it that people read.
    WORDS = ("title", "text", "title_en", "text_en", "place")
    # What whoever drafts it says, beside by which body.
    SAID = (*WORDS, "kind", "sort", "meeting_id", "meets_at", "pinned", "until", "audience", "buildings")

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes = [
            models.Index(fields=["neighborhood", "-published_at", "-id"], name="notice_newest_first"),
            models.Index(
                fields=["neighborhood", "-published_at", "-id"],
                name="documents_newest_first",
                condition=Q(kind="document"),
            ),
            models.Index(
                fields=["publish_at"],
                name="notice_scheduled",
                condition=Q(published_at=None, publish_at__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="document") | Q(sort="", meeting=None),
                name="only_a_document_is_of_a_sort",
                violation_error_message=_("Only a document is of a sort, or belongs to a meeting."),
            ),
            models.CheckConstraint(
                condition=Q(kind="meeting", meets_at__isnull=False) & ~Q(place="")
                | ~Q(kind="meeting") & Q(meets_at=None, place=""),
                name="a_meeting_says_when_and_where",
                violation_error_message=_(
                    "A meeting says when and where it is; nothing else has a time and a place."
                ),
            ),
            models.CheckConstraint(
                condition=Q(title_en="", text_en="") | ~Q(title_en="") & ~Q(text_en=""),
                name="notice_in_english_is_whole",
                violation_error_message=_("In English, both the title and the text, or neither."),
            ),
            models.CheckConstraint(
                condition=Q(published_at=None, published_by=None, taken_down_at=None, taken_down_by=None)
                | Q(
                    published_at__isnull=False,
                    published_by__isnull=False,
                    taken_down_at=None,
                    taken_down_by=None,
                )
                | Q(
                    published_at__isnull=False,
                    published_by__isnull=False,
                    taken_down_at__isnull=False,
                    taken_down_by__isnull=False,
                ),
                name="notice_published_then_taken_down",
            ),
            models.CheckConstraint(
                condition=Q(audience="buildings") & ~Q(buildings=[])
                | ~Q(audience="buildings") & Q(buildings=[]),
                name="notice_for_buildings_says_which",
                violation_error_message=_("Choose buildings where it is for buildings, and nowhere else."),
            ),
            models.CheckConstraint(
                condition=Q(sort="") | Q(audience="all"),
                name="what_the_law_makes_public_is_for_all",
                violation_error_message=_("Minutes, accounts, rules and contracts are for everybody here."),
            ),
            models.CheckConstraint(
                condition=Q(publish_at=None, scheduled_by=None)
                | Q(publish_at__isnull=False, scheduled_by__isnull=False, held_back_at=None),
                name="notice_scheduled_by_somebody",
            ),
            models.UniqueConstraint(fields=["written_by", "token"], name="notice_sent_once"),
            models.UniqueConstraint(
                fields=["corrects"],
                condition=Q(published_at=None, corrects__isnull=False),
                name="notice_put_right_by_one_draft",
                violation_error_message=_("A draft that puts it right is there already."),
            ),
        ]

    def __str__(self) -> str:
        return f"notice {str(self.pk)[:8]}"

    def was_said_before(self, moment: datetime | None) -> bool:
        """None: whenever it was."""
        return moment is None or (self.published_at is not None and self.published_at < moment)

    @property
    def is_plain_draft(self) -> bool:
        """To be changed, and published: neither is while a moment is named."""
        return self.published_at is None and self.publish_at is None

    @property
    def is_scheduled(self) -> bool:
        return self.published_at is None and self.publish_at is not None

    @property
    def in_english(self) -> bool:
        """Whether this reader is shown the English words."""
        return bool(self.title_en) and (get_language() or "").startswith("en")

    @property
    def headline(self) -> str:
        return self.title_en if self.in_english else self.title

    @property
    def words(self) -> str:
        return self.text_en if self.in_english else self.text
