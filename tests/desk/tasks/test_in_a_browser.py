"""The desk with the keyboard alone, on a phone, a tablet and a screen, in both languages; and its slips on paper.

A minute is what a task may take. How fast somebody types is theirs; what the page asks of them is counted here: keys that
are pressed, beside the words and numbers that only they know.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from access import cards, gates, rules
from access.models import Credential, Gate, Pass
from consent.models import Form, Purpose
from residents.models import Resident, User
from tests.cast import PASSWORD, dwelling
from tests.live import Live
from tests.screens.test_in_a_browser import Visit

WIDTHS = (390, 1024, 1280)
# Where to leave what was printed, to be looked at.
PRINTED = os.environ.get("LINMEN_PRINTED")
# A person reads a page, presses a key, and waits for the next page; at two seconds a key this is under a minute.
MOST_KEYS = 25


@dataclass
class Hut(Visit):
    """Somebody at the desk who has no mouse. `keys` counts what is pressed beside text that is typed."""

    keys: int = 0
    typed: list[str] = field(default_factory=list)

    def key(self, *names: str) -> None:
        for name in names:
            self.keys += 1
            self.page.keyboard.press(name)
            self.page.wait_for_load_state()

    def type(self, text: str) -> None:
        self.typed.append(text)
        self.page.keyboard.type(text)

    def focused(self) -> str:
        """Which field or link the next key goes to."""
        return str(
            self.page.evaluate(
                "(() => { const e = document.activeElement; return e.name || e.dataset.key || e.tagName })()"
            )
        )

    def settle_down(self, path: str) -> None:
        self.page.wait_for_url(f"{self.url}{path}")
        self.page.wait_for_load_state()

    def slip(self) -> str:
        self.page.wait_for_selector(".slip-page")
        return str(self.page.locator(".slip-page").first.inner_text())


@pytest.fixture
def doors(live: Live, here, clerk: User, resident: Resident, now: datetime) -> list[Gate]:
    made = [
        gates.put_up(neighborhood=here, name=name, name_en=english, by_pin=True, by_qr=True, at=now)
        for name, english in (("南门", "South Gate"), ("北门", "North Gate"))
    ]
    for unit in (resident.occupancies.get().unit, dwelling(here, "301")):
        for gate in made:
            rules.add(gate=gate, unit=unit, at=now)
    cards.issue(resident=resident, number="0471112222", at=now)
    return made


@pytest.fixture
def hut(
    live: Live, browser: Browser, doors: list[Gate], forms: dict[Purpose, Form]
) -> Iterator[Callable[..., Hut]]:
    live.collect_static()
    live.web()
    contexts = []

    def sat_down(
        *, width: int = 1024, language: str = "zh-CN", scripts: bool = True, axe: bool = False
    ) -> Hut:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, locale=language, java_script_enabled=scripts
        )
        contexts.append(context)
        context.set_default_timeout(20_000)
        User.objects.filter(username="clerk").update(language="en" if language == "en-US" else "zh-hans")
        seat = Hut(context.new_page(), live.url, with_axe=axe)
        seat.open("/sign-in/")
        seat.fill(username="clerk", password=PASSWORD)
        seat.page.keyboard.press("Enter")
        seat.settle_down("/desk/")
        return seat

    yield sat_down
    for context in contexts:
        context.close()


def find(hut: Hut, key: str, what: str) -> None:
    """From the first screen by its digit; the cursor stands where one types, and Enter goes on."""
    hut.open("/desk/")
    hut.keys = 0
    hut.key(key)
    hut.page.wait_for_selector("[name=what]")
    assert hut.focused() == "what"
    hut.type(what)
    hut.key("Enter")


@pytest.mark.slow
@pytest.mark.obligation("14")
@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_each_task_is_done_by_keyboard_with_few_keys(hut, doors, resident, language: str):
    desk: Hut = hut(language=language)

    find(desk, "1", "1-101")  # 1. Find a person
    desk.settle_down(f"/desk/people/{resident.pk}/")
    assert desk.keys <= MOST_KEYS

    find(desk, "2", "0471112222")  # 2. Lost card, whose card number they read off the old receipt
    desk.page.wait_for_selector("[name=known_by]")
    assert desk.focused() == "known_by"
    desk.key("Space", "Enter")
    slip = desk.slip()
    assert Credential.objects.active().get(resident=resident).number in slip
    assert desk.keys <= MOST_KEYS
    desk.page.wait_for_selector("[data-print]:focus")  # the next Enter prints

    desk.open("/desk/")  # 3. New resident
    desk.keys = 0
    desk.key("3")
    desk.page.wait_for_selector("[name=dwelling]")
    assert desk.focused() == "dwelling"
    desk.type("1-301")
    desk.key("Tab")
    desk.type("林新")
    desk.key("Tab", "ArrowDown", "Tab", "Enter")
    slip = desk.slip()
    newcomer = Resident.objects.get(occupancies__unit__number="301")
    assert newcomer.credentials.get().number in slip
    assert desk.keys <= MOST_KEYS

    find(desk, "4", "1-101")  # 4. Visitor
    desk.page.wait_for_selector("[name=stay]")
    assert desk.focused() == "known_by"
    desk.key("Space", "Tab", "Space", "Enter")
    slip = desk.slip()
    assert Pass.objects.get().credential.number in slip
    assert desk.keys <= MOST_KEYS

    desk.open("/desk/")  # 5. Gate will not open
    desk.keys = 0
    desk.key("5")
    desk.page.wait_for_selector("[data-key='1']")
    desk.key("1")
    desk.page.wait_for_selector("[name=card]")
    assert desk.focused() == "card"
    desk.type("0471112222")
    desk.key("Enter")
    assert len(desk.slip()) > 20
    assert desk.keys <= MOST_KEYS

    desk.open("/desk/")  # 6. Paper form
    desk.keys = 0
    desk.key("6")
    desk.page.wait_for_selector("[data-key='1']")
    assert desk.focused() == "number"  # a form came back: its number is typed or scanned at once
    desk.key("Tab", "1")
    desk.page.wait_for_selector(".paper-page")
    desk.page.wait_for_selector("[data-print]:focus")
    assert desk.keys <= MOST_KEYS
    desk.key("0")
    desk.settle_down("/desk/")


@pytest.mark.obligation("14")
def test_without_scripts_the_same_links_have_access_keys_and_every_task_works(hut, doors, resident):
    desk: Hut = hut(scripts=False, language="en-US")
    for key in "123456":
        assert desk.page.locator(f"main [accesskey='{key}']").count() == 1
    desk.page.locator("[accesskey='2']").press("Enter")
    desk.type("1-101")  # into the field that has the focus without any script
    desk.key("Enter")
    desk.page.wait_for_selector("[name=known_by]")
    desk.key("Space", "Enter")
    slip = desk.slip()
    assert Credential.objects.active().get(resident=resident).number in slip
    assert desk.page.locator("[data-print]").is_hidden(), "a button that would do nothing is not there"


@pytest.mark.obligation("14")
def test_after_a_mistake_the_cursor_stands_where_it_was_made(hut, doors):
    desk: Hut = hut(language="en-US")
    desk.key("3")
    desk.page.wait_for_selector("[name=dwelling]")
    desk.type("1-301")
    desk.key("Enter")
    desk.page.wait_for_selector("[role=alert]")
    assert desk.focused() == "name"


def pages(desk: Hut, resident: Resident, doors: list[Gate], forms: dict[Purpose, Form]) -> Iterator[None]:
    """Each screen of the desk, standing on it."""
    of = f"/desk/people/{resident.pk}/"
    for path in (
        "/desk/", "/desk/find/", of, f"{of}lost/", f"{of}pin/", f"{of}visitor/", "/desk/new/", "/desk/gates/",
        "/desk/gates/upkeep/",
        f"/desk/gates/{doors[0].pk}/", "/desk/paper/", "/desk/paper/request/",
        f"/desk/paper/forms/{forms[Purpose.FACE_AT_GATE].pk}/",
    ):  # fmt: skip
        desk.open(path)
        yield
    desk.open("/desk/find/")
    for what in ("301", "nobody"):
        desk.page.fill("[name=what]", what)
        desk.page.keyboard.press("Enter")
        desk.page.wait_for_selector("#found")
        yield
    desk.open("/desk/new/")
    desk.page.locator("main form button").first.press("Enter")
    desk.page.wait_for_selector("[role=alert]")
    yield
    desk.open(f"{of}lost/")
    desk.page.locator("[name=known_by]").first.check()
    desk.page.locator("main form button").first.press("Enter")
    desk.page.wait_for_selector(".slip-page")
    yield
    desk.open(f"{of}pin/")
    desk.page.locator("[name=known_by]").first.check()
    desk.page.locator("main form button").first.press("Enter")
    desk.page.wait_for_selector(".slip-page")
    yield


@pytest.mark.slow
@pytest.mark.obligation("14")
@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_screen_reads_fits_and_passes_axe(hut, resident, doors, forms, width: int, language: str):
    desk: Hut = hut(width=width, language=language, axe=True)
    for number, _ in enumerate(pages(desk, resident, doors, forms)):
        _keep(desk.page, f"screen-{language[:2]}-{width}-{number:02}")
        desk.look()


@pytest.mark.slow
def test_practice_is_striped_and_fits(hut, live, resident, doors, now):
    live.manage("practice")
    for width, language in ((390, "zh-CN"), (1280, "en-US")):
        desk: Hut = hut(width=width, language=language, axe=True)
        desk.press("main form button[name=neighborhood]")
        desk.page.wait_for_selector(".desk-practice")
        _keep(desk.page, f"practice-{language[:2]}-{width}")
        desk.look()


@pytest.mark.slow
def test_slips_are_printed_on_small_paper_a_page_for_each_language(hut, resident, doors, now, tmp_path: Path):
    resident.user = None
    resident.save()
    desk: Hut = hut(language="zh-CN")
    of = f"/desk/people/{resident.pk}/"
    for name, path, choose in (
        ("lost", f"{of}lost/", ("known_by",)),
        ("visitor", f"{of}visitor/", ("known_by", "stay")),
    ):
        desk.open(path)
        for each in choose:
            desk.page.locator(f"[name={each}]").first.check()
        desk.page.locator("main form button").first.press("Enter")
        desk.page.wait_for_selector(".slip-page")
        printed = (Path(PRINTED) if PRINTED else tmp_path) / f"slip-{name}.pdf"
        desk.page.pdf(path=printed, prefer_css_page_size=True, print_background=True)
        content = printed.read_bytes()
        boxes = re.findall(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", content)
        # A6 in points, one page for each language.
        assert [(round(float(w)), round(float(h))) for w, h in boxes] == [(298, 420)] * 2, name


def _keep(page: Page, name: str) -> None:
    if PRINTED:
        page.screenshot(path=Path(PRINTED) / f"{name}.png", full_page=True)
