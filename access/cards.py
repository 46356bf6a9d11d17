"""Cards: issued, ended, replaced. The number is never kept, only its digest under the neighborhood's card key."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from access.feed import refresh
from access.models import Credential
from consent.decisions import one_at_a_time
from gate import sealing
from residents.models import Neighborhood, Resident
from vault import blind


class CardRefused(ValueError):
    """No card came of it; nothing was written."""


class NumberRefused(CardRefused):
    """Not a card number: 4 to 32 letters and digits, whatever stands between them."""


class LastCard(CardRefused):
    """The only card somebody has is replaced in one act, not ended."""


class CardTaken(CardRefused):
    """This card already opens gates here, for this or another resident."""


def card_key(neighborhood: UUID) -> bytes:
    """What a neighborhood's gates make digests with. Another neighborhood's digests of one card differ."""
    return blind.derived_key(f"access.card|{neighborhood}")


def canonical(number: str, neighborhood: Neighborhood) -> str:
    """The number as the neighborhood's readers say it, of a number as somebody wrote it down. No query.

    Raises: NumberRefused
    """
    try:
        return sealing.normalise_card_number(number)
    except ValueError as refused:
        raise NumberRefused(str(refused)) from refused


@transaction.atomic
def issue(*, resident: Resident, number: str, at: datetime) -> Credential:
    """Give a resident a card. It opens what their rules open, from the next poll on.

    Raises: NumberRefused, CardTaken
    """
    card = _write(resident, number, at)
    refresh(credentials=[card], at=at)
    return card


@transaction.atomic
def end(*, card: Credential, at: datetime) -> bool:
    """A card too many, given back. False if it had ended before.

    Raises: LastCard, because nobody is left without a way in by a form (law 2); two desks at once take turns.
    """
    one_at_a_time(card.resident)
    theirs = Credential.objects.active().filter(resident_id=card.resident_id, kind=Credential.Kind.CARD)
    active = set(theirs.values_list("pk", flat=True))
    if active == {card.pk}:
        raise LastCard
    ended = card.pk in active and _end(card, Credential.Ended.RETURNED, at)
    if ended:
        refresh(credentials=[card], at=at)
    return ended


@transaction.atomic
def replace(*, card: Credential, number: str, at: datetime) -> Credential:
    """End one and issue the next in the same act, so that nobody stands outside in between.

    Raises: NumberRefused, CardTaken
    """
    one_at_a_time(card.resident)
    _end(card, Credential.Ended.REPLACED, at)
    new = _write(card.resident, number, at)
    refresh(credentials=[card, new], at=at)
    return new


def _write(resident: Resident, number: str, at: datetime) -> Credential:
    try:
        digest = sealing.card_digest(card_key=card_key(resident.neighborhood_id), number=number)
    except ValueError as refused:
        raise NumberRefused(str(refused)) from refused
    try:
        with transaction.atomic():
            return Credential.objects.create(
                neighborhood_id=resident.neighborhood_id,
                resident=resident,
                kind=Credential.Kind.CARD,
                digest=bytes.fromhex(digest),
                created_at=at,
            )
    except IntegrityError as error:
        if "credential_card_once" in str(error):
            raise CardTaken from error
        raise


def _end(card: Credential, because: Credential.Ended, at: datetime) -> bool:
    theirs = Credential.objects.active().filter(pk=card.pk, kind=Credential.Kind.CARD)
    return bool(theirs.update(ended_at=at, ended_because=because))
