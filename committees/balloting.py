"""Handing in a vote in the portal, and who of several owners does.

A vote is handed in once and stands: there is no second one that would replace it without anybody's seeing it. The receipt is
shown once and kept nowhere; it finds the ballots in the published list.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from committees import urn
from committees.commitments import Sums, commit
from committees.models import Ballot, Head, Meeting, Naming, Topic, Turnout, Urn
from committees.recount import code_of, context_of
from committees.refusals import Reason, in_words, too_late
from ledger.record import record
from residents.ages import MINOR, is_under, today_in
from residents.models import Resident, User

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RECEIPT_LENGTH = 16  # 80 bits: nobody finds one by trying
HANDED_IN = "vote.handed_in"
Choice = Ballot.Choice


class BallotRefused(Exception):
    """Nothing was written. `reason` is one of: not_open, not_yours, named_another, handed_in, unanswered,
    minor, changed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Prepared:
    """A ballot on its way into the urn: of a secret topic with what only the sums may know."""

    ballot: Ballot
    topic: Topic
    yes: bool = False
    blind: int = 0


def heads_of(*, resident: Resident, meeting: Meeting) -> list[Head]:
    """The votes they own, alone or with others. One query, and one for who was handed in."""
    found = Head.objects.filter(meeting=meeting, owners__resident=resident).select_related("turnout")
    return list(found.order_by("-area", "pk"))


def named(head: Head) -> UUID | None:
    """Whom all owners of it, as far as they are of age, have last agreed on. The database counts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT committees_named(%s)", [head.pk])
        row = cursor.fetchone()
    return row[0] if row else None


@transaction.atomic
def name(*, head: Head, owner: Resident, voter: Resident, by: User, at: datetime) -> Naming:
    """One of several owners says who votes for all; said twice it is said once. Whom all have named stays until all have named
    another. Raises: BallotRefused"""
    held = Head.objects.select_related("meeting__neighborhood", "turnout").get(pk=head.pk)
    theirs = set(held.owners.values_list("resident", flat=True))
    if owner.pk not in theirs or voter.pk not in theirs or owner.user_id != by.pk:
        raise BallotRefused("not_yours")
    meeting = held.meeting
    today = today_in(meeting.neighborhood, at)
    if not meeting.is_standing or meeting.is_over(today):
        raise BallotRefused("not_open")
    if is_under(owner, MINOR, today) or is_under(voter, MINOR, today):
        raise BallotRefused("minor")
    if hasattr(held, "turnout"):
        raise BallotRefused("handed_in")
    last = Naming.objects.filter(head=held, owner=owner).order_by("-at", "pk").first()
    if last is not None and last.named_id == voter.pk:
        return last
    with in_words(BallotRefused, {"LM186": lambda: too_late(held), "LM187": "not_yours"}):
        return Naming.objects.create(
            neighborhood_id=held.neighborhood_id, head=held, owner=owner, named=voter, by=by, at=at
        )


def cast(*, head: Head, resident: Resident, answers: Mapping[int, str], by: User, at: datetime) -> str:
    """Hand it in: an answer to every topic, by its number. What comes back is the receipt, which is kept nowhere.

    Raises: BallotRefused
    """
    held = Head.objects.select_related("meeting__neighborhood").get(pk=head.pk)
    meeting = held.meeting
    today = today_in(meeting.neighborhood, at)
    if not meeting.is_open(today):
        raise BallotRefused("not_open")
    if resident.user_id != by.pk or not held.owners.filter(resident=resident).exists():
        raise BallotRefused("not_yours")
    if is_under(resident, MINOR, today):
        raise BallotRefused("minor")
    topics = list(meeting.topics.all())
    if {topic.number for topic in topics} != set(answers) or not set(answers.values()) <= set(Choice.values):
        raise BallotRefused("unanswered")
    receipt = new_receipt()
    prepared = prepare(head=held, topics=topics, answers=answers, receipt=receipt)
    refused: dict[str, Reason] = {
        "LM186": lambda: too_late(held),
        "LM187": lambda: "not_yours" if named(held) in (None, resident.pk) else "named_another",
        "committees_turnout_head_id": "handed_in",  # the other tab was faster
    }
    with in_words(BallotRefused, refused):
        opened = _urn(meeting)
        if Turnout.objects.filter(head=held).exists():
            raise BallotRefused("handed_in")
        if named(held) not in (None, resident.pk):
            raise BallotRefused("named_another")
        Turnout.objects.create(
            neighborhood_id=held.neighborhood_id,
            meeting=meeting,
            head=held,
            channel=Turnout.Channel.ELECTRONIC,
            resident=resident,
            by=by,
            at=at,
        )
        put_in(opened=opened, prepared=prepared)
        # The record that nobody can change knows that this vote was handed in, and never how.
        record(
            kind=HANDED_IN,
            subject=resident.pk,
            neighborhood=meeting.neighborhood_id,
            payload={"meeting": meeting.pk, "head": held.pk, "way": Turnout.Channel.ELECTRONIC, "by": by.pk},
        )
    return receipt


def prepare(
    *, head: Head, topics: Sequence[Topic], answers: Mapping[int, str], receipt: str
) -> list[Prepared]:
    """The slow part, before anything is locked. Topics without an answer are left out."""
    found = []
    for topic in topics:
        if (answer := answers.get(topic.number)) is None:
            continue
        ballot = Ballot(
            neighborhood_id=head.neighborhood_id, topic=topic, head=head, code=code_of(receipt, topic.number)
        )
        if topic.secret:
            yes = answer == Choice.YES
            context = context_of(str(topic.meeting_id), topic.number, ballot.code, head.area)
            made, blind = commit(yes=yes, context=context)
            ballot.commitment, ballot.proof = made.point, made.proof
            found.append(Prepared(ballot, topic, yes, blind))
        else:
            ballot.choice = answer
            found.append(Prepared(ballot, topic))
    return found


def put_in(*, opened: urn.Opened, prepared: Sequence[Prepared]) -> None:
    """Within the transaction that holds the urn."""
    Ballot.objects.bulk_create([each.ballot for each in prepared])
    secret = [each for each in prepared if each.topic.secret]
    for each in secret:
        before = opened.sums.get(each.topic.number, Sums())
        area = each.ballot.head.area
        opened.sums[each.topic.number] = before.with_one(yes=each.yes, area=area, blind=each.blind)
    if secret:
        opened.keep()


def new_receipt() -> str:
    return "".join(secrets.choice(CROCKFORD) for _ in range(RECEIPT_LENGTH))


def in_groups(receipt: str) -> str:
    """As it is read aloud and written down."""
    return "-".join(receipt[start : start + 4] for start in range(0, len(receipt), 4))


def _urn(meeting: Meeting) -> urn.Opened:
    try:
        return urn.locked(meeting)
    except Urn.DoesNotExist:
        raise BallotRefused("not_open") from None
