"""Uploads are held in memory, whole or not at all: an unencrypted photo never touches a disk."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest


def too_large(request: HttpRequest) -> frozenset[str]:
    """Names of the fields whose file was dropped for its size. Read `request.FILES` first: that parses the body."""
    return frozenset(getattr(request, "_dropped_uploads", ()))


class LimitedMemoryHandler(FileUploadHandler):
    """Drops a file over UPLOAD_BYTES and says so through `too_large(request)`; never spools."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.held = BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.held.tell() + len(raw_data) > settings.UPLOAD_BYTES:
            self.held = BytesIO()
            if self.request is not None:
                dropped = {*too_large(self.request), self.field_name or ""}
                self.request._dropped_uploads = dropped  # type: ignore[attr-defined]
            raise SkipFile
        self.held.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        self.held.seek(0)
        return InMemoryUploadedFile(
            file=self.held,
            field_name=self.field_name,
            name=self.file_name or "",
            content_type=self.content_type or "",
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
