"""A scanner that finds nothing proves nothing unless it finds what is there."""

from __future__ import annotations

import base64
import secrets

import pytest

from tests.processes import scanner
from tests.processes.scanner import Needle, Search

SECRET = secrets.token_bytes(600)


@pytest.mark.parametrize("before", range(4))
@pytest.mark.parametrize(
    "spell",
    [bytes, lambda b: b.hex().encode(), lambda b: b.hex().upper().encode(), base64.b64encode, base64.urlsafe_b64encode],
    ids=["raw", "hex", "HEX", "base64", "for URLs"],
)  # fmt: skip
def test_it_finds_a_secret_however_it_is_spelled(before, spell):
    held = spell(secrets.token_bytes(before) + SECRET + secrets.token_bytes(3))
    assert Needle.of(SECRET).is_in(b"..." + held + b"...")


def test_it_finds_a_part_of_it():
    assert Needle.of(SECRET).is_in(SECRET[:250])
    assert Needle.of(SECRET).is_in(SECRET[400:])


def test_it_finds_nothing_in_noise():
    assert not Needle.of(SECRET).is_in(secrets.token_bytes(200_000))


@pytest.mark.parametrize("at", [0, 1, 4090, 4096, 9000])
def test_many_at_once_are_found_each_by_its_name_wherever_they_lie(at, monkeypatch):
    """Across the seams of what is looked through at once, too."""
    monkeypatch.setattr(scanner, "AT_ONCE", 4096)
    secret = {str(number): secrets.token_bytes(40) for number in range(50)}
    search = Search(
        {name: Needle.of(each) for name, each in secret.items()} | {"short": Needle.short(b"13800000000")}
    )
    noise = secrets.token_bytes(at)
    assert search.names_in(noise + secret["7"] + noise) == {"7"}
    assert search.names_in(noise + b"MTM4MDAwMDAwMDA" + noise) == {"short"}
    assert search.names_in(noise + secret["7"][:20] + b"..." + secret["9"].hex().encode() + noise) == {"9"}
    assert search.names_in(b"1") == set()
