"""The keys that a device holds: its own, made on first use, and those that the site gave it. They go with its store."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gate import sealing
from gate.store import Store


def own(store: Store) -> tuple[Ed25519PrivateKey, X25519PrivateKey]:
    """What it signs with, and what is sealed to it."""
    if store.fact("signing_key") is None:
        store.remember(
            signing_key=Ed25519PrivateKey.generate().private_bytes_raw(),
            sealing_key=X25519PrivateKey.generate().private_bytes_raw(),
        )
    return (
        Ed25519PrivateKey.from_private_bytes(store.fact("signing_key")),
        X25519PrivateKey.from_private_bytes(store.fact("sealing_key")),
    )


def of_the_site(store: Store) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(store.fact("server_key"))


def of_cards(store: Store) -> bytes:
    return sealing.open_card_key(
        sealed=store.fact("card_key"), key=own(store)[1], device=store.fact("device")
    )
