"""Ballots on paper: given out on request, taken in by somebody else, and read by two who do not see what the other read. Each owner
is told when one of theirs is given out, and when it is taken in.

What somebody read is kept as a digest under a key of the urn. When two digests agree the answers go into the urn in that very
act, by the one who read them last; so nobody who reads the tables in between learns what stands on a sheet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from committees import urn
from committees.balloting import HANDED_IN, Choice, new_receipt, prepare, put_in
from committees.models import Entry, Head, Meeting, Proxy, Sheet, Turnout, Urn
from committees.proxies import concerned, insist
from committees.recount import plain
from committees.refusals import Reason, in_words, too_late
from ledger.record import Act, record, record_many
from residents import notifying
from residents.ages import today_in
from residents.models import User
from residents.one_person import is_one_person

# Nothing was marked there, or it cannot be read: no answer to that topic.
UNREADABLE = "unreadable"


class SheetRefused(Exception):
    """Nothing was written. `reason` is one of: not_open, handed_in, no_owner, proxy, concerned, gave_out, not_taken_in, same,
    settled, unanswered, not_apart, counted, changed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def give_out(*, head: Head, by: User, at: datetime, proxy: Proxy | None = None) -> Sheet:
    """To an owner who asks, or to whoever votes for one. A sheet that got lost is given out anew; whichever comes in first is
    the one. Raises: PermissionDenied, SheetRefused"""
    meeting = _meeting(head, by, at)
    if not meeting.is_standing or meeting.is_over(today_in(meeting.neighborhood, at)):
        raise SheetRefused("not_open")
    if Turnout.objects.filter(head=head).exists():
        raise SheetRefused("handed_in")
    if not head.owners.exists():
        raise SheetRefused("no_owner")
    if concerned(head=head, by=by):
        raise SheetRefused("concerned")
    if proxy is not None and (proxy.head_id != head.pk or proxy.read_at is None):
        raise SheetRefused("proxy")
    with in_words(SheetRefused, {"LM186": lambda: too_late(head)}):
        made = Sheet.objects.create(
            neighborhood_id=head.neighborhood_id,
            meeting=meeting,
            head=head,
            proxy=proxy,
            code=new_receipt(),
            given_by=by,
            given_at=at,
        )
    tell_owners(kind="sheet.given", sheet=made, by=by, at=at)
    return made


def take_in(*, sheet: Sheet, by: User, at: datetime) -> Turnout:
    """By another than whoever gave it out. From this moment the vote is handed in, and no other counts.

    Raises: PermissionDenied, SheetRefused
    """
    meeting = _meeting(sheet.head, by, at)
    if not meeting.is_open(today_in(meeting.neighborhood, at)):
        raise SheetRefused("not_open")
    if concerned(head=sheet.head, by=by):
        raise SheetRefused("concerned")
    if is_one_person(sheet.given_by_id, by.pk):
        raise SheetRefused("gave_out")
    refused: dict[str, Reason] = {
        "LM186": lambda: too_late(sheet.head),
        "LM215": "gave_out",
        "committees_turnout_": "handed_in",  # one vote, one sheet
    }
    with in_words(SheetRefused, refused):
        if not Urn.objects.select_for_update().filter(pk=meeting.pk).exists():
            raise SheetRefused("not_open")
        if Turnout.objects.filter(head=sheet.head_id).exists():
            raise SheetRefused("handed_in")
        made = Turnout.objects.create(
            neighborhood_id=sheet.neighborhood_id,
            meeting=meeting,
            head=sheet.head,
            channel=Turnout.Channel.PAPER,
            sheet=sheet,
            by=by,
            at=at,
        )
        tell_owners(kind=HANDED_IN, sheet=sheet, by=by, at=at, way=Turnout.Channel.PAPER)
    return made


