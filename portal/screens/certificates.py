"""The certificate of a deletion: what was deleted where, what each place said, and what it does not cover. One sheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from access.models import Device
from portal import certifying, qr_codes, taking_home
from portal.screens import checking, deletion_words
from portal.screens.codes import in_local_time
from portal.screens.entrance import ResidentRequest, resident_only
from portal.screens.purposes import WORDS
from residents import certificates
from residents.ages import today_in
from residents.models import ErasureCertificate, ErasureOrder, ErasurePlace, Guardianship, Resident

State = ErasurePlace.State


@dataclass(frozen=True)
class Line:
    where: str
    says: str
    since: str
    seen: list[str]
    state: str
    further: list[str]

    @property
    def is_gone(self) -> bool:
        return self.state == State.GONE


@require_POST
@resident_only
def certify(request: ResidentRequest, order: UUID) -> HttpResponse:
    """Of one deletion: their own, or of a child under fourteen whose guardian they are today."""
    found = get_object_or_404(ErasureOrder.objects.select_related("resident__neighborhood"), pk=order)
    if not is_theirs(request.resident, found.resident):
        raise Http404
    return _issue(request, found.resident, found)


@require_POST
@resident_only
def certify_all(request: ResidentRequest) -> HttpResponse:
    """Of all that was deleted of the person who asks."""
    return _issue(request, request.resident, None)


@require_safe
@resident_only
@in_local_time
def certificate(request: ResidentRequest, certificate: UUID) -> HttpResponse:
    found = _theirs(request.resident, certificate)
    return render(request, "certificate.html", shown(request, found))


@require_safe
@resident_only
def download(request: ResidentRequest, certificate: UUID) -> HttpResponse:
    found = _theirs(request.resident, certificate)
    response = HttpResponse(taking_home.spelled(_signed(found)), content_type="application/json")
    name = f"linmen-deletion-{timezone.localdate(found.made_at):%Y%m%d}-{str(found.pk)[:8]}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def shown(request: HttpRequest, found: ErasureCertificate) -> dict[str, Any]:
    """What stands on the sheet. Some thirty queries."""
    file = _signed(found)
    orders = _orders(found)
    lines = [line for order in orders for line in order["lines"]]
    open_ = [line for line in lines if line.state != State.GONE]
    code = checking.code_of(file["proof"])
    address = request.build_absolute_uri(reverse("check_code", args=[code]))
    return {
        "certificate": found,
        "neighborhood": found.neighborhood,
        "made": deletion_words.when(found.document["made"]),
        "person": found.document["person"],
        "replaces": found.document["replaces"],
        "is_replaced": certificates.is_replaced(found),
        "orders": orders,
        "headline": headline(len(open_), len(lines)),
        "open": [line for line in lines if line.state != State.GONE or line.further],
        "final": "" if open_ else _final(found),
        "pending": file["proof"]["pending"],
        "code": code,
        "picture": qr_codes.svg(address, title=_("Address where this certificate is checked")),
        "address": request.build_absolute_uri(reverse("check")).partition("://")[2].rstrip("/"),
    }


def headline(open_: int, places: int) -> str:
    """Counted, never set (law 12)."""
    if not open_:
        return _("Complete: every place has said that nothing is left there")
    return ngettext(
        "Not complete: %(count)s of %(places)s places has not said that nothing is left there",
        "Not complete: %(count)s of %(places)s places have not said that nothing is left there",
        open_,
    ) % {"count": open_, "places": places}


def is_theirs(reader: Resident, whose: Resident) -> bool:
    if whose.pk == reader.pk:
        return True
    today = today_in(whose.neighborhood, timezone.now())
    return Guardianship.objects.current(today).filter(child=whose, guardian=reader).exists()


def _issue(request: ResidentRequest, resident: Resident, order: ErasureOrder | None) -> HttpResponse:
    try:
        made = certifying.issue(resident=resident, order=order, at=timezone.now())
    except certificates.NothingToCertify:
        messages.info(request, _("Nothing of yours has been deleted so far."))
        return redirect("erasures")
    return redirect("certificate", made.pk)


def _theirs(reader: Resident, key: UUID) -> ErasureCertificate:
    """Raises: Http404"""
    among = ErasureCertificate.objects.select_related("resident__neighborhood", "neighborhood")
    found = get_object_or_404(among, pk=key)
    if not is_theirs(reader, found.resident):
        raise Http404
    return found


def _signed(found: ErasureCertificate) -> dict[str, Any]:
    """Raises: Http404"""
    try:
        return certificates.signed(found)
    except certificates.NotInLedger:
        raise Http404 from None


def _orders(found: ErasureCertificate) -> list[dict[str, Any]]:
    said = found.document["orders"]
    names = _names([UUID(place["place"]) for order in said for place in order["places"]])
    return [
        {
            "what": WORDS[order["purpose"]].erased,
            "number": order["order"],
            "cause": ErasureOrder.Cause(order["cause"]).label,
            "asked": deletion_words.when(order["opened"]),
            "lines": [_line(place, names) for place in order["places"]],
        }
        for order in said
    ]


def _line(place: Mapping[str, Any], names: Mapping[str, str]) -> Line:
    return Line(
        where=names.get(place["place"]) or ErasurePlace.Kind(place["kind"]).label.capitalize(),
        says=deletion_words.sentence(place["kind"], place["state"]),
        since=deletion_words.when(place["since"]),
        seen=deletion_words.evidence(place["kind"], place["seen"]) if place["state"] == State.GONE else [],
        state=place["state"],
        further=deletion_words.further(place),
    )


def _names(places: list[UUID]) -> dict[str, str]:
    """What people call a gate or a recipient, as the register has it today; not part of what is signed."""
    found = ErasurePlace.objects.filter(pk__in=places).exclude(label="")
    gates = Device.objects.filter(pk__in=found.values("device")).select_related("gate").in_bulk()
    return {
        str(place.pk): gates[place.device].gate.display_name if place.device in gates else place.label
        for place in found
    }


def _final(found: ErasureCertificate) -> str:
    """When the last place said so, and the last key's wrapping epoch was over; empty before."""
    places = [place for order in found.document["orders"] for place in order["places"]]
    ended = [place["final"] for place in places if "final" in place]
    if any("since" not in key for key in ended):
        return ""
    return deletion_words.when(max([place["since"] for place in places] + [key["since"] for key in ended]))
