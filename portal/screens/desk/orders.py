"""Gates now: open in an emergency with one press, open one from afar, lock down by two; what stands, and what is to be reviewed.

Each order is one form and one button. Nothing stands between an emergency and its button; what was pressed is looked at
afterwards, by somebody else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from access import emergency, lockdown, ordering, remote, words
from access.models import EmergencyOpening, Gate, Lockdown, RemoteOpening
from access.models.orders import LONGEST_LOCKDOWN
from portal.screens.desk.entrance import StaffRequest, staff_only
from portal.screens.desk.forms import DeskForm
from residents.one_person import is_one_person

LATEST = 10


class LockdownForm(DeskForm):
    why = forms.ChoiceField(
        label=gettext_lazy("why"),
        choices=Lockdown.Why.choices,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("The residents read it."),
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("for how many minutes"),
        min_value=1,
        max_value=LONGEST_LOCKDOWN,
        initial=lockdown.USUAL_MINUTES,
        help_text=gettext_lazy("Two hours at most. To go on, two of the staff begin anew."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, prefix="lockdown", **kwargs)
        self._stand_at("")  # the page begins with what is more urgent


class RemoteForm(DeskForm):
    gate = forms.ModelChoiceField(label=gettext_lazy("gate"), queryset=Gate.objects.none())
    why = forms.ChoiceField(
        label=gettext_lazy("why"),
        choices=RemoteOpening.Why.choices,
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Those who pass this gate read the kind of reason and the time, and nothing else."
        ),
    )

    def __init__(self, *args: Any, gates: Any, **kwargs: Any) -> None:
        super().__init__(*args, prefix="once", **kwargs)
        self.fields["gate"].queryset = gates  # type: ignore[attr-defined]
        self._stand_at("")


@require_safe
@staff_only("manage_access", real=True)
def overview(request: StaffRequest) -> HttpResponse:
    return _shown(request)


@require_POST
@staff_only("manage_access", real=True)
def open_now(request: StaffRequest) -> HttpResponse:
    """One press. `gate` is which one; without it all of them stand open."""
    chosen = request.POST.get("gate", "")
    gate = get_object_or_404(_gates(request), pk=chosen) if chosen else None
    return _done(
        request,
        lambda: emergency.open_now(
            neighborhood=request.neighborhood, gate=gate, by=request.user, at=request.at
        ),
        _("It stands open as soon as the gate answers, for half an hour. Another of the staff reviews it."),
    )


@require_POST
@staff_only("manage_access", real=True)
def end(request: StaffRequest, opening: UUID) -> HttpResponse:
    found = get_object_or_404(_emergencies(request), pk=opening)
    return _done(
        request,
        lambda: emergency.end(opening=found, by=request.user, at=request.at),
        _("Ended. The gates shut with their next answer."),
    )


@require_POST
@staff_only("manage_access", real=True)
def review(request: StaffRequest, opening: UUID) -> HttpResponse:
    found = get_object_or_404(_emergencies(request), pk=opening)
    given = request.POST.get("finding", "")
    if given not in EmergencyOpening.Finding.values:
        messages.error(request, _("Choose what it was."))
        return redirect("desk_orders")
    return _done(
        request,
        lambda: emergency.review(
            opening=found, finding=EmergencyOpening.Finding(given), by=request.user, at=request.at
        ),
        _("Written down."),
    )


@require_POST
@staff_only("manage_access", real=True)
def open_once(request: StaffRequest) -> HttpResponse:
    form = RemoteForm(request.POST, gates=_gates(request).filter(in_service=True))
    if not form.is_valid():
        return _shown(request, remote_form=form)
    given = form.cleaned_data
    return _done(
        request,
        lambda: remote.open_once(
            gate=given["gate"], why=RemoteOpening.Why(given["why"]), by=request.user, at=request.at
        ),
        _("Sent. If the gate does not report it within half a minute, it does not open; press again then."),
    )


@require_POST
@staff_only("manage_access", real=True)
def ask_lockdown(request: StaffRequest) -> HttpResponse:
    form = LockdownForm(request.POST)
    if not form.is_valid():
        return _shown(request, lockdown_form=form)
    given = form.cleaned_data
    return _done(
        request,
        lambda: lockdown.ask(
            neighborhood=request.neighborhood,
            why=Lockdown.Why(given["why"]),
            minutes=given["minutes"],
            by=request.user,
            at=request.at,
        ),
        _("Nothing happens yet: another of the staff confirms it within a quarter of an hour."),
    )


@require_POST
@staff_only("manage_access", real=True)
def confirm_lockdown(request: StaffRequest, lockdown_id: UUID) -> HttpResponse:
    found = get_object_or_404(_lockdowns(request), pk=lockdown_id)
    return _done(
        request,
        lambda: lockdown.confirm(lockdown=found, by=request.user, at=request.at),
        _("It stands. The residents read it on their first page."),
    )


@require_POST
@staff_only("manage_access", real=True)
def lift_lockdown(request: StaffRequest, lockdown_id: UUID) -> HttpResponse:
    found = get_object_or_404(_lockdowns(request), pk=lockdown_id)
    return _done(
        request,
        lambda: lockdown.lift(lockdown=found, by=request.user, at=request.at),
        _("Lifted. Passes open again."),
    )


def _done(request: StaffRequest, act: Callable[[], Any], said: str) -> HttpResponse:
    try:
        act()
    except ordering.OrderRefused as refused:
        messages.error(request, words.of_order(refused))
    else:
        messages.success(request, said)
    return redirect("desk_orders")


def _shown(
    request: StaffRequest,
    *,
    remote_form: RemoteForm | None = None,
    lockdown_form: LockdownForm | None = None,
) -> HttpResponse:
    gates = list(_gates(request))
    at = request.at
    asked = _lockdowns(request).waiting(at).first()
    context = {
        "gates": gates,
        "standing": [
            {"opening": each, "heard": emergency.heard_by(each)}
            for each in _emergencies(request).standing(at)
        ],
        "to_review": [
            {
                "opening": each,
                "mine": is_one_person(each.opened_by_id, request.user.pk),
                "overdue": each.review_by <= at,
            }
            for each in _emergencies(request).to_review(at)
        ],
        "findings": EmergencyOpening.Finding.choices,
        "lockdown": _lockdowns(request).standing(at).first(),
        "asked": asked,
        "asked_by_me": asked is not None and is_one_person(asked.asked_by_id, request.user.pk),
        "lockdown_form": lockdown_form or LockdownForm(),
        "remote_form": remote_form or RemoteForm(gates=_gates(request).filter(in_service=True)),
        "latest": RemoteOpening.objects.filter(neighborhood=request.neighborhood)
        .select_related("gate")
        .order_by("-asked_at")[:LATEST],
        "form": remote_form or lockdown_form,
    }
    return render(request, "desk/orders.html", context)


def _gates(request: StaffRequest) -> Any:
    return Gate.objects.filter(neighborhood=request.neighborhood).order_by("name", "pk")


def _emergencies(request: StaffRequest) -> Any:
    found = EmergencyOpening.objects.filter(neighborhood=request.neighborhood)
    return found.select_related("gate", "neighborhood").order_by("-opened_at", "pk")


def _lockdowns(request: StaffRequest) -> Any:
    return Lockdown.objects.filter(neighborhood=request.neighborhood).select_related("neighborhood")
