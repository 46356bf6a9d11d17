"""One card, many numbers: published examples, and every pair of notations there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.notation import (
    BY_CODE,
    NOTATIONS,
    Card,
    Notation,
    NotThisNotation,
    Order,
    ParityWrong,
    Spelling,
    TooFewBits,
    convert,
    is_convertible,
    readings,
)

HEX, DECIMAL, PLAIN, PAIR, LONG = (
    Spelling.HEX,
    Spelling.DECIMAL,
    Spelling.PLAIN,
    Spelling.PAIR,
    Spelling.LONG_PAIR,
)
BITS, W_HEX, W_DECIMAL = Spelling.WIEGAND_BITS, Spelling.WIEGAND_HEX, Spelling.WIEGAND_DECIMAL
TURNED = Order.TURNED


def n(spelling: Spelling, width: int, order: Order = Order.STRAIGHT) -> Notation:
    return BY_CODE[Notation(spelling, width, order).code]


# Each line is one card, as its source says it in two ways. The sources are at the head of `access.notation`.
PUBLISHED = [
    # 26 bits: facility 90, card 324 (the example of the npm package wiegand-encoder, version 1)
    (n(PAIR, 3), "090,00324", n(BITS, 3), "00101101000000001010001000"),
    # H10301 as a Proxmark prints it: raw 2006e22f13 is facility 113, card 6025; its low 26 bits
    (n(PAIR, 3), "113,06025", n(W_HEX, 3), "2E22F13"),
    # H10301 as a Flipper prints it: 7B11D7 is facility 123, card 4567
    (n(PAIR, 3), "123 4567", n(HEX, 3), "7B11D7"),
    # Wiegand 34 (Hikvision): 1234567890 is 49 96 02 D2, framed 1 … 0
    (n(DECIMAL, 4), "1234567890", n(HEX, 4), "499602D2"),
    (n(DECIMAL, 4), "1234567890", n(BITS, 4), "1" + f"{1234567890:032b}" + "0"),
    # One EM card, 01026F6C3A, in the five formats of a desk reader (zgznk.com, 09A-EMID-6H10D)
    (n(HEX, 5), "01026F6C3A", n(DECIMAL, 4), "0040856634"),
    (n(HEX, 5), "01026F6C3A", n(DECIMAL, 3), "07302202"),
    (n(HEX, 5), "01026F6C3A", n(PAIR, 3), "11127706"),
    (n(HEX, 5), "01026F6C3A", n(PAIR, 4), "0062327706"),
    (n(DECIMAL, 4), "0040856634", n(PAIR, 3), "11127706"),
    # Nitgen eNCard-i: 08 01 16 1D D6 is 022+07638 and 0018226646; 52 9D 06 E3 is 1386022627, turned E3069D52, 3808861522
    (n(HEX, 5), "0801161DD6", n(PAIR, 3), "02207638"),
    (n(HEX, 5), "0801161DD6", n(DECIMAL, 4), "0018226646"),
    (n(HEX, 4), "52:9D:06:E3", n(DECIMAL, 4), "1386022627"),
    (n(HEX, 4), "52 9d 06 e3", n(HEX, 4, TURNED), "E3069D52"),
    (n(HEX, 4), "529D06E3", n(DECIMAL, 4, TURNED), "3808861522"),
]


@pytest.mark.parametrize(("one", "written", "other", "said"), PUBLISHED)
def test_it_reads_a_published_example(one, written, other, said):
    assert convert(written, written=one, said=other) == said


@pytest.mark.parametrize(("one", "written", "other", "said"), PUBLISHED)
def test_a_published_example_comes_back_where_no_bits_were_left_out(one, written, other, said):
    if is_convertible(written=other, said=one):
        assert one.read(convert(said, written=other, said=one)) == one.read(written)
    else:
        assert other.width < one.width
        with pytest.raises(TooFewBits):
            convert(said, written=other, said=one)


@st.composite
def cards(draw) -> Card:
    size = draw(st.sampled_from([4, 5, 7]))
    return Card(size, tuple(enumerate(draw(st.binary(min_size=size, max_size=size)))))


def whole(notation: Notation, card: Card) -> str | None:
    try:
        return notation.write(card)
    except TooFewBits:
        return None


@given(cards())
def test_every_notation_reads_what_it_writes(card):
    for notation in NOTATIONS:
        written = whole(notation, card)
        if written is not None:
            assert notation.write(notation.read(written)) == written


@given(st.binary(min_size=4, max_size=4))
def test_every_pair_of_notations_agrees_on_one_card_or_says_that_bits_are_missing(raw):
    card = Card(4, tuple(enumerate(raw)))
    for one in NOTATIONS:
        for other in NOTATIONS:
            if one.width > 4 or other.width > 4:
                continue
            written = one.write(card)
            if is_convertible(written=one, said=other):
                said = convert(written, written=one, said=other)
                assert said == other.write(card)
                if is_convertible(written=other, said=one):
                    assert convert(said, written=other, said=one) == written
            else:
                with pytest.raises(TooFewBits):
                    convert(written, written=one, said=other)


@given(st.binary(min_size=7, max_size=7))
def test_a_long_uid_gives_every_narrower_number_that_readers_cut_from_it(raw):
    card = Card(7, tuple(enumerate(raw)))
    assert n(HEX, 4).write(card) == raw[3:].hex().upper()
    assert n(HEX, 4, TURNED).write(card) == raw[:4][::-1].hex().upper()
    assert n(PAIR, 3).write(card) == f"{raw[4]:03}{int.from_bytes(raw[5:], 'big'):05}"


def test_24_bits_never_make_32():
    for narrow in NOTATIONS:
        for wide in NOTATIONS:
            if narrow.width < wide.width:
                assert not is_convertible(written=narrow, said=wide), (narrow, wide)


@given(st.integers(0, 2**24 - 1), st.integers(0, 25))
def test_one_wrong_bit_of_26_is_found(value, place):
    framed = int(n(BITS, 3).write(n(DECIMAL, 3).read(f"{value:08}")), 2)
    for spelling, text in ((BITS, f"{framed ^ 1 << place:026b}"), (W_HEX, f"{framed ^ 1 << place:07X}")):
        with pytest.raises(ParityWrong):
            n(spelling, 3).read(text)


@given(st.integers(0, 2**32 - 1), st.integers(0, 33))
def test_one_wrong_bit_of_34_is_found(value, place):
    framed = int(n(W_DECIMAL, 4).write(n(DECIMAL, 4).read(f"{value:010}")))
    with pytest.raises(ParityWrong):
        n(W_DECIMAL, 4).read(f"{framed ^ 1 << place:011}")


@pytest.mark.parametrize(
    ("notation", "number"),
    [
        (n(DECIMAL, 4), "4294967296"),  # 2^32
        (n(DECIMAL, 4), "123456789"),  # nine digits
        (n(DECIMAL, 4), "12345678901"),
        (n(DECIMAL, 4), "12345678 9"),
        (n(DECIMAL, 4), "-123456789"),
        (n(DECIMAL, 4), "1.23456E+9"),  # what a spreadsheet makes of it
        (n(DECIMAL, 4), "٠١٢٣٤٥٦٧٨٩"),
        (n(DECIMAL, 3), "16777216"),  # 2^24
        (n(PLAIN, 3), "016777"),
        (n(PLAIN, 3), "+16777"),
        (n(PAIR, 3), "256,00001"),
        (n(PAIR, 3), "111,65536"),
        (n(PAIR, 3), "0111,27706"),
        (n(PAIR, 3), "111,27706,1"),
        (n(PAIR, 4), "65536,00001"),
        (n(LONG, 4), "111,16777216"),
        (n(HEX, 4), "529D06E"),
        (n(HEX, 4), "529D06EG"),
        (n(HEX, 4), "52:9D-06:E3"),  # two kinds of separator
        (n(HEX, 4), "5:29D06E3"),
        (n(HEX, 7), "04A1B2C3D4E5"),  # six bytes
        (n(BITS, 3), "0010110100000000101000100"),  # 25
        (n(W_HEX, 3), "FE22F13"),  # 28 bits
        (n(HEX, 4), ""),
        (n(HEX, 4), "0" * 5000),
        (n(HEX, 4), "'; DROP TABLE access_credential; --"),
    ],
)
def test_it_refuses_what_is_not_so_written(notation, number):
    with pytest.raises(NotThisNotation):
        notation.read(number)


def test_full_width_digits_and_small_letters_are_read():
    assert n(DECIMAL, 4).read("００４０８５６６３４") == n(DECIMAL, 4).read("0040856634")
    assert n(PAIR, 3).read("111，27706") == n(PAIR, 3).read("11127706")
    assert n(HEX, 7).read("04-a1-b2-c3-d4-e5-f6") == n(HEX, 7).read("04A1B2C3D4E5F6")


@given(st.text(max_size=80))
def test_no_text_breaks_it(text):
    for notation, card in readings(text):
        assert notation.write(card)


def test_codes_are_one_for_one_and_fit_their_column():
    assert len(BY_CODE) == len(NOTATIONS)
    assert all(len(code) <= 40 for code in BY_CODE)
