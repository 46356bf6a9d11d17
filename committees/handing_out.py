"""A file of a notice on its way to a reader. Whether they may have it is asked before."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from committees.models import NoticeFile

_ENDS = {NoticeFile.Format.PDF: ("application/pdf", "pdf"), NoticeFile.Format.PICTURE: ("image/jpeg", "jpg")}


def answer(file: NoticeFile) -> HttpResponse:
    """A PDF is taken along, never opened within the site; a picture was written by ourselves. Kept by nobody on the way, so that
    what is taken down is gone."""
    kind, ending = _ENDS[NoticeFile.Format(file.format)]
    name = content_disposition_header(not file.is_picture, f"{file.title}.{ending}")
    return HttpResponse(
        bytes(file.content),
        content_type=kind,
        headers={
            "Content-Disposition": name,
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
