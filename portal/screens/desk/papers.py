"""Yes and no on paper (law 5): handed out, taken in, read by a second clerk, stopped. Found by number, or from their own page.

No page lists papers, and one that was answered says merely that it is done: nobody here can ask who said no.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from consent import deciding, guarding, papers
from consent.models import Form, Paper
from consent.papers import PaperRefused, Reading
from consent.scans import PictureRefused
from portal import qr_codes
from portal.screens.desk import paper_forms as forms
from portal.screens.desk import paper_slips as slips
from portal.screens.desk.entrance import StaffRequest, person_or_404, staff_only, today
from portal.screens.desk.finding import about
from portal.screens.desk.paper_words import of_picture, of_refusal
from portal.screens.purposes import WORDS
from portal.uploads import too_large
from residents import ages
from residents.models import DeskAct, Guardianship, Resident

KnownBy = DeskAct.KnownBy


@require_http_methods(["GET", "POST"])
@staff_only("manage_register", real=True)
def of_person(request: StaffRequest, person: UUID) -> HttpResponse:
    """What is on paper for them now, and handing out a form."""
    found = person_or_404(request, person)
    published = Form.objects.filter(neighborhood=request.neighborhood, state=Form.State.PUBLISHED)
    form = forms.HandOutForm(
        request.POST or None, published=list(published), signers=_signers(request, found), of=found
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = papers.hand_out(
                resident=found, known_by=form.known_as, by=request.user, at=request.at, **form.asked
            )
        except (PaperRefused, deciding.FormChanged, deciding.LivesNotHere, guarding.NoGuardian) as why:
            form.add_error(None, of_refusal(why))
        else:
            return redirect("desk_paper_sheet", paper=made.pk)
    return render(
        request, "desk/paper_person.html", about(request, found) | {"form": form, "papers": _open(found)}
    )


@require_POST
@staff_only("view_register", real=True)
def find(request: StaffRequest) -> HttpResponse:
    """By the number on the sheet. What is asked stands in no address."""
    found = papers.by_number(request.POST.get("number", "")[:20], neighborhood=request.neighborhood)
    if found is None:
        messages.error(request, _("No paper of this number is known here. Look at the sheet once more."))
        return redirect("desk_paper")
    return redirect("desk_paper_one", paper=found.pk)


@require_safe
@staff_only("manage_register", real=True)
def one(request: StaffRequest, paper: UUID) -> HttpResponse:
    return _page(request, _paper(request, paper))


@require_POST
@staff_only("manage_register", real=True)
def back(request: StaffRequest, paper: UUID) -> HttpResponse:
    """It came back. With a yes there is a picture, with a no there is none."""
    found = _paper(request, paper)
    form = forms.BackForm(request.POST, request.FILES)
    form.full_clean()
    if "scan" in too_large(request):
        form.refuse_scan(of_picture("file_too_large"))
    if not form.is_valid():
        return _page(request, found, form=form)
    known_by, by, at = KnownBy(form.cleaned_data["known_by"]), request.user, request.at
    try:
        if form.cleaned_data["answer"] == Paper.Answer.NO:
            done = papers.receive_no(paper=found, known_by=known_by, by=by, at=at)
        else:
            done = papers.receive_yes(paper=found, picture=form.picture(), known_by=known_by, by=by, at=at)
    except PictureRefused as why:
        form.refuse_scan(of_picture(why.reason))
    except (PaperRefused, deciding.FormChanged) as why:
        form.add_error(None, of_refusal(why))
    else:
        return slips.received(request, done)
    return _page(request, found, form=form)


@require_safe
@staff_only("view_register", real=True)
def next_one(request: StaffRequest) -> HttpResponse:
    found = papers.next_to_read(neighborhood=request.neighborhood, by=request.user, at=request.at)
    if found is None:
        messages.info(request, _("No paper waits for you."))
        return redirect("desk_paper")
    return redirect("desk_paper_second", paper=found.pk)


@require_http_methods(["GET", "POST"])
@staff_only("view_register", real=True)
def second(request: StaffRequest, paper: UUID) -> HttpResponse:
    """The picture, and what it says: nothing on the page tells what the first one read."""
    found, form = _paper(request, paper), forms.ReadForm(request.POST or None)
    try:
        papers.insist_may_second(found, request.user, request.at)
        if request.method == "POST" and form.is_valid():
            reading = Reading(form.cleaned_data["reading"])
            read = papers.read(paper=found, reading=reading, by=request.user, at=request.at)
            return slips.read(request, read)
    except PaperRefused as why:
        messages.error(request, of_refusal(why))
        return redirect("desk_paper")
    return render(request, "desk/paper_second.html", {"paper": found, "form": form})


@require_safe
@staff_only("view_register", real=True)
def scan(request: StaffRequest, paper: UUID) -> HttpResponse:
    try:
        shown = papers.shown(paper=_paper(request, paper), by=request.user, at=request.at)
    except PaperRefused:
        raise Http404 from None
    return HttpResponse(shown, content_type="image/jpeg")


@require_POST
@staff_only("manage_register", real=True)
def stop(request: StaffRequest, paper: UUID) -> HttpResponse:
    found, form = _paper(request, paper), forms.StopForm(request.POST)
    if not form.is_valid():
        return _page(request, found, stop_form=form)
    try:
        done = papers.stop_at_desk(
            paper=found, known_by=KnownBy(form.cleaned_data["known_by"]), by=request.user, at=request.at
        )
    except PaperRefused as why:
        messages.error(request, of_refusal(why))
        return redirect("desk_paper_one", paper=found.pk)
    return slips.stopped(request, done)


@require_safe
@staff_only("manage_register", real=True)
def sheet(request: StaffRequest, paper: UUID) -> HttpResponse:
    """What is signed: the published words, whole, in the person's language, with two boxes of one size."""
    found = _paper(request, paper)
    if not Paper.objects.open().filter(pk=found.pk, received_at=None).exists():
        return redirect("desk_paper_one", paper=found.pk)
    with translation.override(found.language):
        text = found.form.text(found.language)
        context = {
            "paper": found,
            "form": found.form,
            "text": text,
            "parts": text.parts(),
            "recipients": list(found.form.recipients.all()),
            "check_number": bytes(found.form.content_hash or b"").hex(),
            "whom": slips.whom_to_ring(request),
            "picture": qr_codes.svg(found.number, title=_("The number of this paper")),
        }
    return render(request, "desk/paper_sheet.html", context)


