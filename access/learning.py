"""Finding how card numbers are written here, from one card typed as it stands in the list and then tapped.

Pure. Every pair of notations that makes the one out of the other is a candidate. Several candidates matter only if they
would ever disagree about a card; then a second card decides.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from access.notation import BY_CODE, Card, Notation, NotThisNotation, TooFewBits, plain, readings

SAMPLES = 48


class LearningRefused(ValueError):
    """Nothing was learned from this card."""


class UnreadableWritten(LearningRefused):
    """What was typed is a number in no notation that is known here."""


class UnreadableTapped(LearningRefused):
    """What the reader sent is a number in no notation that is known here."""


class BitsMissing(LearningRefused):
    """It may well be the same card, but the list says less of it than the readers do."""


class NotTheSameCard(LearningRefused):
    """No way of writing makes these two numbers one card."""


@dataclass(frozen=True)
class Pair:
    written: Notation
    said: Notation

    @property
    def code(self) -> str:
        return f"{self.written.code}>{self.said.code}"

    def convert(self, number: str) -> str | None:
        """None where this pair cannot read the number."""
        try:
            return self.said.write(self.written.read(number))
        except (NotThisNotation, TooFewBits):
            return None


def pair_of(code: str) -> Pair:
    """Raises: KeyError, ValueError"""
    written, said = code.split(">")
    return Pair(BY_CODE[written], BY_CODE[said])


def pairs(*, written: str, tapped: str, among: Iterable[Pair] | None = None) -> list[Pair]:
    """Every pair of notations by which what was written becomes what the reader sent, the likely ones first.

    `among` is what earlier cards left over.

    Raises: UnreadableWritten, UnreadableTapped, BitsMissing, NotTheSameCard
    """
    said = list(readings(tapped))
    if not said:
        raise UnreadableTapped
    cards = list(readings(written))
    if not cards:
        raise UnreadableWritten
    # Spelled as usual comes before spelled loosely: 111,27706 is 3+5 digits before it is 5+5 with noughts left out.
    cards.sort(key=lambda reading: reading[0].write(reading[1]) != plain(written))
    sent = {notation: notation.write(card) for notation, card in said}
    found = [
        Pair(one, other) for one, card in cards for other, text in sent.items() if _write(other, card) == text
    ]
    if among is not None:
        left = set(among)
        found = [pair for pair in found if pair in left]
    if not found:
        raise BitsMissing if _is_part(cards, said) else NotTheSameCard
    return found


def is_settled(found: Sequence[Pair]) -> bool:
    """Whether they agree about every card that more than one of them can read."""
    for number in _numbers(tuple({pair.written for pair in found})):
        if len({pair.convert(number) for pair in found} - {None}) > 1:
            return False
    return True


def best(found: Sequence[Pair]) -> Pair:
    """Of pairs that agree, the likeliest: it is the strictest reading of what such numbers usually are."""
    return found[0]


def _write(notation: Notation, card: Card) -> str | None:
    try:
        return notation.write(card)
    except TooFewBits:
        return None


def _is_part(cards: Iterable[tuple[Notation, Card]], said: Sequence[tuple[Notation, Card]]) -> bool:
    """Whether the reader's card, written as in the list, would be what the list says."""
    return any(
        _write(one, other) == one.write(card)
        for one, card in cards
        for notation, other in said
        if one.width < notation.width
    )


@cache
def _numbers(notations: tuple[Notation, ...]) -> tuple[str, ...]:
    """Cards of every size as these notations write them: also such with noughts in front, which some spellings drop."""
    draw = random.Random(1)  # noqa: S311 - the same samples each time, and no secret
    numbers: list[str] = []
    for size in (4, 5, 7):
        for sample in range(SAMPLES):
            raw = [draw.randrange(256) for _ in range(size)]
            for place in range(sample % size):
                raw[place if sample % 2 else -1 - place] = 0
            card = Card(size, tuple(enumerate(raw)))
            numbers += [text for notation in notations if (text := _write(notation, card)) is not None]
    return tuple(dict.fromkeys(numbers))
