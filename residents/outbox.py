"""Sending what waits: taken up by one worker at a time, looked at again, handed over, and written down.

The row is the job. A worker takes one with SKIP LOCKED and a lease, outside any transaction it hands it over, then writes
what became of it, if the claim is still its own. A worker that is killed leaves its lease; when that is over another one
goes on. Between the mail server's "250" and our writing it down lies a moment that no program can close: killed in it, the
message goes once more, under the same Message-ID. Elsewhere nothing goes twice.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Self
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, IntegerField, OuterRef, Q, When
from django.db.models.functions import Coalesce
from django.utils import translation
from django.utils.translation import gettext as _

from ledger.record import record
from residents import carriers, contact, mail_addresses
from residents.models import MailAddress, Message, Resident, Wish

State = Message.State
What = Message.What
Way = Wish.Way
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
# How long it is tried before the person is told, on their own page, that it did not arrive.
GIVE_UP = timedelta(days=2)
# What a worker should long have taken up: then nobody sends.
LATE = timedelta(minutes=15)


_ORDER = (
    Case(When(what=What.CODE, then=0), default=1, output_field=IntegerField()),
    Coalesce("lease_until", "due_at"),
)


@dataclass(frozen=True)
class Target:
    """Where one message goes, opened for this moment."""

    where: str
    language: str
    code: str = ""


class Post:
    """One round of sending; keeps the line to the mail server open meanwhile."""

    def __init__(self) -> None:
        self._mail = carriers.Mail()
        # Ways that failed in this round: the others need not wait for them.
        self._without: set[Way] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._mail.__exit__(None, None, None)

    def send_next(self, *, at: datetime) -> bool:
        """See to one message that is due. False when there is none."""
        message = claim(at=at, without=self._without)
        if message is None:
            return False
        if message.attempts > 1 and at >= message.made_at + _life(message) + LONGEST_WAIT:
            # Whatever it is that goes wrong with this one, it is not tried for ever.
            _finish(message, State.GIVEN_UP, at, handed=False)
            return True
        target = _target(message, at)
        if target is None:
            _drop(message, at)
            return True
        try:
            self._hand_over(message, target)
        except (carriers.NotReached, carriers.Failed) as error:
            self._without.add(Way(message.way))
            _try_again(message, at, handed=isinstance(error, carriers.Failed))
        except carriers.NotNow:  # this address; the way is open to all others
            _try_again(message, at, handed=True)
        except carriers.Refused:
            _finish(message, State.GIVEN_UP, at)
        else:
            _finish(message, State.SENT, at)
        return True

    def _hand_over(self, message: Message, target: Target) -> None:
        subject, words = words_of(message, target)
        if message.way == Way.SMS:
            carriers.text_gateway().send(number=target.where, words=words, reference=message.pk)
        else:
            self._mail.send(address=target.where, subject=subject, words=words, reference=message.pk)


def claim(*, at: datetime, without: Collection[Way] = ()) -> Message | None:
    """Take up one that is due and still wanted, and nobody else does meanwhile.

    Codes first, for somebody sits and waits for one; then what is due for longest, by when it is to be tried again.
    """
    with transaction.atomic():
        waiting = Message.objects.due(at).exclude(way__in=without).filter(_wanted()).order_by(*_ORDER)
        found = waiting.select_for_update(skip_locked=True, no_key=True, of=("self",)).first()
        if found is None:
            _drop_unwanted(at)
            return None
        _count_as_handed(found)
        found.state, found.claim, found.claimed_at = State.SENDING, uuid4(), at
        found.lease_until = at + timedelta(seconds=settings.MESSAGE_LEASE_SECONDS)
        found.operator = operator_of(Way(found.way))
        found.attempts += 1
        found.save()
    return found


def late_since(*, at: datetime) -> datetime | None:
    """Since when something is due that nobody took up, if for too long."""
    overdue = Message.objects.due(at - LATE).annotate(since=Coalesce("lease_until", "due_at"))
    return overdue.order_by("since").values_list("since", flat=True).first()


def due(*, at: datetime) -> UUID | None:
    """One that is due, for the sweep to nudge a worker with; which one does not matter. Or what nobody wants any more."""
    return Message.objects.due(at).order_by("due_at").values_list("pk", flat=True).first()


def operator_of(way: Way) -> str:
    """Who is handed the address or number, as people are told before they choose."""
    return str(settings.SMS_OPERATOR if way == Way.SMS else settings.MAIL_CARRIER)


def words_of(message: Message, target: Target) -> tuple[str, str]:
    """(subject, text), in their language. The same for everybody and every topic: no name, no topic, no way in."""
    with translation.override(target.language):
        if message.what == What.CODE:
            text = _(
                "Your code for Linmen: %(code)s\n\nType it on the page where you gave this address. If you gave none"
                " there, do nothing: without the code nothing more is sent here."
            ) % {"code": mail_addresses.spelled(target.code)}
        else:
            text = waits_words()
        return _("Linmen"), text


def waits_words() -> str:
    """In the language of the moment."""
    said = _("Something waits for you at Linmen. Sign in as always: %(site)s")
    return said % {"site": settings.SITE_ADDRESS}


def _target(message: Message, at: datetime) -> Target | None:
    """Asked anew, right before it goes: whether they still want it, and where it goes now."""
    resident = Resident.objects.select_related("user").get(pk=message.resident_id)
    account = resident.user
    if resident.left_at or resident.erased_at or account is None or not account.is_active:
        return None
    if message.what == What.WAITS and not _is_wished(message):
        return None
    if message.way == Way.SMS:
        where = carriers.mobile(contact.phone_of(resident)) if settings.SMS_GATEWAY else ""
        return Target(where, account.language) if where else None
    address = MailAddress.objects.filter(resident=resident).first()
    if address is None or not settings.MAIL_TO_RESIDENTS:
        return None
    code = ""
    if message.what == What.CODE:
        if address.proven_at is not None or not mail_addresses.may_be_proven(address, at):
            return None
        if message.made_at != address.given_at:
            return None  # it was for the address before this one
        code = mail_addresses.code_of(address)
    elif address.proven_at is None:
        return None
    where = mail_addresses.address_of(address)
    return Target(where, account.language, code) if where else None


def _is_wished(message: Message) -> bool:
    """By this way, and to whom it is carried by now: a yes to one operator is none to another."""
    wish = Wish.objects.filter(resident=message.resident_id, way=message.way)
    return wish.filter(operator=operator_of(Way(message.way))).exists()


def _wanted() -> Q:
    """As the database's own law has it."""
    wish = Wish.objects.filter(resident=OuterRef("resident"), way=OuterRef("way"))
    unproven = MailAddress.objects.filter(resident=OuterRef("resident"), proven_at=None)
    asked = Q(Exists(wish), what=What.WAITS) | Q(Exists(unproven), what=What.CODE)
    return asked & Q(resident__left_at=None, resident__erased_at=None)


