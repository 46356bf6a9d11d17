"""What an auditor does: close the yearly audit of minors' data in words, and say of somebody of the staff that it is them."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import audit
from portal.screens.desk.audit import PERM
from portal.screens.desk.entrance import StaffRequest, staff_only
from portal.screens.desk.forms import DeskForm
from portal.screens.offices import in_words
from residents import auditing, vouching
from residents.ages import today_in
from residents.models import MinorsAudit, User


class FindingsForm(DeskForm):
    findings = forms.CharField(
        label=gettext_lazy("What you found"),
        help_text=gettext_lazy(
            "What you looked at, what was in order, what was not, and who does what about it by when. No name of a resident."
        ),
        min_length=10,
        max_length=auditing.LONGEST,
        widget=forms.Textarea(attrs={"rows": 8}),
    )


@require_http_methods(["GET", "POST"])
@staff_only(PERM, real=True)
def minors(request: StaffRequest, year: int) -> HttpResponse:
    """The numbers of the year to begin with, and the words with which it is closed."""
    found = get_object_or_404(
        MinorsAudit.objects.select_related("neighborhood", "closed_by"),
        neighborhood=request.neighborhood,
        year=year,
    )
    form = FindingsForm(request.POST or None)
    if form.is_valid() and _closed(request, found, form):
        return redirect("desk_audit_minors", year=year)
    today = today_in(request.neighborhood, request.at)
    context = {
        "audit": found,
        "form": form,
        "role": in_words(found.capacity) if found.capacity else "",
        "over": today.year > found.year,
        "late": found.closed_at is None and today > found.due_on,
        "figures": audit.minors(audit.year_of(found.year, neighborhood=request.neighborhood, at=request.at)),
    }
    return render(request, "desk/audit_minors.html", context)


def _closed(request: StaffRequest, found: MinorsAudit, form: FindingsForm) -> bool:
    try:
        auditing.close(audit=found, by=request.user, findings=form.cleaned_data["findings"], at=request.at)
    except auditing.NotYet:
        form.add_error(None, _("The year is not over yet."))
        return False
    except auditing.FindingsMissing:
        form.add_error("findings", _("Write what you found."))
        return False
    except PermissionDenied:
        form.add_error(None, _("An auditor closes it, and not who runs the system."))
        return False
    except auditing.AlreadyClosed:
        messages.info(request, _("Somebody has closed it already. This is what they found."))
        return True
    messages.success(request, _("Closed. What you wrote stays as it is."))
    return True


@require_safe
@staff_only(PERM, real=True)
def waiting(request: StaffRequest) -> HttpResponse:
    found = list(vouching.waiting(neighborhood=request.neighborhood, at=request.at))
    return render(request, "desk/audit_vouch.html", {"waiting": found})


@require_POST
@staff_only(PERM, real=True)
def vouch(request: StaffRequest, account: UUID) -> HttpResponse:
    user = get_object_or_404(User, pk=account)
    try:
        vouching.vouch(user=user, neighborhood=request.neighborhood, by=request.user, at=request.at)
    except vouching.NotForOneself:
        messages.warning(request, _("That is for somebody else: it is about you."))
    except PermissionDenied as denied:
        raise Http404 from denied
    except vouching.NotLost:
        messages.info(request, _("Nothing waits for that any more."))
    else:
        messages.success(request, _("Written down. They have one day to set up their second step."))
    return redirect("desk_audit_vouch")
