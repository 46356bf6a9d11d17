"""Telling people that something waits: who chose it, and what goes into the outbox. Sending is `outbox`, paper is `slips`.

What goes out is the same few words for every topic, and no row says which it was. Who chose nothing gets nothing, and
finds all of it on the first page as before. Nobody is reminded: what is told is told when it comes to be, and once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from ledger.record import record
from residents import ages, carriers, contact, deskwork
from residents.models import (
    DeskAct,
    Guardianship,
    MailAddress,
    Message,
    Neighborhood,
    Resident,
    User,
    Wish,
)

Topic = Wish.Topic
Way = Wish.Way
# As long as somebody whose address failed is shown it.
SHOWN_FAILED = timedelta(days=30)
PERM = "manage_register"
MONDAY = 0
# Who is told of a question depends on what they said before: a sheet of names would give that away to the desk. So of this
# topic no slip can be had, and of other things that follow from an answer none is printed (`on_paper`).
NEVER_ON_PAPER = (Topic.DECIDE,)


class WishRefused(Exception):
    """Nothing was changed. `reason` is one of: mail, sms, slip (which cannot be had now), account."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Offer:
    """A way that can be chosen now. `operator` gets the address or number; on paper nobody does."""

    way: Way
    operator: str = ""


def tell(
    *,
    neighborhood: Neighborhood,
    residents: Iterable[UUID] | QuerySet[Any, Any],
    topic: Topic,
    at: datetime,
    on_paper: bool = True,
) -> int:
    """Inside the act's own transaction: something waits for these people. How many messages were written.

    For a child under fourteen, whoever decides for it today. As many queries for a whole neighborhood as for one person.
    Not `on_paper` where it depends on an answer who is told: the desk reads names on the sheet and would learn the answer.
    """
    today = ages.today_in(neighborhood, at)
    people = residents if isinstance(residents, QuerySet) else list(residents)
    guarded = Resident.objects.filter(
        pk__in=people, born__gt=ages.years_before(today, ages.GUARDED), neighborhood=neighborhood
    )
    guardians = Guardianship.objects.current(today).filter(child__in=guarded)
    tried_again = Message.objects.filter(
        resident=OuterRef("resident"),
        way=OuterRef("way"),
        what=Message.What.WAITS,
        state=Message.State.SENDING,
        claim=None,
    )
    wanted = (
        Wish.objects.filter(
            Q(resident__in=people) | Q(resident__in=guardians.values("guardian")),
            neighborhood=neighborhood,
            topic=topic,
            resident__left_at=None,
            resident__erased_at=None,
        )
        .exclude(Exists(tried_again))
        # In one order for all, so that two acts at once never wait for each other.
        .order_by("resident", "way")
        .values_list("resident", "way")
    )
    if not on_paper or topic in NEVER_ON_PAPER:
        wanted = wanted.exclude(way=Way.SLIP)
    sent = at + timedelta(seconds=settings.MESSAGE_GATHER_SECONDS)
    printed = next_print_day(neighborhood, at)
    messages = [
        Message(
            neighborhood=neighborhood,
            resident_id=who,
            way=way,
            made_at=at,
            due_at=printed if way == Way.SLIP else sent,
        )
        for who, way in wanted
    ]
    # One that waits already says it for this as well.
    return len(Message.objects.bulk_create(messages, ignore_conflicts=True))


def tell_everybody(*, neighborhood: Neighborhood, topic: Topic, at: datetime) -> int:
    """Whoever lives here and chose it."""
    here = Resident.objects.living().filter(neighborhood=neighborhood, left_at=None)
    return tell(neighborhood=neighborhood, residents=here.values("pk"), topic=topic, at=at)


def next_print_day(neighborhood: Neighborhood, at: datetime) -> datetime:
    """From when what comes now may be printed: the beginning of the next Monday there, never today."""
    today = ages.today_in(neighborhood, at)
    day = today + timedelta(days=(MONDAY - today.weekday() - 1) % 7 + 1)
    return datetime.combine(day, time(), tzinfo=ZoneInfo(neighborhood.time_zone))


def offers(*, resident: Resident, address: MailAddress | None, at: datetime) -> list[Offer]:
    """Which ways this person can choose now. Opens their number: only for themselves."""
    found = []
    if settings.MAIL_TO_RESIDENTS and address is not None and address.proven_at is not None:
        found.append(Offer(Way.MAIL, settings.MAIL_CARRIER))
    if settings.SMS_GATEWAY and carriers.mobile(contact.phone_of(resident)):
        found.append(Offer(Way.SMS, settings.SMS_OPERATOR))
    if not resident.keep_at_desk and not ages.is_guarded(resident, at):
        found.append(Offer(Way.SLIP))
    return found


def can_tell(topic: Topic, way: Way) -> bool:
    """Whether this topic is ever told in this way."""
    return way != Way.SLIP or topic not in NEVER_ON_PAPER


