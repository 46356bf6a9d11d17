"""Who may stand before the cards: staff who manage access, each in their own neighborhoods; and finding a person there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.cache import never_cache

from residents import effects
from residents.lookups import masked_name
from residents.models import Neighborhood, Occupancy, Resident, User
from residents.scope import scope

P = ParamSpec("P")
PERM = "manage_access"
SHOWN = 50


class StaffRequest(HttpRequest):
    """`reach` are the neighborhoods whose cards are theirs to see to; `at` is the moment of the request."""

    user: User
    reach: QuerySet[Neighborhood]
    at: datetime


def cards_only(
    view: Callable[Concatenate[StaffRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Nothing behind it is ever cached. Whoever is not staff of any neighborhood learns nothing of any row."""

    @wraps(view)
    def seen(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
        at = timezone.now()
        reach = scope(request.user, PERM, at)
        if not reach.exists():
            raise PermissionDenied
        request.reach, request.at = reach, at  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    return never_cache(seen)


def asked_for(request: StaffRequest) -> Neighborhood:
    """The neighborhood asked for, or the first within reach."""
    asked = request.POST.get("in") or request.GET.get("in")
    if not asked:
        return request.reach.order_by("name", "pk")[0]
    try:
        return get_object_or_404(request.reach, pk=UUID(asked))
    except ValueError:
        raise Http404 from None


def person_of(request: StaffRequest, pk: UUID) -> Resident:
    people = Resident.objects.living().filter(neighborhood__in=request.reach).select_related("neighborhood")
    return get_object_or_404(people, pk=pk)


def capacity(request: StaffRequest, neighborhood: Neighborhood) -> str:
    """In which role they act, as the resident reads it in their record."""
    return str(
        effects.call("capacity", user=request.user, neighborhood=neighborhood, perm=PERM, at=request.at)
    )


@dataclass(frozen=True)
class Found:
    resident: Resident
    name: str  # masked
    dwelling: str


def find(neighborhood: Neighborhood, asked: str, *, at: datetime) -> list[Found]:
    """Who lives in the dwelling: `101`, or `1 101` with its building. Names stay masked. One query."""
    parts = [part for part in re.split(r"[\s\-/_,，幢栋号室]+", asked.strip()) if part]
    if not parts or len(parts) > 2:
        return []
    lived = Occupancy.objects.current(timezone.localdate(at)).filter(
        neighborhood=neighborhood, unit__number=parts[-1], resident__erased_at=None
    )
    if len(parts) == 2:
        lived = lived.filter(unit__building__name__startswith=parts[0])
    rows = lived.select_related("resident", "unit__building").order_by("unit__building__name", "since", "pk")
    return [Found(row.resident, masked_name(row.resident), str(row.unit)) for row in rows[:SHOWN]]


def dwellings(resident: Resident, *, at: datetime) -> str:
    lived = Occupancy.objects.current(timezone.localdate(at)).filter(resident=resident)
    return "、".join(str(each.unit) for each in lived.select_related("unit__building").order_by("since"))
