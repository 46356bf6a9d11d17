"""My requests in a real browser: a correction, its refusal with the reason, in both languages, on a phone and at a desk."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from residents import rights
from residents.models import RightsRequest, User
from tests.cast import PASSWORD, settle
from tests.screens.test_in_a_browser import site  # noqa: F401

REASON = "户口簿上写的是柳一，请带户口簿来。"


@pytest.fixture
def pictures() -> Callable[..., None]:
    """`SCREENS=folder` keeps what was seen."""
    folder = os.environ.get("SCREENS")

    def keep(visit, name: str) -> None:
        if folder:
            visit.page.screenshot(path=f"{folder}/{name}.png", full_page=True)

    return keep


@pytest.mark.slow
@pytest.mark.obligation("32", "33", "34")
@pytest.mark.parametrize(
    ("width", "language"), [(390, "zh-CN"), (390, "en-US"), (1280, "zh-CN"), (1280, "en-US")]
)
def test_a_correction_is_asked_refused_and_its_reason_read(site, here, clerk, now, pictures, width, language):  # noqa: F811
    settle(here, number="301", name="柳一", phone="0571 8800 0301", at=now)
    spoken = {"zh-CN": "zh-hans", "en-US": "en"}[language]
    User.objects.filter(username="r301").update(language=spoken)
    with_axe = site(width=width, language=language, axe=True)
    visit = site(width=width, language=language, scripts=False)
    for each in (visit, with_axe):
        each.open("/sign-in/")
        each.fill(username="r301", password=PASSWORD)
        each.press("main form button")
    visit.open("/requests/")
    assert visit.page.get_attribute("html", "lang") == spoken
    visit.press("a[href='/requests/new/correct/']")
    visit.press("main form button.button")
    visit.look()  # with its mistakes
    visit.press("[name=about][value=name]")
    visit.fill(wanted="柳二一", words="一直写错了")
    visit.press("main form button.button")
    asked = RightsRequest.objects.get(kind="correct")
    assert visit.path() == f"/requests/{asked.pk}/"
    visit.look()
    rights.answer(request=asked, done=False, words=REASON, by=clerk, at=now)
    visit.open("/requests/")
    visit.press(f"a[href='/requests/{asked.pk}/']")
    assert REASON in visit.page.inner_text("main")
    visit.look()
    for name, path in (
        ("list", "/requests/"),
        ("refused", f"/requests/{asked.pk}/"),
        ("correct", "/requests/new/correct/"),
        ("delete", "/requests/new/delete/"),
        ("see", "/requests/new/see/"),
        ("copy", "/requests/new/copy/"),
        ("after", "/requests/after/"),
    ):
        with_axe.open(path)
        if name == "list":
            with_axe.press("summary")
        with_axe.look()
        pictures(with_axe, f"{name}-{width}-{language}")
    with_axe.open("/requests/new/copy/")
    with_axe.fill(password=PASSWORD)
    with_axe.press("form[action$='/prove/'] button")
    with_axe.look()
    with with_axe.page.expect_download() as saved:
        with_axe.page.click("form[action$='/copy/'] button")
    assert "柳一" in saved.value.path().read_text()
