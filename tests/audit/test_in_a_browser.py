"""A first day in office, in a real browser: the second step is set up at the desk, the month is read and hung up, and a shared
computer forgets who sat there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, expect

from committees.models import Committee, Term
from residents import auditing
from residents.lookups import look_up
from residents.models import Alarm, MinorsAudit, User
from tests.cast import PASSWORD, staff
from tests.live import Live
from tests.screens.test_in_a_browser import Visit
from tests.signing_in import CodePhone

pytestmark = pytest.mark.obligation("23", "39", "A2")
Seat = Callable[..., Visit]


@pytest.fixture
def seat(live: Live, browser: Browser, here, auditor: User, now) -> Iterator[Seat]:
    live.collect_static()
    live.web({"STAFF_SECOND_STEP": "1", "SHARED_IDLE_MINUTES": "1"})
    contexts = []

    def sat_down(*, width: int = 1280, language: str = "en-US", shared: bool = False) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 900}, locale=language)
        contexts.append(context)
        context.set_default_timeout(20_000)
        User.objects.filter(username="auditor").update(language="en" if language == "en-US" else "zh-hans")
        visit = Visit(context.new_page(), live.url, with_axe=True)
        visit.open("/sign-in/?next=/desk/")
        if shared:
            visit.page.check("[name=shared]")
        visit.fill(username="auditor", password=PASSWORD)
        visit.press("main form button")
        return visit

    yield sat_down
    for context in contexts:
        context.close()


def sets_up_codes(visit: Visit) -> CodePhone:
    """From the desk's door, by what the pages say."""
    assert visit.path().startswith("/desk/second-step/")
    visit.look()
    visit.press("main .actions a.button")
    visit.page.fill("[name=password]", PASSWORD)
    visit.press("main form button[type=submit]")
    uri = visit.page.locator("a[href^='otpauth:']").get_attribute("href")
    assert uri
    phone = CodePhone.scanned(uri)
    visit.page.fill("[name=code]", phone.shows(datetime.now(UTC)))
    visit.press("main form button[type=submit]")
    phone.recovery = visit.page.locator(".recovery li").all_inner_texts()
    visit.press("main .actions a.button")
    return phone


@pytest.mark.parametrize(("width", "language"), [(1280, "en-US"), (390, "zh-CN")])
def test_a_first_day_in_office(seat: Seat, here, auditor, resident, now, width, language):
    clerk = staff(here, username="somebody", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
    look_up(resident=resident, by=clerk, reason="water runs through", capacity="property.clerk", at=now)
    auditing.open_due(at=datetime(now.year - 1, 6, 1, tzinfo=UTC))
    visit = seat(width=width, language=language)
    sets_up_codes(visit)
    assert visit.path() == "/desk/"
    visit.look()
    assert Alarm.objects.filter(kind=Alarm.Kind.STEP_FIRST, by=auditor).exists()
    visit.press("a[href='/desk/audit/']")
    visit.look()
    visit.press("a[href^='/desk/audit/looks/']")
    visit.look()
    expect(visit.page.locator("main")).to_contain_text("water runs through")
    for path in ("papers", "disclosures", "deletions", "rights", "vouch"):
        visit.open(f"/desk/audit/{path}/")
        visit.look()
    visit.open("/desk/audit/board/")
    visit.look()
    assert len(re.findall(rb"/Type\s*/Page\b", visit.page.pdf(format="A4"))) == 1, "one page"
    visit.open(f"/desk/audit/minors/{now.year - 1}/")
    visit.look()
    visit.page.fill("[name=findings]", "Nothing was out of order in this year.")
    visit.press("main form button[type=submit]")
    expect(visit.page.locator("main")).to_contain_text("Nothing was out of order")
    assert MinorsAudit.objects.get(neighborhood=here, year=now.year - 1).closed_by == auditor


def test_a_shared_computer_forgets_who_sat_there(seat: Seat, auditor):
    visit = seat(shared=True)
    sets_up_codes(visit)
    [cookie] = [each for each in visit.page.context.cookies() if each["name"] == "sessionid"]
    assert cookie["expires"] == -1, "it ends when the browser is closed"
    visit.page.wait_for_timeout(61_000)
    visit.open("/desk/")
    assert visit.path().startswith("/sign-in/")
