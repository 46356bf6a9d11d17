"""How a recipient comes to an account: by a code on a letter that staff send to its address, once, within two weeks.

Such an account opens nothing but what is meant for that recipient. It is of nobody who lives here and of no staff (LM119),
or one browser that is signed in would reach both what is asked of residents and what they gave. A password that was
forgotten is not set anew: the account is ended, and another letter written. What it fetches is encrypted to the recipient's
key, so even a letter in the wrong hands opens no file.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from ledger.record import record
from residents import claiming, letters
from residents.models import User
from sharing import speaking
from sharing.models import Recipient, RecipientAccount
from sharing.speaking import OutOfOffice, watched
from vault import blind

LIFE = timedelta(days=14)
# Who writes letters to recipients and sends them links, which alone open nothing. Whose key it is, only those say who
# decide on what is given.
DEALS, DECIDES = ("draft_sharing", "approve_sharing"), ("approve_sharing",)


class JoinRefused(Exception):
    """`reason` is one of: wrong, too_many, used, expired, ended."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HasAccount(Exception):
    """The recipient has an account that works. Another letter would be for another one: end this one first."""


class NothingToEnd(Exception):
    """Neither an account nor a letter that works."""


@dataclass(frozen=True)
class Invited:
    """The invitation and its code, which is known only now."""

    account: RecipientAccount
    code: str


@watched("recipient.invite", on="recipient")
def invite(*, recipient: Recipient, by: User, at: datetime) -> Invited:
    """A code for a letter to this recipient. An earlier one that nobody used stops working.

    Raises: HasAccount, OutOfOffice
    """
    recipient = _held(recipient)
    insist(by, recipient, at)
    living = RecipientAccount.objects.living().filter(recipient=recipient)
    if living.exclude(user=None).exists():
        raise HasAccount
    living.update(ended_at=at, ended_by=by)
    code = letters.draw()
    account = RecipientAccount.objects.create(
        neighborhood_id=recipient.neighborhood_id,
        recipient=recipient,
        digest=_digest(code),
        made_by=by,
        made_at=at,
        expires_at=at + LIFE,
    )
    note("recipient.invited", recipient, by=by.pk, account=account.pk)
    return Invited(account, letters.spelled(code))


def check(*, code: str, address: str, at: datetime) -> RecipientAccount:
    """The invitation with this code. Nothing is spent by asking.

    Raises: JoinRefused
    """
    digest = _digest(letters.normalise(code))
    found = RecipientAccount.objects.select_related("recipient").filter(digest=digest).first()
    if found is None:
        raise JoinRefused("too_many" if claiming.guessed_too_often(address) else "wrong")
    return _open(found, at)


def join(
    *, code: str, username: str, password: str, language: str, address: str, at: datetime
) -> RecipientAccount:
    """Spend the code and make the account, in one act.

    Raises: JoinRefused; django.db.IntegrityError if the sign-in name is taken
    """
    found = check(code=code, address=address, at=at)
    hashed = make_password(password)  # slow, so before any lock
    with transaction.atomic():
        _held(found.recipient)
        account = _open(RecipientAccount.objects.select_related("recipient").get(pk=found.pk), at)
        user = User(username=User.normalize_username(username), language=language, password=hashed)
        user.save(force_insert=True)
        account.user, account.opened_at = user, at
        account.save(update_fields=["user", "opened_at"])
        note("recipient.joined", account.recipient, account=account.pk)
    return account


@watched("recipient.end_account", on="recipient")
def end(*, recipient: Recipient, by: User, at: datetime) -> None:
    """The account opens nothing from now on, wherever it is signed in, and nothing in it says whose it was; a letter that
    nobody used opens nothing either.

    Raises: NothingToEnd, OutOfOffice
    """
    recipient = _held(recipient)
    insist(by, recipient, at)
    account = RecipientAccount.objects.living().select_related("user").filter(recipient=recipient).first()
    if account is None:
        raise NothingToEnd
    RecipientAccount.objects.filter(pk=account.pk).update(ended_at=at, ended_by=by)
    if account.user:
        user = account.user
        user.username, user.is_active = f"gone-{user.pk.hex}", False
        user.set_unusable_password()  # and with it, every session
        user.save(update_fields=["username", "is_active", "password"])
    note("recipient.ended", recipient, by=by.pk, account=account.pk)


def account_of(user: User) -> RecipientAccount | None:
    """The account as which this person fetches, while it works."""
    living = RecipientAccount.objects.living().filter(user=user, user__is_active=True)
    return living.select_related("recipient__neighborhood").first()


def is_recipients(user: User) -> bool:
    """Whether it is an account of that kind at all, ended ones too."""
    return RecipientAccount.objects.filter(user=user).exists()


def insist(by: User, recipient: Recipient, at: datetime, perms: Collection[str] = DEALS) -> None:
    """Raises: OutOfOffice"""
    *others, last = perms
    for perm in others:
        with suppress(OutOfOffice):
            speaking.insist(by=by, perm=perm, neighborhood=recipient.neighborhood, at=at)
            return
    speaking.insist(by=by, perm=last, neighborhood=recipient.neighborhood, at=at)


def note(kind: str, recipient: Recipient, **payload: object) -> None:
    record(
        kind=kind,
        subject=recipient.pk,
        neighborhood=recipient.neighborhood_id,
        payload={name: str(value) for name, value in payload.items()},
    )


def _held(recipient: Recipient) -> Recipient:
    """Acts on one recipient come one after the other."""
    locked = Recipient.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("neighborhood").get(pk=recipient.pk)


def _open(account: RecipientAccount, at: datetime) -> RecipientAccount:
    if account.user_id:
        raise JoinRefused("used")
    if account.ended_at:
        raise JoinRefused("ended")
    if at >= account.expires_at:
        raise JoinRefused("expired")
    return account


def _digest(code: str) -> bytes:
    return blind.index(domain="recipient-code", value=code)
