"""In a real browser, with real processes: choose, prove the address, something happens, the mail lies in the folder, switch
off. On a phone and at a desk, in both languages."""

from __future__ import annotations

import os
import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from residents import lookups, notifying
from residents.models import Message, User
from tests.cast import PASSWORD
from tests.screens.test_in_a_browser import Visit, site  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow
# Where somebody wants to look at the pages: PNGs are put there.
SHOTS = os.environ.get("MESSAGES_SHOTS")


def look(visit: Visit, name: str) -> None:
    for width in (1280, 390):
        visit.page.set_viewport_size({"width": width, "height": 844})
        visit.look()
        if SHOTS:
            language = visit.page.evaluate("document.documentElement.lang")
            visit.page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{language}.png", full_page=True)


def texts(folder: Path) -> list[str]:
    """What lies in the folder, the oldest first."""
    found = []
    for file in sorted(folder.glob("*.log"), key=lambda each: each.stat().st_mtime_ns):
        for letter in file.read_bytes().split(b"-" * 79):
            if b"Subject" in letter:
                read = message_from_bytes(letter.strip(), policy=policy.default)
                found.append(str(read.get_content()))
    return found


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_choose_prove_hear_and_switch_off(site, live, resident, clerk, now, language):  # noqa: F811
    english = language.startswith("en")
    User.objects.filter(pk=resident.user_id).update(language="en" if english else "zh-hans")
    folder = live.var / "messages"
    live.worker({"EMAIL_URL": f"filemail:///{folder}", "MESSAGE_GATHER_SECONDS": "0"})
    live.beat()
    visit = site(language=language, axe=True, scripts=english)
    visit.open("/sign-in/")
    visit.fill(username="r101", password=PASSWORD)
    visit.press("main form button")
    visit.open("/account/")
    visit.press("main a[href='/account/messages/']")
    if english:
        look(visit, "messages-none")
    visit.fill(address="liu@@example")
    visit.press("form[action$='/address/'] button")
    assert visit.page.input_value("[name=address]") == "liu@@example"
    if english:
        look(visit, "messages-wrong")
    visit.fill(address="liu@example.com")
    visit.press("form[action$='/address/'] button")
    (code,) = live.wait_until(lambda: texts(folder), timeout=60)
    visit.fill(code=re.findall(r"[0-9]{4} [0-9]{4}", code)[0])
    visit.press("form[action$='/prove/'] button")
    visit.page.check("[name=data][value=mail]")
    visit.press("form[action$='/choose/'] button")
    assert visit.page.is_checked("[name=data][value=mail]")
    if english:
        look(visit, "messages-chosen")
    at = Message.objects.get().made_at
    lookups.look_up(resident=resident, by=clerk, reason="水管", capacity="property.clerk", at=at)
    Message.objects.filter(state="waiting").update(due_at=at)
    letters = live.wait_until(lambda: (found := texts(folder))[1:] and found, timeout=60)
    assert len(letters) == 2
    assert ("Something waits for you" if english else "有一件事在等您") in letters[1]
    visit.press("form[action$='/choose/'] button >> nth=1")
    assert notifying.chosen(resident) == set()
    visit.open("/record/")
    assert "localhost" in visit.page.inner_text("main"), "who was given the address"
