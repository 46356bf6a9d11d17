"""Cards in a real browser, by keyboard alone and without scripts: learned, lost, a PIN, and beside the old system."""

from __future__ import annotations

from datetime import timedelta

import pytest

from access import beside, cards, gates, pairing, rules, tapping
from access.models import CardFormat, Credential, Device, Gate
from residents.models import Neighborhood, Resident, User
from tests.cast import PASSWORD, settle
from tests.live import Live
from tests.screens import test_in_a_browser
from tests.screens.test_in_a_browser import Visit

site = test_in_a_browser.site
BOTH = pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1280, "en-US")])


@pytest.fixture
def tenant(live: Live, here: Neighborhood, now) -> Resident:
    """With two gates, one with a keypad, and a card."""
    Neighborhood.objects.filter(pk=here.pk).update(guard_phone="0571 8800 1234")
    person = settle(here, number="101", name="柳一", phone="", at=now)
    for name, english, by_pin in (("南门", "South gate", True), ("北门", "North gate", False)):
        gate = gates.put_up(neighborhood=here, name=name, name_en=english, by_pin=by_pin, at=now)
        rules.add(gate=gate, unit=person.occupancies.get().unit, at=now)
    cards.issue(resident=person, number="04A20001", at=now)
    return person


@pytest.fixture
def listening(tenant: Resident, here: Neighborhood, clerk: User, now) -> Gate:
    """A gate beside the old controller that saw two cards it does not know."""
    gate = gates.put_up(neighborhood=here, name="东门", name_en="East gate", in_service=False, at=now)
    rules.add(gate=gate, unit=tenant.occupancies.get().unit, at=now)
    code = pairing.make_code(gate=gate, by=clerk, at=now)
    pairing.pair(code=code, public_key=b"p" * 32, sealing_key=b"s" * 32, at=now)
    Device.objects.update(last_poll_at=now)
    beside.begin(gate=gate, by=clerk, at=now - timedelta(days=8))
    seen = [tapping.Shown(mark * 32, now) for mark in (b"m", b"n", b"n")]
    beside.note(gate=gate, shown=seen, at=now)
    return gate


def sign_in(visit: Visit, username: str, language: str) -> None:
    """In the language of the account, which a sign-in brings along."""
    spoken = "en" if language == "en-US" else "zh-hans"
    User.objects.filter(username=username).update(language=spoken)
    visit.open("/sign-in/")
    visit.fill(username=username, password=PASSWORD)
    visit.press("main form button")
    assert visit.page.get_attribute("html", "lang") == spoken


def tab_to(visit: Visit, selector: str) -> None:
    """By the Tab key alone, as somebody without a mouse goes."""
    for _ in range(80):
        visit.page.keyboard.press("Tab")
        if visit.page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"no way to {selector} by keyboard on {visit.path()}")


def enter(visit: Visit) -> None:
    """Follow the link, or send the form, and wait for the page it leads to: the old one is still there at first."""
    with visit.page.expect_navigation():
        visit.page.keyboard.press("Enter")


def type_in(visit: Visit, text: str) -> None:
    """As fingers do, and as a desk reader does, which types faster and presses Enter."""
    visit.page.keyboard.type(text)


@BOTH
@pytest.mark.obligation("14")
def test_a_lost_card_is_blocked_at_the_desk_by_keyboard(site, tenant, clerk, width, language):
    visit = site(width=width, language=language, axe=True)
    sign_in(visit, "clerk", language)
    visit.open("/desk/cards/")
    visit.look()
    tab_to(visit, "main a[href='/desk/lost/']")
    enter(visit)
    visit.look()
    type_in(visit, "101")
    enter(visit)
    visit.look()
    tab_to(visit, "[name=known_by]")
    visit.page.keyboard.press("Space")
    tab_to(visit, "main form button")
    enter(visit)
    visit.look()
    assert not Credential.objects.active().filter(kind="card").exists()
    assert Credential.objects.active().get(resident=tenant).temporary
    visit.press(f"main a[href$='{tenant.pk}/']")
    visit.look()
    tab_to(visit, "main a[href$='/card/']")
    enter(visit)
    visit.look()
    tab_to(visit, "[name=tapped]")
    type_in(visit, "04A2 0077")
    enter(visit)  # the reader presses it by itself
    visit.look()
    assert not Credential.objects.active().get(resident=tenant).temporary


