"""Counting a vote once its last day is over: what came of each topic, the file that everybody may count again, the minutes.

The urn is opened, its sums are checked against the ballots, and then it is gone, with its key. Where too few took part for the
sums to be told it goes unread. What a result says is asked once more by the database, and the hash of the published file stands
in the ledger.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from committees import urn
from committees.commitments import Sums, opens
from committees.models import Ballot, Meeting, Outcome, Result, Topic, Urn
from committees.proxies import insist
from committees.recount import NOT_OPENED, SCHEMA
from committees.sheets import unsettled
from committees.tallying import Tally, Weight, sums_are_told
from ledger.record import record
from residents import notifying
from residents.ages import today_in
from residents.models import User

POSTED_DAYS = 15


class CountRefused(Exception):
    """Nothing was written. `reason` is one of: not_over, counted, unsettled, urn."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@transaction.atomic
def count(*, meeting: Meeting, minutes: str, by: User, at: datetime) -> Result:
    """Raises: PermissionDenied, CountRefused"""
    insist(meeting, by, at)
    try:
        row = urn.held(meeting)
    except Urn.DoesNotExist:
        raise CountRefused("counted") from None
    # Whoever is just handing in is waited for: the urn first, then the meeting, as everybody takes them.
    found = Meeting.objects.select_for_update(of=("self",)).select_related("neighborhood").get(pk=meeting.pk)
    today = today_in(found.neighborhood, at)
    if not found.is_over(today):
        raise CountRefused("not_over")
    if unsettled(found):
        raise CountRefused("unsettled")
    topics = list(found.topics.all())
    cast = _ballots(found)
    told = {topic.number for topic in topics if topic.secret and _is_told(found, cast[topic.pk])}
    sums = urn.opened(row, found).sums if told else {}
    tallies = {
        topic.pk: _tally(found, topic, cast[topic.pk], sums if topic.number in told else None)
        for topic in topics
    }
    published = spelled(published_of(found, topics, cast, tallies, sums))
    result = Result.objects.create(
        neighborhood_id=found.neighborhood_id,
        meeting=found,
        minutes=minutes,
        published=published,
        hash=bytes(32),  # the database's own
        posted_until=today + timedelta(days=POSTED_DAYS),
        counted_by=by,
        counted_at=at,
    )
    Outcome.objects.bulk_create([_outcome(result, topic, tallies[topic.pk]) for topic in topics])
    urn.empty(row)
    result.refresh_from_db()
    record(
        kind="meeting.counted",
        subject=None,
        neighborhood=found.neighborhood_id,
        payload={
            "meeting": found.pk,
            "by": by.pk,
            "hash": bytes(result.hash).hex(),
            "passed": [topic.number for topic in topics if tallies[topic.pk].passed],
        },
    )
    notifying.tell_everybody(neighborhood=found.neighborhood, topic=notifying.Topic.NOTICE, at=at)
    return result


def _ballots(meeting: Meeting) -> dict[Any, list[Ballot]]:
    """By topic, in the order of their codes, which says nothing of who and when. One query."""
    found = defaultdict(list)
    for each in Ballot.objects.filter(topic__meeting=meeting).select_related("head").order_by("code"):
        found[each.topic_id].append(each)
    return found


def _is_told(meeting: Meeting, cast: list[Ballot]) -> bool:
    fewest = meeting.neighborhood.fewest_counted
    return sums_are_told(roll=_roll(meeting), took_part=_weight(cast), fewest=fewest)


def _tally(meeting: Meeting, topic: Topic, cast: list[Ballot], sums: dict[int, Sums] | None) -> Tally:
    """Of a secret topic without its sums, where these are not told."""
    agreed = None
    if not topic.secret:
        agreed = _weight([each for each in cast if each.choice == Ballot.Choice.YES])
    elif sums is not None:
        told = sums.get(topic.number, Sums())
        if not opens(points=[(each.commitment, each.head.area) for each in cast], sums=told):
            raise CountRefused("urn")
        agreed = Weight(told.yes_heads, told.yes_area)
    return Tally(_roll(meeting), _weight(cast), agreed, topic.threshold)


def _roll(meeting: Meeting) -> Weight:
    assert meeting.roll_heads is not None
    assert meeting.roll_area is not None
    return Weight(meeting.roll_heads, meeting.roll_area)


def _weight(cast: list[Ballot]) -> Weight:
    return sum((Weight(1, each.head.area) for each in cast), Weight())


def _outcome(result: Result, topic: Topic, tally: Tally) -> Outcome:
    return Outcome(
        topic=topic,
        neighborhood_id=result.neighborhood_id,
        result=result,
        **_sums(tally),
    )


def _sums(tally: Tally) -> dict[str, Any]:
    """What came of a topic, as the result and the published file both say it."""
    return {
        "heads": tally.took_part.heads,
        "area": tally.took_part.area,
        "yes_heads": tally.agreed.heads if tally.agreed else None,
        "yes_area": tally.agreed.area if tally.agreed else None,
        "passed": tally.passed,
    }


def published_of(
    meeting: Meeting,
    topics: list[Topic],
    cast: dict[Any, list[Ballot]],
    tallies: dict[Any, Tally],
    sums: dict[int, Sums],
) -> dict[str, Any]:
    """The file that everybody may count again: no name, no dwelling, and no moment at which anybody voted."""
    return {
        "schema": SCHEMA,
        "meeting": str(meeting.pk),
        "opens_on": meeting.opens_on.isoformat(),
        "closes_on": meeting.closes_on.isoformat(),
        "roll": {"heads": meeting.roll_heads, "area": meeting.roll_area},
        "fewest": meeting.neighborhood.fewest_counted,
        "topics": [
            {
                "number": topic.number,
                "item": topic.item,
                "title": topic.title,
                "secret": topic.secret,
                "result": _sums(tallies[topic.pk]),
                **(_opened(tallies[topic.pk], sums.get(topic.number, Sums())) if topic.secret else {}),
                "ballots": [_published(each) for each in cast[topic.pk]],
            }
            for topic in topics
        ],
    }


def _published(ballot: Ballot) -> dict[str, Any]:
    shown: dict[str, Any] = {"code": ballot.code, "area": ballot.head.area}
    if not ballot.commitment:
        return shown | {"choice": ballot.choice}
    parts = [ballot.proof[start : start + 64] for start in range(0, 256, 64)]
    return shown | {"commitment": ballot.commitment, "proof": parts}


def _opened(tally: Tally, sums: Sums) -> dict[str, Any]:
    """What opens the sums of a secret topic, or that they were not opened."""
    if tally.agreed is None:
        return {"not_opened": NOT_OPENED}
    return {"opening": {"heads": f"{sums.blind_heads:064x}", "area": f"{sums.blind_area:064x}"}}


def spelled(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
