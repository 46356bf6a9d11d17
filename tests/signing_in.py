"""Phones: one that shows one-time codes, and one that holds passkeys and signs as WebAuthn has it."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from fido2 import cbor
from fido2.cose import ES256
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import Aaguid, AttestedCredentialData, AuthenticatorData

from residents import one_time_codes
from residents.models import User

SITE = "testserver"
ORIGIN = "http://testserver"
PRESENT, VERIFIED, ATTESTED = 1, 4, 64


@dataclass
class CodePhone:
    """An app that was shown the key."""

    secret: bytes
    recovery: list[str] = field(default_factory=list)

    @classmethod
    def scanned(cls, uri: str) -> CodePhone:
        asked = parse_qs(urlsplit(uri).query)
        assert (asked["digits"], asked["period"], asked["algorithm"]) == (["6"], ["30"], ["SHA1"])
        return cls.typed(asked["secret"][0])

    @classmethod
    def typed(cls, key: str) -> CodePhone:
        plain = key.replace(" ", "")
        return cls(base64.b32decode(plain + "=" * (-len(plain) % 8)))

    def shows(self, at: datetime, *, steps: int = 0) -> str:
        return TOTP(self.secret, 6, SHA1(), 30).generate(int(at.timestamp()) + 30 * steps).decode()


def switched_on(user: User, *, at: datetime) -> CodePhone:
    """Codes are on. The one that was typed is of three steps ago, so that those of now are all fresh."""
    before = datetime.fromtimestamp(at.timestamp() - 90, tz=at.tzinfo)
    setup = one_time_codes.begin(user=user, at=before)
    phone = CodePhone.scanned(setup.uri)
    phone.recovery = one_time_codes.confirm(user=user, code=phone.shows(before), at=before, known=setup.step)
    return phone


@dataclass
class PasskeyPhone:
    """Holds one passkey. `count` may be set back, as of a copy; `origin` may be of another site."""

    user: bytes = b""
    count: int = 0
    counts: bool = True
    origin: str = ORIGIN
    site: str = SITE
    flags: int = PRESENT | VERIFIED
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def makes(self, options: dict[str, Any]) -> dict[str, Any]:
        self.user = _bytes(options["user"]["id"])
        credential = AttestedCredentialData.create(
            Aaguid.NONE, self.id, ES256.from_cryptography_key(self.key.public_key())
        )
        seen = AuthenticatorData.create(
            sha256(self.site.encode()), self.flags | ATTESTED, self.count, credential
        )
        attested = cbor.encode({"fmt": "none", "attStmt": {}, "authData": bytes(seen)})
        said = {
            "clientDataJSON": websafe_encode(self._client("webauthn.create", options)),
            "attestationObject": websafe_encode(attested),
        }
        return self._answer(said)

    def signs(self, options: dict[str, Any]) -> dict[str, Any]:
        self.count += self.counts
        client = self._client("webauthn.get", options)
        seen = bytes(AuthenticatorData.create(sha256(self.site.encode()), self.flags, self.count))
        signature = self.key.sign(seen + sha256(client), ec.ECDSA(hashes.SHA256()))
        said = {
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(seen),
            "signature": websafe_encode(signature),
            "userHandle": websafe_encode(self.user),
        }
        return self._answer(said)

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, said: dict[str, str]) -> dict[str, Any]:
        named = websafe_encode(self.id)
        return {
            "id": named,
            "rawId": named,
            "type": "public-key",
            "response": said,
            "clientExtensionResults": {},
        }


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
