"""A list, from the file to undone, in a real browser: on a phone and at a desk, in both languages; and without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from access import gates
from residents.models import Import, Neighborhood, Resident, User
from tests.cast import PASSWORD
from tests.importing.sheets import community, csv, xlsx
from tests.live import Live
from tests.screens.test_in_a_browser import RULES, STICKING_OUT

pytestmark = pytest.mark.django_db

# A tick is small; the row it stands in is large enough for a thumb.
TOO_SMALL = """() => [...document.querySelectorAll(
    'main button, main .button, main label.choices__one, main .sieve a, main input:not([type=hidden], [type=checkbox])'
)].filter(e => {
    const r = e.getBoundingClientRect();
    return r.height > 0 && r.height < 43.5;
}).map(e => e.outerHTML.slice(0, 120))"""


@pytest.fixture
def open_site(
    live: Live, browser: Browser, here: Neighborhood, clerk: User, now
) -> Iterator[Callable[..., Page]]:
    gates.put_up(neighborhood=here, name="南门", name_en="South gate", at=now)
    live.collect_static()
    live.web()
    live.worker()
    contexts = []

    def opened(*, width: int, language: str, scripts: bool = True) -> Page:
        context = browser.new_context(
            base_url=live.url,
            viewport={"width": width, "height": 844},
            locale="zh-CN",
            java_script_enabled=scripts,
        )
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.goto("/sign-in/?next=/desk/import/")
        page.fill("[name=username]", clerk.username)
        page.fill("[name=password]", PASSWORD)
        page.click("main form button")
        page.wait_for_url("**/desk/import/")
        page.click(f"button[name=language][value={language}]")
        page.wait_for_load_state()
        return page

    yield opened
    for context in contexts:
        context.close()


def look(page: Page) -> None:
    where = f"{page.url} at {page.viewport_size}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), where
    assert page.evaluate(STICKING_OUT) == [], where
    assert page.evaluate(TOO_SMALL) == [], where
    found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
    assert found.response["violations"] == [], f"{where}\n{found.generate_snapshot()}"


def choose(page: Page, content: bytes, name: str = "list.xlsx") -> None:
    page.set_input_files(
        "[name=file]", {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    page.click("form[enctype] button[type=submit]")
    page.wait_for_load_state()


def dirty(households: int) -> bytes:
    headings, rows = community(households)
    bent: list[list[Any]] = [list(row) for row in rows]
    bent[3][8], bent[4][7] = "宠物", "一三九"
    bent.append(list(rows[0]))
    return xlsx(bent, headings=headings)


@pytest.mark.slow
@pytest.mark.obligation("14")
@pytest.mark.parametrize(("width", "language"), [(390, "zh-hans"), (1280, "en")])
def test_the_whole_way_reads_and_fits(open_site, live: Live, width: int, language: str):
    page = open_site(width=width, language=language)
    assert page.inner_text("h1") == {"zh-hans": "导入名单", "en": "Bring in a list"}[language]
    look(page)
    choose(page, csv("姓名,房号,姓名\na,b,c\n"), "list.csv")
    look(page)  # with its error
    page.check("[name=make_dwellings]")
    page.check("[name=gates]")
    choose(page, dirty(60))
    source = Import.objects.get()
    look(page)
    page.click("nav .sieve a[href*='fate=refused']")
    assert page.locator("tbody tr").count() == 3
    look(page)
    page.goto(f"/desk/import/{source.pk}/")
    page.click("form[action$='/apply/'] button")
    page.wait_for_selector("#progress")
    # It looks again by itself, until it is done.
    page.wait_for_selector("form[action$='/undo/'] button", timeout=120_000)
    assert Resident.objects.count() == 148
    page.reload()
    look(page)
    page.click("form[action$='/undo/'] button")
    page.wait_for_selector("#progress")
    live.wait_until(lambda: Import.objects.get().state == Import.State.UNDONE, timeout=120)
    page.goto(f"/desk/import/{source.pk}/")
    look(page)
    assert not Resident.objects.exists()


@pytest.mark.obligation("14")
def test_every_act_works_without_scripts_and_by_keyboard(open_site, live: Live):
    page = open_site(width=820, language="en", scripts=False)
    page.set_input_files(
        "[name=file]", {"name": "a.xlsx", "mimeType": "application/octet-stream", "buffer": dirty(4)}
    )
    page.focus("[name=make_dwellings]")
    page.keyboard.press("Space")
    page.focus("form[enctype] button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/import/*-*/")
    page.focus("form[action$='/apply/'] button")
    page.keyboard.press("Enter")
    live.wait_until(lambda: Import.objects.get().state == Import.State.APPLIED, timeout=120)
    page.goto(f"/desk/import/{Import.objects.get().pk}/")
    page.focus("form[action$='/undo/'] button")
    page.keyboard.press("Enter")
    live.wait_until(lambda: Import.objects.get().state == Import.State.UNDONE, timeout=120)
    page.goto(f"/desk/import/{Import.objects.get().pk}/")
    assert "Everything is as it was before" in page.inner_text("main")
