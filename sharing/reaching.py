"""The way to a file: a link that staff send, good for a week, opened once, by the recipient's own account.

Whoever opens it gives the password and signs a line that was made for this link minutes ago (LM128). At that moment, under one
lock, the copy is compared once more with what residents agree to (`copying.hand`); a no that came before it is in time. Each
refusal is written down through one function.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import transaction
from django.db.models import Q, QuerySet

from residents import alarms
from residents.ages import today_in
from residents.models import Alarm, Neighborhood, User
from sharing import challenges, copying, recalls, recipient_keys, signatures
from sharing.joining import insist, note
from sharing.models import (
    Contract,
    Copy,
    DisclosedRow,
    Disclosure,
    Link,
    Piece,
    Recall,
    Recipient,
    RecipientAccount,
    Request,
)
from sharing.speaking import watched
from vault import blind

T = TypeVar("T")
LIFE = timedelta(days=7)
# Slips of who is busy signing: said beside the field, and no alarm to anybody.
SLIPS = frozenset({"unreadable", "stale"})
CHANGED = "changed"
# Nothing takes the place of this copy: it was fetched before, and is another thing since; or the request is closed.
SINCE, CLOSED = "since", "closed"
# Written down, and nobody is called: whoever holds the key tries again what a no has stopped.
QUIET = frozenset({SINCE, CLOSED})
RINGS = {"opened": Alarm.Kind.SHARING_REPLAYED_LINK, "no_key": Alarm.Kind.SHARING_KEY_CHANGED}


class NotReady(Exception):
    """There is no copy yet to which a link could lead, or none any more."""


class LinkRefused(Exception):
    """`reason` is one of: unknown, opened, replaced, expired, void, no_key, contract, changed, since, closed, and those of
    `challenges`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Made:
    """A link and its token, which is known only now."""

    link: Link
    token: str


def copy_of(released: Disclosure) -> Copy | None:
    """What there is to fetch of this release now."""
    there = released.copies.filter(state__in=(Copy.State.READY, Copy.State.HANDED))
    return there.order_by("-number").first()


@watched("link.make", on="copy")
def link(*, copy: Copy, by: User, at: datetime) -> Made:
    """A link to this copy; an earlier one that nobody opened stops working. After a download that broke off it leads to
    the same copy again.

    Raises: NotReady, OutOfOffice
    """
    recipient = copy.disclosure.request.recipient
    recipient = _held(recipient)
    insist(by, recipient, at)
    copy = Copy.objects.select_for_update(no_key=True).get(pk=copy.pk)
    if not _is_there(copy):
        raise NotReady
    _end(Link.objects.filter(copy=copy), Link.Ended.REPLACED, at)
    token = secrets.token_urlsafe(24)
    made = Link.objects.create(
        neighborhood_id=copy.neighborhood_id,
        copy=copy,
        digest=_digest(token),
        made_by=by,
        made_at=at,
        until=at + LIFE,
    )
    note("link.made", recipient, link=made.pk, copy=copy.pk, by=by.pk)
    return Made(made, token)


def look(*, token: str, account: RecipientAccount, at: datetime) -> Link:
    """Where this link leads, if it still does. Nothing is spent by looking.

    Raises: LinkRefused
    """
    return _noted(lambda: _standing(token, account, at), account, at)


def challenge(*, link: Link, account: RecipientAccount, at: datetime) -> str:
    return challenges.make(act=challenges.OPEN, about=link.pk, account=account.pk, at=at)


def open_(*, token: str, account: RecipientAccount, challenge: str, signature: str, at: datetime) -> Copy:
    """Spend the link: from now on this copy is handed over. A link to a copy that has become another thing is spent by
    nobody, for the copy is void.

    Raises: LinkRefused
    """
    copy = _noted(lambda: _opened(token, account, challenge, signature, at), account, at)
    if copy is None:
        reason = _why_stale(token)
        refused(reason=reason, account=account, at=at)
        raise LinkRefused(reason)
    return copy


@transaction.atomic
def end_of_contract(*, contract: Contract, at: datetime) -> list[Recall]:
    """It is over: links that are on their way lead nowhere, and everything that was handed over under it goes back or is
    deleted. Safe to repeat."""
    _end(Link.objects.filter(copy__disclosure__request__contract=contract), Link.Ended.CONTRACT, at)
    given = DisclosedRow.objects.filter(copy__disclosure__request__contract=contract)
    return recalls.open_(rows=given, because=Recall.Because.CONTRACT, at=at)


