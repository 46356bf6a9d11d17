"""A request for data, put to one resident: who asks, for what, exactly which words would leave; yes, no, or some of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from portal.screens import offices
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.record import lines
from residents import ages
from residents.models import Resident
from sharing import answering, disclosing, given
from sharing.models import Answer, Field, Request

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


@require_safe
@resident_only
def sharing(request: ResidentRequest, asked: UUID) -> HttpResponse:
    at, resident = timezone.now(), request.resident
    return render(request, "sharing.html", own(put_to(resident, asked), resident, at))


@require_POST
@resident_only
def answer(request: ResidentRequest, asked: UUID) -> HttpResponse:
    at, resident = timezone.now(), request.resident
    question = put_to(resident, asked)
    said, form = read(request, question, resident, at)
    if said is None:
        return render(request, "sharing.html", own(question, resident, at) | {"some": form}, status=400)
    try:
        answering.answer(request=question, resident=resident, fields=said, actor=request.user, at=at)
    except answering.AnswerTooLate:
        messages.warning(request, TOO_LATE)
    except answering.TooYoung:
        messages.warning(request, _("Under fourteen a guardian says yes. Nothing was written down."))
    else:
        messages.success(request, _("Your yes is written down.") if said else _("Your no is written down."))
    return redirect("sharing", question.pk)


TOO_LATE = gettext_lazy("This was closed in the meantime, so your yes was not written down.")


def read(
    request: ResidentRequest, question: Request, resident: Resident, at: datetime
) -> tuple[list[str] | None, SomeForm | None]:
    """The fields that were said yes to; none of them is a no. Without them, the form that was not filled in."""
    form = AnswerForm(request.POST)
    if not form.is_valid():
        raise BadRequest("a choice")
    if form.cleaned_data["choice"] != "some":
        return (list(question.fields) if form.cleaned_data["choice"] == "yes" else []), None
    row = disclosing.preview(request=question, resident=resident, at=at)
    some = SomeForm(request.POST, row=row)
    return (some.cleaned_data["fields_given"], None) if some.is_valid() else (None, some)


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
    row = disclosing.preview(request=question, resident=resident, at=at)
    part = bool(said) and set(said or ()) != set(question.fields)
    return {
        "question": question,
        "open": question.state == Request.State.OPEN and question.deadline > at and resident.left_at is None,
        "answer": None if said is None else "part" if part else "yes" if said else "no",
        "given_at": sent.copy.handed_at if sent else None,
        "sent": [
            {"label": Field(field).label, "value": value}
            for field, value in (given.of(sent) if sent else {}).items()
        ],
        "closes_at": question.deadline,
        "facts": _facts(question, resident),
        "row": [
            {"label": field.label, "value": value}
            for field, value in row.items()
            if not said or field in said
        ],
        "some": SomeForm(row=row, initial={"fields_given": said or []}) if len(row) > 1 else None,
    }


def about_a_child(child: Resident, at: datetime) -> list[dict[str, Any]]:
    """What guardians are asked about a child, and what was; the newest first. Two queries."""
    put = Request.objects.exclude(state=Request.State.DRAFT).filter(neighborhood=child.neighborhood)
    found = list(put.select_related("recipient").order_by("-deadline", "pk")[:ASKED])
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
    put = Request.objects.exclude(state=Request.State.DRAFT).filter(neighborhood=resident.neighborhood)
    return get_object_or_404(put.select_related("recipient", "neighborhood"), pk=asked)


def _facts(question: Request, resident: Resident) -> list[dict[str, Any]]:
    assert question.opened_at is not None  # by constraint, once it is no draft
    deed = (question.drafted_by_id, question.opened_at)
    roles = offices.roles(resident.neighborhood, [deed])
    days = question.retention_days
    return [
        {"label": _("Who asks"), "value": roles[deed]},
        {
            "label": _("Given to"),
            "value": f"{question.recipient.name}\n{question.recipient.contact}",
        },
        {"label": _("What for"), "value": question.what_for},
        {
            "label": _("How long they may keep it"),
            "value": ngettext("%(days)s day", "%(days)s days", days) % {"days": days},
        },
    ]
