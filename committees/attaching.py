"""Adding a file to a draft, and taking one off again. From its publication on a notice's files stand as its words do.

A picture is decoded and written anew, so that of the file that came nothing is left but what can be seen; a PDF is looked
through (`committees/pdfs.py`) and kept byte for byte. The database has the last word (`0007_files_stand_with_their_notice`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from committees import pdfs, publishing
from committees.models import Notice, NoticeFile
from committees.models.files import LARGEST, MOST_FILES
from consent.scans import PictureRefused
from residents import effects
from residents.models import User

Format = NoticeFile.Format
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


class FileRefused(Exception):
    """Nothing was added. `reason` is one of `pdfs.PdfRefused`, of `gate.photos.Refusal` about a picture, or: empty,
    file_too_large, too_many, no_such_file."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Checked:
    """A file as it will be kept, and what it says of who made it."""

    format: NoticeFile.Format
    content: bytes
    made_by: str = ""

    @property
    def hash(self) -> bytes:
        return hashlib.sha256(self.content).digest()


def format_of(content: bytes) -> NoticeFile.Format:
    """By what the file begins with; its name says nothing. Raises: FileRefused"""
    if not content:
        raise FileRefused("empty")
    if len(content) > LARGEST:
        raise FileRefused("file_too_large")
    if content.startswith(b"%PDF-"):
        return Format.PDF
    if content.startswith(_PICTURES) or (content[:4], content[8:12]) == (b"RIFF", b"WEBP"):
        return Format.PICTURE
    raise FileRefused("format_not_supported")


def checked(content: bytes) -> Checked:
    """The slow part, outside a transaction. Raises: FileRefused"""
    if format_of(content) == Format.PDF:
        try:
            return Checked(Format.PDF, content, pdfs.check(content))
        except pdfs.PdfRefused as refused:
            raise FileRefused(refused.reason) from refused
    try:
        return Checked(Format.PICTURE, effects.call("plain_picture", picture=content))
    except PictureRefused as refused:
        raise FileRefused(refused.reason) from refused


def attach(
    *,
    notice: Notice,
    content: bytes,
    title: str,
    title_en: str = "",
    shows: str = "",
    shows_en: str = "",
    by: User,
    at: datetime,
) -> NoticeFile:
    """Add it. Sent twice, it is one file.

    Raises: PermissionDenied, publishing.NotADraft, FileRefused
    """
    file = checked(content)
    with transaction.atomic():
        draft = _draft(notice, by, at)
        if known := draft.files.filter(hash=file.hash).first():
            return known
        number = _next(draft)
        return NoticeFile.objects.create(
            neighborhood_id=draft.neighborhood_id,
            notice=draft,
            number=number,
            format=file.format,
            title=title,
            title_en=title_en,
            shows=shows if file.format == Format.PICTURE else "",
            shows_en=shows_en if file.format == Format.PICTURE else "",
            made_by=file.made_by,
            content=file.content,
            hash=file.hash,
            added_by=by,
            added_at=at,
        )


@transaction.atomic
def detach(*, notice: Notice, number: int, by: User, at: datetime) -> None:
    """Raises: PermissionDenied, publishing.NotADraft, FileRefused"""
    draft = _draft(notice, by, at)
    gone, _each = NoticeFile.objects.filter(notice=draft, number=number).delete()
    if not gone:
        raise FileRefused("no_such_file")


def _draft(notice: Notice, by: User, at: datetime) -> Notice:
    """The row itself, locked: who publishes meanwhile waits, or was first."""
    found = publishing.held(notice, by, at)
    if not found.is_plain_draft:
        raise publishing.NotADraft
    return found


def _next(draft: Notice) -> int:
    """Behind the last; a gap that was left is filled only once the end is reached. Raises: FileRefused"""
    taken = set(draft.files.values_list("number", flat=True))
    if len(taken) >= MOST_FILES:
        raise FileRefused("too_many")
    last = draft.files.aggregate(last=Max("number"))["last"] or 0
    return last + 1 if last < MOST_FILES else min(set(range(1, MOST_FILES + 1)) - taken)
