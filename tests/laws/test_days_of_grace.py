"""The days of grace count from when it was written down that somebody left, and no statement shortens them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from residents.models import Resident
from tests import long_ago

pytestmark = pytest.mark.django_db


def refused(act) -> str:
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        act()
    return error.value.__cause__.sqlstate


@pytest.mark.obligation("9", "20")
def test_nobody_left_longer_ago_than_they_did_whatever_sql_is_tried(here, now):
    """Neither an old day, nor the day and the erasure together, nor another reason shortens the days of grace."""
    gone = {"name": "", "erased_at": now}
    who = Resident.objects.create(neighborhood=here, name="不曾住过")
    mine = Resident.objects.filter(pk=who.pk)
    for values in (
        {"left_at": now - timedelta(days=31), "left_because": "moved_out"},
        {"left_at": now - timedelta(hours=2), "left_because": "moved_out"},
        {"left_at": now, "left_because": "moved_out", **gone},
        {"left_at": now - timedelta(days=100), "left_because": "died", **gone},
    ):
        assert refused(lambda values=values: mine.update(**values)) == "LM161"
    mine.update(left_at=now, left_because="died")
    assert refused(lambda: mine.update(left_because="moved_out")) == "LM161"
    assert refused(lambda: mine.update(left_at=now - timedelta(days=91))) == "LM161"
    assert refused(lambda: mine.update(**gone)) == "LM034"
    long_ago.left_at(who, now - timedelta(days=91))
    assert mine.update(**gone) == 1
