"""Ballots on paper at the desk: whom to give one, taking it in, and reading it, each by whoever may; and votes for others.

A sheet is known by its code from when it was given out: the pages that take it in and read it say nothing of whose it is.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from committees import balloting, proxies, sheets
from committees.balloting import in_groups
from committees.models import Ballot, Head, HeadOwner, HeadUnit, Meeting, Proxy, Sheet, Topic
from committees.proxies import ProxyRefused
from committees.sheets import UNREADABLE, SheetRefused
from portal.screens.desk.entrance import StaffRequest, staff_only, today
from portal.screens.desk.forms import TYPED, DeskForm
from portal.screens.desk.meetings import _one
from portal.screens.vote_words import REFUSED, line, needed, square_metres
from residents import finding
from residents.lookups import masked_name
from residents.models import Resident

MOST = 20
UNITS = HeadUnit.objects.select_related("unit__building").order_by("unit__building__name", "unit__number")
OWNERS = HeadOwner.objects.select_related("resident").order_by("resident__name", "pk")


class CodeForm(DeskForm):
    code = forms.CharField(
        label=gettext_lazy("Code of the ballot"),
        help_text=gettext_lazy("16 letters and digits; dashes and small letters do not matter."),
        max_length=40,
        widget=forms.TextInput(attrs=TYPED),
    )


class ReadingForm(DeskForm):
    """What stands on the sheet; a question that was not answered, or cannot be read, is said to be so."""

    code = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def __init__(self, *args: Any, topics: list[Topic], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.topics = topics
        for topic in topics:
            self.fields[f"topic_{topic.number}"] = forms.ChoiceField(
                label=f"{topic.number}. {topic.title}",
                choices=[*Ballot.Choice.choices, (UNREADABLE, _("nothing marked, or not to be read"))],
                widget=forms.RadioSelect,
                error_messages={"required": _("Choose one of them.")},
            )

    @property
    def answers(self) -> dict[int, str]:
        return {topic.number: self.cleaned_data[f"topic_{topic.number}"] for topic in self.topics}


class ProxyForm(DeskForm):
    holder = forms.CharField(
        label=gettext_lazy("Dwelling of whoever votes for them"),
        help_text=gettext_lazy("1-301 or 1 幢 301. They live or own here."),
        max_length=finding.LONGEST,
        widget=forms.TextInput(attrs=TYPED),
    )
    name = forms.CharField(
        label=gettext_lazy("Their name, as on the register"),
        max_length=100,
        widget=forms.TextInput(attrs=TYPED),
    )
    kept_where = forms.CharField(
        label=gettext_lazy("where the signed paper is kept"),
        max_length=120,
        widget=forms.TextInput(attrs=TYPED),
    )


@require_safe
@staff_only("count_votes", "view_register", real=True)
def overview(request: StaffRequest, meeting: UUID) -> HttpResponse:
    """Found by dwelling, as they say it."""
    found = _one(request, meeting)
    asked = request.GET.get("dwelling", "")[: finding.LONGEST]
    return render(request, "desk/paper_votes.html", _context(request, found) | _found(request, found, asked))


@require_POST
@staff_only("count_votes", "view_register", real=True)
def give(request: StaffRequest, meeting: UUID, head: UUID) -> HttpResponse:
    """The sheet, to print now: its code is on no other page."""
    found = _one(request, meeting)
    vote = _head(found, head)
    proxy = (
        Proxy.objects.filter(head=vote, read_at__isnull=False).first() if "proxy" in request.POST else None
    )
    try:
        sheet = sheets.give_out(head=vote, by=request.user, at=request.at, proxy=proxy)
    except SheetRefused as refused:
        messages.warning(request, str(REFUSED[refused.reason]))
        return redirect("desk_paper_votes", found.pk)
    context = {
        "meeting": found,
        "sheet": sheet,
        "code": in_groups(sheet.code),
        "vote": _vote(vote),
        "topics": [{"topic": each, "needed": needed(each)} for each in found.topics.all()],
        "choices": [label for _value, label in Ballot.Choice.choices],
        "proxied": proxy is not None,
    }
    return render(request, "desk/paper_vote_sheet.html", context)


@require_POST
@staff_only("count_votes", real=True)
def take_in(request: StaffRequest, meeting: UUID) -> HttpResponse:
    found = _one(request, meeting)
    form = CodeForm(request.POST)
    sheet = sheets.by_code(meeting=found, code=form.cleaned_data["code"]) if form.is_valid() else None
    if sheet is None:
        messages.warning(request, _("There is no such ballot of this vote. Look at the code again."))
        return redirect("desk_paper_votes", found.pk)
    try:
        sheets.take_in(sheet=sheet, by=request.user, at=request.at)
        messages.success(request, _("Taken in. Two different people read it now, one after the other."))
    except SheetRefused as refused:
        messages.warning(request, str(REFUSED[refused.reason]))
    return redirect("desk_paper_votes", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters()
@staff_only("count_votes", real=True)
def read(request: StaffRequest, meeting: UUID) -> HttpResponse:
    """First the code, then what stands there. What another has read is on no page."""
    found = _one(request, meeting)
    topics = list(found.topics.all())
    code = CodeForm(request.POST or None)
    context = {"meeting": found, "line": line(found, today(request)), "code_form": code}
    if request.method != "POST" or not code.is_valid():
        return render(request, "desk/paper_vote_read.html", context | {"form": code})
    sheet = sheets.by_code(meeting=found, code=code.cleaned_data["code"])
    if sheet is None:
        code.add_error("code", _("There is no such ballot of this vote. Look at the code again."))
        return render(request, "desk/paper_vote_read.html", context | {"form": code})
    spelled = in_groups(sheet.code)
    if "read" not in request.POST:
        form = ReadingForm(topics=topics, initial={"code": spelled})
        return render(request, "desk/paper_vote_read.html", context | {"form": form, "code": spelled})
    form = ReadingForm(request.POST, topics=topics)
    if form.is_valid():
        try:
            agreed = sheets.read(sheet=sheet, answers=form.answers, by=request.user, at=request.at)
            messages.success(request, _said(sheet, agreed))
            return redirect("desk_paper_vote_read", found.pk)
        except SheetRefused as refused:
            form.add_error(None, str(REFUSED[refused.reason]))
    return render(request, "desk/paper_vote_read.html", context | {"form": form, "code": spelled})


@require_POST
@staff_only("count_votes", real=True)
def read_anew(request: StaffRequest, meeting: UUID, sheet: UUID) -> HttpResponse:
    found = _one(request, meeting)
    wanted = get_object_or_404(Sheet.objects.select_related("head"), pk=sheet, meeting=found)
    try:
        sheets.read_anew(sheet=wanted, by=request.user, at=request.at)
        messages.success(request, _("Everybody reads it once more."))
    except SheetRefused as refused:
        messages.warning(request, str(REFUSED[refused.reason]))
    return redirect("desk_paper_votes", found.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only("count_votes", "view_register", real=True)
def proxy(request: StaffRequest, meeting: UUID, head: UUID) -> HttpResponse:
    found = _one(request, meeting)
    vote = _head(found, head)
    form = ProxyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        holder = _holder(request, form)
        if holder is not None:
            try:
                proxies.enter(
                    head=vote,
                    holder=holder,
                    kept_where=form.cleaned_data["kept_where"],
                    by=request.user,
                    at=request.at,
                )
                messages.success(request, _("Entered. A second of the staff reads the signed paper now."))
                return redirect("desk_paper_votes", found.pk)
            except ProxyRefused as refused:
                reason = "too_many_proxies" if refused.reason == "too_many" else refused.reason
                form.add_error(None, str(REFUSED[reason]))
    return render(request, "desk/proxy.html", {"meeting": found, "vote": _vote(vote), "form": form})


@require_POST
@staff_only("count_votes", "view_register", real=True)
def read_proxy(request: StaffRequest, meeting: UUID, proxy: UUID) -> HttpResponse:
    return _on_proxy(
        request, meeting, proxy, proxies.read, _("Read by two. A ballot can be given out for it.")
    )


@require_POST
@staff_only("count_votes", "view_register", real=True)
def drop_proxy(request: StaffRequest, meeting: UUID, proxy: UUID) -> HttpResponse:
    return _on_proxy(request, meeting, proxy, proxies.drop, _("Taken off."))


def _on_proxy(request: StaffRequest, meeting: UUID, proxy: UUID, act: Any, said: str) -> HttpResponse:
    found = _one(request, meeting)
    wanted = get_object_or_404(Proxy, pk=proxy, meeting=found)
    try:
        act(proxy=wanted, by=request.user, at=request.at)
        messages.success(request, said)
    except ProxyRefused as refused:
        messages.warning(request, str(REFUSED[refused.reason]))
    return redirect("desk_paper_votes", found.pk)


def _said(sheet: Sheet, agreed: bool) -> str:
    if agreed:
        return _("Two have read it alike: it is in the urn.")
    if sheet.entries.count() > 1:
        return _("It was read otherwise before. A third of the staff reads it, or all read it anew.")
    return _("Noted. A second of the staff reads it now, without seeing what you typed.")


def _context(request: StaffRequest, meeting: Meeting) -> dict[str, Any]:
    """What is to be read, the oldest first, a page at a time. As many queries for one as for a hundred."""
    waiting = Paginator(sheets.unsettled(meeting), MOST).get_page(request.GET.get("ballots"))
    unread = Proxy.objects.filter(meeting=meeting, read_at=None).select_related("holder", "head")
    unread = unread.prefetch_related(Prefetch("head__units", UNITS)).order_by("entered_at", "pk")
    proxies_page = Paginator(unread, MOST).get_page(request.GET.get("proxies"))
    return {
        "meeting": meeting,
        "line": line(meeting, today(request)),
        "code_form": CodeForm(),
        "waiting_page": waiting,
        "waiting": [
            {"pk": each.pk, "read": len(each.entries.all()), "number": number}
            for number, each in enumerate(waiting.object_list, start=waiting.start_index())
        ],
        "proxies_page": proxies_page,
        "proxies": [
            {
                "pk": each.pk,
                "dwellings": _dwellings(each.head),
                "holder": masked_name(each.holder),
                "kept_where": each.kept_where,
                "is_mine": each.entered_by_id == request.user.pk,
            }
            for each in proxies_page.object_list
        ],
    }


def _found(request: StaffRequest, meeting: Meeting, asked: str) -> dict[str, Any]:
    """With the proxy that two have read, where there is one."""
    if not asked.strip():
        return {"asked": "", "votes": []}
    units = finding.dwellings(asked, neighborhood=request.neighborhood)
    heads = list(_heads(meeting).filter(units__unit__in=units).distinct()[:MOST])
    read = Proxy.objects.filter(head__in=heads, read_at__isnull=False).select_related("holder")
    proxied = {
        each.head_id: {"holder": masked_name(each.holder), "kept_where": each.kept_where} for each in read
    }
    return {
        "asked": asked,
        "votes": [_vote(each) | {"proxy": proxied.get(each.pk), "named": _named(each)} for each in heads],
    }


def _named(head: Head) -> str:
    """Whom all joint owners have named to vote: in the portal nobody else can, and whoever asks for paper is asked who they are."""
    voter = balloting.named(head)
    return masked_name(Resident.objects.get(pk=voter)) if voter else ""


def _vote(head: Head) -> dict[str, Any]:
    return {
        "pk": head.pk,
        "dwellings": _dwellings(head),
        "owners": [masked_name(each.resident) for each in head.owners.all()],
        "area": square_metres(head.area),
        "handed_in": hasattr(head, "turnout"),
    }


def _dwellings(head: Head) -> str:
    return ", ".join(str(each.unit) for each in head.units.all())


def _heads(meeting: Meeting) -> Any:
    """With all that is shown of them."""
    found = Head.objects.filter(meeting=meeting).select_related("turnout")
    return found.prefetch_related(Prefetch("units", UNITS), Prefetch("owners", OWNERS)).order_by(
        "-area", "pk"
    )


def _head(meeting: Meeting, pk: UUID) -> Head:
    found: Head = get_object_or_404(_heads(meeting), pk=pk)
    return found


def _holder(request: StaffRequest, form: ProxyForm) -> Resident | None:
    """Whoever of that name lives or owns there; else the form says so."""
    units = finding.dwellings(form.cleaned_data["holder"], neighborhood=request.neighborhood)
    on = today(request)
    living = Resident.objects.living().filter(
        neighborhood=request.neighborhood, name=form.cleaned_data["name"].strip()
    )
    lives = living.filter(occupancies__unit__in=units, occupancies__since__lte=on)
    owns = living.filter(ownerships__unit__in=units, ownerships__since__lte=on, ownerships__until=None)
    found = list((lives | owns).distinct()[:2])
    if len(found) != 1:
        form.add_error("name", _("Nobody of this name lives or owns there, or more than one."))
        return None
    return found[0]
