"""My requests: see, correct, delete; and explain, restrict, take along. What happens, by when, and the way out."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.screens import again, offices
from portal.screens.children import GuardianRequest, guardian_only
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.my_request_forms import FORMS
from portal.screens.record import export
from residents import contact, deadlines, relatives, rights, standing_by
from residents.models import Resident, RightsRequest

PAGE = 20
ON_HOME = 3
Kind = RightsRequest.Kind
State = RightsRequest.State

# What each page says above its form.
LEADS = {
    Kind.SEE: gettext_lazy(
        "Everything that is kept about you is on your own pages. You need to ask nobody, and to give no reason."
    ),
    Kind.CORRECT: gettext_lazy("Say what is wrong and what it should be. The property office looks at it."),
    Kind.DELETE: gettext_lazy(
        "Much you can delete yourself, at once. For the rest, say what should go, and somebody answers you."
    ),
    Kind.EXPLAIN: gettext_lazy(
        "Ask how and why something of yours is used. Somebody answers in plain words."
    ),
    Kind.RESTRICT: gettext_lazy(
        "Say what should be kept but not used any more, or used less. What is made from a face you stop yourself, at once."
    ),
    Kind.COPY: gettext_lazy(
        "A file with the data about you, which other systems can read. It is yours to take anywhere."
    ),
}
TONES = {State.DONE: "on", State.REFUSED: "due"}


class KindConverter:
    regex = "|".join(Kind.values)

    def to_python(self, value: str) -> Kind:
        return Kind(value)

    def to_url(self, value: str) -> str:
        return str(Kind(value))


@require_safe
@resident_only
def overview(request: ResidentRequest) -> HttpResponse:
    at = timezone.now()
    page = Paginator(rights.of(request.resident, at), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "lines": [_line(each, request.resident, at) for each in page],
        "children": standing_by.wards_of(request.resident, at),
        "instruction": relatives.instruction_of(request.resident),
        "days": deadlines.days(request.resident.neighborhood),
    }
    return render(request, "requests.html", context)


@require_http_methods(["GET", "POST"])
@resident_only
def ask(request: ResidentRequest, kind: Kind) -> HttpResponse:
    return _copy(request) if kind == Kind.COPY else _ask(request, kind, request.resident, timezone.now())


@require_http_methods(["GET", "POST"])
@guardian_only
def ask_for_child(request: GuardianRequest, kind: Kind) -> HttpResponse:
    if kind == Kind.COPY:
        return _copy(request, request.child)
    return _ask(request, kind, request.child, request.at)


@require_POST
@sensitive_post_parameters()
@resident_only
def prove(request: ResidentRequest) -> HttpResponse:
    form = again.PasswordForm(request.POST, user=request.user)
    of = _whose(request, request.POST.get("child", ""))
    if not again.shown(request, form, timezone.now()):
        return _copy_page(request, of, form)
    return (
        redirect("ask_for_child", of.pk, Kind.COPY) if of != request.resident else redirect("ask", Kind.COPY)
    )


@require_safe
@resident_only
def one(request: ResidentRequest, made: UUID) -> HttpResponse:
    at = timezone.now()
    found = get_object_or_404(rights.of(request.resident, at), pk=made)
    words = rights.words_of(found)
    context = _line(found, request.resident, at) | {
        "asked": words.get(rights.Part.ASKED, ""),
        "wanted": rights.wanted_of(found),
        "answer": words.get(rights.Part.ANSWER, ""),
        "who": offices.in_words(found.capacity) if found.capacity else "",
        "closed_at": found.closed_at,
        "opened_at": found.opened_at,
        "at_desk": bool(found.known_by),
        "is_open": found.is_open,
        "may_take_back": found.is_open and request.user.pk in (found.asked_by_id, found.resident.user_id),
        "steps": _steps(found),
        "words_gone": not found.is_open and not words and found.kind not in rights.AT_ONCE,
    }
    return render(request, "request.html", context)


@require_POST
@resident_only
def take_back(request: ResidentRequest, made: UUID) -> HttpResponse:
    at = timezone.now()
    found = get_object_or_404(rights.of(request.resident, at), pk=made)
    try:
        done = rights.take_back(request=found, by=request.user, at=at)
    except PermissionDenied:  # another guardian asked it
        raise Http404 from None
    if done:
        messages.success(request, _("Taken back. Nobody looks at it any more."))
    else:
        messages.info(request, _("It was answered in the meantime. This is the answer."))
    return redirect("request", found.pk)


def _ask(request: ResidentRequest, kind: Kind, of: Resident, at: datetime) -> HttpResponse:
    form = FORMS[kind](request.POST if request.method == "POST" else None, initial={"once": uuid4()})
    if request.method == "POST" and form.is_valid():
        try:
            made = rights.ask(resident=of, kind=kind, by=request.user, at=at, **form.given())
        except contact.PhoneRefused as refused:
            form.add_error("wanted", str(refused))
        except rights.RequestRefused as refused:
            if refused.reason != "ended":
                raise
            form.add_error(None, _("Until you are fourteen, those who decide for you ask for you."))
        except PermissionDenied:
            raise Http404 from None
        else:
            messages.success(request, _("Written down."))
            return redirect("request", made.pk)
    return render(request, "request_new.html", _page(request, kind, of, form))


def _copy(request: ResidentRequest, of: Resident | None = None) -> HttpResponse:
    """The file, for whoever has just shown who they are; a page that asks for the password to everybody else."""
    at, of = timezone.now(), of or request.resident
    if request.method != "POST":
        return _copy_page(request, of, again.PasswordForm(user=request.user))
    try:
        rights.take_along(resident=of, by=request.user, proven_at=again.shown_at(request), at=at)
    except rights.RequestRefused as refused:
        form = again.PasswordForm(user=request.user)
        if refused.reason != "unproven":
            messages.info(request, _("Until you are fourteen, those who decide for you ask for you."))
        return _copy_page(request, of, form, status=403)
    held = Resident.objects.select_related("neighborhood").get(pk=of.pk)
    return export.as_file(resident=held, own=of == request.resident, at=at)


def _copy_page(
    request: ResidentRequest, of: Resident, form: again.PasswordForm, status: int = 200
) -> HttpResponse:
    context = _page(request, Kind.COPY, of, form) | {
        "proven": again.open_until(request, timezone.now()) is not None,
        "minutes": settings.SIGNED_IN_AGAIN_MINUTES,
    }
    return render(request, "request_copy.html", context, status=status)


def _page(request: ResidentRequest, kind: Kind, of: Resident, form: Any) -> dict[str, Any]:
    return {
        "form": form,
        "kind": kind,
        "title": kind.label,
        "lead": LEADS[kind],
        "child": of if of.pk != request.resident.pk else None,
        "days": deadlines.days(of.neighborhood),
    }


def _whose(request: ResidentRequest, child: str) -> Resident:
    """Of this resident, or of a child they decide for at this moment; anybody else's does not exist."""
    if not child:
        return request.resident
    for each in standing_by.wards_of(request.resident, timezone.now()):
        if str(each.pk) == child:
            return each
    raise Http404