def tell_owners(*, kind: str, sheet: Sheet, by: User, at: datetime, **also: str) -> None:
    """Each owner, so that nobody votes for them on paper without their knowing. Never with what stands on it, nor with its
    code, which is the receipt of whoever fills it in."""
    owners = sheet.head.owners.filter(resident__erased_at=None).order_by("resident")
    people = list(owners.values_list("resident", flat=True))
    subjects: list[UUID | None] = [*people] or [None]
    payload = {"meeting": sheet.meeting_id, "head": sheet.head_id, "by": by.pk} | also
    record_many(
        Act(kind=kind, subject=who, neighborhood=sheet.neighborhood_id, payload=payload) for who in subjects
    )
    notifying.tell(neighborhood=sheet.neighborhood, residents=people, topic=notifying.Topic.DATA, at=at)


def read(*, sheet: Sheet, answers: Mapping[int, str], by: User, at: datetime) -> bool:
    """One of the staff types what stands there; every topic is answered or unreadable. Whether two agree now, which puts it
    into the urn. Raises: PermissionDenied, SheetRefused"""
    meeting = _meeting(sheet.head, by, at)
    topics = list(meeting.topics.all())
    if {topic.number for topic in topics} != set(answers) or not set(answers.values()) <= {
        *Choice.values,
        UNREADABLE,
    }:
        raise SheetRefused("unanswered")
    if concerned(head=sheet.head, by=by):
        raise SheetRefused("concerned")
    readable = {number: each for number, each in answers.items() if each != UNREADABLE}
    prepared = prepare(head=sheet.head, topics=topics, answers=readable, receipt=sheet.code)
    with in_words(SheetRefused):
        try:
            opened = urn.locked(meeting)
        except Urn.DoesNotExist:
            raise SheetRefused("counted") from None
        if not Turnout.objects.filter(sheet=sheet).exists():
            raise SheetRefused("not_taken_in")
        earlier = list(sheet.entries.all())
        if is_settled(earlier):
            raise SheetRefused("settled")
        if any(is_one_person(each.by_id, by.pk) for each in earlier):
            raise SheetRefused("same")
        digest = opened.digest(sheet=sheet.pk, answers=answers)
        made = Entry.objects.create(
            neighborhood_id=sheet.neighborhood_id, sheet=sheet, digest=digest, by=by, at=at
        )
        _record("sheet.read", sheet, by)
        agreed = is_settled([*earlier, made])
        if agreed:
            put_in(opened=opened, prepared=prepared)
    return agreed


@in_words(SheetRefused)
def read_anew(*, sheet: Sheet, by: User, at: datetime) -> None:
    """No two of those who read it agree: everybody looks at it once more. Raises: PermissionDenied, SheetRefused"""
    meeting = _meeting(sheet.head, by, at)
    if not Urn.objects.select_for_update().filter(pk=meeting.pk).exists():
        raise SheetRefused("counted")
    entries = list(sheet.entries.all())
    if is_settled(entries):
        raise SheetRefused("settled")
    if len(entries) < 2:
        raise SheetRefused("not_apart")
    Entry.objects.filter(sheet=sheet).delete()
    _record("sheet.read_anew", sheet, by)


def is_settled(entries: list[Entry]) -> bool:
    """Two have read the same."""
    digests = [bytes(each.digest) for each in entries]
    return len(set(digests)) < len(digests)


def by_code(*, meeting: Meeting, code: str) -> Sheet | None:
    """However it is typed."""
    known = Sheet.objects.filter(meeting=meeting).select_related("head", "proxy", "meeting__neighborhood")
    return known.filter(code=plain(code)).first()


def unsettled(meeting: Meeting) -> list[Sheet]:
    """Taken in, and not yet read alike by two. Two queries."""
    taken = Sheet.objects.filter(meeting=meeting, turnout__isnull=False).prefetch_related("entries")
    return [each for each in taken.order_by("turnout__at", "pk") if not is_settled(list(each.entries.all()))]


def _meeting(head: Head, by: User, at: datetime) -> Meeting:
    found = Meeting.objects.select_related("neighborhood").get(pk=head.meeting_id)
    insist(found, by, at)
    return found


def _record(kind: str, sheet: Sheet, by: User) -> None:
    """No code of the sheet: it is the receipt of whoever fills it in."""
    record(
        kind=kind,
        subject=None,
        neighborhood=sheet.neighborhood_id,
        payload={"meeting": sheet.meeting_id, "head": sheet.head_id, "by": by.pk},
    )
