"""Test vectors of the protocol (`docs/gate-vectors.json`), so that firmware in another language can be held against ours.

`python -m gate.vectors` prints them, `--write FILE` writes them. Keys are fixed and for nothing else. What is sealed is drawn
anew at each sealing, so what stands in the file already is kept for as long as it opens to what it should.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate import sealing, tokens, wire

Json = dict[str, Any]

DEVICE_SEED, SITE_SEED, SEALING_SEED = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))
CARD_KEY = bytes(range(96, 128))
NEW_SIGNING_SEED, NEW_SEALING_SEED = bytes(range(128, 160)), bytes(range(160, 192))
DEVICE = "018f0000-0000-7000-8000-000000000001"
CREDENTIAL = "018f0000-0000-7000-8000-000000000002"
NONCE = "AAECAwQFBgcICQoLDA0ODxAR"
CREATED = 1_800_000_000
FEED = "/api/gate/v1/feed"
# Argon2id of the PIN 482915.
VERIFIER = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$k+1mX7958akz4XaWqqlI0gUAZKhT8sFx4iaJksBnjI0"


def made(before: Mapping[str, Any]) -> Json:
    """All of them. `before` is what stood in the file."""
    return {
        "keys": {
            "device_ed25519_seed": DEVICE_SEED.hex(),
            "device_x25519_private": SEALING_SEED.hex(),
            "site_ed25519_seed": SITE_SEED.hex(),
            "card_key": CARD_KEY.hex(),
        },
        "new_keys": _new_keys(),
        "new_keys_refused": _new_keys_refused(),
        "requests": _requests(),
        "requests_refused": _requests_refused(),
        "answers": [
            _answer(200, b'{"rows":[]}'),
            _answer(403, b'{"type":"urn:linmen:problem:device-revoked"}'),
        ],
        "cards": [_card(number) for number in ("04:A2:1B:9C", "0412 3456", "\uff10\uff14\uff21\uff12")],
        "cards_refused": ["123", "0" * 33, "04_A2_1B", "\u5361\u53f7\u4e00\u4e8c"],
        "tokens": [_token("qr", once=False), _token("pass", once=True)],
        "tokens_refused": _tokens_refused(),
        "pins": [
            {"typed": "48213482915", "number": "48213", "verifier": VERIFIER, "right": True},
            {"typed": "48213482916", "number": "48213", "verifier": VERIFIER, "right": False},
        ],
        "sealed": _sealed(before.get("sealed", [])),
    }


def _key(seed: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed)


def _request(name: str, method: str, path: str, query: str, body: str, keyid: str = DEVICE) -> Json:
    headers = wire.sign_request(
        key=_key(DEVICE_SEED),
        method=method,
        path=path,
        query=query,
        body=body.encode(),
        created=CREATED,
        keyid=keyid,
        nonce=NONCE,
    )
    return {"name": name, "method": method, "path": path, "query": query, "body": body, "headers": headers}


def _requests() -> list[Json]:
    receipts = (
        f'{{"receipts":[{{"credential":"{CREDENTIAL}","version":7,"erased_at":"2027-01-15T08:00:00Z"}}]}}'
    )
    return [
        _request("first page", "GET", FEED, "limit=200", ""),
        _request("with a cursor", "GET", FEED, "cursor=a%2Bb&limit=1", ""),
        _request("with a cursor, waiting", "GET", FEED, "limit=500&cursor=a%2Bb&wait=55", ""),
        _request("new keys", "POST", "/api/gate/v1/keys", "", json.dumps(_new_keys()["body"])),
        _request("receipts", "POST", "/api/gate/v1/receipts", "", receipts),
        _request("pairing", "POST", "/api/gate/v1/pair", "", '{"code":"XXXX-XXXX"}', wire.PAIRING_KEYID),
    ]


def _new_keys() -> Json:
    sealing_key = X25519PrivateKey.from_private_bytes(NEW_SEALING_SEED).public_key()
    return {
        "device": DEVICE,
        "ed25519_seed": NEW_SIGNING_SEED.hex(),
        "x25519_private": NEW_SEALING_SEED.hex(),
        "body": wire.new_keys(device=DEVICE, key=_key(NEW_SIGNING_SEED), sealing_key=sealing_key),
    }


def _new_keys_refused() -> list[Json]:
    good: dict[str, str] = _new_keys()["body"]
    sealing_key = X25519PrivateKey.from_private_bytes(SEALING_SEED).public_key()
    by_the_old = wire.new_keys(device=DEVICE, key=_key(DEVICE_SEED), sealing_key=sealing_key)["proof"]
    return [
        {"why": "proved by another key", "device": DEVICE, "body": good | {"proof": by_the_old}},
        {
            "why": "another sealing key",
            "device": DEVICE,
            "body": good | {"sealing_key": wire.encode_key(sealing_key)},
        },
        {"why": "another device", "device": CREDENTIAL, "body": good},
    ]


def _requests_refused() -> list[Json]:
    good = _request("", "POST", FEED, "a=1", "{}")
    signature, said = good["headers"]["Signature"], good["headers"]["Signature-Input"]

    def changed(name: str, code: str, **parts: Any) -> Json:
        return {
            **good,
            "headers": {**good["headers"], **parts.pop("headers", {})},
            **parts,
            "name": name,
            "code": code,
        }

    return [
        changed("another method", wire.WRONG, method="PUT"),
        changed("another query", wire.WRONG, query="a=2"),
        changed("another body", wire.DIGEST_MISMATCH, body="{ }"),
        changed(
            "another moment",
            wire.WRONG,
            headers={"Signature-Input": said.replace(str(CREATED), str(CREATED + 1))},
        ),
        changed("another label", wire.MALFORMED, headers={"Signature": signature.replace("linmen", "sig1")}),
        changed(
            "no nonce", wire.MALFORMED, headers={"Signature-Input": said.replace(f';nonce="{NONCE}"', "")}
        ),
        changed(
            "fewer components", wire.MALFORMED, headers={"Signature-Input": said.replace(' "@query"', "")}
        ),
        changed("no signature", wire.MISSING, headers={"Signature": ""}),
    ]


def _answer(status: int, body: bytes) -> Json:
    headers = wire.sign_response(key=_key(SITE_SEED), status=status, body=body, created=CREATED)
    return {"status": status, "body": body.decode(), "headers": headers}


def _card(number: str) -> Json:
    return {
        "read": number,
        "normalised": sealing.normalise_card_number(number),
        "digest": sealing.card_digest(card_key=CARD_KEY, number=number),
    }


def _token(kind: str, *, once: bool) -> Json:
    issued, expires = CREATED, CREATED + 60
    token = tokens.Token(
        kind=kind,
        credential=CREDENTIAL,
        issued=datetime.fromtimestamp(issued, UTC),
        expires=datetime.fromtimestamp(expires, UTC),
        serial=bytes(range(8)),
        once=once,
    )
    return {
        "text": tokens.write(token, key=_key(SITE_SEED)),
        "kind": kind,
        "credential": CREDENTIAL,
        "issued": issued,
        "expires": expires,
        "serial": token.serial.hex(),
        "once": once,
    }


def _tokens_refused() -> list[Json]:
    good = str(_token("qr", once=False)["text"])
    foreign = tokens.write(tokens.read(good, key=_key(SITE_SEED).public_key()), key=_key(DEVICE_SEED))
    return [
        {"why": "signed by another key", "text": foreign},
        {"why": "another version", "text": good.replace("LM1.", "LM2.", 1)},
        {"why": "one character short", "text": good[:-1]},
        {"why": "padded", "text": good + "="},
        {"why": "a second spelling of the last character", "text": good[:-1] + chr(ord(good[-1]) + 1)},
    ]


def _sealed(before: list[Json]) -> list[Json]:
    key = X25519PrivateKey.from_private_bytes(SEALING_SEED)
    packed = sealing.pack_template([number / 128 for number in range(128)])
    about = {"device": DEVICE, "credential": CREDENTIAL, "version": 7}
    template = {"what": "template", **about, "opens_to": packed.hex()}
    card_key = {"what": "card key", "device": DEVICE, "opens_to": CARD_KEY.hex()}
    old = {each["what"]: each.get("sealed", "") for each in before}

    def kept(what: str, opens: Callable[[bytes], Any], seal: Callable[[], bytes]) -> str:
        try:
            opens(bytes.fromhex(old[what]))
        except (KeyError, ValueError, sealing.CannotOpen):
            return seal().hex()
        return str(old[what])

    template["sealed"] = kept(
        "template",
        lambda raw: sealing.open_template(
            sealed=raw, key=key, device=DEVICE, credential=CREDENTIAL, version=7
        ),
        lambda: sealing.seal_template(
            packed=packed, recipient=key.public_key(), device=DEVICE, credential=CREDENTIAL, version=7
        ),
    )
    card_key["sealed"] = kept(
        "card key",
        lambda raw: sealing.open_card_key(sealed=raw, key=key, device=DEVICE),
        lambda: sealing.seal_card_key(card_key=CARD_KEY, recipient=key.public_key(), device=DEVICE),
    )
    return [template, card_key]


def written(before: str) -> str:
    return json.dumps(made(json.loads(before or "{}")), indent=1, ensure_ascii=True) + "\n"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m gate.vectors", description="Test vectors of the protocol."
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="instead of printing")
    file = parser.parse_args(argv).write
    text = written(file.read_text() if file and file.exists() else "")
    if file:
        file.write_text(text)
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
