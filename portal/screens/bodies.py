"""The committee's page: three kinds of body, kept apart, with who is in office, how each is reached, and the number at 23:00.

For residents here and nobody else: the law wants it made known to the owners, not to the world (obligation 31).
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from committees import public
from committees.models import Committee
from portal.screens.entrance import ResidentRequest, resident_only

Kind = Committee.Kind

# What each is, for a reader who may take one for another.
WHAT_IT_IS = {
    Kind.OWNERS: gettext_lazy(
        "Elected by the owners. It decides for them what happens with the house and the grounds."
    ),
    Kind.RESIDENTS: gettext_lazy(
        "The self-government of everybody who lives in this quarter, owners and tenants alike."
    ),
    Kind.PROPERTY: gettext_lazy(
        "A company under contract. It keeps the houses and the gates; it decides nothing for you."
    ),
}


@require_safe
@resident_only
def committee(request: ResidentRequest) -> HttpResponse:
    """Two queries for it, however many are in office."""
    here = request.resident.neighborhood
    found = public.bodies(neighborhood=here, at=timezone.now())
    kinds = [_kind(kind, [body for body in found if body.committee.kind == kind]) for kind in Kind]
    context = {"neighborhood": here.display_name, "kinds": kinds}
    return render(request, "committee.html", context)


def _kind(kind: Committee.Kind, found: list[public.Body]) -> dict[str, Any]:
    return {
        "slug": kind.value,
        "title": capfirst(str(kind.label)),
        "what": WHAT_IT_IS[kind],
        "bodies": [_body(each) for each in found],
    }


def _body(body: public.Body) -> dict[str, Any]:
    committee = body.committee
    facts = [
        (_("Place"), committee.office, ""),
        (_("When somebody is there"), committee.hours, ""),
        (_("Telephone"), committee.phone, dialled(committee.phone)),
        (_("Outside these hours"), committee.night_phone, dialled(committee.night_phone)),
    ]
    return {
        "name": committee.name,
        "facts": [fact for fact in facts if fact[1]],
        "members": body.members,
    }


def dialled(number: str) -> str:
    """As a telephone wants it."""
    return "".join(each for each in number if each.isdigit() or each == "+")
