"""Meetings of the owners at the desk: a draft with its questions, the notice that fixes them, and where a vote stands.

How anybody votes is on none of these pages. Who is on the roll is found by dwelling, on the page for paper.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Sum
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from committees import calling, counting, roles, sheets
from committees.calling import CallingRefused
from committees.models import Committee, Meeting, Proxy, Topic, Turnout
from committees.models.meetings import MOST_PROXIES
from portal.screens.desk.entrance import StaffRequest, staff_only, today
from portal.screens.desk.forms import TYPED, DeskForm
from portal.screens.vote_words import REFUSED, line, needed, outcome, square_metres

PAGE = 50
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class MeetingForm(DeskForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("Which kind of meeting?"),
        help_text=gettext_lazy(
            "Notice is given 15 days before a regular one, and 7 days before an interim one."
        ),
        choices=Meeting.Kind.choices,
        widget=forms.RadioSelect,
    )
    title = forms.CharField(label=gettext_lazy("title"), max_length=100, widget=forms.TextInput(attrs=TYPED))
    place = forms.CharField(
        label=gettext_lazy("where papers are handed in"), max_length=120, widget=forms.TextInput(attrs=TYPED)
    )
    opens_on = forms.DateField(label=gettext_lazy("first day of voting"), widget=DAY)
    closes_on = forms.DateField(
        label=gettext_lazy("last day of voting"),
        help_text=gettext_lazy("5 to 60 days, the first and the last one included."),
        widget=DAY,
    )
    proxies = forms.IntegerField(
        label=gettext_lazy("for how many others may one person vote, at most?"),
        min_value=0,
        max_value=10,
        initial=MOST_PROXIES,
    )

    @property
    def plan(self) -> calling.Plan:
        given = self.cleaned_data
        return calling.Plan(**given | {"kind": Meeting.Kind(given["kind"])})


class TopicForm(DeskForm):
    item = forms.TypedChoiceField(
        label=gettext_lazy("what it is about"),
        help_text=gettext_lazy(
            "What it takes to pass follows from it. Of an election, write one question for each candidate."
        ),
        choices=[("", "—"), *Topic.Item.choices],
        coerce=int,
    )
    title = forms.CharField(
        label=gettext_lazy("question"), max_length=200, widget=forms.TextInput(attrs=TYPED)
    )
    text = forms.CharField(
        label=gettext_lazy("explained"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    secret = forms.BooleanField(
        label=gettext_lazy("secret vote"),
        help_text=gettext_lazy("An election is secret whatever is ticked here."),
        required=False,
    )


class MinutesForm(DeskForm):
    minutes = forms.CharField(
        label=gettext_lazy("Minutes"),
        help_text=gettext_lazy(
            "Everybody who lives here reads them beside the result. Name nobody who did not speak for a body."
        ),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8}),
    )


@require_safe
@staff_only("count_votes", real=True)
def overview(request: StaffRequest) -> HttpResponse:
    """Newest first, a page at a time."""
    found = _here(request).select_related("result").order_by("-opens_on", "pk")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "lines": [line(each, today(request)) for each in page.object_list],
        "page": page,
        "may_call": "call_meetings" in request.rights,
    }
    return render(request, "desk/meetings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only("call_meetings", "count_votes", real=True)
def new(request: StaffRequest) -> HttpResponse:
    form = MeetingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = calling.draft(
                committee=_committee(request), plan=form.plan, by=request.user, at=request.at
            )
            messages.success(request, _("It is a draft. Add its questions, then give notice."))
            return redirect("desk_meeting", made.pk)
        except CallingRefused as refused:
            form.add_error("closes_on", str(REFUSED[refused.reason]))
    return render(request, "desk/meeting_new.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only("call_meetings", "count_votes", real=True)
def change(request: StaffRequest, meeting: UUID) -> HttpResponse:
    found = _one(request, meeting)
    said = {name: getattr(found, name) for name in MeetingForm.base_fields}
    form = MeetingForm(request.POST or None, initial=said)
    if request.method == "POST" and form.is_valid():
        try:
            calling.change(meeting=found, plan=form.plan, by=request.user, at=request.at)
            messages.success(request, _("Changed."))
            return redirect("desk_meeting", found.pk)
        except CallingRefused as refused:
            form.add_error("closes_on", str(REFUSED[refused.reason]))
    return render(request, "desk/meeting_new.html", {"form": form, "meeting": found})


@require_safe
@staff_only("count_votes", real=True)
def one(request: StaffRequest, meeting: UUID) -> HttpResponse:
    return _page(request, _one(request, meeting))


@require_POST
@staff_only("call_meetings", "count_votes", real=True)
def topic(request: StaffRequest, meeting: UUID) -> HttpResponse:
    found = _one(request, meeting)
    form = TopicForm(request.POST)
    if not form.is_valid():
        return _page(request, found, topic_form=form)
    return _done(
        request,
        found,
        lambda: calling.add_topic(meeting=found, by=request.user, at=request.at, **form.cleaned_data),
        _("Added."),
    )


@require_POST
@staff_only("call_meetings", "count_votes", real=True)
def drop_topic(request: StaffRequest, meeting: UUID, number: int) -> HttpResponse:
    found = _one(request, meeting)
    return _done(
        request,
        found,
        lambda: calling.drop_topic(meeting=found, number=number, by=request.user, at=request.at),
        _("Taken off."),
    )


@require_POST
@staff_only("call_meetings", "count_votes", real=True)
def drop(request: StaffRequest, meeting: UUID) -> HttpResponse:
    found = _one(request, meeting)
    answer = _done(
        request,
        found,
        lambda: calling.drop(meeting=found, by=request.user, at=request.at),
        _("The draft is gone."),
    )
    return answer if Meeting.objects.filter(pk=found.pk).exists() else redirect("desk_meetings")


@require_POST
@staff_only("call_meetings", "count_votes", real=True)
def notice(request: StaffRequest, meeting: UUID) -> HttpResponse:
    found = _one(request, meeting)
    if request.POST.get("sure") != "1":
        messages.warning(
            request, _("Tick that you have read it once more: after the notice nothing of it changes.")
        )
        return redirect("desk_meeting", found.pk)
    return _done(
        request,
        found,
        lambda: calling.give_notice(meeting=found, by=request.user, at=request.at),
        _("Notice is given. The roll is written, and everybody who lives here can read what is voted on."),
    )


@require_POST
@staff_only("call_meetings", "count_votes", real=True)
def call_off(request: StaffRequest, meeting: UUID) -> HttpResponse:
    found = _one(request, meeting)
    if request.POST.get("sure") != "1":
        messages.warning(request, _("Tick that it is meant: what was handed in is not counted then."))
        return redirect("desk_meeting", found.pk)
    asks = found.is_open(today(request)) and found.off_asked_at is None
    return _done(
        request,
        found,
        lambda: calling.call_off(meeting=found, by=request.user, at=request.at),
        _("Asked for. Another of the committee has to call it off as well; until then votes are taken in.")
        if asks
        else _("Called off. What was handed in is not counted, and everybody is told."),
    )


@require_POST
@staff_only("count_votes", real=True)
def count(request: StaffRequest, meeting: UUID) -> HttpResponse:
    found = _one(request, meeting)
    form = MinutesForm(request.POST)
    if form.is_valid():
        try:
            counting.count(meeting=found, by=request.user, at=request.at, **form.cleaned_data)
            messages.success(request, _("Counted, and published with its minutes."))
            return redirect("desk_meeting", found.pk)
        except counting.CountRefused as refused:
            form.add_error(None, str(REFUSED[refused.reason]))
    return _page(request, found, minutes_form=form)


def _done(request: StaffRequest, meeting: Meeting, act: Any, said: str) -> HttpResponse:
    """One act, and back to the meeting; where it cannot be, the page says why."""
    try:
        act()
        messages.success(request, said)
    except CallingRefused as refused:
        messages.warning(request, str(REFUSED[refused.reason]))
    except PermissionDenied:
        raise Http404 from None
    return redirect("desk_meeting", meeting.pk)


def _page(
    request: StaffRequest,
    found: Meeting,
    *,
    topic_form: TopicForm | None = None,
    minutes_form: MinutesForm | None = None,
) -> HttpResponse:
    told = line(found, today(request))
    may_call = "call_meetings" in request.rights
    code = told["state"]["code"]
    context = {
        "meeting": found,
        "line": told,
        "may_call": may_call,
        "may_call_off": may_call and code in ("coming", "open"),
        "waits_for_another": found.off_asked_by_id == request.user.pk,
        "topics": [{"topic": each, "needed": needed(each)} for each in found.topics.all()],
        "form": topic_form or minutes_form,
        "roll_area": square_metres(found.roll_area) if found.roll_area else "",
    }
    if found.noticed_at is None:
        reason = calling.missing(meeting=found, at=request.at)
        context["missing"] = str(REFUSED[reason]) if reason else ""
        context["topic_form"] = (topic_form or TopicForm()) if may_call else None
    else:
        context |= _progress(found)
    if code == "over":
        context["minutes_form"] = minutes_form or MinutesForm()
        context["unsettled"] = len(sheets.unsettled(found))
    if code == "counted":
        context["outcomes"] = [outcome(each, found) for each in found.result.outcomes.select_related("topic")]
        context["result"] = found.result
    return render(request, "desk/meeting.html", context)


def _progress(meeting: Meeting) -> dict[str, Any]:
    """How many took part, and by which way. Never how."""
    handed = Turnout.objects.filter(meeting=meeting)
    area = handed.aggregate(area=Sum("head__area"))["area"] or 0
    assert meeting.roll_area is not None
    return {
        "handed": handed.count(),
        "handed_area": square_metres(area),
        "on_paper": handed.filter(channel=Turnout.Channel.PAPER).count(),
        "proxies_waiting": Proxy.objects.filter(meeting=meeting, read_at=None).count(),
    }


def _here(request: StaffRequest) -> Any:
    return Meeting.objects.filter(neighborhood=request.neighborhood)


def _one(request: StaffRequest, pk: UUID) -> Meeting:
    known = _here(request).select_related("neighborhood", "committee", "result")
    found: Meeting = get_object_or_404(known, pk=pk)
    return found


def _committee(request: StaffRequest) -> Committee:
    """Theirs, in the neighborhood in hand. Raises: Http404"""
    mine = roles.bodies(user=request.user, perm=calling.PERM, at=request.at)
    found = mine.filter(neighborhood=request.neighborhood, kind=Committee.Kind.OWNERS).first()
    if found is None:
        raise Http404
    return found