@transaction.atomic
def choose(
    *, resident: Resident, wanted: Iterable[tuple[Topic, Way]], by: User, at: datetime
) -> list[tuple[Topic, Way]]:
    """From now on exactly these, chosen by the person. Said twice it is said once.

    Raises: WishRefused, PermissionDenied
    """
    resident = _locked(resident)
    if resident.user_id != by.pk or resident.left_at is not None:
        raise PermissionDenied
    address = MailAddress.objects.filter(resident=resident).first()
    return _choose(resident, set(wanted), address, offers(resident=resident, address=address, at=at), by, at)


@transaction.atomic
def choose_at_desk(
    *, resident: Resident, slips: bool, known_by: DeskAct.KnownBy, by: User, at: datetime
) -> None:
    """For who has no account and stands at the desk or rings: slips for all that is told on paper, or none. For a child
    under fourteen never: its guardian is told.

    Raises: WishRefused, PermissionDenied
    """
    resident = _locked(resident)
    if resident.user_id is not None:
        raise WishRefused("account")
    stays = resident.keep_at_desk or resident.left_at is not None or ages.is_guarded(resident, at)
    offered = [] if stays else [Offer(Way.SLIP)]
    if slips and not offered:
        raise WishRefused("slip")
    act = DeskAct.Act.SLIPS_ON if slips else DeskAct.Act.SLIPS_OFF
    deskwork.note(resident=resident, act=act, known_by=known_by, by=by, perm=PERM, at=at)
    wanted = {(topic, Way.SLIP) for topic in Topic if can_tell(topic, Way.SLIP)} if slips else set()
    _choose(resident, wanted, None, offered, by, at)


def chosen(resident: Resident) -> set[tuple[Topic, Way]]:
    """One query."""
    found = Wish.objects.filter(resident=resident).values_list("topic", "way")
    return {(Topic(topic), Way(way)) for topic, way in found}


def failed(*, resident: Resident, at: datetime) -> Message | None:
    """The last message that could not be brought to them, unless one got through since. One query."""
    over = [Message.State.SENT, Message.State.GIVEN_UP]
    last = Message.objects.filter(resident=resident, state__in=over, over_at__gt=at - SHOWN_FAILED)
    newest = last.order_by("-over_at").first()
    return newest if newest is not None and newest.state == Message.State.GIVEN_UP else None


def no_more_slips(resident: Resident) -> None:
    """Others read their mail: nothing goes into the mailbox, what waits to be printed included."""
    Wish.objects.filter(resident=resident, way=Way.SLIP).delete()
    Message.objects.filter(resident=resident, way=Way.SLIP, state=Message.State.WAITING).delete()


def end(resident: Resident) -> list[UUID]:
    """They live here no more: address, choices and what was not sent go now. The keys that must go after them.

    Inside the transaction that closes their residence. What a worker has in hand is looked at again before it goes.
    """
    Wish.objects.filter(resident=resident).delete()
    Message.objects.filter(resident=resident, state=Message.State.WAITING).delete()
    address = MailAddress.objects.filter(resident=resident)
    found = list(address.values_list("key", flat=True))
    address.delete()
    return found


def _choose(
    resident: Resident,
    wanted: set[tuple[Topic, Way]],
    address: MailAddress | None,
    offered: list[Offer],
    by: User,
    at: datetime,
) -> list[tuple[Topic, Way]]:
    operators = {offer.way: offer.operator for offer in offered}
    for topic, way in sorted(wanted):
        if way not in operators or not can_tell(topic, way):
            raise WishRefused(way)
    standing = Wish.objects.filter(resident=resident)
    before = {(Topic(each.topic), Way(each.way)): each for each in standing}
    # A yes to another operator is no yes to this one, so it is said anew.
    old = {key for key, each in before.items() if key in wanted and each.operator == operators[key[1]]}
    standing.filter(pk__in=[each.pk for key, each in before.items() if key not in old]).delete()
    made = Wish.objects.bulk_create(
        Wish(
            neighborhood_id=resident.neighborhood_id,
            resident=resident,
            topic=topic,
            way=way,
            address=address if way == Way.MAIL else None,
            operator=operators[way],
            by=by,
            at=at,
        )
        for topic, way in sorted(wanted - old)
    )
    unwanted = Message.objects.filter(
        resident=resident, state=Message.State.WAITING, what=Message.What.WAITS
    ).exclude(way__in={way for _topic, way in wanted})
    unwanted.delete()
    if made or len(before) != len(old):
        record(
            kind="messages.chosen",
            subject=resident.pk,
            neighborhood=resident.neighborhood_id,
            payload={
                "chosen": sorted(f"{topic}.{way}" for topic, way in wanted),
                "to_sha": sorted(
                    sha256(each.encode()).hexdigest() for each in {w.operator for w in made} - {""}
                ),
                "by": by.pk,
            },
        )
    return sorted(wanted)


def _locked(resident: Resident) -> Resident:
    held = Resident.objects.select_for_update(of=("self",), no_key=True)
    return held.select_related("neighborhood").get(pk=resident.pk)
