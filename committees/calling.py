"""Calling the owners to a meeting: a draft with its questions, the notice that fixes both, and calling it off.

The database has the last word on each (`0010_a_meeting_is_called_lawfully`); what is asked here first is asked so that
somebody gets an answer in words.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from django.core.exceptions import PermissionDenied

from committees import roles, urn
from committees.models import Committee, Meeting, Topic, Urn
from committees.models.meetings import LONGEST_WINDOW, SHORTEST_WINDOW
from committees.refusals import in_words
from ledger.record import record
from residents import notifying
from residents.ages import today_in
from residents.models import Ownership, Unit, User
from residents.one_person import is_one_person

PERM = "call_meetings"
MOST_TOPICS = 30


class CallingRefused(Exception):
    """Nothing was written. `reason` is one of: too_soon, window, no_topics, too_many, no_area, no_owners, too_few, noticed,
    not_noticed, called_off, counted, over, same, changed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Plan:
    """What a draft says of itself."""

    kind: Meeting.Kind
    title: str
    place: str
    opens_on: date
    closes_on: date
    proxies: int


@in_words(CallingRefused)
def draft(*, committee: Committee, plan: Plan, by: User, at: datetime) -> Meeting:
    """Raises: PermissionDenied, CallingRefused"""
    _insist(committee, by, at)
    _insist_on_window(plan.opens_on, plan.closes_on)
    return Meeting.objects.create(
        neighborhood_id=committee.neighborhood_id,
        committee=committee,
        drafted_by=by,
        drafted_at=at,
        **vars(plan),
    )


@in_words(CallingRefused)
def change(*, meeting: Meeting, plan: Plan, by: User, at: datetime) -> Meeting:
    """Raises: PermissionDenied, CallingRefused"""
    found = _draft(meeting, by, at)
    _insist_on_window(plan.opens_on, plan.closes_on)
    for name, value in vars(plan).items():
        setattr(found, name, value)
    found.save(update_fields=list(vars(plan)))
    return found


@in_words(CallingRefused)
def add_topic(
    *, meeting: Meeting, item: int, title: str, text: str, secret: bool, by: User, at: datetime
) -> Topic:
    """An election is secret whatever was ticked. Raises: PermissionDenied, CallingRefused"""
    found = _draft(meeting, by, at)
    last = found.topics.order_by("-number").values_list("number", flat=True).first() or 0
    if last >= MOST_TOPICS:
        raise CallingRefused("too_many")
    return Topic.objects.create(
        neighborhood_id=found.neighborhood_id,
        meeting=found,
        number=last + 1,
        item=item,
        title=title,
        text=text,
        secret=secret or item in Topic.SECRET_ITEMS,
    )


@in_words(CallingRefused)
def drop_topic(*, meeting: Meeting, number: int, by: User, at: datetime) -> None:
    """Those after it move up. Twice is once. Raises: PermissionDenied, CallingRefused"""
    found = _draft(meeting, by, at)
    found.topics.filter(number=number).delete()
    for count, topic in enumerate(found.topics.order_by("number"), start=1):
        if topic.number != count:
            Topic.objects.filter(pk=topic.pk).update(number=count)


@in_words(CallingRefused)
def drop(*, meeting: Meeting, by: User, at: datetime) -> None:
    """A draft that comes to nothing. Raises: PermissionDenied, CallingRefused"""
    _draft(meeting, by, at).delete()


def give_notice(*, meeting: Meeting, by: User, at: datetime) -> Meeting:
    """From now on nothing of it changes; the roll is written, and every resident can read what is voted on.

    Raises: PermissionDenied, CallingRefused
    """
    _insist(meeting.committee, by, at)
    urn.ensure_key(meeting)
    with in_words(CallingRefused):
        found = _draft(meeting, by, at)
        if (reason := missing(meeting=found, at=at)) is not None:
            raise CallingRefused(reason)
        found.noticed_by, found.noticed_at = by, at
        found.roll_heads = found.roll_area = 0  # the database counts
        found.save(update_fields=["noticed_by", "noticed_at", "roll_heads", "roll_area"])
        found.refresh_from_db()
        urn.begin(found)
        notifying.tell_everybody(neighborhood=found.neighborhood, topic=notifying.Topic.NOTICE, at=at)
        record(
            kind="meeting.noticed",
            subject=None,
            neighborhood=found.neighborhood_id,
            payload={
                "meeting": found.pk,
                "by": by.pk,
                "heads": found.roll_heads,
                "area": found.roll_area,
                "topics": found.topics.count(),
                "from_day": found.opens_on,
                "until": found.closes_on,
            },
        )
    return found


