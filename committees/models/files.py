"""Files that a notice carries: a PDF to take along, or a picture to look at."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import connection, models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from committees.models.notices import Notice
from residents.models import Neighborhood, User

MOST_FILES = 5
LARGEST = 12 * 1024 * 1024

COPY = """
INSERT INTO committees_noticefile (id, neighborhood_id, notice_id, added_by_id, added_at,
    number, format, title, title_en, shows, shows_en, made_by, content, hash)
SELECT gen_random_uuid(), %s, %s, %s, %s, number, format, title, title_en, shows, shows_en, made_by, content, hash
FROM committees_noticefile WHERE notice_id = %s
"""


class NoticeFileQuerySet(models.QuerySet["NoticeFile"]):
    def listed(self) -> NoticeFileQuerySet:
        """For a list: how large each is, without bringing it along."""
        size = models.Func("content", function="octet_length", output_field=models.IntegerField())
        return self.defer("content").annotate(size=size)

    def copy(self, *, of: Notice, to: Notice, by: User, at: datetime) -> None:
        """The same ones with another notice, within the database: some sixty megabytes need not come here and go back."""
        with connection.cursor() as cursor:
            cursor.execute(COPY, [to.neighborhood_id, to.pk, by.pk, at, of.pk])


class NoticeFile(models.Model):
    """Comes while its notice is a draft, and stands with it from then on; what is wrong is taken off and added anew. Kept as
    it is, as the words of its notice are: both are for everybody who lives here."""

    class Format(models.TextChoices):
        PDF = "pdf", "PDF"
        PICTURE = "picture", _("picture")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    neighborhood = models.ForeignKey(Neighborhood, models.PROTECT, related_name="+")
    # Files go with their notice; when that is, the database says.
    notice = models.ForeignKey(Notice, models.CASCADE, related_name="files")
    number = models.PositiveSmallIntegerField()
    format = models.CharField(max_length=10, choices=Format.choices)
    title = models.CharField(_("title of the file"), max_length=100)
    title_en = models.CharField(_("title of the file in English"), max_length=200, blank=True)
    # What a picture shows, in words: for who does not see it.
    shows = models.CharField(_("what the picture shows"), max_length=500, blank=True)
    shows_en = models.CharField(_("what the picture shows, in English"), max_length=1000, blank=True)
    # What the file itself says of who made it. For the body's own eyes, before it publishes.
    made_by = models.CharField(max_length=500, blank=True)
    content = models.BinaryField()
    hash = models.BinaryField(max_length=32)
    added_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    added_at = models.DateTimeField()

    objects = NoticeFileQuerySet.as_manager()

    # All of it that people read, beside the file.
    WORDS = ("title", "title_en", "shows", "shows_en")

    class Meta:
        verbose_name = _("file of a notice")
        verbose_name_plural = _("files of notices")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["notice", "number"], name="noticefile_one_place_each"),
            models.UniqueConstraint(fields=["notice", "hash"], name="noticefile_added_once"),
            models.CheckConstraint(
                condition=Q(number__gte=1, number__lte=MOST_FILES), name="noticefiles_at_most_five"
            ),
            models.CheckConstraint(condition=~Q(title=""), name="noticefile_has_a_title"),
            models.CheckConstraint(
                condition=Q(format="picture") & ~Q(shows="") | Q(format="pdf", shows="", shows_en=""),
                name="a_picture_is_told_in_words",
            ),
            models.CheckConstraint(
                condition=Q(title_en="", shows_en="") | ~Q(title_en="") & (Q(format="pdf") | ~Q(shows_en="")),
                name="noticefile_in_english_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"file {str(self.pk)[:8]}"

    @property
    def in_english(self) -> bool:
        """Whether this reader is shown the English words."""
        return bool(self.title_en) and (get_language() or "").startswith("en")

    @property
    def headline(self) -> str:
        return self.title_en if self.in_english else self.title

    @property
    def told(self) -> str:
        return self.shows_en if self.in_english else self.shows

    @property
    def length(self) -> int:
        """In bytes, where it was listed."""
        return int(self.__dict__["size"])

    @property
    def is_picture(self) -> bool:
        return self.format == self.Format.PICTURE
