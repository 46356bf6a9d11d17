"""Tap to learn: one card, typed and tapped, says how all of them are to be read; or a second one does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access import learning
from access.learning import BitsMissing, NotTheSameCard, Pair, UnreadableTapped, UnreadableWritten, pairs
from access.notation import BY_CODE, NOTATIONS, Card, TooFewBits


def codes(found: list[Pair]) -> set[str]:
    return {pair.code for pair in found}


def test_it_finds_what_connects_a_printed_number_with_a_reader_that_speaks_hexadecimal():
    found = pairs(written="0040856634", tapped="026F6C3A")
    assert learning.is_settled(found)
    assert learning.best(found).code == "decimal-32-straight>hex-32-straight"


def test_it_finds_the_other_byte_order():
    found = pairs(written="1386022627", tapped="E3069D52")
    assert learning.best(found).code == "decimal-32-straight>hex-32-turned"
    assert learning.is_settled(found)


def test_it_finds_facility_and_number_in_a_longer_number():
    found = pairs(written="111,27706", tapped="0007302202")
    assert learning.best(found).code == "pair-24-straight>ten_digits-24-straight"


def test_the_same_number_twice_may_still_hide_dropped_noughts_so_a_second_card_decides():
    found = pairs(written="1234567890", tapped="1234567890")
    assert not learning.is_settled(found)
    left = pairs(written="0040856634", tapped="0040856634", among=found)
    assert learning.is_settled(left)
    assert learning.best(left).code == "decimal-32-straight>decimal-32-straight"


def test_a_card_that_reads_the_same_from_both_ends_needs_a_second_one():
    found = pairs(written="11222211", tapped="287449617")
    assert not learning.is_settled(found)
    left = pairs(written="529D06E3", tapped="3808861522", among=found)
    assert codes(left) == {"hex-32-straight>plain-32-turned", "hex-32-turned>plain-32-straight"}
    assert learning.is_settled(left)  # they never differ


def test_a_second_card_that_fits_none_of_what_the_first_left_is_said_plainly():
    found = pairs(written="0040856634", tapped="026F6C3A")
    with pytest.raises(NotTheSameCard):
        pairs(written="1386022627", tapped="E3069D52", among=found)


@pytest.mark.parametrize(
    ("written", "tapped", "why"),
    [
        ("0040856634", "026F6C3B", NotTheSameCard),
        ("111,27706", "0040856634", BitsMissing),  # 24 bits in the list, 32 at the reader
        ("6F6C3A", "01026F6C3A", BitsMissing),
        ("card of Mr Li", "026F6C3A", UnreadableWritten),
        ("0040856634", "beep!", UnreadableTapped),
        ("", "026F6C3A", UnreadableWritten),
        ("0040856634", "", UnreadableTapped),
        ("9" * 5000, "026F6C3A", UnreadableWritten),
    ],
)
def test_it_says_plainly_why_two_numbers_are_not_one_card(written, tapped, why):
    with pytest.raises(why):
        pairs(written=written, tapped=tapped)


@settings(max_examples=60)
@given(
    st.sampled_from(NOTATIONS),
    st.sampled_from(NOTATIONS),
    st.lists(st.binary(min_size=4, max_size=4), min_size=3, max_size=3, unique=True),
)
def test_whatever_the_notations_the_pair_it_settles_on_is_right_about_the_next_card(written, said, raws):
    """The true pair is never lost, and once settled, a further card is turned into what the reader says of it."""
    cards = [Card(4, tuple(enumerate(raw))) for raw in raws]
    try:
        numbers = [(written.write(card), said.write(card)) for card in cards]
        for card in cards:
            said.write(written.read(written.write(card)))
    except TooFewBits:
        return
    found = pairs(written=numbers[0][0], tapped=numbers[0][1])
    assert Pair(written, said) in found
    found = pairs(written=numbers[1][0], tapped=numbers[1][1], among=found)
    assert Pair(written, said) in found
    if learning.is_settled(found):
        assert learning.best(found).convert(numbers[2][0]) in (numbers[2][1], None)


def test_a_pair_is_found_again_by_its_code():
    pair = Pair(NOTATIONS[0], NOTATIONS[3])
    assert learning.pair_of(pair.code) == pair
    for bad in ("", "hex", "hex-32-straight", "a>b", "hex-32-straight>x>y", "'; DROP TABLE"):
        with pytest.raises((KeyError, ValueError)):
            learning.pair_of(bad)
    assert all(">" not in code for code in BY_CODE)
