"""The key that files for a recipient are encrypted to: given by its account, proven by a signature, heard by telephone.

Only together do they say whose key it is. Whoever held the letter could have joined; so staff call the recipient at the number
they know, and type what is read out. They are not shown it, so nobody ticks off what nobody heard. And it is not who wrote
the letter: that one had the code in hand, and could otherwise alone have everything given to themselves (LM120).
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from residents.models import User
from residents.one_person import is_one_person
from sharing import challenges, signatures
from sharing.joining import DECIDES, insist, note
from sharing.models import Copy, Recipient, RecipientAccount, RecipientKey
from sharing.speaking import Refusal, watched

HEARD = 12  # characters after "SHA256:", whatever their case: 60 bits


class KeyRefused(Refusal):
    """`reason` is one of: none, ended, known, not_proven, own_invitation, not_heard."""

    TOLD = frozenset({"own_invitation", "not_heard"})


@transaction.atomic
def give(*, account: RecipientAccount, pasted: str, at: datetime) -> RecipientKey:
    """Write down a public key. One that was there ends, and what was made for it and not fetched is void.

    Raises: signatures.KeyUnreadable, KeyRefused, PermissionDenied
    """
    key = signatures.read_key(pasted)
    recipient = held(account)
    living = key_of(recipient)
    if living and living.public == key.line:
        return living  # the same, sent twice
    if RecipientKey.objects.filter(public=key.line).exists():
        raise KeyRefused("known")
    if living:
        _end(living, at)
    made = RecipientKey.objects.create(
        neighborhood_id=recipient.neighborhood_id,
        recipient=recipient,
        account=account,
        public=key.line,
        fingerprint=key.fingerprint,
        given_at=at,
    )
    note("recipient.key_given", recipient, key=made.pk, fingerprint=made.fingerprint, account=account.pk)
    return made


def challenge(*, key: RecipientKey, account: RecipientAccount, at: datetime) -> str:
    return challenges.make(act=challenges.PROVE, about=key.pk, account=account.pk, at=at)


@transaction.atomic
def prove(*, account: RecipientAccount, challenge: str, signature: str, at: datetime) -> RecipientKey:
    """Show that who has the account has the private half too. Twice is once.

    Raises: challenges.ChallengeRefused, KeyRefused, PermissionDenied
    """
    recipient = held(account)
    key = key_of(recipient)
    if key is None:
        raise KeyRefused("none")
    if key.proven_at:
        return key
    challenges.check(
        challenge=challenge,
        signature=signature,
        key=signatures.read_key(key.public),
        act=challenges.PROVE,
        about=key.pk,
        account=account.pk,
        at=at,
    )
    key.proven_at = at
    key.save(update_fields=["proven_at"])
    note("recipient.key_proven", recipient, key=key.pk, account=account.pk)
    return key


@watched("recipient.confirm_key", on="key")
def confirm(*, key: RecipientKey, heard: str, by: User, at: datetime) -> RecipientKey:
    """Say that the recipient read this fingerprint out on the telephone. From now on files are made for this key.

    Raises: KeyRefused, OutOfOffice
    """
    recipient = Recipient.objects.select_for_update(of=("self",), no_key=True).get(pk=key.recipient_id)
    key = RecipientKey.objects.select_related("account", "recipient__neighborhood").get(pk=key.pk)
    insist(by, key.recipient, at, DECIDES)
    if key.ended_at or (key.account.ended_at and not key.confirmed_at):
        raise KeyRefused("ended")
    if key.proven_at is None:
        raise KeyRefused("not_proven")
    if key.confirmed_at:
        return key
    if is_one_person(key.account.made_by_id, by.pk):
        raise KeyRefused("own_invitation")
    if _plain(heard) != _plain(spoken(key)):
        raise KeyRefused("not_heard")
    key.confirmed_at, key.confirmed_by = at, by
    key.save(update_fields=["confirmed_at", "confirmed_by"])
    note("recipient.key_confirmed", recipient, key=key.pk, by=by.pk)
    return key


@watched("recipient.end_key", on="recipient")
def end(*, recipient: Recipient, by: User, at: datetime) -> None:
    """The key is lost, or somebody else may have it: nothing is fetched that was made for it.

    Raises: KeyRefused("none"), OutOfOffice
    """
    recipient = (
        Recipient.objects.select_for_update(of=("self",), no_key=True)
        .select_related("neighborhood")
        .get(pk=recipient.pk)
    )
    insist(by, recipient, at)
    key = key_of(recipient)
    if key is None:
        raise KeyRefused("none")
    _end(key, at)
    note("recipient.key_ended", recipient, key=key.pk, by=by.pk)


def key_of(recipient: Recipient) -> RecipientKey | None:
    """The one key that has not ended, wherever it stands."""
    return RecipientKey.objects.filter(recipient=recipient, ended_at=None).first()


def spoken(key: RecipientKey) -> str:
    """What is read out: the beginning of the fingerprint that `ssh-keygen -l` shows, by fours."""
    begins = key.fingerprint.removeprefix("SHA256:")[:HEARD]
    return " ".join(begins[i : i + 4] for i in range(0, HEARD, 4))


def _plain(heard: str) -> str:
    """Nobody hears a capital."""
    return "".join(heard.removeprefix("SHA256:").split()).lower()[:HEARD]


def held(account: RecipientAccount) -> Recipient:
    """The recipient, locked, if the account still works."""
    locked = Recipient.objects.select_for_update(of=("self",), no_key=True)
    recipient = locked.select_related("neighborhood").get(pk=account.recipient_id)
    if not RecipientAccount.objects.living().exclude(user=None).filter(pk=account.pk).exists():
        raise PermissionDenied
    return recipient


def _end(key: RecipientKey, at: datetime) -> None:
    """What was made for it and lies here still is void with it: the database sees to that. The copies are held before the key,
    as by whoever finishes one: else each would wait for the other."""
    made = Copy.objects.living().filter(key=key).order_by("pk")
    list(made.select_for_update(of=("self",), no_key=True).values_list("pk"))
    RecipientKey.objects.filter(pk=key.pk).update(ended_at=at)