@BOTH
@pytest.mark.obligation("14")
def test_how_numbers_are_written_is_learned_by_typing_and_tapping(site, tenant, clerk, width, language):
    visit = site(width=width, language=language, axe=True, scripts=True)
    sign_in(visit, "clerk", language)
    visit.open("/desk/cards/learn/")
    visit.look()
    assert visit.page.evaluate("document.activeElement.name") == "written"
    type_in(visit, "1234567890")
    enter(visit)
    assert visit.page.evaluate("document.activeElement.name") == "tapped"
    visit.look()
    type_in(visit, "1234567890")
    enter(visit)
    visit.look()  # one more card, please
    type_in(visit, "0040856634")
    tab_to(visit, "[name=tapped]")
    type_in(visit, "0040856634")
    enter(visit)
    visit.look()
    assert CardFormat.objects.get().said == "decimal-32-straight"
    visit.open("/desk/gates/")
    tab_to(visit, "[name=card]")
    type_in(visit, "0040856634")
    enter(visit)
    visit.look()


@pytest.mark.obligation("14")
def test_learning_works_without_scripts(site, tenant, clerk):
    visit = site(language="en-US", scripts=False)
    sign_in(visit, "clerk", "en-US")
    visit.open("/desk/cards/learn/")
    visit.page.fill("[name=written]", "0040856634")
    visit.page.fill("[name=tapped]", "026F6C3A")
    visit.page.press("[name=tapped]", "Enter")
    visit.page.wait_for_url("**learned=1")
    assert "Learned" in visit.page.inner_text("main")
    assert CardFormat.objects.get().said == "hex-32-straight"


@BOTH
@pytest.mark.obligation("14", "2")
def test_a_resident_reports_a_card_lost_and_chooses_a_pin_by_keyboard(site, tenant, width, language):
    visit = site(width=width, language=language, axe=True)
    sign_in(visit, "r101", language)
    visit.look()
    tab_to(visit, "main a[href='/ways/pin/']")
    enter(visit)
    visit.look()
    tab_to(visit, "[name=pin1]")
    type_in(visit, "123456")
    tab_to(visit, "[name=pin2]")
    type_in(visit, "123456")
    enter(visit)
    visit.look()  # too easy to guess, it says
    visit.fill(pin1="480913", pin2="480913")
    visit.press("main form:not([action]) button")
    visit.look()
    tab_to(visit, "form[action$='/stop/'] button")
    enter(visit)
    visit.open("/")
    tab_to(visit, "main a[href='/ways/lost/']")
    enter(visit)
    visit.look()
    tab_to(visit, "main form button")
    enter(visit)
    visit.look()
    assert Credential.objects.active().get(resident=tenant).temporary
    for path in ("/", "/ways/pin/", "/ways/lost/", "/record/"):
        visit.open(path)
        visit.look()


@BOTH
@pytest.mark.obligation("14", "A3")
def test_beside_the_old_system_reads_fits_and_switches_over(site, listening, tenant, clerk, width, language):
    visit = site(width=width, language=language, axe=True)
    sign_in(visit, "clerk", language)
    visit.open("/desk/cards/beside/")
    visit.look()
    visit.press(f"a[href$='/beside/{listening.pk}/']")
    visit.look()
    visit.press("main .rows a")
    visit.look()
    tab_to(visit, "[name=dwelling]")
    type_in(visit, "101")
    enter(visit)
    visit.look()
    visit.press("button[name=person]")
    visit.look()
    visit.open("/desk/cards/beside/")
    tab_to(visit, "[name=sure]")
    visit.page.keyboard.press("Space")
    tab_to(visit, "form[action$='/switch-over/'] button")
    enter(visit)
    visit.look()
    listening.refresh_from_db()
    assert listening.in_service


@BOTH
@pytest.mark.obligation("14")
def test_a_card_is_awaited_at_a_gate(site, listening, tenant, clerk, width, language):
    visit = site(width=width, language=language, axe=True)
    sign_in(visit, "clerk", language)
    visit.open(f"/desk/people/{tenant.pk}/card/")
    visit.page.select_option("[name=gate]", str(listening.pk))
    visit.press("form[action$='/await/'] button")
    visit.look()  # the tick is missing, it says
    visit.page.select_option("[name=gate]", str(listening.pk))
    visit.page.check("[name=present]")
    visit.press("form[action$='/await/'] button")
    visit.look()
    visit.press("form[action$='/call-off/'] button")
    visit.look()
