"""Deciding about each purpose, and stopping: one press, no harder than agreeing (law 4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest, ValidationError
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from consent import deciding, voices, withdrawal
from consent.deciding import Line
from consent.enabling import NotEnabled
from consent.facts import sheet
from consent.models import SERVES, Decision, Form, Purpose, Standing
from portal.screens import enabling
from portal.screens.entrance import ResidentRequest, language, resident_only
from portal.screens.purposes import WORDS
from portal.screens.record.lines import named
from residents import ages
from residents.models import ErasureOrder, Resident


class ChoiceForm(forms.Form):
    """Nothing is pre-ticked: an answer without a choice is no answer."""

    data: QueryDict
    choice = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")])
    form = forms.UUIDField()

    def clean(self) -> dict[str, Any]:
        """One choice about one form: what is bundled is no answer (obligation 4)."""
        for name, values in self.data.lists():
            if len(values) > 1 or name not in {*self.fields, "csrfmiddlewaretoken"}:
                raise ValidationError("bundled")
        return self.cleaned_data


class PurposeConverter:
    """In addresses: a purpose, or no such page."""

    regex = "|".join(Purpose.values)

    def to_python(self, value: str) -> Purpose:
        return Purpose(value)

    def to_url(self, value: str) -> str:
        return str(Purpose(value))


@require_safe
@resident_only
def consents(request: ResidentRequest) -> HttpResponse:
    """What stands and what nobody has decided; at the bottom, what they decided against, for them to come back to."""
    at = timezone.now()
    lines = deciding.overview(resident=request.resident, at=at)
    state = enabling.at_present(resident=request.resident, at=at)
    offered = list(enabling.offered(lines, state))
    against = [line for line in offered if line.last and not line.standing]
    context = {
        "purposes": [_summed_up(line) for line in offered if line not in against],
        "decided": [_summed_up(line) for line in against],
        "for_me": Decision.objects.filter(
            resident=request.resident, capacity=Decision.Capacity.GUARDIAN
        ).exists(),
    }
    return render(request, "consents.html", context)


def shown(*, resident: Resident, purpose: Purpose, at: datetime) -> dict[str, Any]:
    """What a page about one purpose says of one person, to them or to a guardian."""
    by_purpose = {line.purpose: line for line in deciding.overview(resident=resident, at=at)}
    line = by_purpose[purpose]
    # What was signed is what is shown, for as long as it stands.
    form = line.standing.decision.form if line.standing else line.form
    first = SERVES.get(purpose)
    return {
        "purpose": purpose,
        "title": WORDS[purpose].title,
        "form": form,
        "sheet": sheet(form, _readable(form)) if form else None,
        "check_number": bytes(form.content_hash or b"").hex() if form else "",
        "decided_before": line.last is not None,
        "serves": first if first and not by_purpose[first].standing else None,
        "serves_title": WORDS[first].title if first else "",
        "why_off": enabling.why_off(enabling.at_present(resident=resident, at=at)),
        "written_down_by": _helper(line.last),
        **_state(line),
    }


@require_safe
@resident_only
def consent(request: ResidentRequest, purpose: Purpose) -> HttpResponse:
    return render(
        request, "consent.html", shown(resident=request.resident, purpose=purpose, at=timezone.now())
    )


@require_safe
@resident_only
def decided_for_me(request: ResidentRequest) -> HttpResponse:
    """What guardians decided in somebody's name: theirs to read from the fourteenth birthday on, and to decide anew."""
    today = ages.today_in(request.resident.neighborhood, timezone.now())
    if ages.is_under(request.resident, ages.GUARDED, today):
        raise Http404
    found = Decision.objects.filter(resident=request.resident, capacity=Decision.Capacity.GUARDIAN)
    decided = [
        {
            "icon": WORDS[each.purpose].icon,
            "slug": each.purpose,
            "title": WORDS[each.purpose].title,
            "what": each.get_kind_display(),
            "at": each.at,
            "who": each.guardianship.guardian.name if each.guardianship else "",
            "on_paper": each.route == Decision.Route.PAPER,
        }
        for each in found.select_related("guardianship__guardian").order_by("-at")
    ]
    return render(request, "decided_for_me.html", {"decided": decided})


