"""What is to be handed over: offered on its page to be opened by hand, and on the first screen of the desk while it is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from committees import contracts, handing_over
from committees.models import CompanyContract, Handover, Term
from portal.screens.desk.entrance import StaffRequest, today
from portal.screens.offices import in_words


@dataclass(frozen=True)
class Offered:
    """`of` is what `handing_over.open_` takes."""

    key: str
    words: str
    until: date
    of: dict[str, Any]


def offered(request: StaffRequest) -> list[Offered]:
    """Terms of those at work and contracts, whose last day is near or was of late, and which this reader may open."""
    first, last = today(request) - handing_over.BEHIND, today(request) + handing_over.AHEAD
    here = {"neighborhood": request.neighborhood, "handover": None, "ends__gt": first, "ends__lte": last}
    terms = Term.objects.filter(role__in=("chair", "clerk"), starts__lte=today(request), **here)
    found = []
    for term in terms.select_related("committee").order_by("ends", "pk"):
        words = in_words(f"{term.committee.kind}.{term.role}")
        found.append((Offered(f"term:{term.pk}", words, term.last_day, {"term": term}), term.committee))
    for contract in CompanyContract.objects.current().filter(**here).select_related("committee"):
        words = _("Contract of the company %(name)s") % {"name": contract.committee.name}
        of = {"contract": contract}
        found.append((Offered(f"contract:{contract.pk}", words, contract.last_day, of), contract.committee))
    return [each for each, committee in found if _may_open(request, each, committee)]


def due(request: StaffRequest) -> list[tuple[str, str, str]]:
    """Icon, words and address: handovers that are open, and companies without a contract on record. Two queries."""
    url, found = reverse("desk_handovers"), []
    open_now = Handover.objects.open().filter(neighborhood=request.neighborhood).count()
    if open_now:
        words = ngettext(
            "%(count)s handover at the end of a term or a contract is open.",
            "%(count)s handovers at the end of a term or a contract are open.",
            open_now,
        )
        found.append(("file", words % {"count": open_now}, url))
    for company in contracts.without(neighborhood=request.neighborhood, at=request.at):
        words = _("No contract with %(name)s is on record: its staff’s rights end with their terms alone.")
        found.append(
            ("alert", words % {"name": company.name}, reverse("admin:committees_companycontract_changelist"))
        )
    return found


def called(handover: Handover) -> str:
    """What it is of: an office, or a contract; never a person."""
    if handover.term is not None:
        return in_words(f"{handover.committee.kind}.{handover.term.role}")
    return _("Contract of the company %(name)s") % {"name": handover.committee.name}


def _may_open(request: StaffRequest, each: Offered, committee: Any) -> bool:
    made = Handover(neighborhood=request.neighborhood, committee=committee, **each.of)
    return handing_over.gives(user=request.user, handover=made, at=request.at) or handing_over.takes(
        user=request.user, handover=made, at=request.at
    )
