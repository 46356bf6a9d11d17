"""A recipient's side: a key of its own, and what it does with a file."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Any

import pyrage
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.utils import timezone
from pyrage import ssh

from residents.models import User
from sharing import copying
from sharing.models import Copy, Disclosure, Piece, Recipient, RecipientAccount, RecipientKey
from tests import make

# The private halves of the keys of this run, by public half: as only recipients have them.
PRIVATE: dict[str, bytes] = {}
NOTES = 3  # lines before the first row: what it is, in two languages, and the names of the columns


def key(recipient: Recipient, *, by: User, at: datetime | None = None) -> RecipientKey:
    """A key that was proven and confirmed."""
    at = at or timezone.now()
    account = recipient.accounts.living().first() or _joined(recipient, at)
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    PRIVATE[public] = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return RecipientKey.objects.create(
        neighborhood=recipient.neighborhood,
        recipient=recipient,
        account=account,
        public=public,
        fingerprint="SHA256:" + "x" * 43,
        given_at=at,
        proven_at=at,
        confirmed_at=at,
        confirmed_by=by,
    )


def _joined(recipient: Recipient, at: datetime) -> RecipientAccount:
    account = RecipientAccount.objects.create(
        neighborhood=recipient.neighborhood,
        recipient=recipient,
        digest=token_bytes(32),
        made_by=make.somebody(),
        made_at=at,
        expires_at=at + timedelta(days=14),
    )
    account.user, account.opened_at = make.somebody(), at
    account.save()
    return account


def opened(copy: Copy, format: str = Piece.Format.CSV, *, private: bytes | None = None) -> bytes:
    """The file as the recipient reads it; of a copy that waits as well."""
    pieces = Piece.objects.filter(copy=copy, format=format).order_by("number")
    content = b"".join(bytes(each.content) for each in pieces)
    return pyrage.decrypt(content, [ssh.Identity.from_buffer(private or PRIVATE[copy.key.public])])


def lines(copy: Copy) -> list[list[str]]:
    """The rows, without their tags, in the order of who is in them."""
    text = opened(copy).decode("utf-8-sig")
    return sorted(row[:-1] for row in list(csv.reader(io.StringIO(text)))[NOTES:])


def parsed(copy: Copy) -> Any:
    return json.loads(opened(copy, Piece.Format.JSON))


def made(disclosure: Disclosure, *, at: datetime) -> Copy:
    """The copy that stands for it, made by now."""
    copying.work(disclosure=disclosure.pk, at=at)
    return Copy.objects.living().select_related("key").get(disclosure=disclosure)


def handed(disclosure: Disclosure, *, at: datetime) -> Copy:
    return copying.hand(copy=made(disclosure, at=at), at=at)
