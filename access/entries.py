"""A resident's own entries, for that resident alone (law 6).

An event holds an opaque credential. Beside `naming`, which takes a reason and is read by the person, this is the only place
that follows it to somebody, and it goes the other way: from a person who asks about themself to their events. Nothing here
takes a child, a household or an account; who may ask, and how they prove that it is they, is the screen's.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from access.models import Credential, EntryEvent, Gate
from residents.models import Letter, Resident

EVER = datetime(1, 1, 1, tzinfo=UTC)


def own(*, resident: Resident) -> QuerySet[EntryEvent]:
    """By every way in that is or was theirs, visitors' passes that they answer for included.

    What a gate elsewhere reports under one of their numbers is not theirs: no gate there was ever told of it. And nothing
    from before a letter's code was used last: whoever fetches another's mail gets into the account with it, and must not
    find there where they were.
    """
    ways = Credential.objects.filter(resident=resident).values("pk")
    used = Letter.objects.filter(resident=resident, used_at__isnull=False).order_by("-used_at")
    since = Coalesce(Subquery(used.values("used_at")[:1]), Value(EVER))
    return EntryEvent.objects.filter(
        neighborhood=resident.neighborhood_id, credential__in=ways, device_time__gt=since
    )


def gates(*, resident: Resident) -> QuerySet[Gate]:
    """Those that told of them, by name."""
    seen = own(resident=resident).values("gate")
    return Gate.objects.filter(pk__in=seen).order_by("name", "pk")
