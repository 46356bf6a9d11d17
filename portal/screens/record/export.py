"""My record as one file for a program: everything that is kept of it, streamed, so that its size is no matter.

Its shape is in docs/record.md. It ends with `complete`: whoever was cut off has no JSON, and sees that.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.screens import again
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.record import shapes
from portal.screens.record.sources import ENTRIES, SOURCES, Source
from residents.models import Resident

AT_ONCE = 500


@require_safe
@resident_only
def export(request: ResidentRequest) -> HttpResponse:
    """After the password again, as a copy by right. Back from there they see the page: a file is no place to come to."""
    at = timezone.now()
    if again.open_until(request, at) is None:
        return again.ask(request, back=f"{reverse('record')}#take")
    response = StreamingHttpResponse(
        written(resident=request.resident, at=at), content_type="application/json"
    )
    name = f"linmen-record-{timezone.localdate(at):%Y%m%d}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response  # type: ignore[return-value]


def written(*, resident: Resident, at: datetime) -> Iterator[str]:
    """One query for each source, read bit by bit."""
    head = {
        "schema": shapes.SCHEMA,
        "made": shapes.moment(at),
        "resident": str(resident.pk),
        "neighborhood": {
            "id": str(resident.neighborhood_id),
            "name": resident.neighborhood.name,
            "name_en": resident.neighborhood.name_en,
        },
    }
    yield _spelled(head)[:-1]
    for source in (*SOURCES, ENTRIES):
        if source.shape is not None:
            yield f',\n"{source.code}": ['
            yield from _rows(source, resident)
            yield "]"
    yield ',\n"complete": true}\n'


def _rows(source: Source, resident: Resident) -> Iterator[str]:
    assert source.shape is not None
    rows = source.rows(resident).order_by(f"-{source.clock}", "-pk")
    for place, row in enumerate(rows.iterator(chunk_size=AT_ONCE)):
        yield (",\n" if place else "\n") + _spelled(source.shape(row))


def _spelled(value: shapes.Json) -> str:
    return json.dumps(value, ensure_ascii=False)
