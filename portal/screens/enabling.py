"""Why faces may be used in a neighborhood: for everybody to read, and for the committee what is still missing for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from consent import enabling
from consent.deciding import Line
from consent.enabling import Missing, State
from consent.enabling_admin import LOOK
from consent.models import Form, ImpactAssessment, Justification, Modality, Purpose
from portal.screens.entrance import language
from portal.screens.ways import listed
from residents.ages import is_guarded
from residents.desk import holds, moment, reach, within
from residents.models import Neighborhood, Resident, User

# --- For everybody


@require_safe
def faces(request: HttpRequest) -> HttpResponse:
    """Of one's own neighborhood; for others, where there is something to read."""
    if isinstance(request.user, User):
        resident = Resident.objects.of(request.user).first()
        if resident is not None:
            return redirect("faces_here", resident.neighborhood_id)
    justified = Justification.objects.in_force().filter(neighborhood=OuterRef("pk"), modality=Modality.FACE)
    found = Neighborhood.objects.filter(Exists(justified), practice=False).order_by("name")
    return render(request, "faces.html", {"neighborhoods": found})


@require_safe
def faces_here(request: HttpRequest, neighborhood: Any) -> HttpResponse:
    here = get_object_or_404(Neighborhood, pk=neighborhood)
    found = enabling.state(neighborhood=here, modality=Modality.FACE, at=timezone.now())
    context = {
        "neighborhood": here,
        "state": found,
        "why_off": why_off(found),
        "reasons": _parts(found.justification),
        "minors": _parts(found.for_minors),
        "summary": _said(found.assessment, "summary") if found.assessment else "",
        "holds": Missing.ASSESSMENT not in found.missing,
    }
    return render(request, "faces_here.html", context)


def _parts(justification: Justification | None) -> list[tuple[str, str]]:
    """(heading, words) in the reader's language."""
    if justification is None:
        return []
    fields = {field.name: field for field in Justification._meta.fields}
    return [(str(fields[part].verbose_name), _said(justification, part)) for part in Justification.PARTS]


def _said(paper: Justification | ImpactAssessment, part: str) -> str:
    english = str(getattr(paper, f"{part}_en"))
    return english if language().startswith("en") else str(getattr(paper, part))


# --- For a resident who looks at a purpose


def at_present(*, resident: Resident, at: datetime) -> State:
    return enabling.state(
        neighborhood=resident.neighborhood,
        modality=Modality.FACE,
        at=at,
        for_minors=is_guarded(resident, at),
    )


def offered(lines: Iterable[Line], found: State) -> list[Line]:
    """What there is to decide about, or was decided. Where faces were never on, nothing of it is said unasked."""
    return [line for line in lines if line.standing or line.last or (line.form and found.ever)]


def why_off(found: State) -> str:
    """In one line; empty when it is on."""
    if not found.missing:
        return ""
    first = found.missing[0]
    if first == Missing.ASSESSMENT and found.assessment is not None:
        return _("What was assessed before does not hold any more: %(why)s.") % {"why": _why_stale(found)}
    return {
        Missing.JUSTIFICATION: _("The committee has not said why cards and PINs do not do."),
        Missing.MINORS: _("Nobody has justified it for children under fourteen."),
        Missing.ASSESSMENT: _("Nobody has assessed what it would mean for people here."),
        Missing.SIGNS: _("A reader at a gate still lacks its sign."),
    }[first]


def _why_stale(found: State) -> str:
    assessment = found.assessment
    assert assessment is not None
    because = assessment.stale_because or ImpactAssessment.Because.DATE_PASSED
    return str(ImpactAssessment.Because(because).label)


# --- For the committee


def checklist(request: HttpRequest) -> HttpResponse:
    """What is still missing before faces can be used here, and the way to each step."""
    if not holds(request, LOOK):
        raise PermissionDenied
    at = moment(request)
    where = within(Neighborhood.objects.filter(practice=False), reach(request, LOOK), "pk").order_by("name")
    context = {
        **admin.site.each_context(request),
        "title": _("What is still missing before faces can be used here"),
        "places": [_place(request, neighborhood, at) for neighborhood in where],
    }
    return TemplateResponse(request, "admin/enabling.html", context)


def _place(request: HttpRequest, neighborhood: Neighborhood, at: datetime) -> dict[str, Any]:
    found = enabling.state(neighborhood=neighborhood, modality=Modality.FACE, at=at, for_minors=True)
    steps = [
        _justified(request, neighborhood, found.justification, for_minors=False),
        _assessed(request, neighborhood, found),
        _signed(request, neighborhood, found),
        _asked(neighborhood),
    ]
    return {
        "neighborhood": neighborhood,
        "enabled": not set(found.missing) - {Missing.MINORS},
        "steps": steps,
        "minors": _justified(request, neighborhood, found.for_minors, for_minors=True) | {"optional": True},
        "public": reverse("faces_here", args=[neighborhood.pk]),
    }


