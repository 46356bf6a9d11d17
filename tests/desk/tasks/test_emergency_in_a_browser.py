"""A life is in danger, in a browser: from the person's page to the number, and to whoever looks at it afterwards."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from committees.models import Committee, Term
from residents.models import EmergencyReview, User
from tests.cast import PASSWORD, staff
from tests.live import Live
from tests.screens.test_in_a_browser import Visit

# Where to leave pictures of the pages, to be looked at.
PRINTED = os.environ.get("LINMEN_PRINTED")


@pytest.mark.slow
@pytest.mark.obligation("16", "27")
def test_it_is_opened_on_a_phone_and_looked_at_on_a_screen(
    live: Live, browser: Browser, resident, clerk: User, here, now
):
    staff(here, username="head", kind=Committee.Kind.RESIDENTS, role=Term.Role.CHAIR, at=now)
    live.collect_static()
    live.web()

    def signed_in(name: str, *, width: int, language: str) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 800}, locale=language)
        context.set_default_timeout(20_000)
        User.objects.filter(username=name).update(language="en" if language == "en-US" else "zh-hans")
        seat = Visit(context.new_page(), live.url, with_axe=True)
        seat.open("/sign-in/")
        seat.fill(username=name, password=PASSWORD)
        seat.page.keyboard.press("Enter")
        seat.page.wait_for_url(f"{live.url}/desk/")
        return seat

    def looked_at(seat: Visit, name: str) -> None:
        seat.look()
        if PRINTED:
            seat.page.screenshot(path=Path(PRINTED) / f"{name}.png", full_page=True)

    desk = signed_in("clerk", width=390, language="zh-CN")
    desk.open(f"/desk/people/{resident.pk}/")
    desk.press(f"a[href='/desk/people/{resident.pk}/emergency/']")
    desk.fill(reason="门后冒烟，没有人应门", told="14:02 打了 119")
    desk.press("form[autocomplete=off] button[type=submit]")  # whose is not chosen yet
    desk.page.wait_for_selector("[role=alert]")
    looked_at(desk, "emergency-390")
    assert desk.page.input_value("[name=told]") == "14:02 打了 119"
    desk.press("input[name=of][value=person]")
    desk.press("form[autocomplete=off] button[type=submit]")
    desk.page.wait_for_selector("a[href^='tel:']")
    looked_at(desk, "emergency-open-390")

    head = signed_in("head", width=1280, language="en-US")
    head.press("a[href='/desk/emergencies/']")
    head.page.wait_for_selector("input[type=radio]")
    looked_at(head, "emergencies-1280")
    head.press("input[type=radio][value=yes]")
    head.page.fill("input[type=text]", "I asked the fire brigade.")
    head.press("main form button[type=submit]")
    head.page.wait_for_selector("[name$=needed]", state="detached")
    assert EmergencyReview.objects.get().needed
