"""What waits for a second of the staff: a look at a minor's details, a court's bar to be read; and who has turned fourteen."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.screens.desk.entrance import StaffRequest, staff_only, today
from portal.screens.desk.finding import short
from portal.screens.offices import in_words
from residents import approving, lookups, standing_by, tracking
from residents.models import Approval, Guardianship


class AnswerForm(forms.Form):
    """Nothing is chosen beforehand."""

    answer = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])


@require_safe
@staff_only("approve_minors")
def approvals(request: StaffRequest) -> HttpResponse:
    """Oldest first. One's own questions are for others to answer."""
    found = approving.waiting(neighborhood=request.neighborhood, at=request.at)
    asked = [
        {
            "pk": each.pk,
            "name": lookups.masked_name(each.resident),
            "number": short(each.resident),
            "what": each.what,
            "who": in_words(each.capacity),
            "reason": each.reason,
            "at": each.asked_at,
        }
        for each in found.exclude(asked_by=request.user).select_related("resident")
    ]
    return render(request, "desk/approvals.html", {"asked": asked})


@require_POST
@staff_only("approve_minors")
def answer(request: StaffRequest, approval: UUID) -> HttpResponse:
    found = get_object_or_404(Approval, pk=approval, neighborhood=request.neighborhood)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        raise BadRequest("an answer")
    yes = form.cleaned_data["answer"] == "yes"
    try:
        approving.answer(approval=found, yes=yes, by=request.user, at=request.at)
    except approving.NotByOneself:
        messages.warning(request, _("That is for somebody else of the staff to answer."))
    except approving.AlreadyAnswered:
        messages.info(request, _("That was answered before, or nobody answered within a day."))
    else:
        messages.success(
            request, _("Approved, for two hours.") if yes else _("Not approved. Nothing is shown to anybody.")
        )
    return redirect("desk_approvals")


@require_safe
@staff_only("view_register", real=True)
def bars(request: StaffRequest) -> HttpResponse:
    found = unread(request).exclude(barred_by=request.user).select_related("child", "guardian")
    waiting = [
        {
            "pk": each.pk,
            "child": lookups.masked_name(each.child),
            "guardian": lookups.masked_name(each.guardian),
            "paper": each.bar_paper,
            "at": each.barred_at,
        }
        for each in found.order_by("barred_at")
    ]
    return render(request, "desk/bars.html", {"bars": waiting})


@require_POST
@staff_only("view_register", real=True)
def read_bar(request: StaffRequest, bar: UUID) -> HttpResponse:
    found = get_object_or_404(Guardianship, pk=bar, neighborhood=request.neighborhood)
    try:
        standing_by.read_bar(guardianship=found, by=request.user, at=request.at)
    except standing_by.StandingByRefused as refused:
        words = {"same_person": _("That is for somebody else of the staff.")}
        messages.warning(request, words.get(refused.reason, _("That is written down already.")))
    else:
        messages.success(request, _("Written down."))
    return redirect("desk_bars")


@require_safe
@staff_only("manage_register", real=True)
def fourteen(request: StaffRequest) -> HttpResponse:
    """Who decides alone now and has neither an account nor a letter for one: offered, and printed by nobody but you."""
    people = [
        {
            "name": lookups.masked_name(each),
            "number": short(each),
            "url": reverse("desk_letters_of", args=[each.pk]),
        }
        for each in tracking.of_age_without_letter(request.neighborhood, on=today(request))
    ]
    return render(request, "desk/fourteen.html", {"people": people})


def unread(request: StaffRequest) -> Any:
    return Guardianship.objects.filter(
        neighborhood=request.neighborhood, barred_at__isnull=False, bar_read_at=None
    )
