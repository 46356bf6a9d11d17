"""What a guardian sees and does for a child under fourteen: each consent, what was deleted, who looked, a lost card.

Sight and power are one and are asked at each request: from the fourteenth birthday, or a court's bar, there is no such
page. Nothing here says when the child comes or goes (law 6).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from consent import deciding, guarding, voices, withdrawal
from consent.enabling import NotEnabled
from consent.models import Decision, Form, Purpose, Standing
from portal.screens import consent as own
from portal.screens import enabling, ordered
from portal.screens import erasure as deletions
from portal.screens import lost as losing_own
from portal.screens import sharing as asking
from portal.screens.entrance import ResidentRequest, language, resident_only
from portal.screens.purposes import WORDS
from portal.screens.record import pages
from residents import ages, standing_by
from residents.models import Guardianship, Resident

P = ParamSpec("P")
LOOKS = 20


class GuardianRequest(ResidentRequest):
    """`resident` is the guardian, who is signed in; `child` is whom it is about."""

    child: Resident
    guardianship: Guardianship
    at: datetime


def guardian_only(
    view: Callable[Concatenate[GuardianRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, UUID, P], HttpResponse]:
    """To everybody but a guardian of this child, at this moment, there is no such page."""

    @wraps(view)
    def seen(request: ResidentRequest, child: UUID, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        at = timezone.now()
        found = get_object_or_404(
            Resident.objects.living().select_related("neighborhood"),
            pk=child,
            neighborhood=request.resident.neighborhood_id,
        )
        guardianship = standing_by.guardianship_of(request.resident, found, at)
        if guardianship is None:
            raise Http404
        request.child, request.guardianship, request.at = found, guardianship, at  # type: ignore[attr-defined]
        try:
            return view(request, *args, **kwargs)  # type: ignore[arg-type]
        except guarding.NoGuardian:  # it ended within this very moment
            raise Http404 from None

    return resident_only(seen)  # type: ignore[arg-type]


@require_safe
@guardian_only
def child(request: GuardianRequest) -> HttpResponse:
    lines = deciding.overview(resident=request.child, at=request.at)
    state = enabling.at_present(resident=request.child, at=request.at)
    context = about(request) | {
        "purposes": [_summed_up(line) for line in enabling.offered(lines, state)],
        "questions": asking.about_a_child(request.child, request.at),
        "orders": ordered.lines_of_a_child(request.child, LOOKS),
        "erasures": [
            line | {"url": reverse("child_erasure", args=[request.child.pk, line["number"]])}
            for line in deletions.lines(request.child.erasure_orders.order_by("-opened_at")[:LOOKS])
        ],
        "looks": pages.look_ups(resident=request.child, limit=LOOKS),
    }
    return render(request, "child.html", context)


@require_safe
@guardian_only
def consent(request: GuardianRequest, purpose: Purpose) -> HttpResponse:
    context = about(request) | own.shown(resident=request.child, purpose=purpose, at=request.at)
    context |= {
        "words": _words(request, purpose),
        "history": _history(request.child, purpose, request.resident),
        "mine": guarding.has_said_yes(request.guardianship, purpose, request.at),
        "held_off": guarding.others_no(request.guardianship, request.child, purpose, request.at),
    }
    return render(request, "child_consent.html", context)


@require_POST
@guardian_only
def decide(request: GuardianRequest, purpose: Purpose) -> HttpResponse:
    answer = own.ChoiceForm(request.POST)
    if not answer.is_valid():
        raise BadRequest("a choice and the form it is about")
    form = Form.objects.filter(
        pk=answer.cleaned_data["form"], neighborhood=request.child.neighborhood_id, purpose=purpose
    ).first()
    yes = answer.cleaned_data["choice"] == "yes"
    act = deciding.give if yes else deciding.refuse
    back = redirect("child_consent", request.child.pk, purpose)
    try:
        if form is None:
            raise deciding.FormChanged
        done = act(resident=request.child, purpose=purpose, form=form, voice=_voice(request), at=request.at)
    except deciding.FormChanged:
        messages.warning(
            request, _("The form has changed in the meantime. Nothing was written down; here is the new one.")
        )
        return back
    except deciding.LivesNotHere:
        messages.info(request, _("The child does not live here any more, so there is nothing to agree to."))
        return redirect("household")
    except NotEnabled:
        messages.info(request, _("It is not offered for children here, so nothing was written down."))
        return back
    except deciding.GuardiansDisagree:
        messages.warning(
            request,
            _(
                "Another guardian has said no, and one no holds. Nothing was written down. It changes when that guardian"
                " says yes."
            ),
        )
        return back
    except deciding.NeedsFirst as first:
        messages.warning(
            request,
            _("That goes with “%(first)s”, which you have not said yes to. Nothing was written down.")
            % {"first": WORDS[first.purpose].title},
        )
        return redirect("child_consent", request.child.pk, first.purpose)
    if isinstance(done, Standing):
        messages.success(
            request,
            _(
                "Your yes for the child is written down. Any guardian can stop it at any time, with one press."
            ),
        )
        return back
    if done is not None:
        return redirect("child_erasure", request.child.pk, done.pk)
    messages.success(request, _("Your no for the child is written down. No door and no hour is taken away."))
    return back


@require_POST
@guardian_only
def stop(request: GuardianRequest, purpose: Purpose) -> HttpResponse:
    try:
        order = withdrawal.withdraw(
            resident=request.child, purpose=purpose, voice=_voice(request), at=request.at
        )
    except withdrawal.NothingToWithdraw:
        messages.info(request, _("It was stopped already."))
        return redirect("child_consent", request.child.pk, purpose)
    return redirect("child_erasure", request.child.pk, order.pk)


@require_safe
@guardian_only
def erasure(request: GuardianRequest, order: UUID) -> HttpResponse:
    found = get_object_or_404(request.child.erasure_orders.prefetch_related("places"), pk=order)
    return render(request, "child_erasure.html", about(request) | deletions.told(found, request.at))


@require_http_methods(["GET", "POST"])
@guardian_only
def lost(request: GuardianRequest) -> HttpResponse:
    """Whoever must get the child in is told the PIN that is lent, this once."""
    return losing_own.report(request, of=request.child, context=about(request))


def about(request: GuardianRequest) -> dict[str, Any]:
    born = request.child.born
    assert born is not None  # of every child it is kept
    return {
        "child": request.child.pk,
        "name": request.child.name,
        "until": ages.birthday(born, ages.GUARDED),
    }


def _voice(request: GuardianRequest) -> voices.Voice:
    return voices.guardian(request.user, request.guardianship, language())


def _summed_up(line: deciding.Line) -> dict[str, Any]:
    words = WORDS[line.purpose]
    if line.standing:
        state, tone = _("Yes"), "on"
    elif line.last is None:
        state, tone = _("Not decided"), "off"
    else:
        state, tone = _("No"), "off"
    return {
        "slug": line.purpose,
        "icon": words.icon,
        "title": words.title,
        "state": state,
        "tone": tone,
        "at": line.standing.since if line.standing else line.last.at if line.last else None,
    }


def _words(request: GuardianRequest, purpose: Purpose) -> list[dict[str, Any]]:
    """The newest word of each guardian who decides today. Two queries."""
    today = ages.today_in(request.child.neighborhood, request.at)
    current = Guardianship.objects.current(today).filter(child=request.child).select_related("guardian")
    spoken = (
        Decision.objects.filter(resident=request.child, purpose=purpose, guardianship__isnull=False)
        .select_related("guardianship", "form")
        .order_by("guardianship__guardian", "-at")
        .distinct("guardianship__guardian")
    )
    newest = {each.guardianship.guardian_id: each for each in spoken if each.guardianship}
    return [
        {
            "name": _("You") if each.guardian_id == request.resident.pk else each.guardian.name,
            "said": _said(newest.get(each.guardian_id), request.at),
            "at": newest[each.guardian_id].at if each.guardian_id in newest else None,
        }
        for each in current.order_by("since", "pk")
    ]


def _said(word: Decision | None, at: datetime) -> str:
    if word is None:
        return _("nothing so far")
    if word.kind != Decision.Kind.GIVEN:
        return _("no")
    return _("yes") if guarding.counts(word, at) else _("yes, which has ended since")


def _history(child: Resident, purpose: Purpose, reader: Resident) -> list[dict[str, Any]]:
    found = Decision.objects.filter(resident=child, purpose=purpose).select_related("guardianship__guardian")
    return [
        {
            "at": each.at,
            "what": each.get_kind_display(),
            "yes": each.kind == Decision.Kind.GIVEN,
            "who": who_decided(each, reader),
        }
        for each in found.order_by("-at")[:LOOKS]
    ]


def who_decided(decision: Decision, reader: Resident) -> str:
    """In words, to one of those concerned."""
    if decision.capacity == Decision.Capacity.SYSTEM:
        return _("By itself")
    if decision.guardianship is None:
        return _("The child")
    if decision.guardianship.guardian_id == reader.pk:
        return _("You")
    return decision.guardianship.guardian.name or _("A guardian who has left")
