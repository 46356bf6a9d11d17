"""What a leaf of the tree is made of, by a rule that never changes.

The data of a leaf is 62 bytes: ``linmen ledger leaf v1`` and a newline, the entry's commitment (32 bytes), and when it was
made, in microseconds since 1970 (8 bytes, big-endian). Nothing else: kind, subject, neighborhood and details are covered
by the commitment, whose salt keeps them from being guessed, and never leave the house. The leaf's hash is that of RFC 9162
over these bytes. The database makes the same bytes itself (`linmen_leaf_hash`), and takes no leaf whose hash differs.
"""

from datetime import UTC, datetime, timedelta

from ledger.merkle import leaf_hash

TAG = b"linmen ledger leaf v1\n"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(at: datetime) -> int:
    """Exactly: no float in between."""
    return (at - EPOCH) // timedelta(microseconds=1)


def leaf_data(*, commitment: bytes, at: datetime) -> bytes:
    return TAG + commitment + microseconds(at).to_bytes(8, "big")


def hash_of(*, commitment: bytes, at: datetime) -> bytes:
    return leaf_hash(leaf_data(commitment=commitment, at=at))
