"""Requests about one's own data, at the desk: what is due first, each with its answer; and one written down for somebody here.

A refusal has its reason, which whoever asked reads word for word. What near relatives ask after a death a second of the
staff reads first.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.screens.desk import certificates, slips
from portal.screens.desk.entrance import StaffRequest, person_or_404, staff_only
from portal.screens.desk.finding import about, short
from portal.screens.desk.forms import TYPED, DeskForm, known_by_field
from portal.screens.my_request_forms import LONGEST, plain
from portal.screens.offices import in_words
from residents import contact, deadlines, lookups, relatives, rights
from residents.models import DeskAct, Resident, RightsRequest

PAGE = 25
Kind = RightsRequest.Kind
State = RightsRequest.State
REFUSED = {
    "words": gettext_lazy(
        "Write the reason. Without one it cannot be refused, and an explanation needs its words."
    ),
    "closed": gettext_lazy("Somebody answered it in the meantime. This is how it stands."),
    "own": gettext_lazy("It is about you, or asked by you: somebody else of the staff answers it."),
    "ended": gettext_lazy(
        "Whoever asked does not decide for them any more, so it has ended. They may ask anew."
    ),
    "second": gettext_lazy(
        "Another of the staff sees the document first. Until then it can only be refused."
    ),
    "same_person": gettext_lazy("You wrote it down: somebody else of the staff reads the document."),
    "child": gettext_lazy("They are under fourteen: whoever decides for them asks, on their own page."),
    "dead": gettext_lazy(
        "Their death is recorded. A near relative asks, with a document: open this page anew."
    ),
    "recognise": gettext_lazy("Only for who is known for sure; a copy only for who stands here."),
}


class AnswerForm(DeskForm):
    """Nothing is chosen beforehand."""

    answer = forms.ChoiceField(
        label=gettext_lazy("Your answer"),
        choices=[("done", gettext_lazy("Done")), ("refused", gettext_lazy("Refused, with the reason below"))],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=gettext_lazy("What you tell them"),
        help_text=gettext_lazy("They read it word for word. A refusal says why, and what they can do."),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def clean_words(self) -> str:
        return plain(self.cleaned_data["words"])


class AskedForm(DeskForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("What do they ask for?"), choices=Kind.choices, widget=forms.RadioSelect
    )
    words = forms.CharField(
        label=gettext_lazy("In their own words"), max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean_words(self) -> str:
        return plain(self.cleaned_data["words"]) or self._nothing()

    def _nothing(self) -> str:
        raise forms.ValidationError(_("Write what they ask for, in a few words."))


class EnterForm(AskedForm):
    known_by = known_by_field(*DeskAct.RECOGNISED)


class RelativeForm(AskedForm):
    """After a death. The document is looked at and given back: no copy and no number of it is kept."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What do they ask for?"),
        choices=[(kind.value, kind.label) for kind in RightsRequest.FOR_RELATIVES],
        widget=forms.RadioSelect,
    )
    relative = forms.CharField(
        label=gettext_lazy("Who asks"), max_length=100, widget=forms.TextInput(attrs=TYPED)
    )
    relation = forms.ChoiceField(
        label=gettext_lazy("To the person who died they are"),
        choices=RightsRequest.Relation.choices,
        widget=forms.RadioSelect,
    )
    seen = forms.ChoiceField(
        label=gettext_lazy("What showed it"), choices=RightsRequest.Seen.choices, widget=forms.RadioSelect
    )
    field_order = ("relative", "relation", "seen", "kind", "words")

    def clean_relative(self) -> str:
        return plain(self.cleaned_data["relative"]) or self._nothing()


@require_safe
@staff_only("view_register", real=True)
def overview(request: StaffRequest) -> HttpResponse:
    """Whoever keeps the register sees all that is open; others what waits for a second of the staff."""
    found = rights.to_answer(request.neighborhood)
    if rights.PERM not in request.rights:
        found = found.filter(state=State.SECOND)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    lines = [_line(each, request) for each in page]
    return render(
        request,
        "desk/requests.html",
        {
            "page": page,
            # What is due first stands first, so all that is late stands before all that is not.
            "late": [line for line in lines if line["late"]],
            "in_time": [line for line in lines if not line["late"]],
            "late_count": rights.late(found, request.at).count(),
            "days": deadlines.days(request.neighborhood),
            "law": deadlines.of(request.neighborhood).source,
            "may_certify": rights.PERM in request.rights,
        },
    )


@require_http_methods(["GET", "POST"])
@staff_only("manage_register", real=True)
def one(request: StaffRequest, made: UUID) -> HttpResponse:
    found = _request_or_404(request, made)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            rights.answer(
                request=found,
                done=form.cleaned_data["answer"] == "done",
                words=form.cleaned_data["words"],
                by=request.user,
                at=request.at,
            )
        except rights.RequestRefused as refused:
            if refused.reason == "words":
                form.add_error("words", str(REFUSED["words"]))
                return render(request, "desk/request.html", _page(request, found, form))
            if refused.reason == "ended":
                rights.end_if_nobody_asks(request=found, at=request.at)
            messages.warning(request, str(REFUSED[refused.reason]))
        except contact.PhoneRefused as refused:
            form.add_error(None, str(refused))
            return render(request, "desk/request.html", _page(request, found, form))
        else:
            messages.success(
                request, _("Answered. They read it on their own page, or you hand it over printed.")
            )
        return redirect("desk_request", found.pk)
    return render(request, "desk/request.html", _page(request, found, form))


