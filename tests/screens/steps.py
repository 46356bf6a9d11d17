"""Going through the site by what stands on its pages: links, buttons and fields are found by role and by name, in the language
of whoever reads. No address is typed after signing in, and each page that is come to is looked at as in all browser tests.

Words are written as in the code, and looked up: a name that has no Chinese fails the walk in Chinese.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import translation
from playwright.sync_api import Browser, Locator, Page

from residents.models import User
from tests.cast import PASSWORD
from tests.live import Live
from tests.screens.test_in_a_browser import RULES, Visit

# As in a browser's own settings.
LOCALES = {"zh-hans": "zh-CN", "en": "en-US"}
EACH = pytest.mark.parametrize(("width", "language"), [(390, "zh-hans"), (1280, "en")])
FAILED = 400


@dataclass
class Somebody(Visit):
    """One person at one browser, who reads `language`."""

    language: str = "en"

    def look(self) -> None:
        """The lists are Django's own: of them axe is asked, and not whether each box is as large as a thumb."""
        if not self.path().startswith("/admin/"):
            return super().look()
        found = Axe().run(self.page, options={"runOnly": RULES, "resultTypes": ["violations"]})
        assert found.response["violations"] == [], f"{self.path()}\n{found.generate_report()}"
        self.seen.append(self.path())
        return None

    # --- words

    def word(self, msgid: str, **given: object) -> str:
        """As it stands on the screen."""
        with translation.override(self.language):
            said = translation.gettext(msgid)
        assert self.language == "en" or said != msgid, f"no Chinese for {msgid!r}"
        return said % given if given else said

    def words(self, one: str, many: str, count: int, **given: object) -> str:
        """Of so many."""
        with translation.override(self.language):
            said = translation.ngettext(one, many, count)
        assert self.language == "en" or said not in (one, many), f"no Chinese for {one!r}"
        return said % {"count": count, **given}

    def named(self, msgid: str, what: str) -> str:
        """A word that means other things elsewhere."""
        with translation.override(self.language):
            return translation.pgettext(what, msgid)

    def label(self, words: object) -> str:
        """Of what is data in the code: a choice, the name of a list."""
        with translation.override(self.language):
            return str(words)

    def text(self) -> str:
        """All that stands on the page, without its line breaks."""
        return _plain(self.page.locator("body").inner_text())

    def sees(self, *said: str) -> None:
        shown = self.text()
        for each in said:
            assert _plain(each) in shown, f"{each!r} is not on {self.path()}:\n{shown}"

    def sees_nothing_of(self, *said: str) -> None:
        shown = self.text()
        for each in said:
            assert _plain(each) not in shown, f"{each!r} is on {self.path()}"

    # --- finding

    def the(self, role: str, name: str, within: Locator | None = None) -> Locator:
        """The one that is called so, or whose name holds it. Two of a name would leave somebody guessing."""
        where = within or self.page
        called = re.compile(rf"^\s*{re.escape(name)}\s*$", re.IGNORECASE)
        found: list[Locator] = []
        for wanted in (called, name):
            among = where.get_by_role(role, name=wanted)  # type: ignore[arg-type]
            found = [each for each in among.all() if each.is_visible()]
            if found:
                break
        assert found, f"no {role} {name!r} on {self.path()}:\n{self.text()}"
        targets = {each.get_attribute("href") for each in found} if role == "link" else set(range(len(found)))
        assert len(targets) == 1, f"{len(found)} times {role} {name!r} on {self.path()}"
        return found[0]

    def group(self, name: str) -> Locator:
        """Choices that belong together, by their question."""
        return self.the("group", name)

    def part(self, name: str) -> Locator:
        """A part of the page, by its heading."""
        return self.the("region", name)

    def row(self, holds: str) -> Locator:
        """The line of a list that holds these words."""
        found = self.page.get_by_role("listitem").filter(has_text=holds)
        assert found.count(), f"no line with {holds!r} on {self.path()}:\n{self.text()}"
        return found.last  # of lists within lists the innermost

    def field(self, label: str, within: Locator | None = None) -> Locator:
        where = within or self.page
        called = re.compile(rf"^\s*{re.escape(label)}\s*[:：]?\s*$", re.IGNORECASE)
        found: list[Locator] = []
        for wanted in (called, label):
            named = where.get_by_label(wanted).and_(self.page.locator("input, select, textarea"))
            found = [each for each in named.all() if each.is_visible()]
            if found:
                break
        assert found, f"no field {label!r} on {self.path()}:\n{self.text()}"
        assert len(found) == 1, f"{len(found)} fields {label!r} on {self.path()}"
        return found[0]

    # --- acting

    def go(self, msgid: str, within: Locator | None = None, **given: object) -> None:
        """By the link that says so."""
        self.follow(self.word(msgid, **given), within)

    def follow(self, name: str, within: Locator | None = None) -> None:
        """By a link whose words are data."""
        self.click(self.the("link", name, within))

    def do(self, msgid: str, within: Locator | None = None, **given: object) -> None:
        """By the button that says so."""
        self.click(self.the("button", self.word(msgid, **given), within))

    def click(self, what: Locator, *, refused: bool = False) -> None:
        """Where it leads is a page that can be read. `refused`: it is one that says no."""
        self.presses += 1
        with self.page.expect_navigation() as gone:
            what.click()
        assert gone.value is not None
        status = gone.value.status
        assert (status >= FAILED) is refused, f"{status} at {self.path()}:\n{self.text()}"
        self.look()

    def write(self, msgid: str, value: str, within: Locator | None = None) -> None:
        self.field(self.word(msgid), within).fill(value)

    def choose(self, label: str, within: Locator | None = None) -> None:
        """One of several, as it stands there."""
        self.the("radio", label, within).check()

    def tick(self, label: str, within: Locator | None = None) -> None:
        self.the("checkbox", label, within).check()

    def select(self, msgid: str, label: str) -> None:
        self.field(self.word(msgid)).select_option(label=label)

    def fetch(self, msgid: str, to: Path) -> Path:
        """A file by its link, into a folder."""
        self.presses += 1
        with self.page.expect_download() as came:
            self.the("link", self.word(msgid)).click()
        path = to / came.value.suggested_filename
        came.value.save_as(path)
        return path

    def printed(self, **how: object) -> int:
        """How many pages it is on paper."""
        return len(re.findall(rb"/Type\s*/Page\b", self.page.pdf(**how)))  # type: ignore[arg-type]

    # --- coming and going

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """From the first page of the site; staff come to the desk, residents to their home."""
        self.open("/")
        self.go("Sign in")
        self.write("User name", name)
        self.write("Password", password)
        self.do("Sign in")

    def sign_out(self) -> None:
        self.do("Sign out")

    def home(self) -> None:
        self.go("Home")

    def desk(self) -> None:
        self.go("The desk")


def _plain(text: str) -> str:
    return " ".join(text.split())


Comes = Callable[..., Somebody]


@contextmanager
def town(live: Live, browser: Browser) -> Iterator[Comes]:
    """The site runs as a process of its own; `comes("chair", width=390, language="en")` signs somebody in at a browser."""
    live.collect_static()
    live.web()
    contexts = []

    def comes(name: str, *, width: int, language: str) -> Somebody:
        User.objects.filter(username=name).update(language=language)
        context = browser.new_context(
            viewport={"width": width, "height": 844}, locale=LOCALES[language], reduced_motion="reduce"
        )
        contexts.append(context)
        context.set_default_timeout(30_000)
        page: Page = context.new_page()
        who = Somebody(page, live.url, with_axe=True, language=language)
        who.sign_in(name)
        return who

    yield comes
    for context in contexts:
        context.close()
