"""Somebody who fetches for a recipient, with a key that signs as `ssh-keygen` does (test_signatures.py holds the two together)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from residents.models import User
from sharing import copying, disclosing, joining, reaching, recipient_keys
from sharing.models import Copy, Recipient, RecipientAccount, RecipientKey, Request
from tests.cast import PASSWORD


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


@dataclass
class Keys:
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> str:
        made = self.private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        return made.decode()

    @property
    def file(self) -> bytes:
        """What lies in the file of the key."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())

    def sign(self, line: str, namespace: bytes = b"linmen") -> str:
        raw = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        parts = (namespace, b"", b"sha512", hashlib.sha512(f"{line}\n".encode()).digest())
        made = self.private.sign(b"SSHSIG" + b"".join(map(_string, parts)))
        blob = b"SSHSIG" + (1).to_bytes(4, "big") + _string(_string(b"ssh-ed25519") + _string(raw))
        blob += b"".join(map(_string, (namespace, b"", b"sha512")))
        blob += _string(_string(b"ssh-ed25519") + _string(made))
        lines = base64.encodebytes(blob).decode()
        return f"-----BEGIN SSH SIGNATURE-----\n{lines}-----END SSH SIGNATURE-----\n"


@dataclass
class Outside:
    account: RecipientAccount
    keys: Keys

    @property
    def user(self) -> User:
        assert self.account.user is not None
        return self.account.user


def joined(recipient: Recipient, *, by: User, at: datetime, name: str = "") -> RecipientAccount:
    invited = joining.invite(recipient=recipient, by=by, at=at)
    return joining.join(
        code=invited.code,
        username=name or f"of-{str(recipient.pk)[:8]}",
        password=PASSWORD,
        language="zh-hans",
        address="10.0.0.1",
        at=at,
    )


def proven(account: RecipientAccount, keys: Keys, *, at: datetime) -> RecipientKey:
    key = recipient_keys.give(account=account, pasted=keys.public, at=at)
    line = recipient_keys.challenge(key=key, account=account, at=at)
    return recipient_keys.prove(account=account, challenge=line, signature=keys.sign(line), at=at)


def known(recipient: Recipient, *, invited_by: User, confirmed_by: User, at: datetime) -> Outside:
    """With an account, and a key that was heard by telephone."""
    found = Outside(joined(recipient, by=invited_by, at=at), Keys())
    key = proven(found.account, found.keys, at=at)
    recipient_keys.confirm(key=key, heard=recipient_keys.spoken(key), by=confirmed_by, at=at)
    return found


def released(asked: Request, *, by: User, at: datetime) -> Copy:
    """What residents agreed to, ready to be fetched."""
    disclosure = disclosing.release(request=asked, by=by, at=at)
    assert copying.work(disclosure=disclosure.pk, at=at)
    return Copy.objects.get(disclosure=disclosure, state=Copy.State.READY)


def fetched(made: reaching.Made, by: Outside, *, at: datetime, keys: Keys | None = None) -> Copy:
    """The link opened as its page asks for it."""
    line = reaching.challenge(link=made.link, account=by.account, at=at)
    signature = (keys or by.keys).sign(line)
    return reaching.open_(token=made.token, account=by.account, challenge=line, signature=signature, at=at)


def read_by(copy: Copy, by: Outside, form: str = "csv") -> str:
    """What the recipient reads once it is decrypted."""
    identity = pyrage.ssh.Identity.from_buffer(by.keys.file)
    return str(
        pyrage.decrypt(b"".join(copying.pieces(copy=copy, format=form)), [identity]).decode("utf-8-sig")
    )
