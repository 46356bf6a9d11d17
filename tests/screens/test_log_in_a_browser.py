"""The log's page and its sheet in a real browser: on a phone and at a desk, in both languages, without JavaScript."""

from __future__ import annotations

import pytest
from django.utils import timezone

from ledger import checkpoints
from tests.ledger.logs import Cosigner, grow
from tests.screens.test_in_a_browser import site  # noqa: F401


@pytest.mark.slow
@pytest.mark.obligation("14")
@pytest.mark.parametrize(
    ("width", "language"), [(390, "zh-CN"), (390, "en-US"), (1280, "zh-CN"), (1280, "en-US")]
)
def test_the_log_reads_and_fits(site, width, language):  # noqa: F811
    visit = site(width=width, language=language, scripts=False)
    with_axe = site(width=width, language=language, axe=True)
    for path in ("/log/", "/log/sheet/"):
        visit.open(path)
        visit.look()
    seen = Cosigner()
    checkpoints.welcome(seen.key)
    made = grow(300)
    checkpoints.take(seen.note(made, int(made.at.timestamp())), at=timezone.now())
    for path in ("/log/", "/log/sheet/"):
        for each in (visit, with_axe):
            each.open(path)
            each.look()
