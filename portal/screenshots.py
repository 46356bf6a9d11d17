"""The screens as a visitor of the demo sees them, written as pictures: every page of the
census, at two widths, in both languages, in light and in dark.

A demo of its own is started in a temporary folder and ended afterwards, so that the pictures show what `make demo` shows.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PIL import Image

from portal import places, shots
from portal.demo.community import PASSWORD
from portal.supervisor import HOST

if TYPE_CHECKING:  # a tool of development: not there in production
    from playwright.sync_api import Browser, BrowserContext, Page

START_SECONDS = 400.0  # on a busy machine
WIDTHS = {390: 844, 1280: 900}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LANGUAGES = {"zh": "zh-hans", "en": "en"}
AGAIN = "/record/again/"  # where the password is asked for once more
COLOURS = 96  # paper, ink and two colours: more would only cost bytes
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoHouse(Exception):
    """The demo did not come up; the message is the end of what it said."""


@contextmanager
def house() -> Iterator[tuple[str, Path]]:
    """The address of a demo that stands while this lasts, and the folder it lives in."""
    with tempfile.TemporaryDirectory(prefix="linmen-screens-") as folder:
        port = _free_port()
        env = {name: value for name, value in os.environ.items() if not name.endswith(("_URL", "_KEY_FILE"))}
        env |= {"LINMEN_VAR": folder, "LINMEN_MODE": "demo", "PORT": str(port)}
        said = Path(folder) / "said.txt"
        with said.open("wb") as out:
            demo = subprocess.Popen(
                [sys.executable, "-m", "portal.supervisor"],
                cwd=places.BASE,
                env=env,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            url = f"http://{HOST}:{port}"
            _wait_until_well(demo, url, said)
            yield url, Path(folder)
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(60)


def _wait_until_well(demo: subprocess.Popen[bytes], url: str, said: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and demo.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/healthz/", timeout=5):  # noqa: S310  (our own)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise NoHouse(said.read_text(errors="replace")[-2000:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def open_browser(playwright: object) -> Browser:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    launch = playwright.chromium.launch  # type: ignore[attr-defined]
    browser: Browser = launch(executable_path=path, args=[*options, "--hide-scrollbars"])
    return browser


class Camera:
    """Walks through the demo and takes each picture eight times: two languages, two widths, light and dark."""

    def __init__(
        self, browser: Browser, url: str, *, photos: Path, folder: Path, say: Callable[[str], object]
    ) -> None:
        self.browser, self.url, self.photos, self.folder, self.say = browser, url, photos, folder, say
        self.ways = {**shots.WAYS, **shots.OF_STAFF}

    def take(self, names: Collection[str] = ()) -> None:
        """Those of that name; all of them, if none is named."""
        self._prepare()
        every = {name: way for name, way in self.ways.items() if not names or name in names}
        accounts = dict.fromkeys(way.account for way in every.values())
        for short, language in LANGUAGES.items():
            for account in accounts:
                context = self._visitor(account, language)
                for name, way in every.items():
                    if way.account == account:
                        self._take(context.pages[0], name, short, way)
                context.close()

    def _take(self, page: Page, name: str, short: str, way: shots.Way) -> None:
        page.goto(f"{self.url}{way.start}")
        for link in way.links:
            page.locator(link).first.click()
            page.wait_for_load_state()
        if way.beyond:
            page.goto(page.url + way.beyond)
        if way.start != AGAIN and page.url.startswith(self.url + AGAIN):
            _say_again(page)
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                path = self.folder / f"{name}.{short}.{width}.{scheme}.png"
                path.write_bytes(_slim(page.screenshot(full_page=True, animations="disabled")))
                self.say(f"{path.name}  {path.stat().st_size // 1024} KB")

    def _prepare(self) -> None:
        """What people of the demo do before their pictures are taken. The resident has decided nothing about her face."""
        context = self._visitor(shots.RESIDENT, "zh-hans")
        page = context.pages[0]
        page.goto(f"{self.url}/ways/qr/")
        page.click("main form button")
        page.goto(f"{self.url}/visitors/one-trip/")
        page.click("button[name=all]")
        context.close()
        self._agree(shots.GUARDIAN, shots.FACE, shots.SEND)
        context = self._visitor(shots.GUARDIAN, "zh-hans")
        page = context.pages[0]
        page.goto(f"{self.url}/enrol/")
        for number in (1, 2):
            page.set_input_files(f"[name=photo_{number}]", self.photos / f"resident-{number}.jpg")
        page.click("form[enctype] button[type=submit]")
        _again_until(page, lambda: page.locator("#progress[data-refresh]").count() == 0)
        self.ways["enrolment"] = shots.Way(page.url.removeprefix(self.url), shots.GUARDIAN)
        context.close()
        self._stop("neighbor")
        self.ways["certificate"] = self._certificate(self.ways["certificate"])

    def _certificate(self, way: shots.Way) -> shots.Way:
        """The page is where pressing leads, as is that of an enrolment."""
        context = self._visitor(way.account, "zh-hans")
        page = context.pages[0]
        page.goto(f"{self.url}{way.start}")
        page.locator(way.links[0]).first.click()
        page.locator("form[action$='/certificate/'] button").click()
        page.wait_for_url("**/certificates/**")
        context.close()
        return shots.Way(page.url.removeprefix(self.url), way.account)

    def _visitor(self, account: str | None, language: str) -> BrowserContext:
        context = self.browser.new_context(
            locale="zh-CN", timezone_id="Asia/Shanghai", reduced_motion="reduce", service_workers="block"
        )
        context.add_cookies([{"name": "django_language", "value": language, "url": self.url}])
        page = context.new_page()
        if account is not None:
            page.goto(f"{self.url}/sign-in/")
            page.fill("[name=username]", account)
            page.fill("[name=password]", PASSWORD)
            page.press("[name=password]", "Enter")
            page.wait_for_url(lambda url: "sign-in" not in url)
        if account == shots.RESIDENT:  # for her entries
            page.goto(f"{self.url}{AGAIN}")
            _say_again(page)
        return context

    def _agree(self, account: str, *purposes: str) -> None:
        context = self._visitor(account, "zh-hans")
        page = context.pages[0]
        for purpose in purposes:
            page.goto(f"{self.url}/decisions/{purpose}/")
            page.click("button[value=yes]")
        context.close()

    def _stop(self, account: str) -> None:
        """Once the gates have the face, so that they have something to confirm."""
        context = self._visitor(account, "zh-hans")
        page = context.pages[0]
        _again_until(page, lambda: page.locator(".ways-in .tag--on").count() >= 2)
        page.goto(f"{self.url}/decisions/face_at_gate/")
        page.click("form[action$='/stop/'] button")
        _again_until(page, lambda: page.locator("#progress[data-refresh]").count() == 0)
        context.close()


def _say_again(page: Page) -> None:
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: AGAIN not in url)


def _again_until(page: Page, done: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done() and time.monotonic() < deadline:
        time.sleep(1)
        page.reload()


def _slim(picture: bytes) -> bytes:
    """The same picture in few colours."""
    out = io.BytesIO()
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()
