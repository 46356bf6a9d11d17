from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from consent.models.purposes import Method, Modality, Purpose
from residents.models import Neighborhood, User

# A form is superseded only after it was published, which the database sees to.
NEVER_ASKED = ["draft", "reading", "superseded"]
# A yes is good for three years at most, and nothing outlives its purpose by more than a month.
LONGEST_LIFE = 3 * 365
LONGEST_KEPT = 30


class Form(models.Model):
    """One version of what is asked. Drafted by one person, read by another, then immutable and shown for ever.

    What a notice must say stands twice: as data here, and in words in `FormText`. A change of the data is material: every
    yes to the version before ends. Where only words change, the version before may be `reworded`, and its yeses stand.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        READING = "reading", _("with a second reader")
        PUBLISHED = "published", _("published")
        REWORDED = "reworded", _("said in other words by a later version")
        SUPERSEDED = "superseded", _("superseded")

    class Change(models.TextChoices):
        """What a version is beside the one before it: computed when it is published."""

        FIRST = "first", _("nothing was asked before")
        MATERIAL = "material", _("something else is asked")
        EDITORIAL = "editorial", _("the same is asked in other words")

    class Controller(models.TextChoices):
        OWNERS = "owners", _("owners' committee")
        RESIDENTS = "residents", _("residents' committee")
        PROPERTY = "property", _("property company")
        OTHER = "other", _("another organization")

    # Bookkeeping. Everything else in this table is what the form says, and its change is material.
    ABOUT_THE_VERSION = (
        *("id", "version", "state", "change", "only_words", "content_hash", "drafted_by", "submitted_by"),
        *("submitted_at", "published_at", "published_by", "superseded_at"),
    )

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="forms")
    purpose = models.CharField(_("what for"), max_length=40, choices=Purpose.choices)
    modality = models.CharField(
        _("what is measured"), max_length=20, choices=Modality.choices, default=Modality.FACE
    )
    version = models.PositiveIntegerField(_("version"))
    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT, editable=False)
    change = models.CharField(max_length=20, choices=Change.choices, blank=True, editable=False)
    controller_name = models.CharField(_("who is responsible"), max_length=200, blank=True)
    controller_kind = models.CharField(
        _("what kind of body they are"), max_length=20, choices=Controller.choices, blank=True
    )
    controller_address = models.CharField(_("their address"), max_length=200, blank=True)
    controller_contact = models.CharField(_("how to reach them"), max_length=200, blank=True)
    method = models.CharField(_("method"), max_length=40, choices=Method.choices, blank=True)
    categories = models.JSONField(_("kinds of data"), default=list, blank=True)  # list of Category
    storage = models.JSONField(_("where it is kept"), default=list, blank=True)  # list of Storage
    # How long after the last day of consent anything may be kept, and how long consent itself lives.
    retention_days = models.PositiveIntegerField(_("days kept after the purpose ends"), null=True, blank=True)
    life_days = models.PositiveIntegerField(_("days a yes is good for"), null=True, blank=True)
    ways_in = models.JSONField(_("ways in without it"), default=list, blank=True)  # list of PlainWay
    ways_out = models.JSONField(_("ways to stop it"), default=list, blank=True)  # list of WayOut
    # Terms that somebody may well bring along; with any of them a form cannot be published (obligations 4 and 36).
    irrevocable = models.BooleanField(_("the yes cannot be taken back"), default=False)
    sublicensable = models.BooleanField(_("the data may be passed on to whomever they choose"), default=False)
    preset = models.BooleanField(_("the yes is ticked beforehand"), default=False)
    bundled = models.BooleanField(_("the yes comes together with another"), default=False)
    only_words = models.BooleanField(
        _("only the wording changes"),
        default=False,
        help_text=_("Every yes to the version before stands. Refused if anything but words has changed."),
    )
    content_hash = models.BinaryField(null=True, editable=False)
    drafted_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")
    submitted_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")
    submitted_at = models.DateTimeField(null=True, editable=False)
    published_at = models.DateTimeField(null=True, editable=False)
    published_by = models.ForeignKey(User, models.PROTECT, null=True, editable=False, related_name="+")
    superseded_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("consent form")
        verbose_name_plural = _("consent forms")
        constraints = [
            models.UniqueConstraint(fields=["neighborhood", "purpose", "version"], name="form_version_once"),
            models.UniqueConstraint(
                fields=["neighborhood", "purpose"],
                condition=Q(state="published"),
                name="form_one_published",
            ),
            models.CheckConstraint(
                condition=Q(state__in=NEVER_ASKED)
                | Q(
                    content_hash__isnull=False,
                    published_at__isnull=False,
                    submitted_at__isnull=False,
                    retention_days__lte=LONGEST_KEPT,
                    life_days__gt=0,
                    life_days__lte=LONGEST_LIFE,
                    change__in=["first", "material", "editorial"],
                )
                & ~Q(controller_name="")
                & ~Q(controller_kind="")
                & ~Q(controller_address="")
                & ~Q(controller_contact="")
                & ~Q(method="")
                & ~Q(categories=[])
                & ~Q(storage=[])
                & ~Q(ways_in=[])
                & ~Q(ways_out=[]),
                name="form_published_is_whole",
            ),
            models.CheckConstraint(
                # Said apart: a comparison with nothing is neither true nor false, and no refusal.
                condition=Q(state__in=NEVER_ASKED) | Q(retention_days__isnull=False, life_days__isnull=False),
                name="form_published_has_its_periods",
            ),
            models.CheckConstraint(
                condition=Q(state__in=NEVER_ASKED)
                | Q(irrevocable=False, sublicensable=False, preset=False, bundled=False),
                name="form_published_has_fair_terms",
            ),
            models.CheckConstraint(
                condition=Q(state__in=NEVER_ASKED)
                | Q(published_by__isnull=False, submitted_by__isnull=False)
                & ~Q(published_by=F("submitted_by")),
                name="form_published_by_a_second_reader",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} · {self.version}"

    @property
    def stands(self) -> bool:
        """A yes to it still counts."""
        return self.state in IN_FORCE

    def text(self, language: str) -> FormText:
        """The words in this language.

        Raises: FormText.DoesNotExist
        """
        return self.texts.get(language=language)


# States of a form whose yeses count.
IN_FORCE = (Form.State.PUBLISHED, Form.State.REWORDED)


class FormRecipient(models.Model):
    """Who else receives it, by the form: most forms have none."""

    form = models.ForeignKey(Form, models.CASCADE, related_name="recipients")
    name = models.CharField(_("name"), max_length=200)
    contact = models.CharField(_("contact"), max_length=200)
    what_for = models.CharField(_("what for"), max_length=200)
    method = models.CharField(_("method"), max_length=200)
    categories = models.JSONField(_("kinds of data"), default=list)  # list of Category

    class Meta:
        verbose_name = _("recipient named by a form")
        verbose_name_plural = _("recipients named by a form")
        constraints = [models.UniqueConstraint(fields=["form", "name"], name="form_recipient_once")]

    def __str__(self) -> str:
        return self.name


class FormText(models.Model):
    """The words of a form in one language: one field for each thing a notice must say."""

    class Language(models.TextChoices):
        CHINESE = "zh-hans", "中文"
        ENGLISH = "en", "English"

    form = models.ForeignKey(Form, models.CASCADE, related_name="texts")
    language = models.CharField(_("language"), max_length=10, choices=Language.choices)
    title = models.CharField(_("title"), max_length=120, blank=True)
    what_for = models.TextField(_("what it is for"), blank=True)
    method = models.TextField(_("how it is done"), blank=True)
    categories = models.TextField(_("which data"), blank=True)
    at_the_end = models.TextField(_("what happens at the end"), blank=True)
    necessity = models.TextField(_("why it is needed"), blank=True)
    effect = models.TextField(_("what it means for you"), blank=True)
    rights = models.TextField(_("how to see, correct, delete and stop"), blank=True)
    recipients = models.TextField(_("who else receives it"), blank=True)
    other_way_in = models.TextField(_("the way in that needs none of this"), blank=True)

    # Obligation 13: the parts of a notice. Published only when each is there in each language.
    NOTICE = (
        "title",
        "what_for",
        "method",
        "categories",
        "at_the_end",
        "necessity",
        "effect",
        "rights",
        "recipients",
        "other_way_in",
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["form", "language"], name="form_text_once")]

    def __str__(self) -> str:
        return self.get_language_display()

    def parts(self) -> list[tuple[str, str]]:
        """(heading, words) of each part after the title, in the order of the notice."""
        fields = {field.name: field for field in self._meta.fields}
        return [(str(fields[name].verbose_name), getattr(self, name)) for name in self.NOTICE[1:]]
