"""The paper: one sealed letter for each person, and the slip that is handed over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import qr_codes
from portal.screens.desk import slips
from portal.screens.desk.entrance import StaffRequest
from residents import batches, letters
from residents.models import Letter, Neighborhood, Resident


def batch(request: HttpRequest, printed: batches.Printed, *, further: Mapping[str, object]) -> HttpResponse:
    """The sheets of a batch. `further` leads to the next one."""
    after = f"{reverse('desk_letters_choose')}?{urlencode(further)}" if further and printed.left else ""
    return _page(
        request,
        [_sheet(request, each) for each in printed.sheets],
        neighborhood=printed.batch.neighborhood,
        purpose=Letter.Purpose.OPEN,
        batch=printed.batch,
        left=printed.left,
        after=after,
    )


def one(request: HttpRequest, written: letters.Written, resident: Resident) -> HttpResponse:
    """One sheet. `resident` was found by `batches.at_home`, or has no home here."""
    building, number = batches.address(resident) if "home" in vars(resident) else ("", "")
    return _page(
        request,
        [_sheet(request, batches.Addressed(written, resident.name, building, number))],
        neighborhood=resident.neighborhood,
        purpose=Letter.Purpose(written.letter.purpose),
        person=resident,
        at_desk=written.letter.goes == Letter.Goes.DESK,
    )


def slip(request: StaffRequest, written: letters.Written, resident: Resident) -> HttpResponse:
    """No name on it: whoever finds it must not know whose account it is for."""
    picture, address = _qr(request, written.code), _address(request, "recover")

    def build() -> slips.Slip:
        until = date_format(localtime(written.letter.expires_at), "TIME_FORMAT")
        return slips.Slip(
            title=_("Choose a new password"),
            keys=[slips.Key(_("Code"), written.code)],
            picture=picture,
            next=[
                _("Good until %(time)s today, once.") % {"time": until},
                _(
                    "On your own phone: scan the square, or open %(address)s and type the code. Then choose a new"
                    " password that nobody else knows."
                )
                % {"address": address},
                _("The old password stops, and every device that is signed in is signed out."),
            ],
        )

    further = [(_("Back to this person"), reverse("desk_letters_of", args=[resident.pk]))]
    return slips.show(request, build, of=resident, further=further, template="desk/letters_slip.html")


def say_delivered(request: HttpRequest, count: int) -> None:
    words = ngettext(
        "%(count)s letter is marked as delivered.", "%(count)s letters are marked as delivered.", count
    )
    messages.success(request, words % {"count": count})


def _page(
    request: HttpRequest,
    sheets: Iterable[Mapping[str, Any]],
    *,
    neighborhood: Neighborhood,
    purpose: Letter.Purpose,
    **further: Any,
) -> HttpResponse:
    context = {
        "sheets": sheets,
        "neighborhood": neighborhood,
        "address": _address(request, "claim" if purpose == Letter.Purpose.OPEN else "recover"),
        "recover": purpose == Letter.Purpose.RECOVER,
        **further,
    }
    return render(request, "desk/letters_sheets.html", context)


def _sheet(request: HttpRequest, addressed: batches.Addressed) -> dict[str, Any]:
    return {
        "name": addressed.name,
        "building": addressed.building,
        "number": addressed.number,
        "code": addressed.written.code,
        "qr": _qr(request, addressed.written.code),
        "until": addressed.written.letter.expires_at,
    }


def _qr(request: HttpRequest, code: str) -> str:
    address = request.build_absolute_uri(reverse("letter", args=[code]))
    title = _("Square to scan: it leads to this site, with the code of this letter")
    return qr_codes.svg(address, title=title)


def _address(request: HttpRequest, name: str) -> str:
    """As one types it."""
    return request.build_absolute_uri(reverse(name)).partition("://")[2].rstrip("/")
