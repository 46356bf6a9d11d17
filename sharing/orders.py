"""Orders by law (A6, 27): an authority names people and what it wants to know of them, and shows by which law.

One of the staff drafts it and names the people, one at a time. Two others of the committees read it, and one no ends it, as
with every request. Nobody's yes is asked, so nothing beyond it leaves: name, dwelling and phone of the people it names. They
are told at once; or later, where a law forbids telling and says so by its paragraph, ninety days at most.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from ledger.record import record
from residents import effects, finding
from residents.ages import today_in
from residents.models import Resident, User
from residents.one_person import is_one_person
from sharing import copying, requesting
from sharing.models import (
    HOME,
    LONGEST_SILENCE,
    ORDER,
    Disclosure,
    Order,
    OrderPerson,
    Recipient,
    Request,
    Review,
)
from sharing.speaking import Refusal, insist, watched

# What nobody carried out in this time is drafted anew.
LIFE = timedelta(days=30)
# What is kept at the authority is for its law to say, not for this: the files say so themselves.
KEPT_BY_LAW = 1


class OrderRefused(Refusal):
    """`reason` is one of: authority, basis, document, tell_on, forbidden_by, biometrics, not_your_draft, guessed, nobody_there,
    named, nobody, too_old, own_draft, two_readers, not_a_draft, no_key."""


def wished(
    *, authority: Recipient, purpose: str, purpose_en: str, fields: list[str], by: User, at: datetime
) -> Request:
    """What an order asks for, as a request that nobody answers."""
    return requesting.wished(
        recipient=authority,
        kind=ORDER,
        purpose=purpose,
        purpose_en=purpose_en,
        fields=fields,
        retention_days=KEPT_BY_LAW,
        deadline=at + LIFE,
        basis=Request.Basis.DUTY,
        by=by,
    )


def draft(*, order: Order, request: Request, by: User, at: datetime) -> Order:
    """Write down what an authority orders. Nobody is named yet.

    Raises: OrderRefused, RequestRefused, OutOfOffice
    """
    check(order, request, at)
    with transaction.atomic():
        requesting.write(request=request, by=by, at=at)
        order.request, order.neighborhood_id = request, request.neighborhood_id
        order.save(force_insert=True)
        _record("order.drafted", order, by=by, sha=order.document_sha256, tell_on=order.tell_on)
    return order


def check(order: Order, request: Request, at: datetime) -> None:
    """Raises: OrderRefused, RequestRefused"""
    authority = request.recipient
    if authority.role != Recipient.Role.AUTHORITY or authority.jurisdiction != HOME:
        raise OrderRefused("authority")
    if requesting.asks_of_a_body(f"{order.legal_basis} {order.document}"):
        raise OrderRefused("biometrics")
    if not order.legal_basis.strip():
        raise OrderRefused("basis")
    if not order.document.strip():
        raise OrderRefused("document")
    if order.tell_on is None and order.forbidden_by:
        raise OrderRefused("tell_on")
    if order.tell_on is not None:
        if not order.forbidden_by.strip():
            raise OrderRefused("forbidden_by")
        if not at < order.tell_on <= at + LONGEST_SILENCE:
            raise OrderRefused("tell_on")
    requesting.check(request, at)


@watched("name", on="request")
def name(*, request: Request, dwelling: str, called: str, by: User, at: datetime) -> OrderPerson:
    """One person more whom the order names: by their dwelling and their name in full, as at the desk. Only whoever drafts
    it, and only before anybody reads it.

    Raises: OrderRefused, OutOfOffice
    """
    held = _held(request)
    insist(by=by, perm="draft_sharing", neighborhood=held.neighborhood, at=at)
    if held.state != Request.State.DRAFT or held.reviews.exists():
        raise OrderRefused("not_a_draft")
    if not is_one_person(held.drafted_by_id, by.pk):
        raise OrderRefused("not_your_draft")
    resident = _found(held, dwelling, called, by, at)
    made, new = OrderPerson.objects.get_or_create(
        order=held.order, resident=resident, defaults={"neighborhood_id": held.neighborhood_id}
    )
    if new:
        _record("order.named", held.order, by=by, person=resident.pk)
    return made


def review(*, request: Request, yes: bool, by: User, at: datetime, words: str = "") -> Review:
    """One of the committees who did not draft it says yes, or no, with which it ends.

    Raises: OrderRefused, RequestRefused, OutOfOffice
    """
    if yes and not OrderPerson.objects.filter(order__request=request).exists():
        raise OrderRefused("nobody")
    if yes and at >= request.deadline:
        raise OrderRefused("too_old")
    return requesting.review(request=request, yes=yes, by=by, at=at, words=words)


@watched("give", on="request")
def give(*, request: Request, by: User, at: datetime) -> Disclosure:
    """Obey it: what it asks for goes the way of everything that leaves (`sharing.copying`).

    Raises: OrderRefused, OutOfOffice
    """
    held = _held(request)
    insist(by=by, perm="approve_sharing", neighborhood=held.neighborhood, at=at)
    if held.state != Request.State.DRAFT:
        raise OrderRefused("not_a_draft")
    if is_one_person(held.drafted_by_id, by.pk):
        raise OrderRefused("own_draft")
    if held.reviews.filter(yes=True).count() < requesting.READERS:
        raise OrderRefused("two_readers")
    if at >= held.deadline:
        raise OrderRefused("too_old")
    if copying.key_for(held.recipient_id) is None:
        raise OrderRefused("no_key")
    held.state, held.opened_by, held.opened_at = Request.State.OPEN, by, at
    held.save(update_fields=["state", "opened_by", "opened_at"])
    held.state = Request.State.RELEASED
    held.save(update_fields=["state"])
    made = Disclosure.objects.create(
        neighborhood_id=held.neighborhood_id, request=held, asked_by=by, asked_at=at
    )
    _record("order.given", held.order, by=by, disclosure=made.pk, sha=held.order.document_sha256)
    transaction.on_commit(lambda: effects.call("disclose_soon", disclosure=made.pk), robust=True)
    return made


def _found(held: Request, dwelling: str, called: str, by: User, at: datetime) -> Resident:
    """Raises: OrderRefused"""
    place = held.neighborhood
    if not finding.may_guess(by=by, neighborhood=place):
        raise OrderRefused("guessed")
    homes = finding.homes(finding.dwellings(dwelling, neighborhood=place), today=today_in(place, at))
    people = finding.of_this_name((each for home in homes for each in home.people), called)
    if len(set(people)) != 1:
        raise OrderRefused("nobody_there")
    return people[0]


def _held(request: Request) -> Request:
    found = Request.objects.select_for_update(of=("self",)).select_related("neighborhood", "order")
    return found.get(pk=request.pk, kind=ORDER)


def _record(kind: str, order: Order, *, by: User, **also: Any) -> None:
    record(
        kind=kind,
        subject=order.pk,
        neighborhood=order.neighborhood_id,
        payload={"by": by.pk, "request": order.request_id, "authority": order.authority_id, **also},
    )