def _drop_unwanted(at: datetime) -> None:
    for each in (
        Message.objects.due(at)
        .exclude(_wanted())
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
    ):
        _count_as_handed(each)
        _drop(each, at)


def _count_as_handed(message: Message) -> None:
    """Whoever had it in hand did not come back, and may have handed it over: that counts as given."""
    if message.claim is None or message.handed_at is not None:
        return
    message.handed_at = message.claimed_at
    Message.objects.filter(pk=message.pk, claim=message.claim).update(handed_at=message.handed_at)
    _record_handed(message)


def _try_again(message: Message, at: datetime, *, handed: bool) -> None:
    """Later, and later each time; not for ever. One that waits beside it says the same, and goes in its place."""
    same = Message.objects.filter(
        resident=message.resident_id, way=message.way, what=message.what, state=State.WAITING
    )
    if at >= message.made_at + _life(message) or same.exists():
        over = State.DROPPED if same.exists() else State.GIVEN_UP
        _finish(message, over, at, handed=handed)
        return
    wait = min(FIRST_WAIT * 2 ** min(message.attempts - 1, 20), LONGEST_WAIT)
    _write(message, handed, at, claim=None, claimed_at=None, lease_until=at + wait)


def _life(message: Message) -> timedelta:
    return mail_addresses.CODE_LIFE if message.what == What.CODE else GIVE_UP


def _finish(message: Message, state: State, at: datetime, *, handed: bool = True) -> None:
    _write(message, handed, at, state=state, over_at=at, lease_until=None)


@transaction.atomic
def _drop(message: Message, at: datetime) -> None:
    """Nothing went, so nothing stays; of what an operator may have been handed, that it was. Codes stay to be counted."""
    mine = Message.objects.filter(pk=message.pk, claim=message.claim)
    mine.filter(handed_at=None).exclude(what=What.CODE).delete()
    mine.update(state=State.DROPPED, over_at=at, lease_until=None)


@transaction.atomic
def _write(message: Message, handed: bool, at: datetime, **became: Any) -> None:
    """If it is still ours: whoever took it over meanwhile writes instead, and has counted it as handed."""
    newly = handed and message.handed_at is None
    if newly:
        became["handed_at"] = at
    if Message.objects.filter(pk=message.pk, claim=message.claim).update(**became) and newly:
        _record_handed(message)


def _record_handed(message: Message) -> None:
    """Number or address went to whom they had agreed to. In the ledger by check number, as what is disclosed is."""
    record(
        kind="message.handed",
        subject=message.resident_id,
        neighborhood=message.neighborhood_id,
        payload={
            "message": message.pk,
            "way": message.way,
            "operator_sha": sha256(message.operator.encode()).hexdigest(),
        },
    )
