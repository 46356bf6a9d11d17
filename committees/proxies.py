"""Voting for somebody else, on a signed paper that two of the staff have read. No more than the notice says for one person."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction

from committees.models import Head, Meeting, Proxy, Turnout
from committees.refusals import in_words, too_late
from committees.roles import capacities
from ledger.record import record
from residents import watching
from residents.ages import MINOR, is_under, today_in
from residents.models import Resident, User
from residents.one_person import is_one_person

PERM = "count_votes"


class ProxyRefused(Exception):
    """Nothing was written. `reason` is one of: not_open, handed_in, is_owner, no_owner, too_many, already, concerned, same,
    read, holder_minor, changed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def enter(*, head: Head, holder: Resident, kept_where: str, by: User, at: datetime) -> Proxy:
    """The paper lies before them; no copy of it is kept here. Raises: PermissionDenied, ProxyRefused"""
    meeting = (
        Meeting.objects.select_for_update(of=("self",)).select_related("neighborhood").get(pk=head.meeting_id)
    )
    insist(meeting, by, at)
    today = today_in(meeting.neighborhood, at)
    if not meeting.is_standing or meeting.is_over(today):
        raise ProxyRefused("not_open")
    if Turnout.objects.filter(head=head).exists():
        raise ProxyRefused("handed_in")
    if is_under(holder, MINOR, today):
        raise ProxyRefused("holder_minor")
    owners = set(head.owners.values_list("resident", flat=True))
    if not owners:
        raise ProxyRefused("no_owner")
    if holder.pk in owners:
        raise ProxyRefused("is_owner")
    if concerned(head=head, by=by, holder=holder):
        raise ProxyRefused("concerned")
    if Proxy.objects.filter(head=head).exists():
        raise ProxyRefused("already")
    if Proxy.objects.filter(meeting=meeting, holder=holder).count() >= meeting.proxies:
        raise ProxyRefused("too_many")
    with in_words(ProxyRefused, {"LM186": lambda: too_late(head), "proxy_one_for_a_vote": "already"}):
        made = Proxy.objects.create(
            neighborhood_id=meeting.neighborhood_id,
            meeting=meeting,
            head=head,
            holder=holder,
            kept_where=kept_where,
            entered_by=by,
            entered_at=at,
        )
    _record("proxy.entered", made, by)
    return made


@transaction.atomic
def read(*, proxy: Proxy, by: User, at: datetime) -> Proxy:
    """A second of the staff has the same paper before them. Raises: PermissionDenied, ProxyRefused"""
    locked = Proxy.objects.select_for_update(of=("self",)).select_related(
        "meeting__neighborhood", "head", "holder"
    )
    found = locked.get(pk=proxy.pk)
    insist(found.meeting, by, at)
    if found.read_at is not None:
        raise ProxyRefused("read")
    if is_one_person(by.pk, found.entered_by_id):
        raise ProxyRefused("same")
    if concerned(head=found.head, by=by):
        raise ProxyRefused("concerned")
    if Turnout.objects.filter(head=found.head).exists():
        raise ProxyRefused("handed_in")
    if not found.meeting.is_standing or found.meeting.is_over(today_in(found.meeting.neighborhood, at)):
        raise ProxyRefused("not_open")
    found.read_by, found.read_at = by, at
    with in_words(ProxyRefused, {"LM186": lambda: too_late(found.head)}):
        found.save(update_fields=["read_by", "read_at"])
    found.refresh_from_db()
    _record("proxy.read", found, by)
    return found


@transaction.atomic
def drop(*, proxy: Proxy, by: User, at: datetime) -> None:
    """One that nobody has read a second time. Raises: PermissionDenied, ProxyRefused"""
    found = (
        Proxy.objects.select_for_update(of=("self",)).select_related("meeting__neighborhood").get(pk=proxy.pk)
    )
    insist(found.meeting, by, at)
    if found.read_at is not None:
        raise ProxyRefused("read")
    _record("proxy.dropped", found, by)
    with in_words(ProxyRefused):
        found.delete()


def concerned(*, head: Head, by: User, holder: Resident | None = None) -> bool:
    """Whether they own what is voted for, or vote for it themselves, with this account or another of theirs: then they are no
    help in counting that vote. `holder` is who is about to vote for it."""
    theirs = watching.accounts_of(by)
    return (
        (holder is not None and holder.user_id in theirs)
        or head.owners.filter(resident__user__in=theirs).exists()
        or Proxy.objects.filter(head=head, holder__user__in=theirs).exists()
    )


def insist(meeting: Meeting, by: User, at: datetime) -> None:
    """In office, in a body that counts; who runs the system holds no office. Raises: PermissionDenied"""
    if not capacities(user=by, neighborhood=meeting.neighborhood, perm=PERM, at=at):
        raise PermissionDenied


def _record(kind: str, proxy: Proxy, by: User) -> None:
    record(
        kind=kind,
        subject=proxy.holder_id,
        neighborhood=proxy.neighborhood_id,
        payload={"meeting": proxy.meeting_id, "head": proxy.head_id, "by": by.pk},
    )
