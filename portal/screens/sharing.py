"""A request for data, put to one resident: who asks, for what, exactly which words would leave; yes, no, or some of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from portal.screens import offices, ordered
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.record import lines
from residents import ages
from residents.models import Resident
from sharing import answering, audience, contracts, disclosing, given
from sharing.models import Answer, Copy, Field, Kind, Request

ASKED = 20


class AnswerForm(forms.Form):
    choice = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no"), ("some", "some")])


class SomeForm(forms.Form):
    """Each field with the value that would be given: what is ticked is the row."""

    error_css_class = "field--wrong"
    fields_given = forms.MultipleChoiceField(
        label=gettext_lazy("Only these"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Tick what may be given, or press no.")},
    )

    def __init__(self, *args: Any, row: Mapping[Field, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fields_given"].choices = [  # type: ignore[attr-defined]
            (field.value, _("%(field)s: %(value)s") % {"field": field.label, "value": value or "—"})
            for field, value in row.items()
        ]


class AbroadForm(forms.Form):
    """A yes to just that it goes abroad. Never ticked beforehand."""

    error_css_class = "field--wrong"
    abroad = forms.BooleanField(
        error_messages={
            "required": gettext_lazy("Tick this as well, or press no: without it nothing goes abroad.")
        },
    )

    def __init__(self, *args: Any, question: Request, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["abroad"].label = _("I also say yes to it going abroad: %(country)s") % {
            "country": question.recipient.place
        }


@dataclass
class Reply:
    """What was pressed: the fields that were said yes to, none of them for a no. Or what is wrong with it."""

    said: list[str] = field(default_factory=list)
    abroad: bool = False
    wrong: dict[str, forms.Form] = field(default_factory=dict)


@require_safe
@resident_only
def sharing(request: ResidentRequest, asked: UUID) -> HttpResponse:
    at, resident = timezone.now(), request.resident
    try:
        question = put_to(resident, asked)
    except Http404:
        return render(request, "ordered.html", ordered.about(resident, asked))
    return render(request, "sharing.html", own(question, resident, at))


@require_POST
@resident_only
def answer(request: ResidentRequest, asked: UUID) -> HttpResponse:
    at, resident = timezone.now(), request.resident
    question = put_to(resident, asked)
    reply = read(request, question, resident, at)
    if reply.wrong:
        return render(request, "sharing.html", own(question, resident, at) | reply.wrong, status=400)
    try:
        answering.answer(
            request=question,
            resident=resident,
            fields=reply.said,
            abroad=reply.abroad,
            actor=request.user,
            at=at,
        )
    except answering.AnswerTooLate:
        messages.warning(request, TOO_LATE)
    except answering.TooYoung:
        messages.warning(request, _("Under fourteen a guardian says yes. Nothing was written down."))
    else:
        messages.success(
            request, _("Your yes is written down.") if reply.said else _("Your no is written down.")
        )
    return redirect("sharing", question.pk)


TOO_LATE = gettext_lazy("This was closed in the meantime, so your yes was not written down.")


def read(request: ResidentRequest, question: Request, resident: Resident, at: datetime) -> Reply:
    form = AnswerForm(request.POST)
    if not form.is_valid():
        raise BadRequest("a choice")
    choice = form.cleaned_data["choice"]
    if choice == "no":
        return Reply()
    reply = Reply(said=list(question.fields))
    if choice == "some":
        row = disclosing.preview(request=question, resident=resident, at=at)
        some = SomeForm(request.POST, row=row)
        reply.said = some.cleaned_data["fields_given"] if some.is_valid() else []
        if some.errors:
            reply.wrong["some"] = some
    if question.recipient.abroad:
        name = f"abroad_{choice}"
        beside = AbroadForm(request.POST, auto_id=f"{name}_%s", question=question)
        reply.abroad = beside.is_valid()
        if beside.errors or reply.wrong:
            # What was ticked stays ticked.
            reply.wrong |= {
                name: beside,
                "some": reply.wrong.get("some") or _ticked(question, resident, reply, at),
            }
    return reply


def _ticked(question: Request, resident: Resident, reply: Reply, at: datetime) -> SomeForm:
    row = disclosing.preview(request=question, resident=resident, at=at)
    return SomeForm(row=row, initial={"fields_given": reply.said})


def own(question: Request, resident: Resident, at: datetime) -> dict[str, Any]:
    said = answering.answer_of(request=question, resident=resident)
    context = shown(question, resident, said, at)
    return context | {
        "title": title_of(question),
        "guarded": ages.is_guarded(resident, at),
        "signed": question.pk,
    }


def shown(question: Request, resident: Resident, said: list[str] | None, at: datetime) -> dict[str, Any]:
    """`said` are the fields that would be given by what was answered; None where nothing was said."""
    held = given.shown().filter(copy__disclosure__request=question, resident=resident).select_related("copy")
    sent = held.order_by("-copy__ready_at").first()
    # A no asks for these back. What a law let somebody have stays there.
    left = sent is not None and held.filter(copy__state=Copy.State.HANDED, recalled=None, order=None).exists()
    row = disclosing.preview(request=question, resident=resident, at=at)
    part = bool(said) and set(said or ()) != set(question.fields)
    may_say_yes = question.state == Request.State.OPEN and question.deadline > at and resident.left_at is None
    again = question.given_again(ages.today_in(question.neighborhood, at))
    abroad = question.recipient.abroad
    return {
        "question": question,
        "open": may_say_yes and contracts.is_open(question, at),
        "answer": None if said is None else "part" if part else "yes" if said else "no",
        "given_at": sent.copy.handed_at if sent else None,
        "stoppable": again or not sent or not sent.copy.handed_at or left,
        "again": again,
        "sent": [
            {"label": Field(field).label, "value": value}
            for field, value in (given.of(sent) if sent else {}).items()
        ],
        "closes_at": question.deadline,
        "facts": _facts(question, resident),
        "more": _more(question),
        "row": [
            {"label": field.label, "value": value}
            for field, value in row.items()
            if not said or field in said
        ],
        "some": SomeForm(row=row, initial={"fields_given": said or []}) if len(row) > 1 else None,
        "abroad_yes": AbroadForm(auto_id="abroad_yes_%s", question=question) if abroad else None,
        "abroad_some": AbroadForm(auto_id="abroad_some_%s", question=question) if abroad else None,
    }


def about_a_child(child: Resident, at: datetime) -> list[dict[str, Any]]:
    """What guardians are asked about a child, and what was; the newest first. Two queries."""
    put = answering.asked_of(child).select_related("recipient")
    found = list(put.order_by("-deadline", "pk")[:ASKED])
    words = Answer.objects.filter(resident=child, request__in=found).order_by("request", "-id")
    newest = {each.request_id: each for each in words.distinct("request")}
    return [
        {
            "asked": each.pk,
            "title": each.recipient.name,
            "fields": lines.fields(each.fields),
            "open": each.state == Request.State.OPEN and each.deadline > at,
            "closes_at": each.deadline,
            "said": newest[each.pk].yes if each.pk in newest else None,
        }
        for each in found
    ]


def title_of(question: Request) -> str:
    return _("Give your %(fields)s to %(recipient)s?") % {
        "fields": lines.fields(question.fields),
        "recipient": question.recipient.name,
    }


def put_to(resident: Resident, asked: UUID) -> Request:
    """What this resident was asked; to anybody else it does not exist."""
    beside = ("recipient", "neighborhood", "contract")
    return get_object_or_404(answering.asked_of(resident).select_related(*beside), pk=asked)


def _facts(question: Request, resident: Resident) -> list[dict[str, Any]]:
    assert question.opened_at is not None  # by constraint, once it is no draft
    deed = (question.drafted_by_id, question.opened_at)
    roles = offices.roles(resident.neighborhood, [deed])
    days = question.retention_days
    return [
        {"label": _("Who asks"), "value": roles[deed]},
        {
            "label": _("Given to"),
            "value": "\n".join([question.recipient.name, question.recipient.contact, *_abroad(question)]),
        },
        {"label": _("What for"), "value": question.what_for},
        {
            "label": _("How long they may keep it"),
            "value": ngettext("%(days)s day", "%(days)s days", days) % {"days": days},
        },
    ]


def _abroad(question: Request) -> list[str]:
    recipient = question.recipient
    if not recipient.abroad:
        return []
    return [
        _("Abroad, in %(country)s. The law’s way: %(route)s.")
        % {"country": recipient.place, "route": recipient.get_route_display()}
    ]


def _more(question: Request) -> list[dict[str, Any]]:
    """What else the law has told, below the fold. One query under a contract, and one for named buildings."""
    recipient, again = question.recipient, question.repeats_until
    return [
        {"label": _("What they are"), "value": recipient.get_role_display()},
        *_contract(question),
        {"label": _("They pass it on to"), "value": question.onward or _("nobody")},
        {"label": _("What a no costs you"), "value": question.no_costs or _("nothing")},
        {
            "label": _("By what right"),
            "value": _("%(basis)s. Without your yes nothing is given.")
            % {"basis": question.get_basis_display()},
        },
        *([{"label": _("What kind of thing"), "value": Kind(question.kind).label}] if question.kind else []),
        {"label": _("Who is asked"), "value": audience.in_words(question)},
        {
            "label": _("How often it is given"),
            "value": _("again and again until %(day)s") % {"day": date_format(again)} if again else _("once"),
        },
    ]


def _contract(question: Request) -> list[dict[str, Any]]:
    contract = question.contract
    if contract is None:
        return []
    named = [f"{each.name}: {each.what_for}" for each in contract.sub_processors.order_by("pk")]
    days = {"from": date_format(contract.starts), "until": date_format(contract.until)}
    return [
        {
            "label": _("Their contract"),
            "value": _("From %(from)s to %(until)s.") % days + f"\n{contract.measures}",
        },
        {"label": _("Whom they let work on it"), "value": "\n".join(named) or _("nobody")},
    ]
