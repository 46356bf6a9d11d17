"""The same notice on paper, for who has no account: a sheet for each, printed in the room by one of the chairs.

Names and dwellings leave on paper here, as with letters, so it is recorded for each of them; and that it was printed is what
says that they are told. It may be printed again for an hour by whoever printed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from residents import batches
from residents.ages import today_in
from residents.models import Resident, User
from sharing import leak_notices, leaks
from sharing.models import LeakNotice, LeakStep, LeakTold

AT_ONCE = 100
AGAIN_FOR = timedelta(hours=1)


@dataclass(frozen=True)
class Sheet:
    """`child` is whom it is about, where it goes to a guardian. Without a dwelling here, and where others read their mail, it
    is handed over in person."""

    name: str
    home: str
    child: str
    in_person: bool


@transaction.atomic
def print_next(*, notice: LeakNotice, token: UUID, by: User, at: datetime) -> int:
    """The next of those without an account; how many. `token` is the form's: sent twice, it prints once.

    Raises: OutOfOffice
    """
    capacity = leaks.insist(by, notice.leak.neighborhood, at)
    held = LeakNotice.objects.select_for_update(no_key=True).get(pk=notice.pk)
    if held.sent_at is None or LeakTold.objects.filter(batch=token).exists():
        return 0
    count = leak_notices.tell_on_paper(notice=held, batch=token, by=by, at=at, limit=AT_ONCE)
    if count:
        leaks.note(leak=held.leak, kind=LeakStep.Kind.PRINTED, number=count, by=by, capacity=capacity, at=at)
    return count


def printed(*, notice: LeakNotice, token: UUID, by: User, at: datetime) -> list[Sheet]:
    """For who pressed, for as long as the paper may be jammed; in a carrier's order."""
    fresh = LeakTold.objects.filter(notice=notice, batch=token, printed_by=by, at__gt=at - AGAIN_FOR)
    people = Resident.objects.filter(pk__in=fresh.values("reader"))
    today = today_in(notice.leak.neighborhood, at)
    homes = {each.pk: " ".join(batches.address(each)) for each in batches.at_home(people, on=today)}
    places = {pk: place for place, pk in enumerate(homes)}
    told = sorted(
        fresh.select_related("reader", "about"),
        key=lambda each: (places.get(each.reader_id, len(places)), str(each.pk)),
    )
    return [
        Sheet(
            each.reader.name,
            homes.get(each.reader_id, ""),
            each.about.name if each.about_id != each.reader_id else "",
            each.reader.keep_at_desk or each.reader_id not in homes,
        )
        for each in told
    ]
