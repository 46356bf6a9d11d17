"""Web and worker were started before an epoch opened, and go on without a restart, through as many as there are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cast import PASSWORD
from tests.committees import service
from tests.live import Live
from tests.processes.doors import Visitor
from vault import keys
from vault.models import Epoch, Key

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def visitor(live: Live, resident) -> Iterator[Visitor]:
    live.web()
    visitor = Visitor(live)
    visitor.send("/sign-in/", username=resident.user.username, password=PASSWORD)
    yield visitor
    visitor.close()


def ended() -> int:
    return Epoch.objects.exclude(retired_at=None).count()


@pytest.mark.obligation("9", "23", "F15")
def test_the_worker_rotates_and_the_web_reads_and_writes_on(live: Live, resident, clerk, visitor, now):
    """An epoch in every sweep, and no grace: far more often than ever in earnest."""
    asked = service.asked(resident, at=now, words="lamp number 0")
    [gone] = Key.objects.filter(purpose="contact").values_list("id", flat=True)[:1]
    page = f"/service/{asked.pk}/"
    assert "lamp number 0" in visitor.read(page)
    worker = live.worker({"EPOCH_DAYS": "0", "EPOCH_GRACE_HOURS": "0"})
    live.beat()
    for turn in range(1, 5):
        before = ended()
        live.wait_until(lambda before=before: "lamp number 0" in visitor.read(page) and ended() > before)
        visitor.send(f"{page}say/", page=page, words=f"lamp number {turn}")
        assert f"lamp number {turn}" in visitor.read(page)
    keys.destroy(id=gone)
    live.kill(worker)
    assert all(f"lamp number {turn}" in visitor.read(page) for turn in range(5))
    assert keys.state(gone) is keys.State.DESTROYED

    said = live.manage("epochs", "rotate").stdout
    assert "is open" in said
    assert "lamp number 0" in visitor.read(page)
    assert "Traceback" not in live.log("web")
    retired = {
        bytes(name).hex() for name in Epoch.objects.exclude(retired_at=None).values_list("name", flat=True)
    }
    left = {path.stem for path in (live.var / "keys").glob("epochs*/*.salt")}
    assert not retired & left
