"""Who calls: a request is taken from the device that signed this very request, just now, for the first time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.cache import cache
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from access.api.problems import Problem
from access.devices import Caller, find
from gate import wire

# A request is taken until its `created` is SKEW_SECONDS old, and may have been SKEW_SECONDS in the future.
NONCE_SECONDS = 2 * wire.SKEW_SECONDS + 60


@dataclass(frozen=True)
class Signer:
    """A device that proved who it is."""

    caller: Caller
    nonce: str


def addressed(signer: Signer) -> dict[str, Any]:
    """So that an answer to one device, or to an earlier request, can never be taken for another."""
    return {"device": signer.caller.device.pk, "request": signer.nonce}


class DeviceSignature(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[None, Signer]:
        try:
            device = claimed_device(request.headers)
            caller = known(find(device))
            signed = verify(request, key_of(caller))
        except wire.BadSignature as bad:
            raise refused(bad) from bad
        insist_on_fresh(signed)
        insist_on_first(signed)
        signer = Signer(caller, signed.nonce)
        insist_on_trusted(signer)
        return None, signer

    def authenticate_header(self, request: Request) -> str:
        return "Signature"


class Revoked(Problem):
    """Said under the server's signature, for a device erases itself upon it."""

    def __init__(self, signer: Signer) -> None:
        super().__init__("device-revoked", 403, "This device was revoked. It must erase what it holds.")
        self.signer = signer


def verify(request: Request, key: Ed25519PublicKey) -> wire.Signed:
    """Raises: wire.BadSignature"""
    return wire.verify_request(
        headers=request.headers,
        method=request.method or "",
        path=request.path,
        query=request.META.get("QUERY_STRING", ""),
        body=request.body,
        public_key=key,
    )


def refused(bad: wire.BadSignature) -> Problem:
    return Problem(bad.code, 400 if bad.code in (wire.MALFORMED, wire.DIGEST_MISMATCH) else 401, bad.detail)


def insist_on_fresh(signed: wire.Signed) -> None:
    """Raises: Problem"""
    if not signed.is_fresh(now=time.time()):
        raise Problem(
            "clock-skew", 401, f"Signed more than {wire.SKEW_SECONDS} seconds from the server's time."
        )


def insist_on_first(signed: wire.Signed) -> None:
    """After the signature was checked: a stranger must not spend a device's nonces, nor fill the memory with them.

    Raises: Problem
    """
    if not cache.add(nonce_key(signed), 1, timeout=NONCE_SECONDS):
        raise replayed()


def nonce_key(signed: wire.Signed) -> str:
    return f"gate-nonce:{signed.keyid}:{signed.nonce}"


def replayed() -> Problem:
    return Problem("replayed", 401, "This very request came before.")


def insist_on_trusted(signer: Signer) -> None:
    """Raises: Revoked"""
    if signer.caller.device.revoked_at is not None:
        raise Revoked(signer)


def claimed_device(headers: Mapping[str, str]) -> UUID:
    """Who it says it is. Proves nothing yet.

    Raises: wire.BadSignature, Problem
    """
    keyid = wire.parse_request(headers).keyid
    try:
        device = UUID(keyid)
    except ValueError as error:
        raise _unknown() from error
    if str(device) != keyid:  # an unusual spelling
        raise _unknown()
    return device


def known(caller: Caller | None) -> Caller:
    """Raises: Problem"""
    if caller is None:
        raise _unknown()
    return caller


def key_of(caller: Caller) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes(caller.device.public_key))


def _unknown() -> Problem:
    return Problem("device-unknown", 401, "No device has this id.")


class SignatureScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = DeviceSignature
    name = "deviceSignature"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Signature",
            "description": (
                "HTTP Message Signatures (RFC 9421), Ed25519, label `linmen`, over `@method @path @query "
                "content-digest`, with created, keyid (the device's id), nonce and alg; beside it Signature-Input and "
                "Content-Digest (RFC 9530, sha-256). Each nonce is taken once."
            ),
        }
