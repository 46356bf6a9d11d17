"""Orders from the press to the resident's page, in a browser: without scripts on a phone, with axe at a desk, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from access.models import EmergencyOpening, Lockdown, RemoteOpening
from residents.models import User
from tests import make
from tests.cast import PASSWORD
from tests.live import Live
from tests.screens.test_in_a_browser import Visit


@pytest.fixture
def seat(live: Live, browser: Browser) -> Iterator[Callable[..., Visit]]:
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


def open_(visit: Visit, address: str) -> None:
    visit.open(address)
    visit.look()


@pytest.mark.slow
@pytest.mark.obligation("2", "14")
@pytest.mark.parametrize(("language", "width"), [("zh-CN", 390), ("en-US", 1280), ("zh-CN", 1280)])
def test_orders_are_given_confirmed_reviewed_and_read(
    seat, door, barrier, clerk, second, resident, language, width, now
):
    make.rule(door, resident, at=now)
    make.card(resident, at=now)
    page = "/desk/orders/"
    desk = seat(clerk, language=language, width=width)
    open_(desk, page)
    # One press.
    desk.press(f"form[action='{page}open/'] button[value='']")
    desk.page.wait_for_selector(".notice--success")
    opening = EmergencyOpening.objects.get()
    desk.look()
    desk.press(f"form[action='{page}open/{opening.pk}/end/'] button")
    desk.page.wait_for_selector(".notice--success")
    # From afar.
    desk.page.select_option("[name=once-gate]", str(door.pk))
    desk.page.check("[name=once-why][value=visitor]")
    desk.press(f"form[action='{page}once/'] button[type=submit]")
    desk.page.wait_for_selector(".notice--success")
    assert RemoteOpening.objects.get().gate_id == door.pk
    # A lock-down is asked for here …
    desk.page.check("[name=lockdown-why][value=danger]")
    desk.press(f"form[action='{page}lockdown/'] button[type=submit]")
    desk.page.wait_for_selector(".notice--success")
    desk.look()
    asked = Lockdown.objects.get()
    assert asked.began_at is None
    # … and confirmed there, where the emergency is reviewed too.
    other = seat(second, language=language, width=width)
    open_(other, "/desk/")
    open_(other, page)
    other.press(f"form[action='{page}open/{opening.pk}/review/'] button[value=drill]")
    other.page.wait_for_selector(".notice--success")
    other.press(f"form[action='{page}lockdown/{asked.pk}/confirm/'] button")
    other.page.wait_for_selector(".notice--success")
    other.look()
    asked.refresh_from_db()
    opening.refresh_from_db()
    assert (asked.confirmed_by_id, opening.finding) == (second.pk, "drill")
    mine = seat(resident.user, language=language, width=width)
    open_(mine, "/")
    assert ("Lock-down until" if language == "en-US" else "临时管控到") in mine.page.inner_text("main")
    open_(mine, "/gates/")
    assert ("it was a drill" if language == "en-US" else "是演练") in mine.page.inner_text("main")
