"""The fourteenth birthday: what was decided in somebody's name is over, and they are told (obligation 15).

Nothing here ends anything: power and consents end by the clock, whether or not this runs.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from consent.models import Decision, Notice
from residents import ages
from residents.leaving import todays

AT_ONCE = 200


def tell(*, at: datetime) -> int:
    """For the sweep: one notice for each purpose that was ever decided for somebody who is fourteen now. How many are new.

    It says that something was decided and not what: who said no is on no list.
    """
    told = Notice.objects.filter(
        resident=OuterRef("resident"), purpose=OuterRef("purpose"), kind=Notice.Kind.NOW_YOURS
    )
    made = 0
    for neighborhood, today in todays(at):
        of_age = Q(resident__born=None) | Q(resident__born__lte=ages.years_before(today, ages.GUARDED))
        decided = (
            Decision.objects.filter(
                of_age,
                neighborhood=neighborhood,
                capacity=Decision.Capacity.GUARDIAN,
                resident__erased_at=None,
            )
            .exclude(Exists(told))
            .order_by("resident", "purpose", "-at")
            .distinct("resident", "purpose")
        )
        notices = [
            Notice(
                neighborhood=neighborhood,
                resident_id=each.resident_id,
                kind=Notice.Kind.NOW_YOURS,
                purpose=each.purpose,
                form_id=each.form_id,
                at=at,
            )
            for each in decided[:AT_ONCE]
        ]
        made += len(Notice.objects.bulk_create(notices, ignore_conflicts=True))
    return made
