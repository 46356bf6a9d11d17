"""The published vectors say what the code does, and what the standards say: each is read here with bare primitives."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import struct
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from gate import keypad, sealing, tokens, vectors, wire

FILE = Path(__file__).parents[2] / "docs" / "gate-vectors.json"
TEXT = FILE.read_text()
VECTORS = json.loads(TEXT)
KEYS = {name: bytes.fromhex(value) for name, value in VECTORS["keys"].items()}
DEVICE = Ed25519PrivateKey.from_private_bytes(KEYS["device_ed25519_seed"]).public_key()
SITE = Ed25519PrivateKey.from_private_bytes(KEYS["site_ed25519_seed"]).public_key()
SEALING = X25519PrivateKey.from_private_bytes(KEYS["device_x25519_private"])


def test_they_are_what_the_code_makes_today():
    assert vectors.written(TEXT) == TEXT


def test_the_command_writes_them_and_keeps_what_is_drawn(tmp_path, capsys):
    file = tmp_path / "vectors.json"
    assert vectors.main(["--write", str(file)]) == 0
    first = file.read_text()
    assert vectors.main(["--write", str(file)]) == 0
    assert file.read_text() == first
    assert vectors.main([]) == 0
    assert json.loads(capsys.readouterr().out)["requests"] == VECTORS["requests"]


def named(kind: str) -> list:
    return [
        pytest.param(each, id=each.get("name") or each.get("why") or each.get("what"))
        for each in VECTORS[kind]
    ]


def signature(headers: dict) -> tuple[str, bytes]:
    params = headers["Signature-Input"].removeprefix("linmen=")
    return params, base64.b64decode(headers["Signature"].removeprefix("linmen=:").removesuffix(":"))


def digest(body: str) -> str:
    return "sha-256=:" + base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() + ":"


def test_new_keys_are_proved_by_the_new_one():
    each = VECTORS["new_keys"]
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(each["ed25519_seed"]))
    sealing_key = X25519PrivateKey.from_private_bytes(bytes.fromhex(each["x25519_private"]))
    body = each["body"]
    assert base64.b64decode(body["public_key"]) == key.public_key().public_bytes_raw()
    assert base64.b64decode(body["sealing_key"]) == sealing_key.public_key().public_bytes_raw()
    said = f"linmen new keys v1\0{each['device']}|{body['public_key']}|{body['sealing_key']}".encode()
    key.public_key().verify(base64.b64decode(body["proof"]), said)
    wire.check_new_keys(device=each["device"], **body)


@pytest.mark.parametrize("each", named("new_keys_refused"))
def test_new_keys_that_nobody_holds_are_refused(each):
    with pytest.raises(ValueError, match="proof"):
        wire.check_new_keys(device=each["device"], **each["body"])


@pytest.mark.parametrize("each", named("requests"))
def test_a_request_is_signed_as_the_standard_says(each):
    params, signed = signature(each["headers"])
    base = "\n".join(
        (
            f'"@method": {each["method"]}',
            f'"@path": {each["path"]}',
            f'"@query": ?{each["query"]}',
            f'"content-digest": {digest(each["body"])}',
            f'"@signature-params": {params}',
        )
    )
    assert each["headers"]["Content-Digest"] == digest(each["body"])
    DEVICE.verify(signed, base.encode())
    verify(each)


def verify(each: dict) -> wire.Signed:
    parts = {name: each[name] for name in ("headers", "method", "path", "query")}
    return wire.verify_request(**parts, body=each["body"].encode(), public_key=DEVICE)


@pytest.mark.obligation("F20")
@pytest.mark.parametrize("each", named("requests_refused"))
def test_a_request_that_must_be_refused_is_by_that_name(each):
    with pytest.raises(wire.BadSignature) as refused:
        verify(each)
    assert refused.value.code == each["code"]


@pytest.mark.parametrize("each", VECTORS["answers"], ids=lambda each: each["status"])
def test_an_answer_is_signed_as_the_standard_says(each):
    params, signed = signature(each["headers"])
    base = f'"@status": {each["status"]}\n"content-digest": {digest(each["body"])}\n"@signature-params": {params}'
    SITE.verify(signed, base.encode())
    found = wire.verify_response(
        headers=each["headers"], status=each["status"], body=each["body"].encode(), public_key=SITE
    )
    assert found == vectors.CREATED


@pytest.mark.parametrize("each", VECTORS["cards"], ids=lambda each: each["normalised"])
def test_a_cards_digest_is_an_hmac_of_its_number(each):
    assert (
        hmac.new(KEYS["card_key"], each["normalised"].encode(), hashlib.sha256).hexdigest() == each["digest"]
    )


@pytest.mark.parametrize("number", VECTORS["cards_refused"])
def test_what_is_no_card_number_is_refused(number):
    with pytest.raises(ValueError, match="4 to 32"):
        sealing.normalise_card_number(number)


@pytest.mark.parametrize("each", VECTORS["tokens"], ids=lambda each: each["kind"])
def test_a_token_is_its_bytes_and_a_signature_over_them(each):
    version, payload, signed = each["text"].split(".")
    raw = base64.urlsafe_b64decode(payload + "=")
    assert version == "LM1"
    assert raw == struct.pack(
        ">BBB16sII8s",
        1,
        {"qr": 1, "pass": 2}[each["kind"]],
        each["once"],
        bytes.fromhex(each["credential"].replace("-", "")),
        each["issued"],
        each["expires"],
        bytes.fromhex(each["serial"]),
    )
    SITE.verify(base64.urlsafe_b64decode(signed + "=="), b"linmen qr v1\0" + raw)


@pytest.mark.obligation("F20")
@pytest.mark.parametrize("each", named("tokens_refused"))
def test_a_token_that_must_be_refused_is(each):
    with pytest.raises((tokens.Unreadable, tokens.Foreign)):
        tokens.read(each["text"], key=SITE)


@pytest.mark.parametrize("each", VECTORS["pins"], ids=lambda each: "right" if each["right"] else "wrong")
def test_a_pin_is_right_or_it_is_not(each):
    entry = keypad.read_entry(each["typed"])
    assert entry.number == each["number"]
    assert keypad.is_verifier(each["verifier"])
    assert keypad.is_right(each["verifier"], entry.pin) is each["right"]


# --- HPKE, base mode (RFC 9180), spelled out


def expand(key: bytes, info: bytes, length: int) -> bytes:
    made, block, number = b"", b"", 1
    while len(made) < length:
        block = hmac.new(key, block + info + bytes([number]), hashlib.sha256).digest()
        made, number = made + block, number + 1
    return made[:length]


def opened(sealed: bytes, info: bytes) -> bytes:
    def extract(suite: bytes, salt: bytes, label: bytes, secret: bytes) -> bytes:
        return hmac.new(salt or bytes(32), b"HPKE-v1" + suite + label + secret, hashlib.sha256).digest()

    def labelled(suite: bytes, key: bytes, label: bytes, context: bytes, length: int) -> bytes:
        return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context, length)

    sent, box = sealed[:32], sealed[32:]
    kem = b"KEM\x00\x20"
    shared = SEALING.exchange(X25519PublicKey.from_public_bytes(sent))
    context = sent + SEALING.public_key().public_bytes_raw()
    secret = labelled(kem, extract(kem, b"", b"eae_prk", shared), b"shared_secret", context, 32)
    suite = b"HPKE\x00\x20\x00\x01\x00\x03"
    schedule = b"\0" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    drawn = extract(suite, secret, b"secret", b"")
    key = labelled(suite, drawn, b"key", schedule, 32)
    nonce = labelled(suite, drawn, b"base_nonce", schedule, 12)
    return ChaCha20Poly1305(key).decrypt(nonce, box, b"")


@pytest.mark.parametrize("each", named("sealed"))
def test_what_is_sealed_opens_for_its_device_and_its_purpose_alone(each):
    about = {
        "template": lambda device: (
            f"linmen template v1\0{device}|{each.get('credential')}|{each.get('version')}"
        ),
        "card key": lambda device: f"linmen card key v1\0{device}",
    }[each["what"]]
    sealed = bytes.fromhex(each["sealed"])
    assert opened(sealed, about(each["device"]).encode()).hex() == each["opens_to"]
    with pytest.raises(InvalidTag):
        opened(sealed, about(each["device"].replace("8", "9")).encode())
