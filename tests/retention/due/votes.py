"""What the rules about votes of the owners are about."""

from __future__ import annotations

from datetime import UTC, datetime

from committees import balloting, counting
from committees.models import Ballot, Head, Meeting, Topic
from tests.committees import voting
from tests.retention.due.places import Place, StillThere


def _now() -> datetime:
    """The database's: votes are taken in by its clock, whatever time a test says it is."""
    return datetime.now(UTC)


def counted(place: Place, clock: datetime) -> StillThere:
    """With a ballot; what stays is what came of it."""
    of, made = _running(place)
    head = voting.head_of(made, *of.owners)
    who = of.owners[0]
    balloting.cast(head=head, resident=who, answers={1: "yes"}, by=who.user, at=_now())  # type: ignore[arg-type]
    counting.count(meeting=voting.is_over(made, at=_now()), minutes="x", by=of.clerk, at=_now())
    voting.happened_at(made, "counted_at", clock)
    return _roll(made)


def called_off(place: Place, clock: datetime) -> StillThere:
    of, made = _running(place)
    voting.called_off(of, made, at=_now())
    voting.happened_at(made, "called_off_at", clock)
    return _roll(made)


def drafted(place: Place, clock: datetime) -> StillThere:
    of = voting.assembly(place.neighborhood, [("50.00", [0])], at=_now())
    made = voting.drafted(of, (voting.ORDINARY, False), at=_now())
    voting.happened_at(made, "drafted_at", clock)
    return lambda: (
        Meeting.objects.filter(pk=made.pk).exists() or Topic.objects.filter(meeting=made.pk).exists()
    )


def _running(place: Place) -> tuple[voting.Assembly, Meeting]:
    of = voting.assembly(place.neighborhood, [("50.00", [0, 1])], at=_now())
    voting.measured(place.neighborhood)
    return of, voting.running(of, (voting.ORDINARY, False), at=_now())


def _roll(made: Meeting) -> StillThere:
    return lambda: (
        Head.objects.filter(meeting=made.pk).exists()
        or Ballot.objects.filter(topic__meeting=made.pk).exists()
    )
