"""A request for data about a child under fourteen, put to a guardian: with the child's own row, and what each guardian said."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.screens import ordered
from portal.screens import sharing as own
from portal.screens.children import GuardianRequest, about, guardian_only
from portal.screens.record import lines
from residents import standing_by
from sharing import answering
from sharing.models import Answer, Request


@require_safe
@guardian_only
def sharing(request: GuardianRequest, asked: UUID) -> HttpResponse:
    try:
        question = own.put_to(request.child, asked)
    except Http404:
        return render(request, "ordered.html", about(request) | ordered.about(request.child, asked))
    return render(request, "child_sharing.html", _shown(request, question))


@require_POST
@guardian_only
def answer(request: GuardianRequest, asked: UUID) -> HttpResponse:
    question = own.put_to(request.child, asked)
    reply = own.read(request, question, request.child, request.at)
    if reply.wrong:
        context = _shown(request, question) | reply.wrong
        return render(request, "child_sharing.html", context, status=400)
    try:
        answering.answer(
            request=question,
            resident=request.child,
            fields=reply.said,
            abroad=reply.abroad,
            actor=request.user,
            guardianship=request.guardianship,
            at=request.at,
        )
    except answering.AnswerTooLate:
        messages.warning(request, own.TOO_LATE)
    except answering.GuardiansDisagree:
        messages.warning(
            request,
            _(
                "Another guardian has said no, and one no holds. Nothing was written down. It changes when that guardian"
                " says yes."
            ),
        )
    else:
        messages.success(
            request,
            _("Your yes for the child is written down.")
            if reply.said
            else _("Your no for the child is written down."),
        )
    return redirect("child_sharing", request.child.pk, question.pk)


def title_of(question: Request, name: str) -> str:
    return _("Give the %(fields)s of %(name)s to %(recipient)s?") % {
        "fields": lines.fields(question.fields),
        "name": name,
        "recipient": question.recipient.name,
    }


def _shown(request: GuardianRequest, question: Request) -> dict[str, Any]:
    child, at = request.child, request.at
    words = answering.words_of_guardians(request=question, child=child, at=at)
    stands = answering.standing(request=question, residents=[child], at=at)
    said = list(stands[0].fields) if stands else [] if words else None
    mine = words.get(request.resident.pk)
    return (
        about(request)
        | own.shown(question, child, said, at)
        | {
            "title": title_of(question, child.name),
            "words": [
                {
                    "name": _("You") if each.pk == request.resident.pk else each.name,
                    "said": _said(words.get(each.pk)),
                    "at": words[each.pk].at if each.pk in words else None,
                }
                for each in standing_by.guardians_of(child, at)
            ],
            "mine": mine is not None and mine.yes,
            "held_off": answering.others_no(request=question, guardianship=request.guardianship, at=at),
            "signed": question.pk,
        }
    )


def _said(word: Answer | None) -> str:
    if word is None:
        return _("nothing so far")
    return _("yes: %(fields)s") % {"fields": lines.fields(word.fields)} if word.yes else _("no")
