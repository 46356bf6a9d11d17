"""Telling of a leak: a notice with each item that the law wants in it, sent whole; and everybody it concerns, one by one, with proof.

Whoever has an account gets it there: on their first page, in their record, with the message that they chose. Whoever has none
gets a sheet of paper that is printed in the room. Each of both is a row of its own and an entry of the ledger, once for each
person, so that a sending that was killed goes on where it stood, and whoever comes to be affected later is told too. Under
fourteen the guardians are told, until eighteen both: the database says who (`sharing_readers`), and takes nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import Max, QuerySet

from ledger.record import Act, record, record_many
from residents import effects, notifying
from residents.models import Resident, User
from sharing import duties, leaks
from sharing.models import Leak, LeakNotice, LeakStep, LeakTold

To = LeakNotice.To
Way = LeakTold.Way
AT_ONCE = 500

# Who is still to be told: with an account that opens, or without.
TO_TELL = """
SELECT r.reader, r.about FROM sharing_readers(%(notice)s) r
JOIN residents_resident w ON w.id = r.reader LEFT JOIN residents_user u ON u.id = w.user_id
WHERE (u.is_active IS TRUE) = %(account)s AND NOT EXISTS (SELECT FROM sharing_leaktold t
    WHERE t.notice_id = %(notice)s AND t.reader_id = r.reader AND t.about_id = r.about)
ORDER BY r.reader, r.about LIMIT %(limit)s
"""
PROGRESS = """
SELECT count(*), count(t.id), count(*) FILTER (WHERE t.id IS NULL AND u.is_active),
    count(*) FILTER (WHERE t.id IS NULL AND u.is_active IS NOT TRUE)
FROM sharing_readers(%(notice)s) r
JOIN residents_resident w ON w.id = r.reader LEFT JOIN residents_user u ON u.id = w.user_id
LEFT JOIN sharing_leaktold t ON t.notice_id = %(notice)s AND t.reader_id = r.reader AND t.about_id = r.about
"""
# Under fourteen, and nobody of the register is their guardian today: of those nobody can be told.
UNGUARDED = """
SELECT count(DISTINCT p.resident_id) FROM sharing_leaknotice n JOIN sharing_leakperson p ON p.leak_id = n.leak_id
JOIN residents_resident c ON c.id = p.resident_id AND c.erased_at IS NULL
WHERE n.id = %(notice)s AND n.goes_to = 'guardians'
    AND residents_birthday(c.born, 14) > residents_today(n.neighborhood_id)
    AND c.id NOT IN (SELECT about FROM sharing_readers(%(notice)s))
