from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from consent.models.purposes import Purpose
from residents.models import Neighborhood, User


class Form(models.Model):
    """One version of what is asked. Immutable once published, and what was signed is shown for ever."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        SUPERSEDED = "superseded", _("superseded")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="forms")
    purpose = models.CharField(_("what for"), max_length=40, choices=Purpose.choices)
    version = models.PositiveIntegerField(_("version"))
    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT, editable=False)
    controller_name = models.CharField(_("who is responsible"), max_length=200, blank=True)
    controller_contact = models.CharField(_("how to reach them"), max_length=200, blank=True)
    # How long after the last day of consent anything may be kept, and how long consent itself lives.
    retention_days = models.PositiveIntegerField(_("days kept after the purpose ends"), null=True, blank=True)
    life_days = models.PositiveIntegerField(_("days a yes is good for"), null=True, blank=True)
    content_hash = models.BinaryField(null=True, editable=False)
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
                condition=Q(state="draft")
                | Q(
                    content_hash__isnull=False,
                    published_at__isnull=False,
                    retention_days__isnull=False,
                    life_days__gt=0,
                )
                & ~Q(controller_name="")
                & ~Q(controller_contact=""),
                name="form_published_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"form {self.purpose} v{self.version}"

    def text(self, language: str) -> FormText:
        """The words in this language.

        Raises: FormText.DoesNotExist
        """
        return self.texts.get(language=language)


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
        return f"{self.form} {self.language}"

    def parts(self) -> list[tuple[str, str]]:
        """(heading, words) of each part after the title, in the order of the notice."""
        fields = {field.name: field for field in self._meta.fields}
        return [(str(fields[name].verbose_name), getattr(self, name)) for name in self.NOTICE[1:]]
