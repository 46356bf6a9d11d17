"""A request for data, put to one resident: who asks, for what, exactly which words would leave; yes or no."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from portal.screens import offices
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.record import lines
from residents.models import Resident
from sharing import answering, disclosing
from sharing.models import DisclosedRow, Request


class AnswerForm(forms.Form):
    choice = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])


@require_safe
@resident_only
def sharing(request: ResidentRequest, asked: UUID) -> HttpResponse:
    at, resident = timezone.now(), request.resident
    question = _put_to(resident, asked)
    answer = answering.answer_of(request=question, resident=resident)
    given = DisclosedRow.objects.filter(disclosure__request=question, resident=resident)
    context = {
        "title": title_of(question),
        "question": question,
        "open": question.state == Request.State.OPEN and question.deadline > at,
        "answer": {True: "yes", False: "no", None: None}[answer],
        "given_at": given.values_list("disclosure__built_at", flat=True).first(),
        "closes_at": question.deadline,
        "facts": _facts(question, resident),
        "row": [
            {"label": label, "value": value}
            for label, value in disclosing.preview(request=question, resident=resident, at=at)
        ],
        "signed": question.pk,
    }
    return render(request, "sharing.html", context)


@require_POST
@resident_only
def answer(request: ResidentRequest, asked: UUID) -> HttpResponse:
    question = _put_to(request.resident, asked)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        raise BadRequest("a choice")
    yes = form.cleaned_data["choice"] == "yes"
    try:
        answering.answer(
            request=question, resident=request.resident, yes=yes, actor=request.user, at=timezone.now()
        )
    except answering.AnswerTooLate:
        messages.warning(request, _("This was closed in the meantime, so your yes was not written down."))
    else:
        messages.success(request, _("Your yes is written down.") if yes else _("Your no is written down."))
    return redirect("sharing", question.pk)


def title_of(question: Request) -> str:
    return _("Give your %(fields)s to %(recipient)s?") % {
        "fields": lines.fields(question.fields),
        "recipient": question.recipient.name,
    }


def _put_to(resident: Resident, asked: UUID) -> Request:
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
