"""Two halves on paper make the key again; one alone, or a mistyped one, makes nothing."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault import custody
from vault.custody import NotAPair, WrongLine
from vault.wrapping import KEY_BYTES, is_guessable

secrets_ = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)


def read(half: int, lines: list[str]) -> list[bytes]:
    return [custody.read_line(text, half=half, line=number) for number, text in enumerate(lines, 1)]


@given(secrets_)
def test_both_halves_make_the_key(secret):
    first, second = custody.split(secret)
    assert custody.join(read(1, first), read(2, second)) == secret


def test_a_half_is_other_each_time_and_says_nothing_of_the_key():
    """The first half is drawn without looking at the key, the second is the key under it: a one-time pad."""
    zeros = bytes(KEY_BYTES)
    seen = [custody.split(zeros) for _ in range(50)]
    for half in (0, 1):
        lines = [line for halves in seen for line in halves[half]]
        assert len(set(lines)) == len(lines)
    first, second = seen[0]
    assert custody.join(read(1, first), read(2, second)) == zeros
    assert first != second, (
        "even a key of zeros is not to be seen in its halves: its name is below the pad too"
    )


def test_halves_of_two_printings_do_not_fit():
    secret = bytes(range(32))
    (first, _), (_, second) = custody.split(secret), custody.split(secret)
    with pytest.raises(NotAPair):
        custody.join(read(1, first), read(2, second))
    with pytest.raises(NotAPair):
        custody.join(read(1, first)[:4], read(2, second)[:4])


def test_it_forgives_what_people_do_when_they_type():
    line = custody._lines(1, b"\x00\x44\x32\x14\xc7\x42\x54\xb6" * 5)[0]
    meant = custody.read_line(line, half=1, line=1)
    assert {"0", "1"} <= set(line)
    for typed in (
        line.lower(),
        line.replace("-", ""),
        f"  {line.replace('-', ' ')} \n",
        line.replace("0", "O").replace("1", "I"),
        line.replace("0", "o").replace("1", "l"),
        "".join(chr(ord(c) + 0xFEE0) for c in line),  # typed with a Chinese keyboard left at full width
    ):
        assert custody.read_line(typed, half=1, line=1) == meant


def test_a_wrong_line_is_named_by_its_number_and_not_repeated():
    _, second = custody.split(b"k" * 32)
    wrong = ("Z" if second[2][5] != "Z" else "Y").join((second[2][:5], second[2][6:]))
    with pytest.raises(WrongLine, match=r"^Half 2, line 3: mistyped somewhere") as refused:
        custody.read_line(wrong, half=2, line=3)
    assert (refused.value.half, refused.value.line) == (2, 3)
    assert second[2][:4] not in str(refused.value)


def test_a_line_in_anothers_place_is_said_to_be_that():
    first, second = custody.split(b"k" * 32)
    with pytest.raises(WrongLine, match="Half 1, line 1: this is line 2 of half 1"):
        custody.read_line(first[1], half=1, line=1)
    with pytest.raises(WrongLine, match="Half 1, line 4: this is line 4 of half 2"):
        custody.read_line(second[3], half=1, line=4)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "has 0"),
        ("\n", "has 0"),
        ("0000-0000-0000", "has 12"),
        ("0" * 10_000_000, "has 200"),
        ("UUUU-UUUU-UUUU-UUUU", "character 1 is not one"),
        ("0000-0000-000é-0000", "character 12 is not one"),
        ("ZZZZ-ZZZZ-ZZZZ-ZZZZ", "first character"),
        ("'; DROP TABLE vault_key; --", "has 17"),
        ("$(cat /etc/shadow)", "has 12 "),
        ("\x00\x1b[2J\x00", "has 2"),
        ("٠١٢٣٤٥٦٧٨٩٠١٢٣٤٥", "not one that is used"),
    ],
)
def test_it_takes_nothing_for_a_line_that_is_none(typed, why):
    with pytest.raises(WrongLine, match=rf"^Half 2, line 4: .*{why}"):
        custody.read_line(typed, half=2, line=4)


@given(st.text())
def test_no_text_at_all_breaks_it(text):
    with suppress(WrongLine):  # and no other failure
        assert len(custody.read_line(text, half=1, line=1)) == 8


def test_a_name_tells_keys_apart():
    names = {custody.spoken_name(bytes([number]) * 32) for number in range(50)}
    assert len(names) == 50
    assert custody.spoken_name(bytes(32)) == custody.spoken_name(bytes(32))


@pytest.mark.parametrize(
    "secret",
    [
        bytes(32),
        b"\xff" * 32,
        bytes(range(32)),
        b"ab" * 16,
        bytes(range(0, 256, 8)),
        b"a sentence of thirty-two letters",
    ],
)
def test_what_is_not_random_is_guessable(secret):
    assert len(secret) == 32
    assert is_guessable(secret)


@given(st.randoms(use_true_random=True))
def test_what_is_random_is_not(random):
    assert not is_guessable(random.randbytes(32))
