"""How the number of one and the same card is written: decimal, hexadecimal, Wiegand; 24 bits or more; either byte order.

Pure. A card holds a few bytes. A notation says some of them, in some order, spelled in some way; so two notations are
of one card where the bytes that both say are alike, and one can be turned into the other where it says all the bytes
that the other needs. 24 bits never make 32. Narrow notations say the low bytes of the number, as readers do.

What is read is read strictly: the right count of digits, nothing too large, parity checked wherever it is there.

Sources, whose examples are in the tests: the open 26-bit format H10301, 8 bits of facility and 16 of number between an
even and an odd parity bit (HID Tech Tip 5, https://www.identisource.net/26_bit_format_layout.cfm); Wiegand 34 likewise,
over 16 bits each (Hikvision, DS-2CD7A26G0 Wiegand guide); how desk readers spell an EM card, 10H, 8H10D, 6H8D, 2H4H and
4H4H (https://www.zgznk.com/product/product49_en.html); both byte orders of a contactless UID (Nitgen, eNCard-i guide).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

HIGHEST_LENGTH = 64  # of what anybody types; longer is refused before any pattern looks at it
_SEPARATED_HEX = re.compile(r"(?:[0-9A-F]{2}([:\- ]?))(?:[0-9A-F]{2}\1)*[0-9A-F]{2}")
_PAIR = re.compile(r"(?P<facility>[0-9]{1,5})\s*[,;/:\-. ]\s*(?P<number>[0-9]{1,8})")


class NotThisNotation(ValueError):
    """What was written is not a number in this notation."""


class ParityWrong(NotThisNotation):
    """The right count of bits, and one of them must be wrong."""


class TooFewBits(ValueError):
    """The one notation does not say all that the other needs."""


class Order(StrEnum):
    """Which bytes of the card are said, and from which end."""

    STRAIGHT = "straight"  # the low bytes, highest first: how most readers say it
    TURNED = "turned"  # the whole card turned round first: the low bytes of that
    SWAPPED = "swapped"  # the low bytes, lowest first
    FRONT = "front"  # the first bytes of the card, in their order


class Spelling(StrEnum):
    HEX = "hex"
    DECIMAL = "decimal"  # padded with noughts to the usual width
    PLAIN = "plain"  # decimal, no noughts in front
    TEN_DIGITS = "ten_digits"  # 24 bits, padded to ten digits all the same
    PAIR = "pair"  # facility and number: 3+5 of 24 bits, 5+5 of 32
    LONG_PAIR = "long_pair"  # 3+8: 8 bits of facility and 24 of number
    WIEGAND_BITS = "wiegand_bits"  # noughts and ones with the two parity bits
    WIEGAND_HEX = "wiegand_hex"  # the same 26 or 34 bits in hexadecimal
    WIEGAND_DECIMAL = "wiegand_decimal"  # the same 26 or 34 bits in decimal


@dataclass(frozen=True)
class Card:
    """What is known of a card: bytes by their place from the front, in a card of `size` bytes."""

    size: int
    bytes: tuple[tuple[int, int], ...]  # (place, value), by place

    @property
    def known(self) -> Mapping[int, int]:
        return dict(self.bytes)


@dataclass(frozen=True)
class Notation:
    spelling: Spelling
    width: int  # bytes said: 3, 4, 5 or 7
    order: Order = Order.STRAIGHT

    @property
    def code(self) -> str:
        """As it is kept: `decimal-32-turned`."""
        return f"{self.spelling}-{8 * self.width}-{self.order}"

    def read(self, number: str) -> Card:
        """Raises: NotThisNotation, ParityWrong"""
        value = _READ[self.spelling](self, _folded(number))
        if value.bit_length() > 8 * self.width:
            raise NotThisNotation("too large a number for this notation")
        said = value.to_bytes(self.width, "big")
        size = max(self.width, 4)
        return Card(size, tuple(sorted(zip(self._places(size), said, strict=True))))

    def write(self, card: Card) -> str:
        """The one usual spelling, without separators: what a reader sends, and what digests are made of.

        Raises: TooFewBits
        """
        if card.size < self.width:
            raise TooFewBits(f"{8 * card.size} bits are not {8 * self.width}")
        card = _without_version(card) if self.width < card.size else card
        known = card.known
        places = self._places(card.size)
        if not all(place in known for place in places):
            raise TooFewBits(f"only {8 * len(known)} bits of the card are known, and others are needed")
        return _WRITE[self.spelling](self, int.from_bytes(bytes(known[place] for place in places), "big"))

    def _places(self, size: int) -> list[int]:
        low = list(range(size - self.width, size))
        front = list(range(self.width))
        return {
            Order.STRAIGHT: low,
            Order.SWAPPED: low[::-1],
            Order.FRONT: front,
            Order.TURNED: front[::-1],
        }[self.order]


def _without_version(card: Card) -> Card:
    """An EM card has five bytes: a version, which is not part of its number, and the number."""
    if card.size != 5:
        return card
    return Card(4, tuple((place - 1, value) for place, value in card.bytes if place > 0))


def plain(number: str) -> str:
    """Without what stands between the digits.

    Raises: NotThisNotation
    """
    return re.sub(r"[\s,;/:\-.]", "", _folded(number))


def _folded(number: str) -> str:
    if len(number) > HIGHEST_LENGTH:
        raise NotThisNotation("longer than any card number")
    return unicodedata.normalize("NFKC", number).strip().upper().replace("、", ",")


# --- Reading: a folded text into a number of `width` bytes


def _digits(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and least <= len(text) <= most):
        raise NotThisNotation(f"expected {least} to {most} digits")
    return int(text)


def _read_hex(notation: Notation, text: str) -> int:
    if not _SEPARATED_HEX.fullmatch(text):
        raise NotThisNotation("expected pairs of hexadecimal digits")
    plain = re.sub(r"[:\- ]", "", text)
    if len(plain) != 2 * notation.width:
        raise NotThisNotation(f"expected {2 * notation.width} hexadecimal digits")
    return int(plain, 16)


def _read_decimal(notation: Notation, text: str) -> int:
    width = _decimal_width(notation.width)
    return _digits(text, width, width)


def _read_plain(notation: Notation, text: str) -> int:
    """Spreadsheets drop the noughts in front; what has them is another notation."""
    if text.startswith("0") and text != "0":
        raise NotThisNotation("no noughts in front")
    return _digits(text, 1, _decimal_width(notation.width))


def _read_ten_digits(notation: Notation, text: str) -> int:
    return _digits(text, 10, 10)


def _read_pair(notation: Notation, text: str) -> int:
    facility_bits, number_bits = _pair_bits(notation)
    facility_digits, number_digits = _pair_digits(notation)
    if match := _PAIR.fullmatch(text):
        if len(match["facility"]) > facility_digits or len(match["number"]) > number_digits:
            raise NotThisNotation(f"expected {facility_digits} and {number_digits} digits")
        facility, number = int(match["facility"]), int(match["number"])
    else:
        _digits(text, facility_digits + number_digits, facility_digits + number_digits)
        facility, number = int(text[:facility_digits]), int(text[facility_digits:])
    if facility.bit_length() > facility_bits or number.bit_length() > number_bits:
        raise NotThisNotation("a facility or a number too large")
    return facility << number_bits | number


def _read_bits(notation: Notation, text: str) -> int:
    total = 8 * notation.width + 2
    plain = re.sub(r"[ \-]", "", text)
    if not re.fullmatch(rf"[01]{{{total}}}", plain):
        raise NotThisNotation(f"expected {total} noughts and ones")
    return _without_parity(notation, int(plain, 2))


def _read_wiegand_hex(notation: Notation, text: str) -> int:
    digits = _wiegand_hex_digits(notation)
    if not re.fullmatch(rf"[0-9A-F]{{{digits}}}", text):
        raise NotThisNotation(f"expected {digits} hexadecimal digits")
    return _without_parity(notation, int(text, 16))


def _read_wiegand_decimal(notation: Notation, text: str) -> int:
    digits = _wiegand_decimal_digits(notation)
    return _without_parity(notation, _digits(text, digits, digits))


def _without_parity(notation: Notation, framed: int) -> int:
    bits = 8 * notation.width
    if framed.bit_length() > bits + 2:
        raise NotThisNotation(f"more than {bits + 2} bits")
    value = framed >> 1 & (1 << bits) - 1
    if framed != _with_parity(value, bits):
        raise ParityWrong("a parity bit does not fit: one of the digits is wrong")
    return value


# --- Writing


def _with_parity(value: int, bits: int) -> int:
    """Even over the first half and its bit, odd over the second half and its bit."""
    half = bits // 2
    even = (value >> half).bit_count() & 1
    odd = (value & (1 << half) - 1).bit_count() & 1 ^ 1
    return even << bits + 1 | value << 1 | odd


def _write_pair(notation: Notation, value: int) -> str:
    number_bits = _pair_bits(notation)[1]
    facility_digits, number_digits = _pair_digits(notation)
    return f"{value >> number_bits:0{facility_digits}}{value & (1 << number_bits) - 1:0{number_digits}}"


def _decimal_width(width: int) -> int:
    """6H8D, 8H10D, 10H13D; 17 digits hold 56 bits."""
    return {3: 8, 4: 10, 5: 13, 7: 17}[width]


def _pair_bits(notation: Notation) -> tuple[int, int]:
    if notation.spelling == Spelling.LONG_PAIR:
        return 8, 24
    return (8, 16) if notation.width == 3 else (16, 16)


def _pair_digits(notation: Notation) -> tuple[int, int]:
    if notation.spelling == Spelling.LONG_PAIR:
        return 3, 8
    return (3, 5) if notation.width == 3 else (5, 5)


def _wiegand_hex_digits(notation: Notation) -> int:
    return (8 * notation.width + 2 + 3) // 4


def _wiegand_decimal_digits(notation: Notation) -> int:
    return len(str((1 << 8 * notation.width + 2) - 1))


_READ: dict[Spelling, Callable[[Notation, str], int]] = {
    Spelling.HEX: _read_hex,
    Spelling.DECIMAL: _read_decimal,
    Spelling.PLAIN: _read_plain,
    Spelling.TEN_DIGITS: _read_ten_digits,
    Spelling.PAIR: _read_pair,
    Spelling.LONG_PAIR: _read_pair,
    Spelling.WIEGAND_BITS: _read_bits,
    Spelling.WIEGAND_HEX: _read_wiegand_hex,
    Spelling.WIEGAND_DECIMAL: _read_wiegand_decimal,
}
_WRITE: dict[Spelling, Callable[[Notation, int], str]] = {
    Spelling.HEX: lambda n, value: f"{value:0{2 * n.width}X}",
    Spelling.DECIMAL: lambda n, value: f"{value:0{_decimal_width(n.width)}}",
    Spelling.PLAIN: lambda n, value: str(value),
    Spelling.TEN_DIGITS: lambda n, value: f"{value:010}",
    Spelling.PAIR: _write_pair,
    Spelling.LONG_PAIR: _write_pair,
    Spelling.WIEGAND_BITS: lambda n, value: f"{_with_parity(value, 8 * n.width):0{8 * n.width + 2}b}",
    Spelling.WIEGAND_HEX: lambda n, value: f"{_with_parity(value, 8 * n.width):0{_wiegand_hex_digits(n)}X}",
    Spelling.WIEGAND_DECIMAL: lambda n, value: (
        f"{_with_parity(value, 8 * n.width):0{_wiegand_decimal_digits(n)}}"
    ),
}

_WIEGAND = (Spelling.WIEGAND_BITS, Spelling.WIEGAND_HEX, Spelling.WIEGAND_DECIMAL)
_OF_WIDTH: dict[int, tuple[Spelling, ...]] = {
    3: (Spelling.DECIMAL, Spelling.PAIR, Spelling.HEX, Spelling.PLAIN, Spelling.TEN_DIGITS, *_WIEGAND),
    4: (Spelling.DECIMAL, Spelling.HEX, Spelling.PLAIN, Spelling.PAIR, Spelling.LONG_PAIR, *_WIEGAND),
    5: (Spelling.HEX, Spelling.DECIMAL),
    7: (Spelling.HEX, Spelling.DECIMAL),
}
_ORDERS: dict[int, tuple[Order, ...]] = {
    3: tuple(Order),
    # For four bytes out of four the ends are the same.
    4: (Order.STRAIGHT, Order.TURNED),
    5: (Order.STRAIGHT,),
    7: (Order.STRAIGHT, Order.TURNED),
}
# The likely ones first: straight before turned, printed before raw.
NOTATIONS: tuple[Notation, ...] = tuple(
    Notation(spelling, width, order)
    for order in Order
    for width in (4, 3, 7, 5)
    if order in _ORDERS[width]
    for spelling in _OF_WIDTH[width]
)
BY_CODE: Mapping[str, Notation] = {notation.code: notation for notation in NOTATIONS}


def readings(number: str, among: Iterable[Notation] = NOTATIONS) -> Iterator[tuple[Notation, Card]]:
    """Every notation in which this can be read, and what it then says."""
    for notation in among:
        try:
            yield notation, notation.read(number)
        except NotThisNotation:
            continue


def convert(number: str, *, written: Notation, said: Notation) -> str:
    """What readers that speak `said` send for the card that is written so.

    Raises: NotThisNotation, ParityWrong, TooFewBits
    """
    return said.write(written.read(number))


def is_convertible(*, written: Notation, said: Notation) -> bool:
    """Whether the one says all that the other needs, for every card."""
    try:
        said.write(written.read(written.write(_ANY[max(written.width, 4)])))
    except TooFewBits:
        return False
    return True


_ANY = {size: Card(size, tuple((place, place + 1) for place in range(size))) for size in (4, 5, 7)}
