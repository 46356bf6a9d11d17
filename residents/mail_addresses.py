"""A resident's mail address: given by them alone, proven by a code that goes to it, taken away with one press.

It opens nothing: nobody signs in or gets back into an account with it, and two people may give the same one.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from datetime import datetime, timedelta
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import EmailValidator
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from ledger.record import record
from residents import effects
from residents.models import MailAddress, Message, Resident, User, Wish
from vault import blind, keys, sealing

PURPOSE = "mail_address"
CODE_LIFE = timedelta(hours=1)
TRIES = 5
# So many codes a day: nobody fills another's mailbox by giving their address here again and again.
CODES_A_DAY = 5
# So many to one address, whoever gives it: enough for two people who each use up their own, so that neither learns of the
# other. Whoever gives it for the first time that day is asked for no more than that the mailbox is not filled.
CODES_TO_ONE = 2 * CODES_A_DAY
MOST_TO_ONE = 20
DAY_SECONDS = 24 * 60 * 60
LONGEST = 254


class AddressRefused(ValueError):
    """The message says what to do."""


def normalise(address: str) -> str:
    """Full-width signs are forgiven. Only plain addresses: nothing that could be read as a second one, or as a header.

    Raises: AddressRefused
    """
    plain = unicodedata.normalize("NFKC", address.replace("。", ".")).strip()
    try:
        EmailValidator(allowlist=[])(plain)
    except ValidationError:
        plain = ""
    if not re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[^\s@<>\"(),:;\[\]\\]{3,}", plain):
        raise AddressRefused(_("Write one e-mail address, for example name@example.com."))
    return plain


@transaction.atomic
def give(*, resident: Resident, address: str, by: User, at: datetime) -> MailAddress:
    """Keep it, and send a code to it. The same one given again changes nothing; one has to go before another comes.

    Raises: AddressRefused, PermissionDenied
    """
    if not settings.MAIL_TO_RESIDENTS:
        raise AddressRefused(_("No e-mail is sent from here now."))
    resident = _locked(resident, by)
    plain = normalise(address)
    before = MailAddress.objects.filter(resident=resident).first()
    if before is not None:
        if address_of(before) == plain:
            return before
        raise AddressRefused(_("Take the address away that is here, then give another one."))
    _insist_on_patience(resident, at)
    _spare(resident, plain)
    key = uuid4()
    keys.ensure(id=key, subject=resident.pk, purpose=PURPOSE)
    made = MailAddress(
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        key=key,
        given_at=at,
        code_until=at + CODE_LIFE,
    )
    made.sealed = sealing.encrypt(key=key, plaintext=plain.encode(), context=_context(made))
    made.save(force_insert=True)
    _record(made, "given", by)
    message = Message.objects.create(
        neighborhood_id=resident.neighborhood_id,
        resident=resident,
        what=Message.What.CODE,
        way=Wish.Way.MAIL,
        made_at=at,
        due_at=at,
    )
    transaction.on_commit(lambda: effects.call("send_soon", message=message.pk), robust=True)
    return made


@transaction.atomic
def prove(*, resident: Resident, code: str, by: User, at: datetime) -> bool:
    """Whether the code is right. False counts a try; after five, or an hour, the address has to be given anew.

    Raises: AddressRefused("…") when it is too late, PermissionDenied
    """
    resident = _locked(resident, by)
    found = MailAddress.objects.filter(resident=resident).first()
    if found is None or (found.proven_at is None and not may_be_proven(found, at)):
        raise AddressRefused(_("That code is over. Take the address away, and give it once more."))
    if found.proven_at is not None:
        return True
    if not hmac.compare_digest(code_of(found), _digits(code)):
        MailAddress.objects.filter(pk=found.pk).update(tries=F("tries") + 1)
        return False
    MailAddress.objects.filter(pk=found.pk).update(proven_at=at)
    _record(found, "proven", by)
    return True


@transaction.atomic
def take_away(*, resident: Resident, by: User, at: datetime) -> bool:
    """It is gone, and what was chosen for it. False if there was none.

    Raises: PermissionDenied
    """
    resident = _locked(resident, by)
    found = MailAddress.objects.filter(resident=resident).first()
    if found is None:
        return False
    forget(found, at=at)
    _record(found, "taken_away", by)
    return True


def forget(address: MailAddress, *, at: datetime) -> None:
    """The key first: an address that nobody can read is as good as gone, and this may be repeated.

    A code that waits is not sent, and stays to be counted: whoever gives and takes away all day gets no more of them.
    """
    keys.destroy(id=address.key)
    Wish.objects.filter(address=address).delete()
    waiting = Message.objects.filter(
        resident=address.resident_id, way=Wish.Way.MAIL, state=Message.State.WAITING
    )
    waiting.exclude(what=Message.What.CODE).delete()
    waiting.update(state=Message.State.DROPPED, over_at=at)
    MailAddress.objects.filter(pk=address.pk).delete()


def may_be_proven(address: MailAddress, at: datetime) -> bool:
    return at < address.code_until and address.tries < TRIES


def address_of(address: MailAddress) -> str:
    """In the clear, for its owner and for the mail server; empty where its key is gone."""
    try:
        return sealing.decrypt(
            key=address.key, ciphertext=bytes(address.sealed), context=_context(address)
        ).decode()
    except keys.KeyDestroyed:
        return ""


def code_of(address: MailAddress) -> str:
    """Eight digits that only this server can compute, so they need not be kept."""
    digest = blind.index(domain="mail-code", value=str(address.pk))
    return f"{int.from_bytes(digest[:8]) % 10**8:08}"


def spelled(code: str) -> str:
    return f"{code[:4]} {code[4:]}"


def _digits(code: str) -> str:
    return "".join(re.findall(r"[0-9]", unicodedata.normalize("NFKC", code[:40])))


def _insist_on_patience(resident: Resident, at: datetime) -> None:
    """Each counts, sent or not: with each comes another code that can be guessed at five times."""
    asked = Message.objects.filter(
        resident=resident, what=Message.What.CODE, made_at__gt=at - timedelta(days=1)
    )
    if asked.count() >= CODES_A_DAY:
        raise AddressRefused(_("That was tried several times today. Try again tomorrow."))


def _spare(resident: Resident, plain: str) -> None:
    """So many a day for one address too, whoever gives it: several accounts fill no mailbox together.

    In the cache alone, under numbers that nobody can turn back: no table says which address it was. What is refused does
    not count, or one account could keep all others out by trying on.
    """
    all_of_them, mine = _counted(str(resident.neighborhood_id), plain), _counted(str(resident.pk), plain)
    is_first = cache.add(mine, 1, timeout=DAY_SECONDS)
    cache.add(all_of_them, 0, timeout=DAY_SECONDS)
    try:
        if cache.incr(all_of_them) <= (MOST_TO_ONE if is_first else CODES_TO_ONE):
            return
        cache.decr(all_of_them)
    except ValueError:  # it ran out meanwhile: another day
        return
    if is_first:
        cache.delete(mine)
    raise AddressRefused(_("That was tried several times today. Try again tomorrow."))


def _counted(whose: str, plain: str) -> str:
    return f"mail-codes:{blind.index(domain=f'mail-codes|{whose}', value=plain.casefold()).hex()}"


def _locked(resident: Resident, by: User) -> Resident:
    held = Resident.objects.select_for_update(of=("self",), no_key=True).get(pk=resident.pk)
    if held.user_id != by.pk or held.left_at is not None:
        raise PermissionDenied
    return held


def _record(address: MailAddress, what: str, by: User) -> None:
    record(
        kind=f"address.{what}",
        subject=address.resident_id,
        neighborhood=address.neighborhood_id,
        payload={"address": address.pk, "by": by.pk},
    )


def _context(address: MailAddress) -> str:
    return f"residents.mail_address|{address.pk}"