def contracts_over(*, at: datetime) -> list[Contract]:
    """Over by their last day or because somebody ended them, with rows that nobody asked back yet."""
    left = DisclosedRow.objects.filter(recalled=None, copy__state=Copy.State.HANDED)
    signed = Contract.objects.filter(pk__in=left.values("copy__disclosure__request__contract"))
    over: list[Contract] = []
    for neighborhood in Neighborhood.objects.filter(pk__in=signed.values("neighborhood")):
        ended = Q(ended_at__isnull=False) | Q(until__lt=today_in(neighborhood, at))
        over += signed.filter(ended, neighborhood=neighborhood)
    return over


@transaction.atomic
def refused(*, reason: str, account: RecipientAccount, at: datetime) -> None:
    """Somebody tried a link that does not open: the one place where this is written down, and the auditor hears of it."""
    if reason not in QUIET:
        alarms.sound(
            kind=RINGS.get(reason, Alarm.Kind.SHARING_REFUSED_LINK),
            neighborhood=account.recipient.neighborhood,
            by=account.user,
            subject=account.recipient_id,
            at=at,
        )
    note("link.refused", account.recipient, reason=reason, account=account.pk)


def _noted(act: Callable[[], T], account: RecipientAccount, at: datetime) -> T:
    """What is refused is undone, and that it was refused is kept."""
    try:
        with transaction.atomic():
            return act()
    except LinkRefused as found:
        if found.reason not in SLIPS:
            refused(reason=found.reason, account=account, at=at)
        raise


def _opened(
    token: str, account: RecipientAccount, challenge: str, signature: str, at: datetime
) -> Copy | None:
    """None: it is not what residents agree to now. Said without raising, so that the copy stays void."""
    found = _standing(token, account, at)
    _insist_on_proof(found, account, challenge, signature, at)
    try:
        copy = copying.hand(copy=found.copy, at=at)
    except copying.CopyIsStale:
        return None
    spent = Link.objects.unspent().filter(pk=found.pk)
    if not spent.update(opened_at=at, opened_by=account, challenge=challenge, signature=signature.strip()):
        raise LinkRefused("opened")
    note("link.opened", account.recipient, link=found.pk, copy=found.copy_id, account=account.pk)
    return copy


def _why_stale(token: str) -> str:
    copy = Copy.objects.select_related("disclosure__request").get(links__digest=_digest(token))
    if copy.state == Copy.State.HANDED:
        return SINCE
    return CLOSED if copy.disclosure.request.state == Request.State.CLOSED else CHANGED


def _standing(token: str, account: RecipientAccount, at: datetime) -> Link:
    """The link, its recipient locked, if it may be opened by this account now. Of another recipient's there is no such link."""
    recipient = recipient_keys.held(account)
    links = Link.objects.select_related("copy__key", "copy__disclosure__request__neighborhood")
    found = links.filter(digest=_digest(token), copy__disclosure__request__recipient=recipient).first()
    if found is None:
        raise LinkRefused("unknown")
    if found.opened_at:
        raise LinkRefused("opened")
    if found.ended_at:
        raise LinkRefused(found.ended_because)
    if at >= found.until:
        raise LinkRefused("expired")
    asked = found.copy.disclosure.request
    today = today_in(asked.neighborhood, at)
    if asked.contract_id and not Contract.objects.in_force(today).filter(pk=asked.contract_id).exists():
        raise LinkRefused("contract")
    key = found.copy.key
    if key is None or key.ended_at or key.confirmed_at is None:
        raise LinkRefused("no_key")
    if not _is_there(found.copy):
        raise LinkRefused("void")
    return found


def _is_there(copy: Copy) -> bool:
    """A file lies here only until a day after it was fetched."""
    made = copy.state in (Copy.State.READY, Copy.State.HANDED)
    return made and Piece.objects.filter(copy=copy).exists()


def _insist_on_proof(
    found: Link, account: RecipientAccount, challenge: str, signature: str, at: datetime
) -> None:
    assert found.copy.key is not None
    try:
        challenges.check(
            challenge=challenge,
            signature=signature,
            key=signatures.read_key(found.copy.key.public),
            act=challenges.OPEN,
            about=found.pk,
            account=account.pk,
            at=at,
        )
    except challenges.ChallengeRefused as no:
        raise LinkRefused(no.reason) from no


def _held(recipient: Recipient) -> Recipient:
    locked = Recipient.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("neighborhood").get(pk=recipient.pk)


def _end(links: QuerySet[Link], because: Link.Ended, at: datetime) -> None:
    links.filter(opened_at=None, ended_at=None).update(ended_at=at, ended_because=because)


def _digest(token: str) -> bytes:
    return blind.index(domain="recipient-link", value=token)