@in_words(CallingRefused)
def call_off(*, meeting: Meeting, by: User, at: datetime) -> Meeting:
    """It comes to nothing, what was handed in is not counted, and everybody is told. While votes are taken in, the first who says
    so asks for it, and another does it; afterwards nobody does, who could have heard how it went.

    Raises: PermissionDenied, CallingRefused
    """
    held = Urn.objects.select_for_update().filter(pk=meeting.pk).first()
    found = _locked(meeting, by, at)
    if found.noticed_at is None:
        raise CallingRefused("not_noticed")
    if found.called_off_at is not None:
        raise CallingRefused("called_off")
    if hasattr(found, "result"):
        raise CallingRefused("counted")
    today = today_in(found.neighborhood, at)
    if found.is_over(today):
        raise CallingRefused("over")
    if found.is_open(today):
        if found.off_asked_by_id is None:
            return _ask_off(found, by, at)
        if is_one_person(by.pk, found.off_asked_by_id):
            raise CallingRefused("same")
    found.called_off_by, found.called_off_at = by, at
    found.save(update_fields=["called_off_by", "called_off_at"])
    if held is not None:
        urn.empty(held)
    _record_off("meeting.called_off", found, by)
    notifying.tell_everybody(neighborhood=found.neighborhood, topic=notifying.Topic.NOTICE, at=at)
    found.refresh_from_db()
    return found


def _ask_off(meeting: Meeting, by: User, at: datetime) -> Meeting:
    meeting.off_asked_by, meeting.off_asked_at = by, at
    meeting.save(update_fields=["off_asked_by", "off_asked_at"])
    _record_off("meeting.off_asked", meeting, by)
    meeting.refresh_from_db()
    return meeting


def _record_off(kind: str, meeting: Meeting, by: User) -> None:
    payload = {"meeting": meeting.pk, "by": by.pk}
    record(kind=kind, subject=None, neighborhood=meeting.neighborhood_id, payload=payload)


def missing(*, meeting: Meeting, at: datetime) -> str | None:
    """Why notice cannot be given of this draft today, or None."""
    today = today_in(meeting.neighborhood, at)
    if (meeting.opens_on - today).days < Meeting.NOTICE_DAYS[Meeting.Kind(meeting.kind)]:
        return "too_soon"
    if not SHORTEST_WINDOW <= meeting.days <= LONGEST_WINDOW:
        return "window"
    if not meeting.topics.exists():
        return "no_topics"
    units = Unit.objects.filter(neighborhood=meeting.neighborhood_id)
    if units.filter(area=None).exists():
        return "no_area"
    owned = Ownership.objects.current(today).filter(neighborhood=meeting.neighborhood_id)
    if not owned.exists():
        return "no_owners"
    if meeting.topics.filter(secret=True).exists() and _heads_with_an_owner(meeting, today) < (
        meeting.neighborhood.fewest_counted
    ):
        return "too_few"
    return None


def _heads_with_an_owner(meeting: Meeting, today: date) -> int:
    """How many heads of a roll of today somebody could vote for: a dwelling nobody is known to own hides nobody's vote."""
    owners: defaultdict[object, set[object]] = defaultdict(set)
    owned = Ownership.objects.current(today).filter(neighborhood=meeting.neighborhood_id)
    for unit, who in owned.values_list("unit", "resident"):
        owners[unit].add(who)
    return len({frozenset(each) for each in owners.values()})


def _insist_on_window(opens_on: date, closes_on: date) -> None:
    if not SHORTEST_WINDOW <= (closes_on - opens_on).days + 1 <= LONGEST_WINDOW:
        raise CallingRefused("window")


def _draft(meeting: Meeting, by: User, at: datetime) -> Meeting:
    found = _locked(meeting, by, at)
    if found.noticed_at is not None:
        raise CallingRefused("noticed")
    return found


def _locked(meeting: Meeting, by: User, at: datetime) -> Meeting:
    held = Meeting.objects.select_for_update(of=("self",)).select_related("neighborhood", "committee")
    found = held.get(pk=meeting.pk)
    _insist(found.committee, by, at)
    return found


def _insist(committee: Committee, by: User, at: datetime) -> None:
    if not roles.bodies(user=by, perm=PERM, at=at).filter(pk=committee.pk).exists():
        raise PermissionDenied
