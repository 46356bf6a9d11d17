"""A card's number as a terminal holds it, a number, and as the readers of the site say it, a text that digests are made of.

Only the digest says whether a spelling was right, so several are tried: noughts in front are a matter of taste. Byte order
and base are not, and are told once, when the terminal is approved.
"""

from collections.abc import Iterator
from enum import StrEnum

from gate.sealing import normalise_card_number
from gate.terminals.records import HIGHEST_CARD


class Notation(StrEnum):
    """How the site's readers write what a terminal knows as a number."""

    DECIMAL = "decimal"
    HEX = "hex"
    TURNED = "hex-turned"  # the card's bytes from the other end
    PAIR = "pair"  # three digits of facility and five of number, of 24 bits


class NoSuchNumber(ValueError):
    """Not a card's number in this notation."""


def spellings(card: int, notation: Notation) -> Iterator[str]:
    """As a reader of the site may have said it."""
    if notation is Notation.DECIMAL:
        yield from dict.fromkeys(f"{card:0{width}d}" for width in (4, 8, 10, 17))
    elif notation is Notation.PAIR:
        if card < 2**24:
            yield f"{card >> 16:03d}{card & 0xFFFF:05d}"
    else:
        for size in (3, 4, 5, 7):
            if card < 2 ** (8 * size):
                said = card.to_bytes(size, "big" if notation is Notation.HEX else "little")
                yield said.hex().upper()


def number_of(text: str, notation: Notation) -> int:
    """What a terminal is to be told for what a reader at the desk said. Raises: NoSuchNumber"""
    try:
        plain = normalise_card_number(text)
        if notation is Notation.DECIMAL:
            card = _decimal(plain)
        elif notation is Notation.PAIR:
            card = (_decimal(plain[:-5]) << 16) + _decimal(plain[-5:])
            if card >= 2**24 or _decimal(plain[-5:]) > 0xFFFF:
                raise NoSuchNumber("not 24 bits")
        else:
            card = int.from_bytes(bytes.fromhex(plain), "big" if notation is Notation.HEX else "little")
    except NoSuchNumber:
        raise
    except ValueError as error:
        raise NoSuchNumber(f"not a card's number in {notation}") from error
    if not 0 < card <= HIGHEST_CARD:
        raise NoSuchNumber("not a card's number")
    return card


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise NoSuchNumber("not digits")
    return int(text)
