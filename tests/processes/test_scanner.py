"""A scanner that finds nothing proves nothing unless it finds what is there."""

from __future__ import annotations

import base64
import secrets

import pytest

from tests.processes.scanner import Needle

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
