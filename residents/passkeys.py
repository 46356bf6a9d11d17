"""Passkeys (WebAuthn): a key in somebody's phone or computer that signs in, in place of password and code.

Made and used only when the phone has seen for itself that it is they: what it sees stays there. Here lies the public half,
which opens nothing. What the browser says is believed for this site and one challenge only; `site` says which site it is.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, cast

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import DateField, Q, Value
from django.db.models.functions import Greatest
from django.utils import timezone
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.webauthn import (
    Aaguid,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from residents import accounts
from residents.models import Passkey, User
from residents.models.signing_in import MOST_PASSKEYS

LONGEST_ID = 1023
CHALLENGE_LIFE = timedelta(minutes=5)
# How the parsers say that what a browser sent is no answer of WebAuthn.
MALFORMED = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    AssertionError,
    RecursionError,
    NotImplementedError,
    struct.error,
)

State = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """`id` is what passkeys are made for (the relying party), `origins` where pages that may ask for them come from."""

    id: str
    origins: frozenset[str]


class PasskeyRefused(Exception):
    """`reason` is one of: not_right, known (it is added already), many, copied, closed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def begin_adding(*, user: User, site: Site) -> tuple[State, State]:
    """What the browser is told, and what to keep until it answers."""
    options, state = _server(site).register_begin(
        PublicKeyCredentialUserEntity(id=user.pk.bytes, name=user.username, display_name=user.username),
        credentials=[
            PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=bytes(each))
            for each in Passkey.objects.standing().filter(user=user).values_list("credential_id", flat=True)
            if each is not None
        ],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(options.public_key), dict(state)


def begin_signing_in(*, site: Site) -> tuple[State, State]:
    options, state = _server(site).authenticate_begin(user_verification=UserVerificationRequirement.REQUIRED)
    return dict(options.public_key), dict(state)


def add(
    *, user: User, site: Site, state: State, response: Mapping[str, Any], name: str, at: datetime
) -> Passkey:
    """Whoever calls has asked for the proof that the account has.

    Raises: PasskeyRefused
    """
    _once(state)
    try:
        made: AuthenticatorData = _server(site).register_complete(state, response)
        credential = made.credential_data
        if credential is None or type(credential.public_key).ALGORITHM not in CoseKey.supported_algorithms():
            raise ValueError("no such algorithm")
        if len(credential.credential_id) > LONGEST_ID:
            raise ValueError("longer than WebAuthn allows")
    except MALFORMED:
        raise PasskeyRefused("not_right") from None
    with transaction.atomic():
        accounts.hold(user)
        if Passkey.objects.standing().filter(user=user).count() >= MOST_PASSKEYS:
            raise PasskeyRefused("many")
        passkey = Passkey(
            user=user,
            name=name,
            credential_id=credential.credential_id,
            public_key=cbor.encode(credential.public_key),
            sign_count=made.counter,
            added_at=at,
        )
        try:
            with transaction.atomic():
                passkey.save(force_insert=True)
        except IntegrityError:
            raise PasskeyRefused("known") from None
        accounts.note(kind="account.passkey_added", user=user)
    return passkey


def sign_in(*, site: Site, state: State, response: Mapping[str, Any], at: datetime) -> User:
    """Whose passkey has signed this very challenge.

    Raises: PasskeyRefused
    """
    _once(state)
    try:
        said = AuthenticationResponse.from_dict(response)
        found = Passkey.objects.standing().select_related("user").filter(credential_id=said.raw_id).first()
        if found is None:
            raise PasskeyRefused("not_right")
        _server(site).authenticate_complete(state, [_credential(found)], said)
        if said.response.user_handle not in (None, found.user.pk.bytes):
            raise ValueError("somebody else's")
    except MALFORMED:
        raise PasskeyRefused("not_right") from None
    _count(found, said.response.authenticator_data.counter, at)
    return found.user


@transaction.atomic
def _count(passkey: Passkey, counted: int, at: datetime) -> None:
    """Raises: PasskeyRefused"""
    accounts.hold(passkey.user)
    passkey.user.refresh_from_db(fields=["is_active"])
    if not passkey.user.is_active:
        raise PasskeyRefused("closed")
    # Many passkeys never count: they stand at nought for good. One that once did counts on.
    forward = Q(sign_count__lt=counted) | (Q(sign_count=0) if counted == 0 else Q(pk=None))
    today = timezone.localdate(at, timezone.get_default_timezone())
    # Clocks of two machines may stand on either side of midnight.
    newest = Greatest("last_used", Value(today, output_field=DateField()))
    standing = Passkey.objects.standing().filter(forward, pk=passkey.pk)
    if not standing.update(sign_count=counted, last_used=newest):
        raise PasskeyRefused("copied")


@transaction.atomic
def remove(*, passkey: Passkey, at: datetime) -> bool:
    """It signs in no more, and every session of the account ends: one may have come in by it. False: it was before."""
    accounts.hold(passkey.user)
    standing = Passkey.objects.standing().filter(pk=passkey.pk)
    if not standing.update(removed_at=at, credential_id=None, public_key=None):
        return False
    accounts.end_sessions(passkey.user)
    accounts.note(kind="account.passkey_removed", user=passkey.user)
    return True


def remove_all(*, user: User, at: datetime) -> int:
    """Whoever gets back in by a letter: somebody else may have added one."""
    accounts.hold(user)
    removed = (
        Passkey.objects.standing()
        .filter(user=user)
        .update(removed_at=at, credential_id=None, public_key=None)
    )
    if removed:
        accounts.note(kind="account.passkey_removed", user=user)
    return removed


def _server(site: Site) -> Fido2Server:
    rp = PublicKeyCredentialRpEntity(id=site.id, name="Linmen")
    return Fido2Server(rp, verify_origin=lambda origin: origin in site.origins)


def _credential(passkey: Passkey) -> AttestedCredentialData:
    return AttestedCredentialData.create(
        Aaguid.NONE,
        bytes(passkey.credential_id or b""),
        CoseKey.parse(cast("Mapping[int, Any]", cbor.decode(bytes(passkey.public_key or b"")))),
    )


def _once(state: State) -> None:
    """A challenge is answered once, even from two tabs that hold the same session."""
    named = sha256(str(state["challenge"]).encode()).hexdigest()
    if not cache.add(f"passkey-challenge:{named}", 1, timeout=2 * int(CHALLENGE_LIFE.total_seconds())):
        raise PasskeyRefused("not_right")
