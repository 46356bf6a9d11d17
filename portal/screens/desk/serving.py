"""What residents ask of a body, for its own staff and for nobody else's: a list by what is due, and a page to answer on.

Whom it concerns is seen as everywhere, by family name and dwelling; a phone number takes a look-up with a reason.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from committees import service
from committees.models import ServiceRequest, ServiceRequestQuerySet
from committees.models.service import OVER, Status
from committees.roles import capacities
from portal.screens.asking import WordsField
from portal.screens.desk.entrance import StaffRequest, staff_only
from portal.screens.desk.forms import DeskForm
from portal.screens.service import shown
from portal.screens.service_words import REFUSED, line, lines, timeline
from residents.lookups import masked_name
from residents.sent_once import TokenField

PAGE = 20
CHOICES = (
    (Status.REPLIED, gettext_lazy("Answer")),
    (Status.WORKING, gettext_lazy("It is being worked on")),
    (Status.DONE, gettext_lazy("It is done")),
)


class AnswerForm(DeskForm):
    """Nothing is chosen beforehand. `seen` is the last step that whoever answers has read."""

    token = TokenField()
    seen = forms.IntegerField(widget=forms.HiddenInput)
    status = forms.ChoiceField(
        label=gettext_lazy("What is said?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one of them.")},
    )
    words = WordsField(
        label=gettext_lazy("Words for the resident"),
        help_text=gettext_lazy("They read it with your role, not with your name."),
        required=False,
    )

    def __init__(self, *args: Any, of: ServiceRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = [(each, words) for each, words in CHOICES if service.may_follow(of, each, timezone.now())]
        self.fields["status"].choices = offered  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        silent = not given.get("words") and "words" not in self.errors
        if silent and given.get("status") in (Status.REPLIED, Status.DONE):
            self.add_error("words", _("Write what you tell the resident: a status alone is no answer."))
        return given


@require_safe
@staff_only("answer_service", real=True)
def overview(request: StaffRequest) -> HttpResponse:
    found = waiting(request).select_related("unit__building", "resident").by_due_date()
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    rows = lines(page.object_list, at=request.at)
    for row, each in zip(rows, page.object_list, strict=True):
        row |= _whose(each)
    return render(request, "desk/service.html", {"lines": rows, "page": page})


@require_safe
@staff_only("answer_service", real=True)
def finished(request: StaffRequest) -> HttpResponse:
    """What is over, for as long as its words are kept; what ended last stands first."""
    over = _mine(request).filter(status__in=OVER, ended_at__gt=request.at - service.KEPT)
    found = over.select_related("unit__building", "resident").order_by("-ended_at", "pk")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    rows = lines(page.object_list, at=request.at)
    for row, each in zip(rows, page.object_list, strict=True):
        row |= _whose(each) | {"ended_at": each.ended_at}
    context = {"lines": rows, "page": page, "days": service.KEPT.days}
    return render(request, "desk/service_finished.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only("answer_service", real=True)
def one(request: StaffRequest, wanted: UUID) -> HttpResponse:
    found = _of_mine(request, wanted)
    last = found.steps.count()
    if request.method != "POST":
        return _page(request, found, AnswerForm(initial={"seen": last}, of=found))
    form = AnswerForm(request.POST, of=found)
    if form.is_valid():
        given = form.cleaned_data | {"status": Status(form.cleaned_data["status"])}
        try:
            service.answer(request=found, by=request.user, at=request.at, **given)
            messages.success(request, _("Sent to the resident."))
            return redirect("desk_service")
        except service.ServiceRefused as refused:
            found = _of_mine(request, wanted)
            read = request.POST.copy()
            read["seen"] = str(found.steps.count())
            form = AnswerForm(read, of=found)
            form.add_error(None, str(REFUSED[refused.reason]))
    return _page(request, found, form)


@require_safe
@staff_only("answer_service", real=True)
def photo(request: StaffRequest, wanted: UUID, number: int) -> HttpResponse:
    return shown(_of_mine(request, wanted), number)


def waiting(request: StaffRequest) -> ServiceRequestQuerySet:
    """Open, and asked of a body in which they are in office. One query for that."""
    return _mine(request).open()


def _mine(request: StaffRequest) -> ServiceRequestQuerySet:
    """Not what they asked themselves: that they read as residents."""
    held = capacities(
        user=request.user, neighborhood=request.neighborhood, perm=service.ANSWER, at=request.at
    )
    return ServiceRequest.objects.filter(
        neighborhood=request.neighborhood, body__in=held, forgotten_at=None
    ).exclude(resident__user=request.user)


def _of_mine(request: StaffRequest, pk: UUID) -> ServiceRequest:
    known = _mine(request).select_related("neighborhood", "unit__building", "resident")
    return get_object_or_404(known, pk=pk)


def _page(request: StaffRequest, found: ServiceRequest, form: AnswerForm) -> HttpResponse:
    context = _whose(found) | {
        "found": found,
        "line": line(found, at=request.at),
        "entries": timeline(found, to_staff=True),
        "form": form if found.is_open else None,
    }
    return render(request, "desk/service_one.html", context)


def _whose(found: ServiceRequest) -> dict[str, Any]:
    return {
        "name": masked_name(found.resident),
        "person": found.resident_id,
        "dwelling": str(found.unit) if found.unit else "",
    }
