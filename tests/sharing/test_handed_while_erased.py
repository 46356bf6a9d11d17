"""A file that is fetched while somebody in it is being erased: one waits for the other, and neither is broken off."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from sharing import copying
from sharing.models import Copy
from tests.sharing import receiving


@pytest.mark.obligation("9", "28")
def test_an_erasure_and_a_handing_over_do_not_wait_for_each_other(
    committed, says, resident, released, afterwards, app_sql
):
    says(resident, True)
    copy = receiving.made(released(), at=afterwards)
    erasing = app_sql(autocommit=False)
    erasing.execute("SELECT FROM residents_resident WHERE id = %s FOR NO KEY UPDATE", [resident.pk])
    said: list[object] = []

    def hand() -> None:
        try:
            said.append(copying.hand(copy=copy, at=afterwards))
        except Exception as error:  # noqa: BLE001 - whatever it is, the recipient would see it
            said.append(error)
        finally:
            connections.close_all()

    worker = threading.Thread(target=hand)
    worker.start()
    worker.join(timeout=0.7)
    assert worker.is_alive()
    erasing.execute("UPDATE sharing_copy SET state = 'void', voided_at = now() WHERE id = %s", [copy.pk])
    erasing.commit()
    worker.join(timeout=20)
    assert [type(each) for each in said] == [copying.CopyIsStale]
    assert Copy.objects.get(pk=copy.pk).state == Copy.State.VOID