def _page(
    request: StaffRequest,
    paper: Paper,
    *,
    form: forms.BackForm | None = None,
    stop_form: forms.StopForm | None = None,
) -> HttpResponse:
    if "manage_register" not in request.rights:
        raise PermissionDenied
    is_open = Paper.objects.open().filter(pk=paper.pk).exists()
    at_home = is_open and paper.received_at is None
    context = about(request, paper.resident) | {
        "paper": paper,
        "title": WORDS[paper.form.purpose].title,
        "at_home": at_home,
        "under_way": is_open and not at_home,
        "counts_from": paper.counts_from,
        "form": (form or forms.BackForm()) if at_home else None,
        "stop_form": (stop_form or forms.StopForm()) if is_open else None,
    }
    return render(request, "desk/paper_one.html", context)


def _paper(request: StaffRequest, pk: UUID) -> Paper:
    here = Paper.objects.filter(neighborhood=request.neighborhood, resident__erased_at=None)
    known = here.select_related("neighborhood", "form", "resident__neighborhood", "resident__user")
    return get_object_or_404(known.select_related("guardianship__guardian"), pk=pk)


def _signers(request: StaffRequest, child: Resident) -> list[Guardianship] | None:
    """Those who sign for a child; None where the person signs alone."""
    if not ages.is_under(child, ages.GUARDED, today(request)):
        return None
    current = Guardianship.objects.current(today(request)).filter(child=child)
    return list(current.select_related("guardian"))


def _open(found: Resident) -> list[dict[str, Any]]:
    """Only what is not over: nobody reads here what somebody said before."""
    rows = Paper.objects.open().filter(resident=found).select_related("form")
    return [
        {"paper": each, "title": WORDS[each.form.purpose].title} for each in rows.order_by("handed_out_at")
    ]
