"""Cards: issued, ended, replaced. The number is never kept, only its digest under the neighborhood's card key.

`canonical` is where every digest begins: what was written in a list, or read off a card, becomes what the readers say.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import DatabaseError, IntegrityError, transaction

from access import pins
from access.feed import gates_within_reach, refresh
from access.models import CardFormat, Credential
from access.notation import Notation, NotThisNotation, ParityWrong
from consent.decisions import one_at_a_time
from gate import sealing
from ledger.record import Act, record_many
from residents.models import Neighborhood, Occupancy, Resident, User
from vault import blind

LAST_WAY = "LM011"


class CardRefused(ValueError):
    """No card came of it; nothing was written."""


class NumberRefused(CardRefused):
    """Not a card number: 4 to 32 letters and digits, whatever stands between them."""


class NotWrittenSo(NumberRefused):
    """Not as card numbers are written in this neighborhood."""


class DigitWrong(NumberRefused):
    """The number carries its own check, and that does not fit."""


class LastCard(CardRefused):
    """The only way in that somebody has is replaced in one act, not ended."""


class GoneAway(CardRefused):
    """Whoever lives here no more gets no new way in: they move in first."""


class CardTaken(CardRefused):
    """This card already opens gates here, for this or another resident."""


def card_key(neighborhood: UUID) -> bytes:
    """What a neighborhood's gates make digests with. Another neighborhood's digests of one card differ."""
    return blind.derived_key(f"access.card|{neighborhood}")


def canonical(number: str, neighborhood: Neighborhood | UUID, *, tapped: bool = False) -> str:
    """What the readers here say for the card whose number was written so, or `tapped` on the desk reader.

    Some numbers can be read both ways; then it is believed that what was typed is as written, and what was tapped as said.

    Raises: NumberRefused, NotWrittenSo, DigitWrong
    """
    return _said(number, format_of(neighborhood), tapped)


def format_of(neighborhood: Neighborhood | UUID) -> CardFormat | None:
    """One query; for a row in hand, one for all of its life: an import asks thousands of times."""
    if isinstance(neighborhood, Neighborhood):
        return getattr(neighborhood, "card_format", None)
    return CardFormat.objects.filter(pk=neighborhood).first()


def _said(number: str, found: CardFormat | None, tapped: bool) -> str:
    try:
        return sealing.normalise_card_number(_as_said(number, found, tapped) if found else number)
    except ParityWrong as wrong:
        raise DigitWrong(str(wrong)) from wrong
    except NotThisNotation as wrong:
        raise NotWrittenSo(str(wrong)) from wrong
    except ValueError as refused:
        raise NumberRefused(str(refused)) from refused


def _id(neighborhood: Neighborhood | UUID) -> UUID:
    return neighborhood.pk if isinstance(neighborhood, Neighborhood) else neighborhood


def _as_said(number: str, found: CardFormat, tapped: bool) -> str:
    likely: tuple[Notation, Notation] = (found.written_as, found.said_as)
    first, second = reversed(likely) if tapped else likely
    try:
        return found.said_as.write(first.read(number))
    except NotThisNotation as wrong:
        try:
            return found.said_as.write(second.read(number))
        except NotThisNotation:
            raise wrong from None


def digest_of(number: str, neighborhood: Neighborhood | UUID, *, tapped: bool = False) -> bytes:
    """Raises: NumberRefused"""
    return _digest(canonical(number, neighborhood, tapped=tapped), _id(neighborhood))


def digests_of_many(numbers: Iterable[str], neighborhood: Neighborhood | UUID) -> dict[str, bytes | None]:
    """Of numbers as somebody wrote them down, with one query for all; None for what is no card number here."""
    found = format_of(neighborhood)
    digests: dict[str, bytes | None] = {}
    for number in numbers:
        try:
            digests[number] = _digest(_said(number, found, tapped=False), _id(neighborhood))
        except NumberRefused:
            digests[number] = None
    return digests


def digests_of(number: str, neighborhood: Neighborhood | UUID) -> set[bytes]:
    """For a search, that may look for both: the number as typed, and as tapped.

    Raises: NumberRefused
    """
    return digests_by(number, _id(neighborhood), format_of(neighborhood))


def digests_by(number: str, neighborhood: UUID, found: CardFormat | None) -> set[bytes]:
    """The same, for who has read the format already.

    Raises: NumberRefused
    """
    return {_digest(_said(number, found, tapped), neighborhood) for tapped in (False, True)}


def _digest(said: str, neighborhood: UUID) -> bytes:
    return bytes.fromhex(sealing.card_digest(card_key=card_key(neighborhood), number=said))


@transaction.atomic
def issue(
    *,
    resident: Resident,
    number: str,
    at: datetime,
    tapped: bool = False,
    temporary: bool = False,
    by: User | None = None,
) -> Credential:
    """Give a resident a card, or lend one. It opens what their rules open, from the next poll on.

    A card of their own ends the PIN that was lent meanwhile; a spare card is asked back (`losing.loans`). Whoever holds the
    card goes in as the resident, so who of the staff gave it out (`by`) stands in the ledger.

    Raises: NumberRefused, CardTaken, GoneAway
    """
    return issue_digest(
        resident=resident,
        digest=digest_of(number, resident.neighborhood_id, tapped=tapped),
        at=at,
        temporary=temporary,
        by=by,
    )


@transaction.atomic
def issue_digest(
    *, resident: Resident, digest: bytes, at: datetime, temporary: bool = False, by: User | None = None
) -> Credential:
    """The same for a card that a gate has seen, and whose number nobody here knows.

    Raises: CardTaken, GoneAway
    """
    resident = one_at_a_time(resident)
    if resident.left_at is not None:
        raise GoneAway
    card = _write(resident, digest, at, temporary=temporary)
    if not temporary:
        _end_lent_pins(resident, at)
    if by is not None:
        record_many([given(card, by=by.pk)])
    refresh(credentials=[card], at=at)
    return card


@transaction.atomic
def end(*, card: Credential, at: datetime) -> bool:
    """A card too many, given back. False if it had ended before.

    Raises: LastCard, because nobody is left without a way in by a form (law 2); two desks at once take turns.
    """
    resident = one_at_a_time(card.resident)
    ways = {each.pk: each for each in Credential.objects.active().plain().filter(resident=resident)}
    rest = [each for pk, each in ways.items() if pk != card.pk]
    if card.pk in ways and lives_here(resident, at, or_will=True) and not _suffice(rest, resident, at):
        raise LastCard
    ended = card.pk in ways and _end(card, Credential.Ended.RETURNED, at)
    if ended:
        refresh(credentials=[card], at=at)
    return ended


@transaction.atomic
def replace(
    *, card: Credential, number: str, at: datetime, tapped: bool = False, by: User | None = None
) -> Credential:
    """End one and issue the next in the same act, so that nobody stands outside in between.

    Raises: NumberRefused, CardTaken, GoneAway
    """
    digest = digest_of(number, card.neighborhood_id, tapped=tapped)
    if one_at_a_time(card.resident).left_at is not None:
        raise GoneAway
    _end(card, Credential.Ended.REPLACED, at)
    new = _write(card.resident, digest, at)
    _end_lent_pins(card.resident, at)
    if by is not None:
        record_many([given(new, by=by.pk)])
    refresh(credentials=[card, new], at=at)
    return new


def given(card: Credential, *, by: UUID) -> Act:
    """For the ledger: who gave this card out."""
    return Act(
        kind="card.given",
        subject=card.resident_id,
        neighborhood=card.neighborhood_id,
        payload={"card": card.pk, "temporary": card.temporary, "by": by},
    )


def lives_here(resident: Resident, at: datetime, *, or_will: bool = False) -> bool:
    """As the database asks it before it lets a last way in end: by its own clock, and so perhaps a midnight later."""
    zone = Neighborhood.objects.values_list("time_zone", flat=True).get(pk=resident.neighborhood_id)
    today = at.astimezone(ZoneInfo(zone)).date()
    homes = Occupancy.objects.standing(today).filter(resident=resident)
    return (homes if or_will else homes.filter(since__lte=today)).exists()


def is_last_way(error: DatabaseError) -> bool:
    """Whether the database would not let somebody who lives here be left without a card or a PIN (law 2)."""
    return getattr(error.__cause__, "sqlstate", None) == LAST_WAY


def _suffice(ways: list[Credential], resident: Resident, at: datetime) -> bool:
    """A PIN that no gate of theirs takes is no way in (law 1)."""
    if any(each.kind == Credential.Kind.CARD for each in ways):
        return True
    gates = [gate for gate in gates_within_reach(resident=resident, at=at) if gate.in_service]
    return bool(ways) and (not gates or any(gate.by_pin for gate in gates))


def _write(resident: Resident, digest: bytes, at: datetime, *, temporary: bool = False) -> Credential:
    try:
        with transaction.atomic():
            return Credential.objects.create(
                neighborhood_id=resident.neighborhood_id,
                resident=resident,
                kind=Credential.Kind.CARD,
                digest=digest,
                temporary=temporary,
                created_at=at,
            )
    except IntegrityError as error:
        if "credential_card_once" in str(error):
            raise CardTaken from error
        raise


def _end(card: Credential, because: Credential.Ended, at: datetime) -> bool:
    theirs = Credential.objects.active().filter(pk=card.pk, kind=Credential.Kind.CARD)
    return bool(theirs.update(ended_at=at, ended_because=because))


def _end_lent_pins(resident: Resident, at: datetime) -> None:
    lent = Credential.objects.active().filter(resident=resident, kind=Credential.Kind.PIN, temporary=True)
    if found := list(lent):
        pins.end(found, because=Credential.Ended.REPLACED, at=at)
