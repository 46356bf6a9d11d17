"""A slip in a real browser: read on a phone and at a desk, printed on one sheet, scanned, taken home and checked.

The browser asks Django's own client, in the test's transaction: what is looked at are pages, not processes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy
import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from playwright.sync_api import Browser, Route

from consent.models import Decision, Form, Purpose
from residents.models import Resident
from tests.enrolling import agree
from tests.receipts.checking import at_a_browser, outside
from tests.receipts.conftest import sequenced
from tests.screens.test_in_a_browser import Visit

ADDRESS = "http://localhost"
SHEETS = re.compile(rb"/Type\s*/Page[^s]")
KINDS = {".css": "text/css", ".svg": "image/svg+xml", ".js": "text/javascript"}
# Cross-Origin-Opener-Policy would start another process, which asks the network anew.
PASSED_ON = ("Content-Type", "Content-Disposition", "Content-Language", "Content-Security-Policy", "Location")
Site = Callable[..., Visit]


def answering(client: Client) -> Callable[[Route], None]:
    def answer(route: Route) -> None:
        asked = urlsplit(route.request.url)
        if asked.path.startswith(settings.STATIC_URL):
            file = finders.find(asked.path.removeprefix(settings.STATIC_URL))
            route.fulfill(path=file, content_type=KINDS[Path(file).suffix]) if file else route.abort()
            return
        answered = client.generic(
            route.request.method,
            f"{asked.path}?{asked.query}",
            route.request.post_data_buffer or b"",
            content_type=route.request.headers.get("content-type", ""),
            headers={
                "host": "localhost",
                "accept-language": route.request.headers.get("accept-language", ""),
            },
            follow=False,
        )
        route.fulfill(
            status=answered.status_code,
            headers={name: value for name, value in answered.items() if name in PASSED_ON},
            body=answered.content,
        )

    return answer


@pytest.fixture
def site(browser: Browser) -> Iterator[Site]:
    contexts = []

    def visit(
        who: Resident | None, *, width: int, language: str, scripts: bool = True, axe: bool = False
    ) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 844}, locale=language, java_script_enabled=scripts
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        context.route("**/*", answering(at_a_browser(who, language)))
        return Visit(context.new_page(), ADDRESS, with_axe=axe)

    yield visit
    for context in contexts:
        context.close()


def scanned(picture: bytes) -> str:
    image = cv2.imdecode(numpy.frombuffer(picture, numpy.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    return str(cv2.QRCodeDetector().detectAndDecode(image)[0])


@pytest.mark.obligation("14", "35", "A6")
@pytest.mark.parametrize(
    ("width", "language"), [(390, "zh-CN"), (1280, "en-US"), (390, "en-US"), (1280, "zh-CN")]
)
def test_it_is_read_printed_scanned_taken_home_and_checked(
    db, site: Site, resident: Resident, forms: Mapping[Purpose, Form], now: datetime, tmp_path: Path,
    width: int, language: str,
):  # fmt: skip
    agree(resident, forms, Purpose.FACE_AT_GATE, at=now)
    sequenced()
    decision = Decision.objects.get()
    # Without scripts: every right here is a link or a form.
    mine = site(resident, width=width, language=language, scripts=False)
    mine.open("/record/")
    mine.press(f"a[href='/record/slips/{decision.pk}/']")
    assert mine.page.locator("article.receipt").count() == 1
    assert len(SHEETS.findall(mine.page.pdf(prefer_css_page_size=True))) == 1
    address = scanned(mine.page.locator(".receipt__check svg").screenshot())
    assert "/check/" in address
    with mine.page.expect_download() as kept:
        mine.page.locator("a[href$='/file/']").click()
    kept.value.save_as(tmp_path / "slip.jsonld")
    mine.open("/record/")
    with mine.page.expect_download() as everything:
        mine.page.locator("a[href='/record/proof/']").click()
    everything.value.save_as(tmp_path / "all.zip")
    assert outside(tmp_path, "receipt", "slip.jsonld")[0] == 0
    assert outside(tmp_path, "everything", "all.zip")[0] == 0

    anybody = site(None, width=width, language=language, axe=True)
    anybody.open(urlsplit(address).path)
    assert anybody.page.locator(".notice--success").count() == 1
    anybody.look()
    anybody.page.set_input_files("[name=file]", tmp_path / "slip.jsonld")
    anybody.press("form[enctype] button")
    assert anybody.page.locator(".notice--success .verdict__holds").count() > 3
    anybody.look()
    reader = site(resident, width=width, language=language, axe=True)
    reader.open(f"/record/slips/{decision.pk}/")
    reader.look()
