"""An order by law, from its draft on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from residents.models import Neighborhood, Resident, User
from sharing import orders
from sharing.models import Copy, Order, Recipient
from tests import make
from tests.sharing import receiving

SHA = "0123456789abcdef" * 4
LAW = "刑事诉讼法第一百三十七条"
SILENCE = "反恐怖主义法第四十五条"


def authority(where: Neighborhood, *, by: User, at: datetime, name: str = "城东公安分局") -> Recipient:
    made = Recipient.objects.create(
        neighborhood=where, name=name, contact="城东路 9 号", role=Recipient.Role.AUTHORITY
    )
    receiving.key(made, by=by, at=at)
    return made


def drafted(
    authority: Recipient,
    *people: Resident,
    by: User,
    at: datetime,
    fields: Sequence[str] = ("name", "dwelling"),
    **also: Any,
) -> Order:
    asked = orders.wished(
        authority=authority,
        purpose="查找证人",
        purpose_en="Finding a witness",
        fields=list(fields),
        by=by,
        at=at,
    )
    paper = {"legal_basis": LAW, "document": "红柜二层", "document_sha256": SHA} | also
    order = orders.draft(order=Order(authority=authority, **paper), request=asked, by=by, at=at)
    for each in people:
        named(order, each, by=by, at=at)
    return order


def named(order: Order, resident: Resident, *, by: User, at: datetime) -> None:
    home = make.home(resident)
    orders.name(
        request=order.request,
        dwelling=f"{home.building.name}-{home.number}",
        called=resident.name,
        by=by,
        at=at,
    )


def read(order: Order, *readers: User, at: datetime) -> Order:
    for each in readers:
        orders.review(request=order.request, yes=True, by=each, at=at)
    return order


def ready(order: Order, *readers: User, at: datetime) -> Copy:
    """Read by these, given by the last of them, and made."""
    read(order, *readers, at=at)
    return receiving.made(orders.give(request=order.request, by=readers[-1], at=at), at=at)
