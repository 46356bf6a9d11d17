"""Those who must answer a request about somebody's own data are reminded: when a third of the time is left, and when it is over.

Each is an alarm, once for each request, which the database holds; what is late stands on the desk whether anybody was reminded
or not (`rights.late`).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Exists, OuterRef, QuerySet, Value, When

from residents import alarms, rights
from residents.models import Alarm, RightsRequest

Kind = Alarm.Kind
# Before: those who answer. Afterwards also those who look after them.
TOLD = {Kind.RIGHTS_DUE: (rights.PERM,), Kind.RIGHTS_LATE: (rights.PERM, "publish_forms", alarms.PERM)}


def due(at: datetime) -> QuerySet[RightsRequest]:
    """Of which nobody was reminded yet, though it is time. What is late already is not said to be nearly due."""
    said = Case(When(due_at__lte=at, then=Value(str(Kind.RIGHTS_LATE))), default=Value(str(Kind.RIGHTS_DUE)))
    heard = Alarm.objects.filter(kind=OuterRef("said"), subject=OuterRef("pk"))
    pressing = RightsRequest.objects.pressing(at).annotate(said=said)
    return pressing.filter(~Exists(heard)).order_by("due_at", "pk")


@transaction.atomic
def remind(*, request: UUID, at: datetime) -> bool:
    """False where it was answered in the meantime, or somebody else reminded of it."""
    found = rights.locked(RightsRequest.objects.select_related("resident").get(pk=request))
    if not found.is_open or not due(at).filter(pk=found.pk).exists():
        return False
    kind = Kind.RIGHTS_LATE if found.due_at <= at else Kind.RIGHTS_DUE
    alarms.sound(kind=kind, neighborhood=found.neighborhood, subject=found.pk, at=at, perms=TOLD[kind])
    return True
