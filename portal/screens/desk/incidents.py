"""The room of an incident, for both chairs of the committees; auditors see it, and trace. Who is affected is a number here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from consent.models import Incident
from portal.screens.desk.entrance import StaffRequest, staff_only
from portal.screens.desk.incident_forms import ANYBODY, SayForm, SourceForm, StepForm, TraceForm, WriteForm
from portal.screens.offices import in_words
from sharing import leak_notices, leaks
from sharing.models import Copy, Leak, LeakNotice, LeakSource, LeakStep
from sharing.tracing import Found

PAGE = 20
Step = LeakStep.Kind
Shown = dict[str, Any]


@require_http_methods(["GET", "POST"])
@staff_only(real=True)
def overview(request: StaffRequest) -> HttpResponse:
    """Open one, or go into one."""
    insist(request, heads=request.method == "POST")
    form = SayForm(request.POST or None, at=request.at)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        made = leaks.say(
            neighborhood=request.neighborhood,
            kind=Incident.Kind(given["kind"]),
            reason=given["reason"],
            noticed_at=given["noticed_at"],
            by=request.user,
            at=request.at,
            key=given["key"],
        )
        return redirect("desk_incident", leak=made.pk)
    here = request.neighborhood
    found = Paginator(leaks.rooms(here).select_related("incident"), PAGE).get_page(request.GET.get("page"))
    still_open = set(
        leaks.open_rooms().filter(pk__in=[each.pk for each in found]).values_list("pk", flat=True)
    )
    context = {
        "form": form,
        "head": is_head(request),
        "roomless": list(leaks.roomless(here)[:PAGE]),
        "rooms": [{"leak": each, "open": each.pk in still_open} for each in found],
        "page": found,
    }
    return render(request, "desk/incidents.html", context)


@require_POST
@staff_only(real=True)
def open_room(request: StaffRequest, incident: UUID) -> HttpResponse:
    """Of an incident that was said on the full lists."""
    insist(request)
    found = get_object_or_404(Incident, pk=incident, neighborhood=request.neighborhood)
    made = leaks.open_(incident=found, by=request.user, at=request.at)
    return redirect("desk_incident", leak=made.pk)


@require_safe
@staff_only(real=True)
def room(request: StaffRequest, leak: UUID) -> HttpResponse:
    insist(request, heads=False)
    return shown(request, leak_or_404(request, leak))


@require_POST
@staff_only(real=True)
def step(request: StaffRequest, leak: UUID) -> HttpResponse:
    insist(request)
    found = leak_or_404(request, leak)
    form = StepForm(request.POST, at=request.at)
    if not form.is_valid():
        return shown(request, found, step=form)
    given = form.cleaned_data
    supposed = given["kind"] == Step.SUPPOSED
    leaks.step(
        leak=found,
        kind=Step(given["kind"]),
        words=given["words"],
        number=given["number"] if supposed else None,
        happened_at=given["happened_at"],
        by=request.user,
        at=request.at,
        key=given["key"],
    )
    messages.success(request, _("Written down."))
    return redirect("desk_incident", leak=found.pk)


@require_POST
@staff_only(real=True)
def source(request: StaffRequest, leak: UUID) -> HttpResponse:
    insist(request)
    found = leak_or_404(request, leak)
    form = SourceForm(request.POST, neighborhood=request.neighborhood, at=request.at)
    if not form.is_valid():
        return shown(request, found, source=form)
    given = form.cleaned_data
    until, act = given["until"], dict[str, Any](leak=found, by=request.user, at=request.at)
    if given["kind"] == LeakSource.Kind.REGISTER:
        leaks.all_of_it(until=until, **act)
    else:
        account = None if given["account"] == ANYBODY else form.accounts[given["account"]]
        leaks.looked_at(account=account, since=given["since"], until=until, **act)
    return _computed(request, found)


@require_POST
@staff_only(real=True)
def count(request: StaffRequest, leak: UUID) -> HttpResponse:
    insist(request)
    found = leak_or_404(request, leak)
    leaks.count(leak=found, by=request.user, at=request.at)
    return _computed(request, found)


@sensitive_post_parameters("text")
@require_http_methods(["GET", "POST"])
@staff_only(real=True)
def trace(request: StaffRequest, leak: UUID) -> HttpResponse:
    """What is pasted is compared while the page is made, and is nowhere afterwards: not in this page either."""
    insist(request, heads=False)
    found = leak_or_404(request, leak)
    form, came_up = TraceForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        came_up = leaks.trace(leak=found, text=form.cleaned_data["text"], by=request.user, at=request.at)
        form = TraceForm()
    given = Paginator(_copies(found), PAGE).get_page(request.GET.get("page"))
    context = {
        "leak": found,
        "head": is_head(request),
        "form": form,
        "traced": came_up is not None,
        "found": _found(found, came_up or []),
        "copies": [{"copy": each} for each in given],
        "taken": set(found.sources.filter(copy__isnull=False).values_list("copy", flat=True)),
        "page": given,
    }
    return render(request, "desk/incident_trace.html", context)


@require_POST
@staff_only(real=True)
def copied(request: StaffRequest, leak: UUID, copy: UUID) -> HttpResponse:
    """It came from this copy: everybody in it is affected."""
    insist(request)
    found = leak_or_404(request, leak)
    leaks.copied(leak=found, copy=_copy_or_404(found, copy), by=request.user, at=request.at)
    return _computed(request, found)


@require_POST
@staff_only(real=True)
def ask_back(request: StaffRequest, leak: UUID, copy: UUID) -> HttpResponse:
    insist(request)
    found = leak_or_404(request, leak)
    of = get_object_or_404(LeakSource, leak=found, copy=_copy_or_404(found, copy))
    if leaks.ask_back(leak=found, source=of, by=request.user, at=request.at):
        messages.success(request, _("The recipient is asked to delete it, and to sign that it is deleted."))
    else:
        messages.info(request, _("They were asked before."))
    return redirect("desk_incident", leak=found.pk)


def insist(request: StaffRequest, *, heads: bool = True) -> None:
    """Whoever may not is told that there is no such page."""
    sees = leaks.heading if heads else leaks.seeing
    if not sees(user=request.user, neighborhood=request.neighborhood, at=request.at):
        raise Http404


def is_head(request: StaffRequest) -> bool:
    return bool(leaks.heading(user=request.user, neighborhood=request.neighborhood, at=request.at))


def leak_or_404(request: StaffRequest, pk: UUID) -> Leak:
    here = Leak.objects.filter(neighborhood=request.neighborhood)
    return get_object_or_404(here.select_related("incident", "neighborhood"), pk=pk)


def shown(
    request: StaffRequest,
    leak: Leak,
    *,
    step: StepForm | None = None,
    source: SourceForm | None = None,
    write: WriteForm | None = None,
) -> HttpResponse:
    """With the form that something is wrong in. As many queries however many people it concerns."""
    here, at = request.neighborhood, request.at
    steps = Paginator(leak.steps.order_by("-at", "-pk"), PAGE).get_page(request.GET.get("page"))
    context = {
        "leak": leak,
        "head": is_head(request),
        "opened_by": in_words(leak.capacity),
        "affected": leaks.affected(leak),
        "minors": leaks.minors(leak, at),
        "concerns": leaks.concerns(leak),
        "clocks": leak_notices.clocks(leak, at),
        "sources": _sources(leak),
        "notices": _notices(leak),
        "steps": [_line(each) for each in steps],
        "page": steps,
        "form": step or source or write,
        "step": step or StepForm(at=at),
        "source": source or SourceForm(neighborhood=here, at=at),
        "write": write or WriteForm(at=at),
    }
    return render(request, "desk/incident.html", context)


def _computed(request: StaffRequest, leak: Leak) -> HttpResponse:
    words = _("Computed. It concerns so many people: %(count)s.") % {"count": leaks.affected(leak)}
    messages.success(request, words)
    return redirect("desk_incident", leak=leak.pk)


def _copies(leak: Leak) -> Any:
    named = leaks.handed(leak).select_related("disclosure__request__recipient")
    return named.order_by("-handed_at", "pk")


def _copy_or_404(leak: Leak, pk: UUID) -> Copy:
    return get_object_or_404(leaks.handed(leak), pk=pk)


def _found(leak: Leak, came_up: list[Found]) -> list[Shown]:
    named = {each.pk: each for each in _copies(leak).filter(pk__in=[each.copy for each in came_up])}
    return [
        {
            "copy": named[each.copy],
            "rows": each.rows,
            "certain": each.certain,
            "few": each.few,
            "percent": None if each.in_order is None else round(100 * max(each.in_order, 0)),
        }
        for each in came_up[:PAGE]
    ]


def _sources(leak: Leak) -> list[Shown]:
    found = leak.sources.select_related("account", "copy__disclosure__request__recipient")
    return [
        {
            "kind": capfirst(each.get_kind_display()),
            "account": each.account.username if each.account else "",
            "source": each,
            "looks": each.kind == LeakSource.Kind.LOOK_UPS,
            "asked": each.copy.disclosure.request if each.copy else None,
        }
        for each in found.order_by("at", "pk")
    ]


def _notices(leak: Leak) -> list[Shown]:
    return [
        {
            "notice": each,
            "to": capfirst(each.get_goes_to_display()),
            "progress": leak_notices.progress(each)
            if each.sent_at and each.goes_to not in LeakNotice.OFFICES
            else None,
        }
        for each in leak.notices.order_by("written_at", "pk")
    ]


def _line(step: LeakStep) -> Shown:
    """What was written for a program is put into words."""
    said = {**dict(LeakSource.Kind.choices), **dict(LeakNotice.To.choices)}
    coded = step.kind in (Step.SOURCE, Step.SENT)
    return {
        "icon": "check" if step.kind in (Step.DONE, Step.SENT, Step.CLOSED, Step.PRINTED) else "info",
        "kind": capfirst(step.get_kind_display()),
        "words": capfirst(said.get(step.words, step.words)) if coded else step.words,
        "number": step.number,
        "who": in_words(step.capacity),
        "at": step.happened_at,
    }
