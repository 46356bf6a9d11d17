"""What an order by law gave of somebody, as they read it, or as the guardian of a child does: the very values, to whom, and
by which law. Before its day there is no such page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.screens.record import lines
from residents.models import Resident
from sharing import given
from sharing.models import DisclosedRow, Field


def about(resident: Resident, asked: UUID) -> dict[str, Any]:
    """Raises: Http404 where nothing was given of them by this order, or they are not to be told yet"""
    row = given.by_order(resident, asked)
    if row is None or row.order is None:
        raise Http404
    order, request = row.order, row.copy.disclosure.request
    facts = [
        (_("Given to"), f"{request.recipient.name}\n{request.recipient.contact}"),
        (_("By which law"), order.legal_basis),
        (_("What for"), request.what_for),
        (_("Where the order is kept"), order.document),
        (_("Check number of the order"), order.document_sha256),
    ]
    if order.tell_on:
        facts.append((_("Why you were not told at once"), order.forbidden_by))
    return {
        "title": _("Given to %(recipient)s by an order of law") % {"recipient": request.recipient.name},
        "facts": [{"label": label, "value": value} for label, value in facts],
        "fetched_at": row.copy.handed_at,
        "told_on": order.tell_on,
        "values": [{"label": Field(name).label, "value": value} for name, value in given.of(row).items()],
    }


def lines_of_a_child(child: Resident, limit: int) -> list[lines.Line]:
    """The newest first. One query."""
    found = given.shown().filter(resident=child, order__isnull=False)
    beside = found.select_related("order", "copy__disclosure__request__recipient").order_by("-copy__ready_at")
    return [_of_a_child(child, row) for row in beside[:limit]]


def _of_a_child(child: Resident, row: DisclosedRow) -> lines.Line:
    address = reverse("child_sharing", args=[child.pk, row.copy.disclosure.request_id])
    return replace(lines.ordered(row), links=[lines.Link(address, lines.EXACTLY)])
