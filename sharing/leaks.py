"""The room of an incident: opening it, what was found and done in it, who is affected. What is told is in `leak_notices`.

A room belongs to an incident, and saying one ends every impact assessment that is in force (`consent.enabling`). Both chairs of
the committees work in it, auditors see it; the company and whoever runs the system do not. Who is affected follows from where
it may have got out, by one function of the database, and is shown as a number: there is no list of them, not even here.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import OuterRef, QuerySet, Subquery

from consent import enabling
from consent.models import Incident
from ledger.record import record
from residents import ages, effects
from residents.models import Neighborhood, User
from sharing import recalls, tracing
from sharing.models import Copy, DisclosedRow, Leak, LeakPerson, LeakSource, LeakStep, Recall
from sharing.speaking import OutOfOffice

HEADS = ("owners.chair", "residents.chair")
AUDITORS = ("owners.auditor", "residents.auditor", "property.auditor")
Step = LeakStep.Kind

COMPUTE = """
INSERT INTO sharing_leakperson (leak_id, resident_id, reason)
SELECT %(leak)s, resident_id, reason FROM sharing_affected(%(leak)s) ON CONFLICT DO NOTHING
"""


class NotYet(ValueError):
    """It is said to have happened later than now, or to end before it began."""


class WordsMissing(ValueError):
    """Nothing was said."""


def heading(*, user: User, neighborhood: Neighborhood, at: datetime, also: tuple[str, ...] = ()) -> str:
    """In which office somebody works in rooms here; nothing: in none. Who runs the system holds none. One query."""
    held = (
        [] if neighborhood.practice else effects.call("offices", user=user, neighborhood=neighborhood, at=at)
    )
    return next((each for each in (*HEADS, *also) if each in held), "")


def seeing(*, user: User, neighborhood: Neighborhood, at: datetime) -> str:
    """In which office somebody sees them: auditors too."""
    return heading(user=user, neighborhood=neighborhood, at=at, also=AUDITORS)


@transaction.atomic
def say(
    *,
    neighborhood: Neighborhood,
    kind: Incident.Kind,
    reason: str,
    noticed_at: datetime,
    by: User,
    at: datetime,
    key: UUID | None = None,
) -> Leak:
    """Something got out, or may have: that is said, assessments end, and its room is open. With the same `key` it is one.

    Raises: OutOfOffice, WordsMissing, NotYet
    """
    capacity = insist(by, neighborhood, at)
    hold(neighborhood.pk)
    key = key or uuid4()
    if (open_already := Leak.objects.filter(pk=key, neighborhood=neighborhood).first()) is not None:
        return open_already
    if not reason.strip():
        raise WordsMissing
    if noticed_at > at:
        raise NotYet
    said = enabling.say_incident(neighborhood=neighborhood, kind=kind, reason=reason, by=by, at=at)
    return _open(said, noticed_at, by, capacity, at, key)


@transaction.atomic
def open_(*, incident: Incident, by: User, at: datetime) -> Leak:
    """The room of an incident that was said elsewhere. Its clocks began when it was said. Twice is once.

    Raises: OutOfOffice
    """
    capacity = insist(by, incident.neighborhood, at)
    hold(incident.neighborhood_id)
    found = Leak.objects.filter(incident=incident).first()
    return found or _open(incident, min(incident.said_at, at), by, capacity, at, None)


def _open(
    said: Incident, noticed_at: datetime, by: User, capacity: str, at: datetime, key: UUID | None
) -> Leak:
    made = Leak.objects.create(
        id=key or uuid4(),
        neighborhood_id=said.neighborhood_id,
        incident=said,
        noticed_at=noticed_at,
        opened_by=by,
        capacity=capacity,
    )
    record(
        kind="leak.opened",
        subject=made.pk,
        neighborhood=made.neighborhood_id,
        payload={"incident": said.pk, "noticed": noticed_at, "by": by.pk, "capacity": capacity},
    )
    note(leak=made, kind=Step.OPENED, by=by, capacity=capacity, at=at)
    return made


@transaction.atomic
def step(
    *,
    leak: Leak,
    kind: LeakStep.Kind,
    words: str,
    by: User,
    at: datetime,
    happened_at: datetime | None = None,
    number: int | None = None,
    key: UUID | None = None,
) -> LeakStep:
    """A line of the timeline, in somebody's words. With the same `key` it is one.

    Raises: OutOfOffice, WordsMissing, NotYet
    """
    capacity = insist(by, leak.neighborhood, at)
    hold(leak.neighborhood_id)
    key = key or uuid4()
    if (written := LeakStep.objects.filter(pk=key, leak=leak).first()) is not None:
        return written
    if not words.strip() and number is None:
        raise WordsMissing
    if happened_at is not None and happened_at > at:
        raise NotYet
    return note(
        leak=leak,
        kind=kind,
        by=by,
        capacity=capacity,
        at=at,
        words=words.strip(),
        number=number,
        happened_at=happened_at,
        key=key,
    )


def note(
    *,
    leak: Leak,
    kind: LeakStep.Kind,
    by: User,
    capacity: str,
    at: datetime,
    words: str = "",
    number: int | None = None,
    happened_at: datetime | None = None,
    key: UUID | None = None,
) -> LeakStep:
    """Within the act that it is a line of."""
    made = LeakStep.objects.create(
        id=key or uuid4(),
        neighborhood_id=leak.neighborhood_id,
        leak=leak,
        kind=kind,
        words=words,
        number=number,
        happened_at=happened_at or at,
        by=by,
        capacity=capacity,
    )
    record(
        kind="leak.step",
        subject=leak.pk,
        neighborhood=leak.neighborhood_id,
        payload={
            "step": made.pk,
            "kind": str(kind),
            "words_sha": sha256(words.encode()).hexdigest(),
            "number": number,
            "by": by.pk,
        },
    )
    return made


def is_closed(leak: Leak) -> bool:
    """Whatever is written after it was closed opens it again."""
    last = leak.steps.order_by("-at", "-pk").first()
    return last is not None and last.kind == Step.CLOSED


@transaction.atomic
def looked_at(
    *, leak: Leak, account: User | None, since: datetime, until: datetime, by: User, at: datetime
) -> LeakSource:
    """It may have got out by what this account, or any, looked at in that while. Said twice it is said once.

    Raises: OutOfOffice, NotYet
    """
    if until > at or since >= until:
        raise NotYet
    of: dict[str, object] = {
        "kind": LeakSource.Kind.LOOK_UPS,
        "account": account,
        "since": since,
        "until": until,
    }
    return _source(leak, of, by, at)


@transaction.atomic
def copied(*, leak: Leak, copy: Copy, by: User, at: datetime) -> LeakSource:
    """It may have got out by a copy that a recipient was given: then everybody in it is affected, whichever rows turned up.

    Raises: OutOfOffice, Copy.DoesNotExist for one that was not handed over here
    """
    found = handed(leak).get(pk=copy.pk)
    return _source(leak, {"kind": LeakSource.Kind.COPY, "copy": found}, by, at)


@transaction.atomic
def all_of_it(*, leak: Leak, until: datetime, by: User, at: datetime) -> LeakSource:
    """The whole register, as it was at that moment: a backup, or the server itself.

    Raises: OutOfOffice, NotYet
    """
    if until > at:
        raise NotYet
    return _source(leak, {"kind": LeakSource.Kind.REGISTER, "until": until}, by, at)


def handed(leak: Leak) -> QuerySet[Copy]:
    """The copies that somebody outside has of this neighborhood."""
    return Copy.objects.filter(neighborhood=leak.neighborhood_id, state=Copy.State.HANDED)


def _source(leak: Leak, of: dict[str, object], by: User, at: datetime) -> LeakSource:
    capacity = insist(by, leak.neighborhood, at)
    hold(leak.neighborhood_id)
    if (written := LeakSource.objects.filter(leak=leak, **of).first()) is not None:
        return written
    made = LeakSource.objects.create(leak=leak, neighborhood_id=leak.neighborhood_id, by=by, at=at, **of)
    note(leak=leak, kind=Step.SOURCE, words=made.kind, by=by, capacity=capacity, at=at)
    _count(leak, by, capacity, at)
    return made


@transaction.atomic
def count(*, leak: Leak, by: User, at: datetime) -> int:
    """Compute again who is affected. Whoever once was, stays; whoever came to be, comes. How many there are.

    Raises: OutOfOffice
    """
    capacity = insist(by, leak.neighborhood, at)
    hold(leak.neighborhood_id)
    return _count(leak, by, capacity, at)


def compute(leak: UUID) -> int:
    """How many rows came to be. One statement, whatever their number."""
    with connection.cursor() as cursor:
        cursor.execute(COMPUTE, {"leak": leak})
        return int(cursor.rowcount)


def _count(leak: Leak, by: User, capacity: str, at: datetime) -> int:
    new, number = compute(leak.pk), affected(leak)
    if new or not leak.steps.filter(kind=Step.COUNTED).exists():
        note(leak=leak, kind=Step.COUNTED, number=number, by=by, capacity=capacity, at=at)
    return number


def affected(leak: Leak) -> int:
    return LeakPerson.objects.filter(leak=leak).values("resident").distinct().count()


def minors(leak: Leak, at: datetime) -> int:
    """Of those: how many are under eighteen."""
    born_after = ages.years_before(ages.today_in(leak.neighborhood, at), ages.MINOR)
    people = LeakPerson.objects.filter(leak=leak, resident__born__gt=born_after, resident__erased_at=None)
    return people.values("resident").distinct().count()


def concerns(leak: Leak) -> int:
    """How many it concerns by what is known: those computed, or more where more are supposed (an incident may reach
    beyond this place)."""
    supposed = leak.steps.filter(kind=Step.SUPPOSED).order_by("-at", "-pk").first()
    return max(affected(leak), (supposed.number or 0) if supposed else 0)


@transaction.atomic
def ask_back(*, leak: Leak, source: LeakSource, by: User, at: datetime) -> list[Recall]:
    """The recipient is to delete the copy that leaked. What was asked back before is not asked twice.

    Raises: OutOfOffice
    """
    capacity = insist(by, leak.neighborhood, at)
    rows = DisclosedRow.objects.filter(copy=source.copy_id)
    made = recalls.open_(rows=rows, because=Recall.Because.LEAK, at=at) if source.copy_id else []
    if made:
        note(leak=leak, kind=Step.RECALLED, by=by, capacity=capacity, at=at)
    return made


@transaction.atomic
def trace(*, leak: Leak, text: str, by: User, at: datetime) -> list[tracing.Found]:
    """The copies of this neighborhood from which the text may have been taken. Of the text nothing is kept; that it was
    traced, and how many copies came up, is. Auditors may as well.

    Raises: OutOfOffice
    """
    capacity = seeing(user=by, neighborhood=leak.neighborhood, at=at)
    if not capacity:
        raise OutOfOffice
    found = tracing.trace(text, within=leak.neighborhood_id)
    note(leak=leak, kind=Step.TRACED, number=len(found), by=by, capacity=capacity, at=at)
    return found


def roomless(neighborhood: Neighborhood) -> QuerySet[Incident]:
    """Said elsewhere, and nobody opened a room for it."""
    return Incident.objects.filter(neighborhood=neighborhood, leak=None).order_by("-said_at", "pk")


def rooms(neighborhood: Neighborhood) -> QuerySet[Leak]:
    """Newest first."""
    return Leak.objects.filter(neighborhood=neighborhood).order_by("-opened_at", "pk")


def open_rooms() -> QuerySet[Leak]:
    """Whose last step does not say that it was closed."""
    last = LeakStep.objects.filter(leak=OuterRef("pk")).order_by("-at", "-pk").values("kind")[:1]
    return Leak.objects.alias(last=Subquery(last)).exclude(last=Step.CLOSED)


def hold(neighborhood: UUID) -> None:
    """Of two at once the second sees what the first wrote."""
    Neighborhood.objects.select_for_update(no_key=True).get(pk=neighborhood)


def insist(by: User, neighborhood: Neighborhood, at: datetime) -> str:
    capacity = heading(user=by, neighborhood=neighborhood, at=at)
    if not capacity:
        raise OutOfOffice
    return capacity
