"""A request that was refused before anybody was asked is not counted: nobody answered, and a count would keep it for good."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sharing import requesting, retention, tallies
from sharing.models import Request, Tally
from tests.sharing.passing import its_time_passes


@pytest.mark.obligation("28")
def test_what_was_refused_outright_is_not_counted_and_goes(recipient, clerk, now):
    with pytest.raises(requesting.RequestRefused, match="beyond"):
        requesting.draft(
            recipient=recipient,
            kind="survey",
            purpose="问卷",
            purpose_en="A survey",
            fields=["phone"],
            retention_days=30,
            deadline=now + timedelta(days=7),
            by=clerk,
            at=now,
        )
    refused = Request.objects.get()
    its_time_passes(refused)
    for each in tallies.due(at=timezone.now()):
        tallies.freeze(request=each)
    [rule] = [each for each in retention.RULES if each.code == "sharing.drafts"]
    assert rule.forget([refused.pk], timezone.now()) == 1
    assert not Request.objects.exists()
    assert not Tally.objects.exists()
