"""Everything that is kept of somebody as one file for a program, streamed, so that its size is no matter (obligation 33).

Two ways lead to it, my record and a copy by right (`my_requests`), and what comes is the same; its one shape is in
docs/record.md. It ends with `complete`: whoever was cut off has no JSON, and sees that. Only what is about the person: of
others not a name, no secret of any way in, and nothing made from a face, which goes nowhere (law 10).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.screens import again
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.record import asked, shapes, vote_shapes
from portal.screens.record.sources import ENTRIES, SOURCES, Source
from residents.models import Resident

AT_ONCE = 500
# What stands on other pages than the record's, and is never long.
FACTS: Mapping[str, Callable[[Resident], shapes.Json | list[shapes.Json] | None]] = {
    "person": shapes.person,
    "dwellings": shapes.dwellings,
    "owned": shapes.owned,
    "account": shapes.account,
    "requests": shapes.requests,
    "after_death": shapes.after_death,
    "holds": shapes.holds,
    "votes": vote_shapes.votes,
    "proxies": vote_shapes.proxies,
}
# To nobody but the person: what was asked of a body nobody at home reads, on its own page either (ADR 28).
OWN: Mapping[str, Callable[[Resident], list[shapes.Json]]] = {"service": asked.service}


@require_safe
@resident_only
def export(request: ResidentRequest) -> HttpResponse:
    """After the password again, as a copy by right. Back from there they see the page: a file is no place to come to."""
    at = timezone.now()
    if again.open_until(request, at) is None:
        return again.ask(request, back=f"{reverse('record')}#take")
    return as_file(resident=request.resident, own=True, at=at)


def as_file(*, resident: Resident, own: bool, at: datetime) -> HttpResponse:
    """`own`: to the person. To a guardian without their entries (law 6), and without what they asked of a body."""
    answer = StreamingHttpResponse(
        written(resident=resident, own=own, at=at), content_type="application/json"
    )
    name = f"linmen-record-{timezone.localdate(at):%Y%m%d}.json"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer  # type: ignore[return-value]


def written(*, resident: Resident, own: bool, at: datetime) -> Iterator[str]:
    """One query for each source, read bit by bit; for everybody the same number of them."""
    head = {
        "schema": shapes.SCHEMA,
        "made": shapes.moment(at),
        "resident": str(resident.pk),
        "neighborhood": shapes.neighborhood(resident.neighborhood),
    }
    yield _spelled(head)[:-1]
    for code, fact in FACTS.items():
        yield f',\n"{code}": {_spelled(fact(resident))}'
    for code, mine in OWN.items():
        yield f',\n"{code}": {_spelled(mine(resident)) if own else "null"}'
    for source in (*SOURCES, *([ENTRIES] if own else [])):
        if source.shape is not None:
            yield f',\n"{source.code}": ['
            yield from _rows(source, resident)
            yield "]"
    if not own:
        yield f',\n"{ENTRIES.code}": null'
    yield ',\n"complete": true}\n'


def _rows(source: Source, resident: Resident) -> Iterator[str]:
    assert source.shape is not None
    rows = (source.filed or source.rows)(resident).order_by(f"-{source.clock}", "-pk")
    for place, row in enumerate(rows.iterator(chunk_size=AT_ONCE)):
        yield (",\n" if place else "\n") + _spelled(source.shape(row))


def _spelled(value: shapes.Json | list[shapes.Json] | None) -> str:
    return json.dumps(value, ensure_ascii=False)
