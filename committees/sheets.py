"""Ballots on paper: given out on request, taken in, and read by two who do not see what the other read.

What somebody read is kept as a digest under a key of the urn. When two digests agree the answers go into the urn in that very
act, by the one who read them last; so nobody who reads the tables in between learns what stands on a sheet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction

from committees import urn
from committees.balloting import Choice, new_receipt, prepare, put_in, tell
from committees.models import Entry, Head, Meeting, Proxy, Sheet, Turnout, Urn
from committees.proxies import concerned, insist
from ledger.record import record
from residents.ages import today_in
from residents.models import User
from residents.one_person import is_one_person

# Nothing was marked there, or it cannot be read: no answer to that topic.
UNREADABLE = "unreadable"


class SheetRefused(Exception):
    """Nothing was written. `reason` is one of: not_open, handed_in, no_owner, proxy, concerned, not_taken_in, same, settled,
    unanswered, not_apart, counted."""

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
    made = Sheet.objects.create(
        neighborhood_id=head.neighborhood_id,
        meeting=meeting,
        head=head,
        proxy=proxy,
        code=new_receipt(),
        given_by=by,
        given_at=at,
    )
    _record("sheet.given", made, by)
    return made


def take_in(*, sheet: Sheet, by: User, at: datetime) -> Turnout:
    """From this moment the vote is handed in, and no other counts. Raises: PermissionDenied, SheetRefused"""
    meeting = _meeting(sheet.head, by, at)
    if not meeting.is_open(today_in(meeting.neighborhood, at)):
        raise SheetRefused("not_open")
    if concerned(head=sheet.head, by=by):
        raise SheetRefused("concerned")
    try:
        with transaction.atomic():
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
            tell(meeting=meeting, head=sheet.head, channel=Turnout.Channel.PAPER, by=by, of=None)
    except IntegrityError as error:
        if "committees_turnout_" not in str(error):
            raise
        raise SheetRefused("handed_in") from None
    return made


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
    with transaction.atomic():
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


@transaction.atomic
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
    """However it is typed: with dashes or without, in small letters, a O for a 0."""
    plain = "".join(each for each in code.upper() if each.isalnum())
    plain = plain.replace("O", "0").replace("I", "1").replace("L", "1")
    known = Sheet.objects.filter(meeting=meeting).select_related("head", "proxy", "meeting__neighborhood")
    return known.filter(code=plain).first()


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