@require_POST
@resident_only
def decide(request: ResidentRequest, purpose: Purpose) -> HttpResponse:
    answer = ChoiceForm(request.POST)
    if not answer.is_valid():
        raise BadRequest("a choice and the form it is about")
    form = Form.objects.filter(
        pk=answer.cleaned_data["form"], neighborhood=request.resident.neighborhood, purpose=purpose
    ).first()
    act = deciding.give if answer.cleaned_data["choice"] == "yes" else deciding.refuse
    try:
        if form is None:
            raise deciding.FormChanged
        done = act(
            resident=request.resident,
            purpose=purpose,
            form=form,
            voice=voices.own(request.user, language()),
            at=timezone.now(),
        )
    except deciding.FormChanged:
        messages.warning(
            request, _("The form has changed in the meantime. Nothing was written down; here is the new one.")
        )
        return redirect("consent", purpose)
    except deciding.LivesNotHere:
        messages.info(request, _("You do not live here any more, so there is nothing to agree to."))
        return redirect("home")
    except NotEnabled:
        messages.info(
            request, _("It is not offered here at present, so nothing was written down. Your card goes on.")
        )
        return redirect("consent", purpose)
    except deciding.TooYoung:
        messages.info(
            request, _("Until your fourteenth birthday the answer is no. You keep every door you have now.")
        )
        return redirect("consent", purpose)
    except deciding.NeedsFirst as first:
        messages.warning(
            request,
            _("That goes with “%(first)s”, which you have not said yes to. Nothing was written down.")
            % {"first": WORDS[first.purpose].title},
        )
        return redirect("consent", first.purpose)
    return _after_yes(request, purpose) if isinstance(done, Standing) else _after_no(request, purpose, done)


@require_POST
@resident_only
def withdraw(request: ResidentRequest, purpose: Purpose) -> HttpResponse:
    try:
        order = withdrawal.withdraw(
            resident=request.resident,
            purpose=purpose,
            voice=voices.own(request.user, language()),
            at=timezone.now(),
        )
    except withdrawal.NothingToWithdraw:
        messages.info(request, _("It was stopped already."))
        orders = ErasureOrder.objects.filter(resident=request.resident, purpose=purpose)
        last = orders.order_by("-opened_at").first()
        return redirect("erasure", last.pk) if last else redirect("consent", purpose)
    return redirect("erasure", order.pk)


def _after_yes(request: ResidentRequest, purpose: Purpose) -> HttpResponse:
    messages.success(request, _("Your yes is written down. You can stop it at any time, with one press."))
    return redirect("consent", purpose) if purpose == Purpose.TEMPLATE_ON_SERVER else redirect("enrol")


def _after_no(request: ResidentRequest, purpose: Purpose, order: ErasureOrder | None) -> HttpResponse:
    if order is not None:
        return redirect("erasure", order.pk)
    messages.success(request, _("Your no is written down. Nothing changes for you."))
    return redirect("consent", purpose)


def _helper(last: Decision | None) -> str:
    """Who wrote a no down for them."""
    if last is None or last.capacity != Decision.Capacity.HELPER or last.actor is None:
        return ""
    return named(last.actor)


def _readable(form: Form) -> str:
    """Their language; whatever there is, of a form from before both were asked for."""
    there = set(form.texts.values_list("language", flat=True))
    return language() if language() in there else min(there)


def _state(line: Line) -> dict[str, Any]:
    if line.standing:
        return {"given_at": line.standing.since, "expires_at": line.standing.expires_at}
    if line.last is None:
        return {}
    if line.last.kind == Decision.Kind.GIVEN:
        # The clock has not written it down yet; the answer is no all the same.
        return {"superseded_at": line.form.published_at} if _form_changed(line) and line.form else {}
    if line.last.kind == Decision.Kind.SUPERSEDED and not _form_changed(line):
        served = SERVES.get(line.purpose)
        return {"superseded_at": line.last.at, "superseded_with": WORDS[served].title if served else ""}
    return {f"{line.last.kind}_at": line.last.at}


def _form_changed(line: Line) -> bool:
    return line.form is not None and line.last is not None and line.last.form_id != line.form.pk


def _summed_up(line: Line) -> dict[str, Any]:
    words = WORDS[line.purpose]
    if line.standing:
        state, tone = _("You said yes"), "on"
    elif line.last and "superseded_at" in _state(line):
        state, tone = _("Form changed"), "off"
    elif line.last is None or line.last.kind == Decision.Kind.GIVEN:
        state, tone = _("Not decided"), "off"
    elif line.last.kind == Decision.Kind.REFUSED:
        state, tone = _("You said no"), "off"
    else:
        state, tone = _("Stopped"), "off"
    return {
        "slug": line.purpose,
        "icon": words.icon,
        "title": words.title,
        "summary": words.summary,
        "state": state,
        "tone": tone,
        "at": line.standing.since if line.standing else line.last.at if line.last else None,
    }
