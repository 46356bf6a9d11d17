from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live import Live
from tests.processes.walking import PutUp, stand_before
from tests.screens.test_in_a_browser import site as site  # the fixture


@pytest.fixture
def put_up(site, live: Live) -> Iterator[PutUp]:
    """The agent of a gate, as a process, at a site that has its worker and its beat."""
    live.worker()
    live.beat()
    yield from stand_before(live)
