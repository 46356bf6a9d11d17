"""A walk through the whole house: people at browsers, real processes behind, and the agent of a gate in front of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Locator

from access import pairing
from access.models import Gate
from residents.models import User
from tests.cast import PASSWORD
from tests.live import Live
from tests.processes.doors import Door
from tests.screens.test_in_a_browser import Visit

# Where to leave pictures of what was passed, to be looked at.
PRINTED = os.environ.get("LINMEN_PRINTED")
PutUp = Callable[[str], Door]


def stand_before(live: Live) -> Iterator[PutUp]:
    """`put_up(code)`: a real agent that was paired with this code, and runs."""
    doors: list[Door] = []

    def put_up(code: str) -> Door:
        door = Door(live, f"door-{len(doors)}")
        doors.append(door)
        door.pair(code)
        door.open()
        return door

    yield put_up
    for door in doors:
        door.close()


def at(gate: Gate, put_up: PutUp, now: datetime) -> Door:
    return put_up(pairing.make_code(gate=gate, by=None, at=now))


def opens(door: Door, **shown: object) -> bool:
    """What a person sees who stands there, after the agent has asked the site once more."""
    door.ask(sync=True)
    return bool(door.ask(**shown)["open"])


def sign_in(visit: Visit, username: str, *, language: str = "zh-hans") -> None:
    User.objects.filter(username=username).update(language=language)
    visit.open("/sign-in/")
    visit.fill(username=username, password=PASSWORD)
    visit.press("main form button")


def look(visit: Visit, name: str) -> None:
    """Pass a page with open eyes: axe, sizes, nothing that sticks out."""
    keep(visit, name)
    visit.look()


def keep(visit: Visit, name: str, *, whole: bool = True) -> None:
    if not PRINTED:
        return
    before = visit.page.viewport_size
    language = visit.page.evaluate("document.documentElement.lang")
    for width in (390, 1280):
        visit.page.set_viewport_size({"width": width, "height": 844})
        visit.page.screenshot(path=Path(PRINTED) / f"{name}-{language}-{width}.png", full_page=whole)
    if before:
        visit.page.set_viewport_size(before)


def slip_keys(visit: Visit) -> str:
    """The keypad number and the PIN, as they stand on the slip: one after the other."""
    visit.page.wait_for_selector(".slip-page")
    first = visit.page.locator(".slip-page").first
    return "".join(first.locator(".slip-page__keys dd").all_inner_texts()).replace(" ", "")


def scanned(square: Locator) -> str:
    """What a camera reads of it."""
    picture = cv2.imdecode(np.frombuffer(square.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    found, _points, _straight = cv2.QRCodeDetector().detectAndDecode(picture)
    return str(found)