def _justified(
    request: HttpRequest, neighborhood: Neighborhood, found: Justification | None, *, for_minors: bool
) -> dict[str, Any]:
    what = _("Why, for children under fourteen") if for_minors else _("Why cards and PINs do not do")
    if found is not None:
        return _step(what, True, _confirmed_on(found), _page("justification", found.pk), _("Look at it"))
    drafts = Justification.objects.filter(
        neighborhood=neighborhood, modality=Modality.FACE, for_minors=for_minors, confirmed_at=None
    )
    return _to_write(request, what, "justification", drafts.order_by("-written_at").first())


def _assessed(request: HttpRequest, neighborhood: Neighborhood, found: State) -> dict[str, Any]:
    what = _("What it would mean for people, and at what risk")
    if found.assessment is not None and Missing.ASSESSMENT not in found.missing:
        until = (
            date_format(found.assessment.valid_until, "DATE_FORMAT") if found.assessment.valid_until else ""
        )
        state = f"{_confirmed_on(found.assessment)} " + _("It holds until %(day)s.") % {"day": until}
        return _step(what, True, state, _page("impactassessment", found.assessment.pk), _("Look at it"))
    drafts = ImpactAssessment.objects.filter(
        neighborhood=neighborhood, modality=Modality.FACE, state=ImpactAssessment.State.DRAFT
    )
    step = _to_write(request, what, "impactassessment", drafts.order_by("-written_at").first())
    if found.assessment is not None:
        step["state"] = (
            _("The last one does not hold any more: %(why)s.") % {"why": _why_stale(found)}
        ) + f" {step['state']}"
    return step


def _signed(request: HttpRequest, neighborhood: Neighborhood, found: State) -> dict[str, Any]:
    what = _("A sign beside each reader that looks at faces")
    may = holds(request, ("manage_access",), neighborhood.pk)
    url = reverse("admin:access_device_changelist") if may else ""
    if found.unsigned:
        state = _("Still without a sign: %(gates)s. Whoever runs the gates hangs it up and records it.") % {
            "gates": listed(found.unsigned)
        }
        return _step(what, False, state, url, _("To the readers"))
    state = _("No reader looks at faces without its sign.")
    return _step(what, True, state, url, _("To the readers"))


def _asked(neighborhood: Neighborhood) -> dict[str, Any]:
    what = _("The form on which residents decide, each for themselves")
    form = (
        Form.objects.filter(neighborhood=neighborhood, purpose=Purpose.FACE_AT_GATE)
        .exclude(state=Form.State.DRAFT)
        .exclude(superseded_at__isnull=False)
        .first()
    )
    state = (
        _("Published.")
        if form
        else _("Not published. Without it there is nothing that anybody could agree to.")
    )
    return _step(what, form is not None, state, reverse("admin:consent_form_changelist"), _("To the forms"))


def _to_write(
    request: HttpRequest, what: str, page: str, draft: Justification | ImpactAssessment | None
) -> dict[str, Any]:
    may = holds(request, ("assess",))
    if draft is None:
        url = reverse(f"admin:consent_{page}_add") if may else ""
        return _step(what, False, _("Nobody has written it."), url, _("Write it"))
    if enabling.unanswered(draft):
        return _step(what, False, _("Begun; some answers are missing."), _page(page, draft.pk), _("Go on"))
    if draft.written_by_id == request.user.pk:
        state = _("Written by you. Somebody else of the committee reads and confirms it.")
        return _step(what, False, state, _page(page, draft.pk), _("Look at it"))
    state = _("Written, and waits for somebody else to confirm it.")
    return _step(what, False, state, _page(page, draft.pk), _("Read and confirm it"))


def _confirmed_on(paper: Justification | ImpactAssessment) -> str:
    assert paper.confirmed_at is not None
    return _("Confirmed by two on %(day)s.") % {
        "day": date_format(timezone.localtime(paper.confirmed_at), "DATE_FORMAT")
    }


def _page(page: str, pk: Any) -> str:
    return reverse(f"admin:consent_{page}_change", args=[pk])


def _step(what: str, done: bool, state: str, url: str, action: str) -> dict[str, Any]:
    return {"what": what, "done": done, "state": state, "url": url, "action": action}
