"""Handing over in a browser: who leaves seals on a phone, who comes checks and countersigns on a screen, without scripts too."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from committees import handing_over
from committees.models import Handover, KeyCustody, Term
from residents.ages import today_in
from residents.models import User
from tests.cast import PASSWORD
from tests.committees.signed import secretary
from tests.live import Live
from tests.screens.test_in_a_browser import Visit

# Where to leave pictures of the pages, to be looked at.
PRINTED = os.environ.get("LINMEN_PRINTED")


@pytest.mark.slow
@pytest.mark.obligation("46")
@pytest.mark.parametrize(("language", "scripts"), [("zh-CN", True), ("en-US", False)])
def test_it_is_sealed_on_a_phone_and_countersigned_on_a_screen(
    live: Live, browser: Browser, chair: User, here, now, language, scripts
):
    second = secretary(here, at=now)
    live.collect_static()
    live.web()
    User.objects.update(language="en" if language == "en-US" else "zh-hans")

    def signed_in(name: str, *, width: int) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 800}, locale=language, java_script_enabled=scripts
        )
        context.set_default_timeout(20_000)
        seat = Visit(context.new_page(), live.url, with_axe=scripts)
        seat.open("/sign-in/")
        seat.fill(username=name, password=PASSWORD)
        seat.page.keyboard.press("Enter")
        seat.page.wait_for_url(f"{live.url}/desk/")
        return seat

    def looked_at(seat: Visit, name: str) -> None:
        if scripts:
            seat.look()
        if PRINTED:
            seat.page.screenshot(path=Path(PRINTED) / f"{name}.png", full_page=True)

    # Both are in office; one keeps a half of the key, and has said so.
    leaves, comes = signed_in("chair", width=390), signed_in("secretary", width=1280)
    leaves.open("/desk/handovers/")
    leaves.press("[name=thing][value=half_1]")
    leaves.page.locator("form[action$='keys/take/'] [name=password]").fill(PASSWORD)
    leaves.press("form[action$='keys/take/'] button[type=submit]")
    comes.open("/desk/handovers/")
    looked_at(comes, f"handovers-1280-{language}")
    comes.page.locator("form[action$='/seen/'] [name=password]").fill(PASSWORD)
    comes.press("form[action$='/seen/'] button[type=submit]")
    assert KeyCustody.objects.get().witnessed_by == second
    looked_at(leaves, f"handovers-390-{language}")

    # The term is over today; the session is still there, and this one page.
    Term.objects.filter(user=chair).update(ends=today_in(here, now))
    found = handing_over.open_(term=Term.objects.get(user=chair), by=None, at=now)
    leaves.open(f"/desk/handovers/{found.pk}/")
    looked_at(leaves, f"handover-seal-390-{language}")
    leaves.fill(password=PASSWORD)
    leaves.press("form[action$='/seal/'] button[type=submit]")

    comes.press("a[href='/desk/']")
    comes.press("main a[href='/desk/handovers/']")
    comes.press(f"a[href='/desk/handovers/{found.pk}/']")
    looked_at(comes, f"handover-check-1280-{language}")
    for line in found.lines.all():
        comes.press(f"[name=is_{line.number}][value={'disputed' if line.number == 2 else 'there'}]")
    comes.press("form[action$='/check/'] button[type=submit]")  # one is disputed without a word
    comes.page.wait_for_selector("[role=alert]")
    looked_at(comes, f"handover-wrong-1280-{language}")
    comes.fill(words_2="少一册")
    comes.press("form[action$='/check/'] button[type=submit]")
    # A half of the key is with who has left.
    comes.page.locator("form[action$='/countersign/'] [name=password]").fill(PASSWORD)
    comes.press("form[action$='/countersign/'] button[type=submit]")
    comes.page.wait_for_selector("[role=alert]")
    comes.fill(custody_left="信封在银行")
    comes.page.locator("form[action$='/countersign/'] [name=password]").fill(PASSWORD)
    comes.press("form[action$='/countersign/'] button[type=submit]")
    assert Handover.objects.get().countersigned_by == second
    looked_at(comes, f"handover-done-1280-{language}")
    comes.press(f"a[href='/desk/handovers/{found.pk}/sheet/']")
    looked_at(comes, f"handover-sheet-1280-{language}")
    assert "少一册" in comes.page.inner_text("main")
