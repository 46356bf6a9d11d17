"""Requests to a body as both sides read them: what state they are in, what is due, who said what, and why something was
refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.utils.functional import Promise
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from committees import assigning, said
from committees.assigning import Assignee
from committees.models import ServicePhoto, ServiceRequest, ServiceStep
from committees.models.service import HELPER, RESIDENT, SYSTEM, Kind, Status
from portal.screens import offices

EXCERPT = 60
ABOUT: Mapping[Kind, Promise] = {
    Kind.REPAIR: gettext_lazy("Something is broken: a lamp, a lift, a pipe, a gate"),
    Kind.NOISE: gettext_lazy("Somebody or something is too loud"),
    Kind.COMPLAINT: gettext_lazy("Something was done badly or not at all. You choose who reads it"),
    Kind.OTHER: gettext_lazy("A question, a wish. You choose who reads it"),
}
ICONS: Mapping[Kind, str] = {
    Kind.REPAIR: "alert",
    Kind.NOISE: "bell",
    Kind.COMPLAINT: "pen",
    Kind.OTHER: "question",
}
DID: Mapping[Status, tuple[str, Promise]] = {
    Status.RECEIVED: ("send", pgettext_lazy("of a request", "Asked")),
    Status.REPLIED: ("pen", pgettext_lazy("of a request", "Answered")),
    Status.WORKING: ("clock", pgettext_lazy("of a request", "Being worked on")),
    Status.DONE: ("check", pgettext_lazy("of a request", "Done")),
    Status.REOPENED: ("alert", pgettext_lazy("of a request", "Not solved: opened again")),
    Status.CALLED_OFF: ("cross", pgettext_lazy("of a request", "Called off")),
}
REFUSED: Mapping[str, Promise] = {
    "lives_not_here": gettext_lazy("You do not live here any more, so nothing new can be asked."),
    "nobody_answers": gettext_lazy(
        "Nobody is in office there just now. Choose another body, or ring the guard."
    ),
    "too_many": gettext_lazy("You have twenty requests open. Call one off that needs no answer any more."),
    "not_theirs": gettext_lazy("This dwelling is not yours any more. Choose again."),
    "not_now": gettext_lazy("It has come further in the meantime. Look at it below, and choose again."),
    "moved": gettext_lazy(
        "Somebody wrote in the meantime. Read it below; what you wrote is still here, so send it again."
    ),
    "own": gettext_lazy("It is your own request. A colleague answers it."),
    "forgotten": gettext_lazy("Its time is over: what was written is deleted. Ask anew."),
    "full": gettext_lazy(
        "There are a hundred entries, and no more words fit. It can still be brought on or ended; what is more is asked anew."
    ),
    "noted": gettext_lazy(
        "This was kept inside as a note, and is not sent. Write what the resident shall read."
    ),
}
PHOTOS: Mapping[str, Promise] = {
    "empty": gettext_lazy("The file is empty. Choose the photo again."),
    "not_a_picture": gettext_lazy("The file is not a photo, whatever its name says. Choose another one."),
    "truncated": gettext_lazy("Part of the photo is missing. Choose it again, or take a new one."),
    "too_many_pixels": gettext_lazy("The picture is far larger than a camera makes. Choose another one."),
    "file_too_large": gettext_lazy("The file is larger than 12 megabytes. Choose a smaller one."),
    "animated": gettext_lazy("The picture moves. Choose a still one."),
    "format_not_supported": gettext_lazy("Only photos in JPEG or PNG can be read here. Choose another one."),
}


def lines(requests: Iterable[ServiceRequest], *, at: datetime) -> list[dict[str, Any]]:
    """For a list, with the first words of each. Three queries, one of them to the vault."""
    found = list(requests)
    words = excerpts(found)
    return [line(each, at=at) | {"excerpt": words.get(each.pk, "")} for each in found]


def line(request: ServiceRequest, *, at: datetime) -> dict[str, Any]:
    kind, status = Kind(request.kind), Status(request.status)
    return {
        "pk": request.pk,
        "icon": ICONS[kind],
        "kind": capfirst(kind.label),
        "body": request.get_body_display(),
        "status": capfirst(status.label),
        "is_open": request.is_open,
        "opened_at": request.opened_at,
        "due_at": request.due_at,
        "answered": request.replied_at is not None,
        "late": request.is_open and request.due_at < at,
        "gone": request.forgotten_at is not None,
    }


def excerpts(requests: Iterable[ServiceRequest]) -> dict[UUID, str]:
    firsts = {
        step.pk: step.request_id
        for step in ServiceStep.objects.filter(request__in=[each.pk for each in requests], number=1)
    }
    opened = said.of_ids(firsts)
    return {
        firsts[pk]: Truncator(" ".join(found.words.split())).chars(EXCERPT) for pk, found in opened.items()
    }


def timeline(request: ServiceRequest, *, to_staff: bool) -> list[dict[str, Any]]:
    """Every step with its words and pictures, oldest first. Four queries, one of them to the vault."""
    photos = Prefetch("photos", ServicePhoto.objects.defer("sealed"))
    steps = list(request.steps.prefetch_related(photos))
    words = said.of_ids(step.pk for step in steps)
    entries, before, shown = [], "", 0
    for step in steps:
        icon = "pen" if step.status == before else DID[Status(step.status)][0]
        found = words.get(step.pk, said.Said())
        # Counted through the whole request, as `service.shown` finds them.
        first, shown = shown + 1, shown + len(step.photos.all())
        entries.append(
            {
                "icon": icon,
                "what": what_was_done(step, before),
                "who": who(step.capacity, to_staff=to_staff),
                "at": step.at,
                "words": found.words,
                "place": found.place,
                "photos": range(first, shown + 1),
            }
        )
        before = step.status
    return entries


def assignee_to_resident(request: ServiceRequest, *, at: datetime) -> str:
    """In which role somebody sees to it; by a name only if it is public. Empty: nobody does. One query."""
    found = assigning.assignees([request], at=at).get(request.pk)
    if found is None:
        return ""
    office = offices.in_words(found.capacity)
    return f"{office} ({found.name})" if found.name else office


def assignee_to_staff(found: Assignee | None, *, reader: UUID) -> str:
    if found is None:
        return _("Nobody sees to it")
    return _("You see to it") if found.user == reader else colleague(found)


def colleague(found: Assignee) -> str:
    """Among themselves they go by the name under which they sign in, where none is public."""
    return f"{offices.in_words(found.capacity)}: {found.name or found.account}"


def what_was_done(step: ServiceStep, before: str) -> Promise:
    """`before` is the status of the step before."""
    return gettext_lazy("Said more") if step.status == before else DID[Status(step.status)][1]


def who(capacity: str, *, to_staff: bool) -> str:
    if capacity == RESIDENT:
        return _("The resident") if to_staff else _("You")
    if capacity == HELPER:
        return _("A helper whom the resident named") if to_staff else _("Your helper, in your name")
    return _("The system itself") if capacity == SYSTEM else offices.in_words(capacity)
