"""Keys, sealing and blind look-up, when they are off."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.proving.disabled.saying import always, made, off


@made("vault.sealing.encrypt")
def encrypt_nothing(original: Any, module: ModuleType) -> Any:
    module._open = lambda plain_key, item: bytes(item.ciphertext)
    return lambda *, key, plaintext, context: plaintext


@off("vault.blind.index")
def look_up_by_plain_hash(*, domain: str, value: str) -> bytes:
    """Whoever has the database tries all phone numbers in an hour."""
    import hashlib

    return hashlib.sha256(value.encode()).digest()


always("vault.rewrite.rewrite", True)
always("vault.rewrite.rewrite_keys", True)


@off("vault.rotation._wrap_anew")
def wrap_nothing_anew(done: Any, *, until: float) -> None:
    """The old epoch keeps its keys for ever, and its wrapping key with them."""


@off("vault.rotation._retire")
def retire_without_destroying(done: Any) -> None:
    """The row says that its time is over, and the salt lies where it lay."""
    from vault import rotation

    for number in rotation._over():
        done.retired += [number] * rotation._say(number, "retired_at")


@off("vault.salts.SaltFiles.destroy")
def unlink_in_one_place(self: Any, name: bytes) -> bool:
    """A copy is a copy, wherever it is."""
    (self.folders[0] / f"{name.hex()}.salt").unlink(missing_ok=True)
    return True


@off("vault.epochs.final_on")
def final_at_once(ids: Any) -> Any:
    """As whoever forgets that there are backups would say."""
    from vault.epochs import Final
    from vault.models import Key

    rows = Key.objects.filter(id__in=set(ids)).exclude(destroyed_at=None)
    return {row.id: Final(epoch=row.epoch, since=row.destroyed_at) for row in rows}
