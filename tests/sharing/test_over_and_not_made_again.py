"""What is closed, or whose contract is over, is made no more: nobody makes void copies of it one after the other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import TestCase

from sharing import copying, requesting
from sharing.models import Copy
from tests.sharing import receiving


@pytest.mark.obligation("28")
def test_what_is_closed_before_it_was_fetched_is_not_made_again(
    asked, says, released, resident, chair, afterwards, monkeypatch
):
    ordered: list[object] = []
    monkeypatch.setattr("portal.tasks.disclose_soon", lambda *, disclosure: ordered.append(disclosure))
    says(resident, True)
    disclosure = released()
    copy = receiving.made(disclosure, at=afterwards)
    requesting.close(request=asked, by=chair, at=afterwards)

    with TestCase.captureOnCommitCallbacks(execute=True), pytest.raises(copying.CopyIsStale):
        copying.hand(copy=copy, at=afterwards)
    for _each in range(3):
        with TestCase.captureOnCommitCallbacks(execute=True):
            copying.work(disclosure=disclosure.pk, at=afterwards)

    assert Copy.objects.count() == 1
    assert len(ordered) <= 1
    assert copying.due(at=afterwards + timedelta(minutes=5)) == []
