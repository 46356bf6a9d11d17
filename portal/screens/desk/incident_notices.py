"""Notices of a leak: written, sent whole or not at all, and printed for who has no account."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.screens.desk.entrance import StaffRequest, staff_only
from portal.screens.desk.incident_forms import NoticeForm, WriteForm
from portal.screens.desk.incidents import insist, is_head, leak_or_404, shown
from portal.screens.desk.letters import TokenForm
from sharing import leak_notices, leak_sheets
from sharing.models import LeakNotice


@require_POST
@staff_only(real=True)
def write(request: StaffRequest, leak: UUID) -> HttpResponse:
    """A draft to whom was chosen, with the words of the newest notice before it, so that nobody types them twice."""
    insist(request)
    found = leak_or_404(request, leak)
    form = WriteForm(request.POST, at=request.at)
    if not form.is_valid():
        return shown(request, found, write=form)
    before = found.notices.order_by("-written_at", "-pk").first()
    made = leak_notices.write(
        leak=found,
        goes_to=LeakNotice.To(form.cleaned_data["goes_to"]),
        words={name: getattr(before, name) for name in LeakNotice.ITEMS} if before else {},
        by=request.user,
        at=request.at,
        key=form.cleaned_data["key"],
    )
    return redirect("desk_incident_notice", said=made.pk)


@require_http_methods(["GET", "POST"])
@staff_only(real=True)
def notice(request: StaffRequest, said: UUID) -> HttpResponse:
    """Saved in any state; sent only whole, and what lacks is said beside its field."""
    insist(request, heads=request.method == "POST")
    found = _notice_or_404(request, said)
    words = {name: getattr(found, name) for name in (*LeakNotice.ITEMS, "office")}
    form = NoticeForm(request.POST or None, initial=words, goes_to=found.goes_to)
    if request.method == "POST" and form.is_valid() and _goes(request, found, form):
        return redirect("desk_incident_notice", said=found.pk)
    people = bool(found.sent_at) and found.goes_to not in LeakNotice.OFFICES
    context = {
        "notice": found,
        "leak": found.leak,
        "to": capfirst(found.get_goes_to_display()),
        "head": is_head(request),
        "form": form,
        "items": [(capfirst(form.fields[name].label), words[name]) for name in form.fields if words[name]],
        "progress": leak_notices.progress(found) if people else None,
        "at_once": leak_sheets.AT_ONCE,
        "token": uuid4(),
    }
    return render(request, "desk/incident_notice.html", context)


@require_POST
@staff_only(real=True)
def sheets(request: StaffRequest, said: UUID) -> HttpResponse:
    """The next sheets. The same form sent again shows the same ones for an hour, and prints nobody anew."""
    insist(request)
    found = _notice_or_404(request, said)
    sent = TokenForm(request.POST)
    if not sent.is_valid():
        return redirect("desk_incident_notice", said=found.pk)
    press = {"notice": found, "token": sent.cleaned_data["token"], "by": request.user, "at": request.at}
    leak_sheets.print_next(**press)
    printed = leak_sheets.printed(**press)
    if not printed:
        messages.info(request, _("Nothing waits to be printed."))
        return redirect("desk_incident_notice", said=found.pk)
    context = {"notice": found, "sheets": printed, "neighborhood": request.neighborhood}
    return render(request, "desk/incident_sheets.html", context)


def _goes(request: StaffRequest, found: LeakNotice, form: NoticeForm) -> bool:
    """False where it says on the form what lacks."""
    try:
        leak_notices.rewrite(notice=found, words=form.cleaned_data, by=request.user, at=request.at)
        if "send" in request.POST:
            leak_notices.send(notice=found, by=request.user, at=request.at)
            messages.success(request, _("Sent. It stays as it is."))
        else:
            messages.success(request, _("Saved. Nobody has got it yet."))
    except leak_notices.SentAlready:
        messages.info(request, _("It was sent before, and stays as it is."))
    except leak_notices.NoticeNotWhole as refused:
        for name in refused.missing:
            form.add_error(name, _("The law wants this in it. Nothing was sent; what you wrote is saved."))
        return False
    return True


def _notice_or_404(request: StaffRequest, pk: UUID) -> LeakNotice:
    here = LeakNotice.objects.filter(neighborhood=request.neighborhood)
    return get_object_or_404(here.select_related("leak__neighborhood", "leak__incident"), pk=pk)
