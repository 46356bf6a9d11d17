"""What a person is told about a consent of theirs: once, to them alone, and put away with one press (obligation 12).

There is no list of who is to be told: a resident finds it on the first page, and who has no account is handed a slip from
their own page at the desk.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from consent.models import Notice, Paper
from ledger.record import record
from residents import notifying
from residents.ages import today_in
from residents.models import Guardianship, Resident, User


class HasAccount(Exception):
    """They read it on their own page; nobody prints it for them."""


def waiting(*, resident: Resident) -> QuerySet[Notice]:
    """What they have not put away, newest first."""
    return told(resident=resident).filter(seen_at=None)


def for_wards(*, guardian: Resident, at: datetime) -> QuerySet[Notice]:
    """What is to be told about children for whom they decide today: it was their yes."""
    today = today_in(guardian.neighborhood, at)
    wards = Guardianship.objects.current(today).filter(guardian=guardian).values("child")
    waits = Notice.objects.filter(resident__in=wards, seen_at=None).select_related("form", "resident")
    return waits.order_by("-at", "pk")


def told(*, resident: Resident) -> QuerySet[Notice]:
    """All that is still kept, newest first."""
    return Notice.objects.filter(resident=resident).select_related("form").order_by("-at", "pk")


def put_away(*, resident: Resident, notice: UUID, at: datetime) -> bool:
    """Read, and not to be shown again. False for what is not theirs, or was put away before."""
    return bool(Notice.objects.filter(pk=notice, resident=resident, seen_at=None).update(seen_at=at))


def of_paper(*, paper: Paper, kind: Notice.Kind, at: datetime) -> None:
    """What became of a yes on paper. Inside a transaction; nothing, where they were told the same of an earlier sheet of this
    form."""
    notice = Notice(
        neighborhood_id=paper.neighborhood_id,
        resident_id=paper.resident_id,
        kind=kind,
        purpose=paper.form.purpose,
        form_id=paper.form_id,
        at=at,
    )
    Notice.objects.bulk_create([notice], ignore_conflicts=True)
    if not Notice.objects.filter(pk=notice.pk).exists():
        return
    notifying.tell(
        neighborhood=paper.neighborhood, residents=[paper.resident_id], topic=notifying.Topic.DATA, at=at
    )


@transaction.atomic
def hand_over(*, resident: Resident, by: User, capacity: str, at: datetime) -> list[Notice]:
    """What the desk prints for somebody without an account, who stands before it. Nothing, if there is nothing to tell.

    Raises: HasAccount
    """
    if resident.user_id is not None:
        raise HasAccount
    notices = list(waiting(resident=resident).select_for_update(no_key=True, of=("self",)))
    Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(seen_at=at)
    for notice in notices:
        record(
            kind="consent.told",
            subject=resident.pk,
            neighborhood=resident.neighborhood_id,
            payload={"notice": notice.pk, "by": by.pk, "capacity": capacity},
        )
    return notices
