"""Who may stand before the letters: staff who may write the register, each in their own neighborhoods."""

from __future__ import annotations

from collections.abc import Callable
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

from portal.screens.desk.entrance import IN_HAND
from residents.models import Neighborhood, User
from residents.scope import scope

P = ParamSpec("P")


class StaffRequest(HttpRequest):
    """`reach` are the neighborhoods whose letters are theirs to write; `at` is the moment of the request."""

    user: User
    reach: QuerySet[Neighborhood]
    at: datetime


def letters_only(
    view: Callable[Concatenate[StaffRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Nothing behind it is ever cached. Whoever is not staff of any neighborhood learns nothing of any row."""

    @wraps(view)
    def seen(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
        at = timezone.now()
        reach = scope(request.user, "manage_register", at).exclude(practice=True)  # nobody there gets one
        if not reach.exists():
            raise PermissionDenied
        request.reach, request.at = reach, at  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    return never_cache(seen)


def asked_for(request: StaffRequest) -> Neighborhood:
    """The one asked for, else the one the desk has in hand, else the first real one within reach."""
    asked = request.POST.get("in") or request.GET.get("in")
    if not asked:
        chosen = str(request.session.get(IN_HAND, ""))
        in_hand = request.reach.filter(pk=chosen).first() if chosen else None
        return in_hand or request.reach.order_by("practice", "name", "pk")[0]
    try:
        return get_object_or_404(request.reach, pk=UUID(asked))
    except ValueError:
        raise Http404 from None
