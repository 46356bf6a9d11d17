"""Signed requests and answers between a gate device and the site.

A strict subset of HTTP Message Signatures (RFC 9421) with Ed25519 and of Digest Fields (RFC 9530): one label, one
fixed list of covered components in one order, one spelling. Whatever else the RFCs allow is refused, so that
there is one way to write a signature and nothing to normalise. Both sides use this file.

Requests cover `@method @path @query content-digest`, answers cover `@status content-digest`. `path` is the path as
sent (percent-encoded), `query` is what follows "?" without it, empty when there is none.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)

SKEW_SECONDS = 300
PAIRING_KEYID = "pairing"
SERVER_KEYID = "server"

MISSING = "signature-missing"
MALFORMED = "signature-malformed"
DIGEST_MISMATCH = "digest-mismatch"
WRONG = "signature-wrong"

# Long enough for every header we write; a longer one is refused before any pattern looks at it.
_HEADER_LIMIT = 600
_NEW_KEYS = b"linmen new keys v1"
_REQUEST_COMPONENTS = '("@method" "@path" "@query" "content-digest")'
_RESPONSE_COMPONENTS = '("@status" "content-digest")'
_CREATED = r"created=(?P<created>0|[1-9][0-9]{0,11})"
_REQUEST_INPUT = re.compile(
    r"linmen=(?P<params>"
    + re.escape(_REQUEST_COMPONENTS)
    + ";"
    + _CREATED
    # 22 characters of base64url are 16 bytes.
    + r';keyid="(?P<keyid>[A-Za-z0-9-]{1,64})";nonce="(?P<nonce>[A-Za-z0-9_-]{22,86})";alg="ed25519")'
)
_RESPONSE_INPUT = re.compile(
    r"linmen=(?P<params>"
    + re.escape(_RESPONSE_COMPONENTS)
    + ";"
    + _CREATED
    + rf';keyid="{SERVER_KEYID}";alg="ed25519")'
)
_SIGNATURE = re.compile(r"linmen=:(?P<bytes>[A-Za-z0-9+/]{86}==):")
_DIGEST = re.compile(r"sha-256=:(?P<bytes>[A-Za-z0-9+/]{43}=):")
_METHOD = re.compile(r"[A-Z]{1,16}")
_PRINTABLE = re.compile(r"[\x21-\x7e]*")


class BadSignature(Exception):
    """A message that is not signed as it must be. `code` is one of the constants above, `detail` is for a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Signed:
    """What a request says about its own signature. Believe it only when `verify_request` returned it."""

    keyid: str
    nonce: str
    created: int  # seconds since 1970, UTC, by the sender's clock

    def is_fresh(self, *, now: float, tolerance: int = SKEW_SECONDS) -> bool:
        return abs(now - self.created) <= tolerance


