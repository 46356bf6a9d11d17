"""Two who hold the same rows take them in one order: one waits for the other, and neither is broken off."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connections

from sharing import copying, recipient_keys
from sharing.models import Copy, RecipientKey
from tests.sharing import receiving


def beside(act: Callable[[], object], said: list[object]) -> threading.Thread:
    """The act in a session of its own, begun, and waiting for ours."""

    def run() -> None:
        try:
            said.append(act())
        except Exception as error:  # noqa: BLE001 - whatever it is, the person would see it
            said.append(error)
        finally:
            connections.close_all()

    worker = threading.Thread(target=run)
    worker.start()
    worker.join(timeout=0.7)
    assert worker.is_alive()
    return worker


@pytest.mark.obligation("9", "28")
def test_an_erasure_and_a_handing_over_do_not_wait_for_each_other(
    committed, says, resident, released, afterwards, app_sql
):
    says(resident, True)
    copy = receiving.made(released(), at=afterwards)
    erasing = app_sql(autocommit=False)
    erasing.execute("SELECT FROM residents_resident WHERE id = %s FOR NO KEY UPDATE", [resident.pk])
    said: list[object] = []
    worker = beside(lambda: copying.hand(copy=copy, at=afterwards), said)
    erasing.execute("UPDATE sharing_copy SET state = 'void', voided_at = now() WHERE id = %s", [copy.pk])
    erasing.commit()
    worker.join(timeout=20)
    assert [type(each) for each in said] == [copying.CopyIsStale]
    assert Copy.objects.get(pk=copy.pk).state == Copy.State.VOID


@pytest.mark.obligation("28")
def test_the_end_of_a_key_and_a_copy_that_gets_on_do_not_wait_for_each_other(
    committed, says, resident, released, afterwards, app_sql, chair
):
    says(resident, True)
    copy = receiving.made(released(), at=afterwards)
    going_on = app_sql(autocommit=False)
    going_on.execute("SELECT FROM sharing_copy WHERE id = %s FOR NO KEY UPDATE", [copy.pk])
    said: list[object] = []
    recipient = copy.disclosure.request.recipient
    worker = beside(lambda: recipient_keys.end(recipient=recipient, by=chair, at=afterwards), said)
    going_on.execute("SELECT FROM sharing_recipientkey WHERE id = %s FOR SHARE NOWAIT", [copy.key_id])
    going_on.commit()
    worker.join(timeout=20)
    assert said == [None]
    assert RecipientKey.objects.get(pk=copy.key_id).ended_at == afterwards
    assert Copy.objects.get(pk=copy.pk).state == Copy.State.VOID
