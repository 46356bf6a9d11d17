"""Every page of the census in a real browser, on a phone: axe in light, in dark and in larger text, in both languages;
and the keyboard's way through three of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext
from playwright.sync_api import Page as Tab

from portal.screens.census import PAGES, Open, Page
from residents.models import User
from tests.cast import PASSWORD
from tests.screens.everything import Everything, everything
from tests.screens.test_in_a_browser import RULES, STICKING_OUT, TOO_SMALL
from tests.screens.test_letters_in_a_browser import pages

LANGUAGES = ("zh-hans", "en")
LOOKS = {"light": ("light", ""), "dark": ("dark", ""), "larger text": ("light", "large")}
# What colours and sizes can change; all else reads the same in every dress, and is asked in the first.
ANEW = ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable"]
FAULTS = """async (rules) => {
    const options = { runOnly: rules, resultTypes: ["violations"], iframes: false };
    const found = await axe.run(document, options);
    return found.violations.map(each => each.id + ": " + each.nodes.map(node => node.html.slice(0, 120)).join(" | "));
}"""
FOCUS = """() => {
    const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
    const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
        .filter(e => e.type !== 'hidden' && !e.disabled && e.checkVisibility());
    return { at: all.indexOf(it), of: all.length, name: it.className, href: it.getAttribute('href'),
        outline: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        seen: box.width > 0 && box.height > 0 && box.top >= 0 && box.bottom <= innerHeight + 1 };
}"""


@pytest.fixture
def lived(live, here, forms, question, clerk, now: datetime) -> Everything:
    found = everything(here, forms, question, clerk, at=now)
    live.collect_static()
    live.web({"DEBUG": "1"})  # for the page of the design system
    return found


@pytest.fixture
def tabs(live, lived, browser: Browser) -> Iterator[dict[Open, Tab]]:
    """One that is signed in, and one that is not."""
    contexts: list[BrowserContext] = []
    opened = {}
    for kind in Open:
        # What it keeps for times without network is tried elsewhere, and would only be in the way here.
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, service_workers="block", reduced_motion="reduce"
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        opened[kind] = context.new_page()
    tab = opened[Open.RESIDENT]
    tab.goto(f"{live.url}/sign-in/")
    tab.fill("[name=username]", lived.me.user.username)
    tab.fill("[name=password]", PASSWORD)
    tab.press("[name=password]", "Enter")
    tab.wait_for_url(f"{live.url}/")
    tab.goto(f"{live.url}/record/again/")
    tab.fill("[name=password]", PASSWORD)
    tab.press("[name=password]", "Enter")
    tab.wait_for_url(f"{live.url}/record/entries/")
    yield opened
    for context in contexts:
        context.close()


def speak(tabs: dict[Open, Tab], url: str, language: str) -> None:
    User.objects.update(language=language)
    for tab in tabs.values():
        tab.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": url}])


def address(page: Page, lived: Everything) -> str:
    return lived.addresses.get(page.name) or reverse(page.name)


@pytest.mark.slow
@pytest.mark.obligation("14")
@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_any_page_in_any_dress(live, lived, tabs, language):
    speak(tabs, live.url, language)
    found: dict[str, list[str]] = {}
    for page in PAGES:
        wrong = faults_of(tabs[page.open_to], live.url + address(page, lived))
        found |= {f"{page.name}, {look}": faults for look, faults in wrong.items() if faults}
    assert found == {}


def faults_of(tab: Tab, url: str) -> dict[str, list[str]]:
    answer = tab.goto(url)
    assert answer is not None
    assert answer.status == 200, url
    tab.evaluate(AXE_SCRIPT)
    found = {}
    for look, (scheme, text) in LOOKS.items():
        tab.emulate_media(color_scheme=scheme)
        # As the server writes it for who asked for big text.
        tab.evaluate("text => { document.documentElement.dataset.text = text }", text)
        first = look == "light"
        rules: object = RULES if first else {"type": "rule", "values": ANEW}
        found[look] = tab.evaluate(FAULTS, rules)
        found[look] += [f"sticks out: {each}" for each in tab.evaluate(STICKING_OUT)]
        found[look] += [f"too small: {each}" for each in tab.evaluate(TOO_SMALL)] if first else []
    return found


@pytest.mark.obligation("14")
def test_the_keyboard_goes_through_a_page_as_it_is_read(live, lived, tabs):
    """The way past the head comes first, every stop is seen, and the order is that of the page."""
    for page in PAGES:
        if page.name in ("home", "consent", "record", "enrol"):
            walk(tabs[Open.RESIDENT], live.url + address(page, lived))


def walk(tab: Tab, url: str) -> None:
    tab.goto(url)
    stops = []
    while not stops or stops[-1]["at"] + 1 < stops[-1]["of"]:
        tab.keyboard.press("Tab")
        stops.append(tab.evaluate(FOCUS))
        assert stops[-1]["outline"], stops[-1]
        assert stops[-1]["seen"], stops[-1]
    assert stops[0]["href"] == "#main"
    assert [each["at"] for each in stops] == list(range(stops[-1]["of"]))  # none left out, none twice
    # The first link leads past the head: from there the next stop is the first of the main part.
    tab.goto(url)
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "main"
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.closest('main') !== null")


def test_my_ways_in_are_one_sheet_of_paper(live, lived, tabs):
    """In both languages, and for who reads big text too."""
    tab = tabs[Open.RESIDENT]
    for language in LANGUAGES:
        speak(tabs, live.url, language)
        tab.goto(f"{live.url}/sheet/")
        for text in ("", "large"):
            tab.evaluate("text => { document.documentElement.dataset.text = text }", text)
            assert pages(tab.pdf(prefer_css_page_size=True)) == 1
        tab.emulate_media(media="print")
        size = "parseFloat(getComputedStyle(document.querySelector('.large-sheet p')).fontSize)"
        assert tab.evaluate(size) >= 24  # 18 points: what is called large print
        tab.emulate_media(media="null")