def on_home(*, resident: Resident, since: datetime, at: datetime) -> list[dict[str, Any]]:
    """What waits for an answer, and what was answered of late: nobody has to look whether it has come. One query."""
    of_late = Q(closed_at=None) | Q(closed_at__gt=since, state__in=(State.DONE, State.REFUSED))
    found = rights.of(resident, at).exclude(kind__in=rights.AT_ONCE).filter(of_late)
    return [_line(each, resident, at) for each in found[:ON_HOME]]


def _line(found: RightsRequest, reader: Resident, at: datetime) -> dict[str, Any]:
    late = found.is_open and found.due_at <= at
    return {
        "pk": found.pk,
        "title": found.get_kind_display(),
        "kind": found.kind,
        "about": found.get_about_display() if found.about else "",
        "for_child": found.resident.name if found.resident_id != reader.pk else "",
        "child": found.resident_id if found.resident_id != reader.pk else None,
        "state": _("late") if late else found.get_state_display(),
        "refused": found.state == State.REFUSED,
        "tone": "due" if late else TONES.get(State(found.state), "off"),
        "late": late,
        "opened_at": found.opened_at,
        "due_at": found.due_at if found.is_open else None,
        "closed_at": found.closed_at,
    }


def _steps(found: RightsRequest) -> list[dict[str, Any]]:
    end = {
        State.DONE: _("Done"),
        State.REFUSED: _("Refused; the reason stands above"),
        State.TAKEN_BACK: _("Taken back by whoever asked"),
        State.LAPSED: _("Ended: whoever asked does not decide any more"),
    }
    return [
        {"label": _("Written down, where nobody can secretly change it"), "state": "done"},
        {"label": _looked_at(found), "state": "now" if found.is_open else "done"},
        {
            "label": end.get(State(found.state), _("You have an answer here; a no says why")),
            "state": "later" if found.is_open else "done",
        },
    ]


def _looked_at(found: RightsRequest) -> str:
    if found.is_open:
        return _("The property office looks at it")
    return _("The property office looked at it") if found.capacity else _("Nobody had to look at it")
