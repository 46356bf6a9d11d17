"""New keys for a device that has some: the old one signs for them, the new one proves that it is held.

Both pairs are in the store before a word is said, and the change here is one transaction, with every template sealed anew to
the new key by the device itself: the site is not asked for a face again (law 10). Cut off at any point, the next round goes
on: if the site has changed already, it knows the new key and says the same once more.
"""

import logging
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate import keys, sealing, wire
from gate.client import Client, Identity, Problem
from gate.feed import BadPage
from gate.rows import Held
from gate.store import Store

log = logging.getLogger(__name__)


def begin(store: Store) -> None:
    if not is_under_way(store):
        store.remember(
            next_signing_key=Ed25519PrivateKey.generate().private_bytes_raw(),
            next_sealing_key=X25519PrivateKey.generate().private_bytes_raw(),
        )


def is_under_way(store: Store) -> bool:
    return store.fact("next_signing_key") is not None


def go_on(store: Store, client: Client, who: Identity) -> None:
    """Raises: Unreachable, BadPage, Problem, sqlite3.Error, OSError"""
    signing = Ed25519PrivateKey.from_private_bytes(store.fact("next_signing_key"))
    own = X25519PrivateKey.from_private_bytes(store.fact("next_sealing_key"))
    body = wire.new_keys(device=who.device, key=signing, sealing_key=own.public_key())
    try:
        answer = client.post(who, "keys", body)
    except Problem as problem:
        if problem.code != wire.WRONG:
            raise
        # It may have changed to the new key already, and we never heard.
        answer = client.post(replace(who, key=signing), "keys", body)
    try:
        card_key = wire.decode_base64(str(answer.get("card_key")))
        sealing.open_card_key(sealed=card_key, key=own, device=who.device)
    except (ValueError, sealing.CannotOpen) as error:
        raise BadPage(f"new keys that cannot be used: {error}") from error
    before = keys.own(store)[1]
    store.seal_anew(
        lambda row: _sealed_anew(row, who.device, before, own),
        signing_key=signing.private_bytes_raw(),
        sealing_key=own.private_bytes_raw(),
        card_key=card_key,
        next_signing_key=None,
        next_sealing_key=None,
    )


def _sealed_anew(row: Held, device: str, before: X25519PrivateKey, after: X25519PrivateKey) -> bytes | None:
    """None for what could not be opened before either: it is lost, and counted as such."""
    assert row.sealed is not None
    assert row.sealed_version is not None
    try:
        encoding = sealing.open_template(
            sealed=row.sealed,
            key=before,
            device=device,
            credential=row.credential,
            version=row.sealed_version,
        )
    except sealing.CannotOpen as error:
        log.warning("template %s cannot be opened: %s", row.credential, error)
        return None
    packed = sealing.pack_template(encoding)
    return sealing.seal_template(
        packed=packed,
        recipient=after.public_key(),
        device=device,
        credential=row.credential,
        version=row.sealed_version,
    )
