"""Two who ask back the same rows at once: the second waits, finds that they were asked for, and what it was about stands."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections, transaction

from sharing import recalls
from sharing.models import Answer, Recall, RecallLine


@pytest.mark.obligation("9", "28")
def test_a_no_while_the_time_ends_is_written_down(committed, says, give, resident, afterwards):
    says(resident, True)
    copy = give()
    said: list[object] = []

    def no() -> None:
        try:
            said.append(says(resident, False, afterwards))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the resident would see
            said.append(error)
        finally:
            connections.close_all()

    worker = threading.Thread(target=no)
    with transaction.atomic():
        recalls.period_over(copy=copy.pk, at=afterwards + timedelta(days=31))
        worker.start()
        worker.join(timeout=1)
        assert worker.is_alive()
    worker.join(timeout=30)
    assert isinstance(said[0], Answer)
    assert not Answer.objects.latest("id").yes
    assert [each.because for each in Recall.objects.all()] == ["period"]
    assert RecallLine.objects.count() == 1
