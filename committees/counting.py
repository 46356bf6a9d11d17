"""Counting a vote once its last day is over: what came of each topic, the file that everybody may count again, the minutes.

The urn is opened, its sums are checked against the ballots, and then it is gone, with its key. What a result says is asked
once more by the database, and the hash of the published file stands in the ledger.
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
from committees.recount import SCHEMA
from committees.sheets import unsettled
from committees.tallying import Tally, Weight
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
        opened = urn.locked(meeting)
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
    tallies = {topic.pk: _tally(found, topic, cast[topic.pk], opened.sums) for topic in topics}
    published = spelled(published_of(found, topics, cast, tallies, opened.sums))
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
    urn.empty(opened.row)
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


def _tally(meeting: Meeting, topic: Topic, cast: list[Ballot], sums: dict[int, Sums]) -> Tally:
    if topic.secret:
        told = sums.get(topic.number, Sums())
        if not opens(points=[(each.commitment, each.head.area) for each in cast], sums=told):
            raise CountRefused("urn")
        agreed = Weight(told.yes_heads, told.yes_area)
    else:
        agreed = _weight([each for each in cast if each.choice == Ballot.Choice.YES])
    assert meeting.roll_heads is not None
    assert meeting.roll_area is not None
    return Tally(Weight(meeting.roll_heads, meeting.roll_area), _weight(cast), agreed, topic.threshold)


def _weight(cast: list[Ballot]) -> Weight:
    return sum((Weight(1, each.head.area) for each in cast), Weight())


def _outcome(result: Result, topic: Topic, tally: Tally) -> Outcome:
    return Outcome(
        topic=topic,
        neighborhood_id=result.neighborhood_id,
        result=result,
        heads=tally.took_part.heads,
        area=tally.took_part.area,
        yes_heads=tally.agreed.heads,
        yes_area=tally.agreed.area,
        passed=tally.passed,
    )


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
        "topics": [
            {
                "number": topic.number,
                "item": topic.item,
                "title": topic.title,
                "secret": topic.secret,
                "result": {
                    "heads": tallies[topic.pk].took_part.heads,
                    "area": tallies[topic.pk].took_part.area,
                    "yes_heads": tallies[topic.pk].agreed.heads,
                    "yes_area": tallies[topic.pk].agreed.area,
                    "passed": tallies[topic.pk].passed,
                },
                **({"opening": _opening(sums.get(topic.number, Sums()))} if topic.secret else {}),
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


def _opening(sums: Sums) -> dict[str, str]:
    return {"heads": f"{sums.blind_heads:064x}", "area": f"{sums.blind_area:064x}"}


def spelled(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1) + "\n"
