"""A slip in a real browser: read on a phone and at a desk, printed on one sheet, scanned, taken home and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import cv2
import numpy
import pytest

from consent.models import Decision, Form, Purpose
from ledger import checkpoints, sequencing
from residents.models import Resident
from tests.cast import PASSWORD
from tests.enrolling import agree
from tests.receipts.checking import outside
from tests.screens.test_in_a_browser import Visit, site

__all__ = ["site"]
SHEETS = re.compile(rb"/Type\s*/Page[^s]")


def signed_in(visit: Visit) -> None:
    visit.open("/sign-in/?next=/record/")
    visit.fill(username="r101", password=PASSWORD)
    visit.press("main form button")
    assert visit.path() == "/record/"


def scanned(picture: bytes) -> str:
    image = cv2.imdecode(numpy.frombuffer(picture, numpy.uint8), cv2.IMREAD_GRAYSCALE)
    return str(cv2.QRCodeDetector().detectAndDecode(image)[0])


@pytest.mark.slow
@pytest.mark.obligation("14", "35", "A6")
@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1280, "en-US")])
def test_it_is_read_printed_scanned_taken_home_and_checked(
    site,  # noqa: F811
    resident: Resident,
    forms: Mapping[Purpose, Form],
    now: datetime,
    tmp_path: Path,
    width: int,
    language: str,
):
    agree(resident, forms, Purpose.FACE_AT_GATE, at=now)
    sequencing.run()
    checkpoints.make()
    decision = Decision.objects.get()
    # Without scripts: every right here is a link or a form.
    visit = site(width=width, language=language, scripts=False)
    signed_in(visit)
    visit.press(f"a[href='/record/slips/{decision.pk}/']")
    assert visit.page.locator("article.receipt").count() == 1
    assert len(SHEETS.findall(visit.page.pdf(prefer_css_page_size=True))) == 1

    address = scanned(visit.page.locator(".receipt__check svg").screenshot())
    assert address.startswith(f"{visit.url}/check/")
    with visit.page.expect_download() as kept:
        visit.press("a[href$='/file/']")
    kept.value.save_as(tmp_path / "slip.jsonld")
    visit.open("/record/")
    with visit.page.expect_download() as everything:
        visit.press("a[href='/record/proof/']")
    everything.value.save_as(tmp_path / "all.zip")
    assert outside(tmp_path, "receipt", "slip.jsonld")[0] == 0
    assert outside(tmp_path, "everything", "all.zip")[0] == 0

    anybody = site(width=width, language=language, axe=True)
    anybody.page.goto(address)
    assert anybody.page.locator(".notice--success").count() == 1
    anybody.look()
    anybody.page.set_input_files("[name=file]", tmp_path / "slip.jsonld")
    anybody.press("form[enctype] button")
    assert anybody.page.locator(".notice--success .verdict__holds").count() > 3
    anybody.look()
    signed_in(anybody)
    anybody.open(f"/record/slips/{decision.pk}/")
    anybody.look()
