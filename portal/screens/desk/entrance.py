"""Who stands at the desk: staff with a right in the neighborhood they have in hand, at this moment.

A right is asked on each request, so a term that ended a minute ago opens nothing. The neighborhood in hand is kept in the
session; a practice neighborhood may be taken in hand by whoever holds a term anywhere (`committees.roles`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from residents import effects
from residents.ages import today_in
from residents.models import Neighborhood, Resident, User
from residents.scope import held

P = ParamSpec("P")

# What can be done at the desk; whoever holds none of these has nothing to do there.
DESK = (
    "view_register",
    "look_up",
    "manage_register",
    "manage_access",
    "approve_minors",
    "answer_service",
    "call_meetings",
    "count_votes",
    "audit",
)
IN_HAND = "desk_neighborhood"


class StaffRequest(HttpRequest):
    """`rights` are those in the neighborhood in hand; `choices` are the others that may be taken in hand."""

    user: User
    neighborhood: Neighborhood
    rights: frozenset[str]
    choices: Sequence[Neighborhood]
    at: datetime


def staff_only(
    *perms: str,
    real: bool = False,
) -> Callable[
    [Callable[Concatenate[StaffRequest, P], HttpResponse]],
    Callable[Concatenate[HttpRequest, P], HttpResponse],
]:
    """Lets in who holds all of `perms` (none named: any of the desk's) here and now. Nothing behind it is ever cached.

    `real` pages are about people who are, so there are none in a practice neighborhood. An address with `in` takes that
    neighborhood in hand, so that a link from the full lists leads to whom it names. Whoever works elsewhere is shown to their own lists; to everybody else there is no such page.
    """

    def guard(
        view: Callable[Concatenate[StaffRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def seen(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
            at = timezone.now()
            reach = rights(request.user, at)
            if not reach:
                if admin.site.has_permission(request):
                    return redirect("admin:index")
                raise Http404
            in_hand = _in_hand(request, list(reach))
            if not reach[in_hand].issuperset(perms) or (real and in_hand.practice):
                raise Http404
            request.at, request.neighborhood, request.rights = at, in_hand, reach[in_hand]  # type: ignore[attr-defined]
            request.choices = [each for each in reach if each != in_hand]  # type: ignore[attr-defined]
            # Times are read and written as the clocks at the gates show them.
            with timezone.override(ZoneInfo(in_hand.time_zone)):
                return view(request, *args, **kwargs)  # type: ignore[arg-type]

        vars(seen)["perms"] = perms  # for the page that says who sees what
        return never_cache(seen)

    return guard


def rights(user: User | AnonymousUser, at: datetime) -> dict[Neighborhood, frozenset[str]]:
    """Every neighborhood that can be taken in hand, real ones first. Two queries."""
    found = held(user, DESK, at)
    return {
        each: found[each] for each in sorted(found, key=lambda each: (each.practice, each.name, str(each.pk)))
    }


def works_here(user: User | AnonymousUser, at: datetime) -> bool:
    """Whether the desk is somebody's first screen: a right in a real neighborhood, not in practice alone."""
    return any(not neighborhood.practice for neighborhood in rights(user, at))


def person_or_404(request: StaffRequest, pk: UUID) -> Resident:
    """Of the neighborhood in hand, and not erased."""
    here = Resident.objects.living().filter(neighborhood=request.neighborhood)
    return get_object_or_404(here.select_related("neighborhood"), pk=pk)


def capacity(request: StaffRequest, perm: str) -> str:
    """In which role they act, as the resident reads it in their record."""
    return str(
        effects.call(
            "capacity", user=request.user, neighborhood=request.neighborhood, perm=perm, at=request.at
        )
    )


def today(request: StaffRequest) -> date:
    """The day on the neighborhood's own calendar."""
    return today_in(request.neighborhood, request.at)


@require_POST
@staff_only()
def take_in_hand(request: StaffRequest) -> HttpResponse:
    wanted = request.POST.get("neighborhood", "")
    for each in request.choices:
        if str(each.pk) == wanted:
            request.session[IN_HAND] = wanted
    return redirect("desk")


def _in_hand(request: HttpRequest, reach: list[Neighborhood]) -> Neighborhood:
    if (named := request.GET.get("in")) is not None:
        if named not in {str(each.pk) for each in reach}:
            raise Http404
        request.session[IN_HAND] = named
    chosen = request.session.get(IN_HAND)
    return next((each for each in reach if str(each.pk) == chosen), reach[0])
