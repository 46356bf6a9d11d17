"""A change of methods from the plan to the board, in a browser: without scripts, on a phone and at a desk, in both languages."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.utils import translation
from playwright.sync_api import Browser

from access import cards, changing, pins
from access.models import Credential, MethodChange
from residents.models import User
from tests.cast import PASSWORD
from tests.live import Live
from tests.screens.test_in_a_browser import Visit

# Where to leave pictures, to be looked at.
PICTURES = os.environ.get("LINMEN_PRINTED")


@pytest.fixture
def seat(live: Live, browser: Browser, household) -> Iterator[Callable[..., Visit]]:
    live.collect_static()
    live.web()
    contexts = []

    def seated(who: User, *, language: str, width: int) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 844}, locale=language, java_script_enabled=width != 390
        )
        contexts.append(context)
        context.set_default_timeout(30_000)
        User.objects.filter(pk=who.pk).update(language="en" if language == "en-US" else "zh-hans")
        visit = Visit(context.new_page(), live.url, with_axe=width != 390)
        visit.open("/sign-in/")
        visit.fill(username=who.username, password=PASSWORD)
        visit.page.keyboard.press("Enter")
        visit.page.wait_for_url(lambda url: "sign-in" not in url)
        return visit

    yield seated
    for context in contexts:
        context.close()


def picture(visit: Visit, name: str) -> None:
    visit.look()
    if PICTURES:
        visit.page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.mark.slow
@pytest.mark.obligation("A3", "14")
@pytest.mark.parametrize(
    ("language", "width"), [("zh-CN", 390), ("en-US", 1280), ("en-US", 390), ("zh-CN", 1280)]
)
def test_a_change_is_planned_announced_read_and_printed(
    seat, door, clerk, second, neighbor, resident, language, width, now
):
    name = f"{language}-{width}"
    pins.choose(resident=neighbor, pin="482915", at=now)
    Credential.objects.filter(resident=neighbor, kind="card").update(ended_at=now)
    page = f"/desk/gates/{door.pk}/methods/"
    desk = seat(clerk, language=language, width=width)
    desk.open(page)
    picture(desk, f"{name}-1-plan")
    desk.page.set_checked("[name=methods][value=pin]", False)
    desk.page.set_checked("[name=methods][value=face]", False)
    desk.page.set_checked("[name=methods][value=qr]", True)
    desk.fill(why="读卡器更换 / The reader is replaced")
    desk.press("main form button[type=submit]")
    desk.page.wait_for_selector("#planned")
    picture(desk, f"{name}-2-planned-needs-cards")
    assert f"/desk/people/{neighbor.pk}/" in desk.page.content()
    desk.open("/desk/changes/")
    picture(desk, f"{name}-3-all-gates")
    desk.open(f"{page}faces-off/")
    picture(desk, f"{name}-4-faces-off")

    cards.issue(resident=neighbor, number="04A29999", at=now)
    other = seat(second, language=language, width=width)
    other.open(page)
    picture(other, f"{name}-5-second-person")
    other.press(f"form[action='/desk/changes/{MethodChange.objects.get().pk}/announce/'] button")
    other.page.wait_for_selector(".notice--success")
    picture(other, f"{name}-6-announced")
    change = MethodChange.objects.get()
    assert change.state == MethodChange.State.ANNOUNCED
    other.open(f"/desk/changes/{change.pk}/notice/")
    picture(other, f"{name}-7-notice")
    mine = seat(resident.user, language=language, width=width)
    mine.open("/")
    picture(mine, f"{name}-8-home")
    with translation.override("en" if language == "en-US" else "zh-hans"):
        assert door.display_name in mine.page.inner_text("main")
    changing.call_off(change=change, by=clerk, at=now)
    mine.open("/")
    assert "The reader is replaced" not in mine.page.content()
