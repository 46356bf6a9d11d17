"""One request with a period beyond all dates does not stop what is asked back for everybody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sharing import answering, disclosing, recalls, requesting
from tests import make
from tests.sharing import receiving


@pytest.mark.obligation("28")
def test_a_period_beyond_all_dates_stops_nobody_elses(
    recipient, clerk, chair, give, says, resident, now, afterwards, monkeypatch
):
    monkeypatch.setattr(requesting, "LONGEST_KEPT", 2_000_000_000)  # as it was asked before there was a bound
    says(resident, True)
    copy = give()
    endless = requesting.draft(
        recipient=recipient,
        kind="delivery",
        purpose="送水到户",
        purpose_en="Delivering water to the door",
        fields=["name"],
        retention_days=2_000_000_000,
        deadline=now + timedelta(days=7),
        by=clerk,
        at=now,
    )
    asked = requesting.put_to_residents(request=make.read_by_two(endless, at=now), by=chair, at=now)
    answering.answer(request=asked, resident=resident, fields=["name"], actor=resident.user, at=now)
    receiving.handed(disclosing.release(request=asked, by=chair, at=afterwards), at=afterwards)

    over = recalls.over(at=afterwards + timedelta(days=31))
    assert [each.pk for each in over] == [copy.pk]