"""


class NoticeNotWhole(ValueError):
    """`missing` names the items that say nothing."""

    def __init__(self, missing: list[str]) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing


class SentAlready(Exception):
    """It does not change any more. Write another."""


@dataclass(frozen=True)
class Progress:
    """Of a notice to people or guardians. `waiting` will be told by themselves, `on_paper` wait for somebody to print theirs, and
    of `unguarded` children nobody knows a guardian."""

    people: int
    told: int
    waiting: int
    on_paper: int
    unguarded: int

    @property
    def left(self) -> int:
        return self.waiting + self.on_paper + self.unguarded


@dataclass(frozen=True)
class Clock:
    """A duty of this room: due when, done when, and of how many it is not done yet."""

    duty: duties.Duty
    due_at: datetime
    begun_at: datetime | None
    done_at: datetime | None
    left: int
    late: bool


@transaction.atomic
def write(
    *,
    leak: Leak,
    goes_to: LeakNotice.To,
    words: Mapping[str, str],
    by: User,
    at: datetime,
    key: UUID | None = None,
) -> LeakNotice:
    """A draft. With the same `key` it is one.

    Raises: OutOfOffice
    """
    leaks.insist(by, leak.neighborhood, at)
    leaks.hold(leak.neighborhood_id)
    key = key or uuid4()
    if (written := LeakNotice.objects.filter(pk=key, leak=leak).first()) is not None:
        return written
    return LeakNotice.objects.create(
        id=key,
        neighborhood_id=leak.neighborhood_id,
        leak=leak,
        goes_to=goes_to,
        written_by=by,
        written_at=at,
        **_words(words),
    )


@transaction.atomic
def rewrite(*, notice: LeakNotice, words: Mapping[str, str], by: User, at: datetime) -> LeakNotice:
    """Raises: OutOfOffice, SentAlready"""
    leaks.insist(by, notice.leak.neighborhood, at)
    drafts = LeakNotice.objects.filter(pk=notice.pk, sent_at=None)
    if not drafts.update(written_by=by, written_at=at, **_words(words)):
        raise SentAlready
    return drafts.get()


@transaction.atomic
def send(*, notice: LeakNotice, by: User, at: datetime) -> LeakNotice:
    """From now on it is said. To an office somebody has brought it, and says how; to people it goes one by one, right after.
    Sent twice it is sent once.

    Raises: OutOfOffice, NoticeNotWhole
    """
    capacity = leaks.insist(by, notice.leak.neighborhood, at)
    held = LeakNotice.objects.select_for_update(no_key=True).get(pk=notice.pk)
    if held.sent_at is not None:
        return held
    if held.missing:
        raise NoticeNotWhole(held.missing)
    LeakNotice.objects.filter(pk=held.pk).update(sent_by=by, sent_at=at)
    record(
        kind="leak.sent",
        subject=held.leak_id,
        neighborhood=held.neighborhood_id,
        payload={"notice": held.pk, "to": held.goes_to, "words_sha": held.digest, "by": by.pk},
    )
    leaks.note(leak=held.leak, kind=LeakStep.Kind.SENT, words=held.goes_to, by=by, capacity=capacity, at=at)
    if held.goes_to not in LeakNotice.OFFICES:
        leaks.compute(held.leak_id)
        transaction.on_commit(lambda: effects.call("tell_soon", notice=held.pk))
    held.sent_by, held.sent_at = by, at
    return held


def work(*, notice: UUID, at: datetime) -> int:
    """Tell whoever has an account and was not told. How many. Safe to repeat, to race and to kill."""
    done = 0
    while told := tell_some(notice=notice, at=at):
        done += told
    return done


@transaction.atomic
def tell_some(*, notice: UUID, at: datetime, limit: int = AT_ONCE) -> int:
    """The next of them, in one transaction."""
    held = LeakNotice.objects.select_for_update(no_key=True).get(pk=notice)
    if held.sent_at is None:
        return 0
    pairs = _to_tell(held, account=True, limit=limit)
    _write_down(held, pairs, at, way=Way.ACCOUNT)
    if pairs:
        notifying.tell(
            neighborhood=held.neighborhood,
            residents=sorted({reader for reader, _about in pairs}),
            topic=notifying.Topic.DATA,
            at=at,
        )
    return len(pairs)


def tell_on_paper(*, notice: LeakNotice, batch: UUID, by: User, at: datetime, limit: int) -> int:
    """The next of those without an account, within the act that prints their sheets."""
    pairs = _to_tell(notice, account=False, limit=limit)
    _write_down(notice, pairs, at, way=Way.PAPER, batch=batch, by=by)
    return len(pairs)


def due() -> list[UUID]:
    """For the sweep: notices of open rooms of which somebody with an account was not told."""
    sent = LeakNotice.objects.filter(sent_at__isnull=False, leak__in=leaks.open_rooms())
    to_people = sent.exclude(goes_to__in=LeakNotice.OFFICES).order_by("sent_at", "pk")
    return [each.pk for each in to_people if _to_tell(each, account=True, limit=1)]


def progress(notice: LeakNotice) -> Progress:
    """Two queries."""
    with connection.cursor() as cursor:
        cursor.execute(PROGRESS, {"notice": notice.pk})
        people, told, waiting, on_paper = cursor.fetchone()
        cursor.execute(UNGUARDED, {"notice": notice.pk})
        [unguarded] = cursor.fetchone()
    return Progress(people, told, waiting, on_paper, unguarded)


def clocks(leak: Leak, at: datetime) -> list[Clock]:
    """What is to be told by when, and what was. Two queries, and two for each duty."""
    wanted = duties.of(people=leaks.concerns(leak), minors=leaks.minors(leak, at) > 0)
    found = []
    for duty in wanted:
        sent = leak.notices.filter(goes_to=duty.goes_to, sent_at__isnull=False).order_by("sent_at").first()
        left = _left(sent) if sent else 0
        done_at = _done(sent) if sent and not left else None
        found.append(
            Clock(
                duty,
                duty.due_at(leak.noticed_at),
                sent.sent_at if sent else None,
                done_at,
                left,
                duty.is_late(noticed_at=leak.noticed_at, done_at=done_at, at=at),
            )
        )
    return found


def _done(notice: LeakNotice) -> datetime | None:
    """When the last of those it is for had got it."""
    last = notice.told.aggregate(last=Max("at"))["last"]
    return last or notice.sent_at


def _left(notice: LeakNotice) -> int:
    return 0 if notice.goes_to in LeakNotice.OFFICES else progress(notice).left


def told_of(resident: Resident) -> QuerySet[LeakTold]:
    """What this person was told: about themself, or a child of theirs."""
    return LeakTold.objects.filter(reader=resident).select_related("notice__leak", "about")


def _to_tell(notice: LeakNotice, *, account: bool, limit: int) -> list[tuple[UUID, UUID]]:
    with connection.cursor() as cursor:
        cursor.execute(TO_TELL, {"notice": notice.pk, "account": account, "limit": limit})
        return list(cursor.fetchall())


def _write_down(
    notice: LeakNotice,
    pairs: list[tuple[UUID, UUID]],
    at: datetime,
    *,
    way: LeakTold.Way,
    batch: UUID | None = None,
    by: User | None = None,
) -> None:
    made = LeakTold.objects.bulk_create(
        LeakTold(
            neighborhood_id=notice.neighborhood_id,
            notice=notice,
            reader_id=reader,
            about_id=about,
            way=way,
            batch=batch,
            printed_by=by,
            at=at,
        )
        for reader, about in pairs
    )
    record_many(
        Act(
            kind="leak.told",
            subject=each.reader_id,
            neighborhood=notice.neighborhood_id,
            payload={
                "told": each.pk,
                "notice": notice.pk,
                "words_sha": notice.digest,
                "way": str(way),
                "child": each.about_id if each.about_id != each.reader_id else None,
            },
        )
        for each in made
    )


def _words(words: Mapping[str, str]) -> dict[str, str]:
    return {name: words.get(name, "").strip() for name in (*LeakNotice.ITEMS, "office")}