def content_digest(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def new_nonce() -> str:
    return secrets.token_urlsafe(18)


def sign_request(
    *,
    key: Ed25519PrivateKey,
    method: str,
    path: str,
    query: str = "",
    body: bytes,
    created: int,
    keyid: str,
    nonce: str,
) -> dict[str, str]:
    """The three headers to send. Raises ValueError for what the other side would refuse to read."""
    params = f'{_REQUEST_COMPONENTS};created={created};keyid="{keyid}";nonce="{nonce}";alg="ed25519"'
    if not _REQUEST_INPUT.fullmatch(f"linmen={params}"):
        raise ValueError("created, keyid or nonce cannot be written in a signature")
    digest = content_digest(body)
    return _headers(key, params, digest, _request_base(method, path, query, digest, params))


def parse_request(headers: Mapping[str, str]) -> Signed:
    """Who claims to have signed, before the key is known. Proves nothing yet."""
    return _parse_request(_lower(headers))[1]


def verify_request(
    *,
    headers: Mapping[str, str],
    method: str,
    path: str,
    query: str = "",
    body: bytes,
    public_key: Ed25519PublicKey,
) -> Signed:
    """Raises BadSignature unless this very request was signed by that key. Age and nonce are the caller's to check."""
    lowered = _lower(headers)
    params, signed = _parse_request(lowered)
    signature = _signature(lowered)
    digest = _check_digest(lowered, body)
    try:
        base = _request_base(method, path, query, digest, params)
    except ValueError as error:
        raise BadSignature(MALFORMED, str(error)) from error
    _check(public_key, signature, base)
    return signed


def sign_response(*, key: Ed25519PrivateKey, status: int, body: bytes, created: int) -> dict[str, str]:
    params = f'{_RESPONSE_COMPONENTS};created={created};keyid="{SERVER_KEYID}";alg="ed25519"'
    if not _RESPONSE_INPUT.fullmatch(f"linmen={params}"):
        raise ValueError("created cannot be written in a signature")
    digest = content_digest(body)
    return _headers(key, params, digest, _response_base(status, digest, params))


def verify_response(
    *,
    headers: Mapping[str, str],
    status: int,
    body: bytes,
    public_key: Ed25519PublicKey,
) -> int:
    """Returns `created`. Which request it answers stands inside the body, and is the caller's to check."""
    lowered = _lower(headers)
    match = _match(_RESPONSE_INPUT, _header(lowered, "signature-input"), "Signature-Input")
    signature = _signature(lowered)
    digest = _check_digest(lowered, body)
    _check(public_key, signature, _response_base(status, digest, match["params"]))
    return int(match["created"])


def new_keys(*, device: str, key: Ed25519PrivateKey, sealing_key: X25519PublicKey) -> dict[str, str]:
    """What a device says to be known by new keys from now on: both public halves, and a proof that it holds the one it signs
    with. Signed, as a request, with the key that it has."""
    said = {"public_key": encode_key(key.public_key()), "sealing_key": encode_key(sealing_key)}
    return said | {"proof": base64.b64encode(key.sign(_new_keys_base(device, **said))).decode()}


def check_new_keys(*, device: str, public_key: str, sealing_key: str, proof: str) -> None:
    """Raises: ValueError"""
    try:
        decode_signing_key(public_key).verify(
            decode_base64(proof), _new_keys_base(device, public_key=public_key, sealing_key=sealing_key)
        )
    except InvalidSignature as error:
        raise ValueError("the proof does not fit the new key") from error


def _new_keys_base(device: str, *, public_key: str, sealing_key: str) -> bytes:
    return _NEW_KEYS + b"\0" + f"{device}|{public_key}|{sealing_key}".encode("ascii")


def encode_key(key: Ed25519PublicKey | X25519PublicKey) -> str:
    """A public key as base64 of its 32 raw bytes."""
    return encode_raw(key.public_bytes_raw())


def encode_raw(key: bytes) -> str:
    return base64.b64encode(key).decode()


def decode_signing_key(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(_raw_key(text))


def decode_sealing_key(text: str) -> X25519PublicKey:
    key = X25519PublicKey.from_public_bytes(_raw_key(text))
    # A low-order point raises here, at pairing, and not at every later attempt to seal to it.
    X25519PrivateKey.generate().exchange(key)
    return key


def decode_base64(text: str) -> bytes:
    """Standard base64 in its one canonical spelling; ValueError otherwise."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError as error:  # UnicodeEncodeError and binascii.Error are both ValueErrors
        raise ValueError("not base64") from error
    if base64.b64encode(raw).decode() != text:
        raise ValueError("base64 in an unusual spelling")
    return raw


def _raw_key(text: str) -> bytes:
    raw = decode_base64(text)
    if len(raw) != 32:
        raise ValueError("a key has 32 bytes")
    return raw


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise BadSignature(MISSING, f"no {name} header")
    if len(value) > _HEADER_LIMIT:
        raise BadSignature(MALFORMED, f"the {name} header is too long")
    return value


def _match(pattern: re.Pattern[str], value: str, name: str) -> re.Match[str]:
    match = pattern.fullmatch(value)
    if match is None:
        raise BadSignature(MALFORMED, f"the {name} header is not in the one form accepted here")
    return match


def _parse_request(headers: Mapping[str, str]) -> tuple[str, Signed]:
    match = _match(_REQUEST_INPUT, _header(headers, "signature-input"), "Signature-Input")
    return match["params"], Signed(keyid=match["keyid"], nonce=match["nonce"], created=int(match["created"]))


def _signature(headers: Mapping[str, str]) -> bytes:
    text = _match(_SIGNATURE, _header(headers, "signature"), "Signature")["bytes"]
    return _canonical(text, "Signature")


def _check_digest(headers: Mapping[str, str], body: bytes) -> str:
    value = _header(headers, "content-digest")
    claimed = _canonical(_match(_DIGEST, value, "Content-Digest")["bytes"], "Content-Digest")
    if not hmac.compare_digest(claimed, hashlib.sha256(body).digest()):
        raise BadSignature(DIGEST_MISMATCH, "the body is not the one that was signed")
    return value


def _canonical(text: str, name: str) -> bytes:
    try:
        return decode_base64(text)
    except ValueError as error:
        raise BadSignature(MALFORMED, f"the {name} header is not canonical base64") from error


def _request_base(method: str, path: str, query: str, digest: str, params: str) -> bytes:
    # A line break smuggled into a component would let one signature stand for two different requests.
    if not _METHOD.fullmatch(method):
        raise ValueError("the method is not plain upper-case ASCII")
    if not path.startswith("/") or not _PRINTABLE.fullmatch(path) or not _PRINTABLE.fullmatch(query):
        raise ValueError("path and query must be given as sent, percent-encoded")
    lines = (
        f'"@method": {method}',
        f'"@path": {path}',
        f'"@query": ?{query}',
        f'"content-digest": {digest}',
        f'"@signature-params": {params}',
    )
    return "\n".join(lines).encode("ascii")


def _response_base(status: int, digest: str, params: str) -> bytes:
    lines = (
        f'"@status": {status}',
        f'"content-digest": {digest}',
        f'"@signature-params": {params}',
    )
    return "\n".join(lines).encode("ascii")


def _headers(key: Ed25519PrivateKey, params: str, digest: str, base: bytes) -> dict[str, str]:
    signature = base64.b64encode(key.sign(base)).decode()
    return {
        "Content-Digest": digest,
        "Signature-Input": f"linmen={params}",
        "Signature": f"linmen=:{signature}:",
    }


def _check(public_key: Ed25519PublicKey, signature: bytes, base: bytes) -> None:
    try:
        public_key.verify(signature, base)
    except InvalidSignature as error:
        raise BadSignature(WRONG, "the signature does not fit this message and key") from error
