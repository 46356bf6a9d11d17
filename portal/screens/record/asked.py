"""What somebody asked of bodies, in the copy of their data: what was said on both sides, and what the staff of the body noted for
themselves, which stands nowhere else for them to read (obligation 32, ADR 68). To them alone: nobody at home sees it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from django.db.models import Count
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from committees import said
from committees.models import ServiceNote, ServiceRequest, ServiceStep
from committees.models.service import Kind
from portal.screens import offices
from portal.screens.record.lines import Line
from portal.screens.record.shapes import Json, moment
from portal.screens.service_words import what_was_done, who
from residents.models import Resident


def service(resident: Resident) -> list[Json]:
    """Newest first. Five queries, one of them to the vault, and as many however much was asked."""
    requests, steps, words, notes = _everything(resident)
    return [
        {
            "id": str(each.pk),
            "at": moment(each.opened_at),
            "kind": each.kind,
            "body": each.body,
            "state": each.status,
            "answer_due": moment(each.reply_due_at),
            "done_due": moment(each.done_due_at),
            "ended": moment(each.ended_at),
            "words_deleted": moment(each.forgotten_at),
            "steps": [
                {
                    "at": moment(step.at),
                    "state": step.status,
                    "by": step.capacity,
                    "words": words[step.pk].words if step.pk in words else None,
                    "place": (words[step.pk].place or None) if step.pk in words else None,
                    "pictures": step.pictures,  # type: ignore[attr-defined]
                }
                for step in steps[each.pk]
            ],
            "inside": [
                {"at": moment(note.at), "by": note.capacity, "words": noted}
                for note, noted in notes.get(each.pk, [])
            ],
        }
        for each in requests
    ]


def lines(resident: Resident) -> Iterator[Line]:
    """The same as a person reads it, of what is not deleted."""
    requests, steps, words, notes = _everything(resident)
    for each in requests:
        kind, before = capfirst(Kind(each.kind).label), ""
        for step in steps[each.pk]:
            if step.pk in words:
                head = f"{kind} · {each.get_body_display()}: {what_was_done(step, before)}"
                found = words[step.pk]
                told = (who(step.capacity, to_staff=False), found.place, found.words)
                yield Line(icon="pen", at=step.at, head=head, notes=tuple(each for each in told if each))
            before = step.status
        for note, noted in notes.get(each.pk, []):
            head = _("%(kind)s · %(body)s: noted inside, not said to you") % {
                "kind": kind,
                "body": each.get_body_display(),
            }
            yield Line(icon="key", at=note.at, head=head, notes=(offices.in_words(note.capacity), noted))


def _everything(
    resident: Resident,
) -> tuple[
    list[ServiceRequest],
    dict[UUID, list[ServiceStep]],
    dict[UUID, said.Said],
    dict[UUID, list[tuple[ServiceNote, str]]],
]:
    requests = list(ServiceRequest.objects.filter(resident=resident).order_by("-opened_at", "-pk"))
    steps: dict[UUID, list[ServiceStep]] = defaultdict(list)
    for step in (
        ServiceStep.objects.filter(request__resident=resident)
        .annotate(pictures=Count("photos"))
        .order_by("number")
    ):
        steps[step.request_id].append(step)
    words = said.of_ids(step.pk for each in steps.values() for step in each)
    return requests, steps, words, said.noted(each.pk for each in requests)
