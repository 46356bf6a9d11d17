"""A file on its way: added to a draft without scripts, published, looked at and taken along by a resident."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from committees.models import Notice, NoticeFile
from portal.demo import papers
from residents.models import User
from tests.cast import PASSWORD
from tests.committees.notices import attached, draft, published
from tests.screens.test_in_a_browser import Visit, site  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow
# Where somebody wants to look at the pages: PNGs are put there.
SHOTS = os.environ.get("NOTICES_SHOTS")


def look(visit: Visit, name: str, *, desk: bool = False) -> None:
    for width in (1280, 390):
        visit.page.set_viewport_size({"width": width, "height": 844})
        if not desk:
            visit.look()
        if SHOTS:
            language = visit.page.evaluate("document.documentElement.lang")
            visit.page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{language}.png", full_page=True)


def sign_in(visit: Visit, username: str) -> None:
    visit.open("/sign-in/")
    visit.fill(username=username, password=PASSWORD)
    visit.press("main form button")


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_from_the_desk_to_a_resident(site, live, here, resident, chair, now, tmp_path, language):  # noqa: F811
    english = language.startswith("en")
    User.objects.filter(pk__in=[resident.user_id, chair.pk]).update(language="en" if english else "zh-hans")
    meeting = published(
        here, chair, at=now, kind="meeting", title="业委会例会", meets_at=now, place="1 幢底层"
    )
    made = draft(here, chair, at=now, kind="document", sort="accounts", meeting=meeting, title="本季度收支")
    attached(made, chair, at=now, content=papers.accounts(), title="收支表")
    bars = tmp_path / "bars.png"
    bars.write_bytes(papers.shares())

    clerk = site(language=language, scripts=False, width=1280)
    sign_in(clerk, chair.username)
    clerk.open(f"/admin/committees/notice/{made.pk}/change/")
    look(clerk, "desk-notice", desk=True)
    clerk.press("a[href$='add-file/']")
    clerk.page.set_input_files("[name=file]", bars)
    clerk.fill(title="支出构成图")
    clerk.press("input[type=submit]")
    assert clerk.page.input_value("[name=title]") == "支出构成图"
    assert clerk.page.locator(".errorlist").count() == 1
    look(clerk, "desk-add-file", desk=True)
    clerk.page.set_input_files("[name=file]", bars)
    clerk.fill(shows="五条横条，最长的是秩序维护。")
    clerk.press("input[type=submit]")
    clerk.press("a[href$='publish/']")
    look(clerk, "desk-publish", desk=True)
    clerk.press("input[type=submit]")
    assert Notice.objects.published().filter(pk=made.pk).exists()

    visit = site(language=language, axe=True)
    sign_in(visit, "r101")
    visit.open("/notices/documents/?sort=accounts")
    look(visit, "documents")
    visit.press("main .rows a")
    visit.page.wait_for_function("() => document.querySelector('main img').naturalWidth > 100")
    look(visit, "notice")
    with visit.page.expect_download() as taken:
        visit.page.locator("main a[href$='/files/1/']").click()
    assert taken.value.suggested_filename == "收支表.pdf"
    assert Path(taken.value.path()).read_bytes() == bytes(NoticeFile.objects.get(number=1).content)
    visit.press("main .opening ~ p a[href^='/notices/']")
    assert "本季度收支" in visit.page.inner_text("main")
    look(visit, "meeting")
