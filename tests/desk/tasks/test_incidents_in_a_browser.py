"""An incident in a browser: from "something has happened" to who was told, on a phone and on a screen, in both languages."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser

from committees.models import Committee, Term
from residents.models import User
from sharing.models import Leak, LeakNotice, LeakPerson, LeakTold
from tests import make
from tests.cast import PASSWORD, staff
from tests.live import Live
from tests.screens.test_in_a_browser import Visit
from tests.sharing.leaking import WORDS

# Where to leave pictures of the pages, to be looked at.
PRINTED = os.environ.get("LINMEN_PRINTED")


def typed(back: timedelta) -> str:
    return (timezone.localtime() - back).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.slow
@pytest.mark.obligation("37")
def test_from_a_suspicion_to_everybody_who_was_told(
    live: Live, browser: Browser, resident, neighbor, chair: User, here, now
):
    staff(here, username="head", kind=Committee.Kind.RESIDENTS, role=Term.Role.CHAIR, at=now)
    make.resident(here, at=now, account=False)
    live.collect_static()
    live.web()
    live.worker()

    def signed_in(name: str, *, width: int, language: str) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 800}, locale=language)
        context.set_default_timeout(20_000)
        User.objects.filter(username=name).update(language="en" if language == "en-US" else "zh-hans")
        seat = Visit(context.new_page(), live.url, with_axe=True)
        seat.open("/sign-in/")
        seat.fill(username=name, password=PASSWORD)
        seat.page.keyboard.press("Enter")
        seat.page.wait_for_url(lambda url: "sign-in" not in url)
        return seat

    def looked_at(seat: Visit, name: str) -> None:
        seat.look()
        if PRINTED:
            seat.page.screenshot(path=Path(PRINTED) / f"{name}.png", full_page=True)

    phone = signed_in("chair", width=390, language="zh-CN")
    phone.open("/desk/")
    phone.press("a[href='/desk/incidents/']")
    phone.page.wait_for_selector("[name=noticed_at]")
    phone.fill(reason="业主群里出现一份名单", noticed_at=typed(timedelta(minutes=90)))
    phone.press("main form button[type=submit]")  # what has happened is not chosen yet
    phone.page.wait_for_selector("[role=alert]")
    looked_at(phone, "incidents-390")
    phone.press("input[name=kind][value=leak]")
    phone.press("main form button[type=submit]")
    phone.page.wait_for_selector("#clocks")
    leak = Leak.objects.get()
    phone.press("input[name=kind][value=register]")
    phone.page.fill("form[action$='source/'] [name=until]", typed(timedelta(0)))
    phone.press("form[action$='source/'] button[type=submit]")
    phone.page.wait_for_selector(f"form[action='/desk/incidents/{leak.pk}/count/']")
    assert LeakPerson.objects.filter(leak=leak).exists()
    looked_at(phone, "incident-390")

    head = signed_in("head", width=1280, language="en-US")
    head.open(f"/desk/incidents/{leak.pk}/")
    head.press("input[name=goes_to][value=people]")
    head.press("form[action$='notices/'] button[type=submit]")
    head.page.wait_for_selector("[name=categories]")
    head.fill(**{name: words for name, words in WORDS.items() if name not in ("office", "harm")})
    head.press("button[name=send]")
    head.page.wait_for_selector("[role=alert]")
    looked_at(head, "notice-lacks-1280")
    assert head.page.input_value("[name=cause]") == WORDS["cause"]
    head.fill(harm=WORDS["harm"])
    head.press("button[name=send]")
    head.page.wait_for_selector("#progress")
    said = LeakNotice.objects.get()
    # Within minutes, and here at once: the worker, or else the sweep.
    live.wait_until(lambda: LeakTold.objects.filter(notice=said).count() == 2)
    head.page.reload()
    looked_at(head, "notice-1280")
    head.press("form[action$='sheets/'] button[type=submit]")
    head.page.wait_for_selector("article.cut")
    looked_at(head, "sheets-1280")
    head.open(f"/desk/incidents/{leak.pk}/")
    looked_at(head, "incident-1280")
    head.open(f"/desk/incidents/{leak.pk}/trace/")
    head.page.fill("[name=text]", "deadbeefdead, nobody")
    head.press("main form button[type=submit]")
    head.page.wait_for_selector("#found")
    looked_at(head, "trace-1280")

    mine = signed_in("r101", width=390, language="zh-CN")
    mine.open("/")
    looked_at(mine, "home-390")
    mine.press("a[href='/record/#told']")
    mine.page.wait_for_selector("#told")
    assert WORDS["own_steps"] in mine.page.inner_text("main")
    looked_at(mine, "record-390")
