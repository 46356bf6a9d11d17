"""My QR code: shown large, kept by the browser for as long as it works, renewed whenever there is a network.

Without scripts the page is an ordinary one with a life of its own in the browser's cache: opened again without network it
is still there. With scripts a fresh code takes the place of the old one; an error never does. Signing in or out empties
the browser's cache, so that a shared computer forgets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from access import passes, qr
from access.models import Credential, FeedRow, Gate
from portal import qr_codes
from portal.screens.entrance import ResidentRequest, forgetting, resident_only
from portal.screens.ways import Held, Way, listed
from residents.models import Resident

View = Callable[..., HttpResponse]


def in_local_time(view: View) -> View:
    """Times are read and written as the clocks at the gates show them."""

    @wraps(view)
    def seen(request: ResidentRequest, /, *args: Any, **kwargs: Any) -> HttpResponse:
        with timezone.override(ZoneInfo(request.resident.neighborhood.time_zone)):
            return view(request, *args, **kwargs)

    return seen


def kept_while_it_works(view: View) -> View:
    """The answer says in `works_for` how many seconds the browser may go on showing it without asking."""

    @wraps(view)
    def seen(request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        seconds = getattr(response, "works_for", 0)
        if seconds > 0:
            response["Cache-Control"] = f"private, max-age={seconds}"
            del response["Expires"]
        return response

    return seen


@kept_while_it_works
@require_safe
@resident_only
@in_local_time
def code(request: ResidentRequest) -> HttpResponse:
    now = timezone.now()
    credential = qr.current(request.resident)
    if credential is None:
        return render(request, "qr_new.html", {"gates": _gates_for_codes(request.resident, now)})
    shown = qr.show(credential=credential, at=now)
    gates = [row.gate for row in _rows(credential)]
    response = render(
        request,
        "qr.html",
        {
            "picture": drawn(shown.text),
            "issued": shown.issued,
            "expires": shown.expires,
            "half_life": int((shown.expires - shown.issued).total_seconds() // 2),
            "gates": listed(gate.display_name for gate in gates),
        },
    )
    response.works_for = int((shown.expires - now).total_seconds())  # type: ignore[attr-defined]
    return response


@require_POST
@resident_only
def new(request: ResidentRequest) -> HttpResponse:
    """The first one, or another in place of one that was used."""
    if request.resident.left_at is not None:
        messages.info(request, _("You do not live here any more, so no gate would open to a code."))
        return redirect("home")
    qr.token_for(resident=request.resident, at=timezone.now())
    return forgetting(redirect("qr"))


@require_POST
@resident_only
def stop(request: ResidentRequest) -> HttpResponse:
    if qr.stop(resident=request.resident, at=timezone.now()):
        messages.success(request, _("Your QR codes are stopped. None that was shown so far opens a gate."))
    return forgetting(redirect("home"))


@require_safe
@resident_only
@in_local_time
def picture(request: ResidentRequest) -> HttpResponse:
    """A code of its own, to keep among one's photos."""
    credential = qr.current(request.resident)
    if credential is None:
        return redirect("qr")
    shown = qr.show(credential=credential, at=timezone.now())
    return as_file(shown.text, f"linmen-{timezone.localtime(shown.expires):%m%d-%H%M}.png")


def drawn(text: str) -> SafeString:
    return qr_codes.svg(text, title=_("QR code for the gates"), error=qr_codes.PHONE)


def as_file(text: str, name: str) -> HttpResponse:
    return HttpResponse(
        qr_codes.png(text),
        content_type="image/png",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


# What the first screen says of it.


@dataclass(frozen=True)
class Beside:
    """Ways beside card and PIN, and the way to visitors, for `partials/codes.html`."""

    way: Way | None
    visits: int
    takes_visits: bool


def beside(*, resident: Resident, held: Held, at: datetime) -> Beside:
    """Nothing where no gate of theirs takes codes: then nobody meets a screen about them."""
    gates = passes.gates_for_visitors(resident=resident, at=at)
    by_code = [gate for gate in gates if gate.by_qr]
    visits = [each for each in held.of(Credential.Kind.PASS) if each.visitor_pass.valid_until > at]
    way = _way(bool(held.of(Credential.Kind.QR)), by_code) if by_code else None
    return Beside(way, len(visits), bool(gates))


def _way(is_set_up: bool, gates: list[Gate]) -> Way:
    return Way(
        icon="qr",
        name=_("QR code on your phone"),
        state=_("Works") if is_set_up else _("If you like"),
        tone="on" if is_set_up else "off",
        detail=_("For: %(gates)s.") % {"gates": listed(gate.display_name for gate in gates)},
        url=reverse("qr"),
        action=_("Show my code") if is_set_up else _("Set it up"),
    )


def _rows(credential: Credential) -> list[FeedRow]:
    rows = FeedRow.objects.filter(credential=credential, present=True, gate__in_service=True)
    return list(rows.select_related("gate").order_by("gate__name"))


def _gates_for_codes(resident: Resident, at: datetime) -> str:
    gates = passes.gates_for_visitors(resident=resident, at=at)
    return listed(gate.display_name for gate in gates if gate.by_qr)