@require_safe
@staff_only("manage_register", real=True)
def slip(request: StaffRequest, made: UUID) -> HttpResponse:
    """The answer on paper, for who has no page of their own to read it on."""
    found = _request_or_404(request, made)
    answered = _page(request, found, AnswerForm())
    if not _by_hand(found):
        raise Http404

    def build() -> slips.Slip:
        words = [each for each in answered["answer"].splitlines() if each.strip()]
        asked_on = _("Asked on %(day)s.") % {
            "day": date_format(timezone.localtime(found.opened_at), "DATE_FORMAT")
        }
        way_on = _(
            "Not satisfied? Go to the residents’ committee, the internet information office of your district or city, or a court."
        )
        return slips.Slip(
            title=_("The answer to your request"),
            done=[f"{found.get_kind_display()}: {found.get_state_display()}"],
            next=[asked_on, *words, way_on],
        )

    back = (_("Back to the request"), reverse("desk_request", args=[found.pk]))
    return slips.show(request, build, of=found.resident, further=[back], template="desk/request_slip.html")


@require_POST
@staff_only("view_register", real=True)
def second(request: StaffRequest, made: UUID) -> HttpResponse:
    found = _request_or_404(request, made)
    try:
        relatives.second(request=found, by=request.user, at=request.at)
    except rights.RequestRefused as refused:
        messages.warning(request, str(REFUSED[refused.reason]))
    else:
        messages.success(request, _("Written down. Now it can be answered."))
    return redirect("desk_requests")


@require_http_methods(["GET", "POST"])
@staff_only("manage_register", real=True)
def enter(request: StaffRequest, person: UUID) -> HttpResponse:
    """For somebody who stands here; of who died, for a near relative."""
    found = person_or_404(request, person)
    died = found.left_because == Resident.Left.DIED
    form = (RelativeForm if died else EnterForm)(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = _entered(request, found, form.cleaned_data, died=died)
        except relatives.Honoured as decided:
            form.add_error(None, _honoured(decided.wish))
        except rights.RequestRefused as refused:
            form.add_error(None, str(REFUSED[refused.reason]))
        else:
            days = deadlines.days(request.neighborhood)
            messages.success(request, _("Written down, and due within %(days)s days.") % {"days": days})
            return redirect("desk_request", made.pk)
    return render(request, "desk/request_new.html", about(request, found) | {"form": form, "died": died})


def waiting(request: StaffRequest) -> QuerySet[RightsRequest]:
    """Those that this reader can do something about."""
    found = rights.to_answer(request.neighborhood)
    if rights.PERM not in request.rights:
        found = found.filter(state=State.SECOND).exclude(asked_by=request.user)
    return found


def _entered(request: StaffRequest, found: Resident, given: dict[str, Any], *, died: bool) -> RightsRequest:
    """Raises: relatives.Honoured, rights.RequestRefused"""
    if died:
        return relatives.ask(
            resident=found,
            kind=Kind(given["kind"]),
            relative=given["relative"],
            relation=RightsRequest.Relation(given["relation"]),
            seen=RightsRequest.Seen(given["seen"]),
            words=given["words"],
            by=request.user,
            at=request.at,
        )
    return rights.ask_at_desk(
        resident=found,
        kind=Kind(given["kind"]),
        words=given["words"],
        known_by=DeskAct.KnownBy(given["known_by"]),
        by=request.user,
        at=request.at,
    )


def _honoured(wish: str) -> str:
    if wish == relatives.Wish.NOTHING:
        return _(
            "They decided in their lifetime that relatives are given nothing. That holds, so this is not taken down. Whoever"
            " asks can complain to the residents’ committee or go to a court."
        )
    if wish:
        return _("They named one person in their lifetime who decides, and it is not this one. That holds.")
    return _("They named nobody in their lifetime. Choose how the person is related to them.")


def _by_hand(found: RightsRequest) -> bool:
    """Answered, and whoever asked has no account here to read it with."""
    no_page = found.voice == RightsRequest.Voice.RELATIVE or found.resident.user_id is None
    return found.state in (State.DONE, State.REFUSED) and no_page


def _request_or_404(request: StaffRequest, made: UUID) -> RightsRequest:
    here = RightsRequest.objects.filter(neighborhood=request.neighborhood)
    found = get_object_or_404(here.select_related("resident__neighborhood", "asked_by"), pk=made)
    if found.resident.erased_at is not None:
        raise Http404
    return found


def _line(found: RightsRequest, request: StaffRequest) -> dict[str, Any]:
    return {
        "pk": found.pk,
        "title": found.get_kind_display(),
        "voice": found.get_voice_display(),
        "name": lookups.masked_name(found.resident),
        "number": short(found.resident),
        "due_at": found.due_at,
        "late": found.due_at <= request.at,
        "days_late": max((request.at - found.due_at).days, 0),
        "state": found.get_state_display(),
        "to_second": found.state == State.SECOND and found.asked_by_id != request.user.pk,
        "may_answer": rights.PERM in request.rights,
        "relation": found.get_relation_display(),
        "seen": found.get_seen_display(),
    }


def _page(request: StaffRequest, found: RightsRequest, form: AnswerForm) -> dict[str, Any]:
    words = rights.words_of(found)
    return about(request, found.resident) | {
        "line": _line(found, request),
        "about": found.get_about_display() if found.about else "",
        "asked": words.get(rights.Part.ASKED, ""),
        "wanted": rights.wanted_of(found) if found.is_open else "",
        "carried_out": found.about in (RightsRequest.About.NAME, RightsRequest.About.PHONE),
        "relative": words.get(rights.Part.RELATIVE, ""),
        "answer": words.get(rights.Part.ANSWER, ""),
        "who": in_words(found.capacity) if found.capacity else "",
        "closed_at": found.closed_at,
        "is_open": found.is_open,
        "by_hand": _by_hand(found),
        "certifiable": certificates.is_asked_for(found, request),
        "waits_for_second": found.state == State.SECOND,
        "form": form if found.is_open else None,
    }
