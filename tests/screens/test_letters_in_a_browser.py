"""Letters in a real browser: printed, scanned from the paper, spent; by keyboard, in both languages, without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import cv2
import numpy as np
import pytest
from playwright.sync_api import Locator, Page

from residents import batches, letters
from residents.models import Letter, LetterBatch, Neighborhood, Resident, User
from tests.cast import PASSWORD, settle
from tests.crowd import crowd
from tests.live import Live
from tests.screens.test_in_a_browser import Visit
from tests.screens.test_in_a_browser import site as site  # the fixture

NEW = "another horse and staple"
MILLIMETRE = 96 / 25.4
OFFICE = "1 幢 101 室，周一至周日 8:30 至 17:30"
# The longest that the register takes: a sheet must hold them too.
LONG_NAME, LONG_BUILDING = "阿" * 40, "栖霞路一百二十八号东区第十二幢（原棉纺厂家属楼）"

Site = Callable[..., Visit]


@pytest.fixture
def street(live: Live, here: Neighborhood, now: datetime) -> list[Resident]:
    Neighborhood.objects.filter(pk=here.pk).update(office=OFFICE)
    return crowd(here, buildings=2, dwellings=2, at=now)


@pytest.fixture
def staff(site: Site, clerk: User) -> Callable[..., Visit]:
    def at_the_desk(**how: object) -> Visit:
        language = "en" if str(how.get("language", "")).startswith("en") else "zh-hans"
        User.objects.filter(pk=clerk.pk).update(language=language)
        visit = site(**how)
        visit.open("/sign-in/")
        visit.fill(username="clerk", password=PASSWORD)
        visit.press("main form button")
        visit.open("/desk/letters/")
        return visit

    return at_the_desk


def print_all(visit: Visit) -> None:
    visit.page.select_option("[name=where]", "all")
    visit.page.check("[value=no_letter]")
    visit.press("form[action$='/choose/'] button")
    visit.press("form[action$='/print/'] button")


def scanned(square: Locator) -> str:
    """What a camera reads of it."""
    picture = cv2.imdecode(np.frombuffer(square.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    found, _points, _straight = cv2.QRCodeDetector().detectAndDecode(picture)
    return str(found)


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf))


def tab_to(page: Page, selector: str) -> None:
    """With the Tab key and nothing else."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    pytest.fail(f"Tab never comes to {selector}")


@pytest.mark.slow
@pytest.mark.obligation("14")
@pytest.mark.parametrize(
    ("width", "language"), [(390, "zh-CN"), (390, "en-US"), (1280, "zh-CN"), (1280, "en-US")]
)
def test_every_page_of_letters_reads_and_fits(
    staff, site: Site, street, here, clerk: User, now: datetime, width: int, language: str
):
    kept, resident = street[0], settle(here, number="109", name="柳九", phone="", at=now)
    User.objects.filter(pk=resident.user_id).update(language="en" if language == "en-US" else "zh-hans")
    letters.keep_at_desk(resident=kept, by=clerk, at=now)
    letters.write(resident=kept, by=clerk, at=now)
    visit = staff(width=width, language=language, axe=True)
    visit.look()
    visit.press("form[action$='/choose/'] button")
    visit.look()  # with its errors
    print_all(visit)
    visit.look()
    visit.page.reload()  # the same form once more
    visit.look()
    for path in ("/desk/letters/", "/desk/letters/people/", f"/desk/people/{kept.pk}/letters/"):
        visit.open(path)
        visit.look()
    visit.open(f"/desk/people/{resident.pk}/letters/")
    visit.look()
    visit.page.check("#slip-known")
    visit.press("form[action$='/slip/'] button")
    visit.look()
    code = visit.page.inner_text(".slip-page__keys dd >> nth=0")

    their = site(width=width, language=language, axe=True)
    for path in ("/sign-in/", "/recover/", f"/l/{code}/"):
        their.open(path)
        their.look()
    their.press("main form[autocomplete] button")
    their.look()  # with its errors
    their.fill(password1=NEW, password2=NEW)
    their.press("main form[autocomplete] button")
    assert their.path() == "/"
    for path in ("/", "/account/", "/record/"):
        their.open(path)
        their.look()
    their.open("/account/")
    their.press("form[action$='/password/'] button")
    their.look()  # with its errors


def test_a_letter_leads_from_the_paper_to_an_account_without_javascript(staff, site: Site, street):
    visit = staff(width=1280, scripts=False)
    print_all(visit)
    sheet = visit.page.locator(".sheet").first
    address = scanned(sheet.locator(".qr"))
    code = sheet.locator(".sheet__digits").inner_text()
    assert address == f"{visit.url}/l/{code}/"
    phone = site(width=390, scripts=False)
    phone.page.goto(address)
    assert phone.path() == "/claim/"
    phone.fill(username="willow", password1=PASSWORD, password2=PASSWORD)
    phone.press("form[novalidate] button")
    assert phone.path() == "/"
    assert Resident.objects.get(user__username="willow").name == sheet.locator("strong").first.inner_text()


def test_a_new_password_ends_the_session_in_the_other_browser(staff, site: Site, here, street, now: datetime):
    resident = settle(here, number="109", name="柳九", phone="", at=now)
    lost = site()
    lost.open("/sign-in/")
    lost.fill(username="r109", password=PASSWORD)
    lost.press("main form button")
    visit = staff(width=1280)
    visit.open(f"/desk/people/{resident.pk}/letters/")
    visit.press("[name=goes][value=mailbox]")
    phone = site()
    phone.page.goto(scanned(visit.page.locator(".qr")))
    phone.fill(password1=NEW, password2=NEW)
    phone.press("main form[autocomplete] button")
    assert phone.path() == "/"
    lost.open("/record/")
    assert lost.path() == "/sign-in/?next=/record/"


def test_a_batch_is_printed_and_delivered_by_keyboard(staff, street):
    visit = staff(width=1280)
    page = visit.page
    tab_to(page, "[name=where]")
    page.keyboard.press("ArrowDown")
    tab_to(page, "[name=who]")
    page.keyboard.press("Space")
    tab_to(page, "form[action$='/choose/'] button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/choose/**")
    tab_to(page, "form[action$='/print/'] button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sheet")
    assert page.locator(".sheet").count() == len(street)
    tab_to(page, "header a.button--quiet")
    page.keyboard.press("Enter")
    page.wait_for_url("**/batches/**")
    visit.open("/desk/letters/people/?state=written")
    tab_to(page, "[name=letter]")
    page.keyboard.press("Space")
    tab_to(page, "form[action$='/deliver/'] button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice--success")
    assert Letter.objects.filter(delivered_how="mailbox").count() == 1
    visit.open(f"/desk/letters/batches/{LetterBatch.objects.get().pk}/")
    tab_to(page, "form[action$='/deliver/'] button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".notice--success")
    assert not Letter.objects.filter(delivered_at=None).exists()


def test_a_reload_prints_no_second_set(staff, street):
    visit = staff(width=1280)
    print_all(visit)
    visit.page.reload()
    assert Letter.objects.count() == len(street)
    assert visit.page.locator(".sheet").count() == 0
    visit.press("form[action$='/again/'] button")
    assert visit.page.locator(".sheet").count() == len(street)
    assert Letter.objects.count() == 2 * len(street)


# --- the paper


@pytest.fixture
def longest(street: list[Resident]) -> list[Resident]:
    Resident.objects.filter(pk=street[0].pk).update(name=LONG_NAME)
    building = street[0].occupancies.get().unit.building
    building.name = LONG_BUILDING
    building.save()
    return street


def test_each_letter_is_one_sheet_of_paper(staff, longest):
    visit = staff(width=1280)
    print_all(visit)
    pdf = visit.page.pdf(prefer_css_page_size=True)
    assert pages(pdf) == len(longest)
    sizes = set(re.findall(rb"/MediaBox\s*\[([^\]]+)\]", pdf))
    assert [[round(float(side)) for side in size.split()] for size in sizes] == [[0, 0, 595, 842]]


@pytest.mark.obligation("23")
def test_the_window_shows_the_address_and_the_fold_hides_the_code(staff, longest):
    visit = staff(width=1280)
    print_all(visit)
    for sheet in visit.page.locator(".sheet").all():
        paper = sheet.bounding_box()
        assert paper is not None

        def place(selector: str, sheet: Locator = sheet, paper=paper) -> tuple[float, float, float, float]:
            """Left, top, right and bottom on the paper, in millimetres."""
            box = sheet.locator(selector).first.bounding_box()
            assert box is not None
            left, top = (box["x"] - paper["x"]) / MILLIMETRE, (box["y"] - paper["y"]) / MILLIMETRE
            return left, top, left + box["width"] / MILLIMETRE, top + box["height"] / MILLIMETRE

        left, top, right, bottom = place(".sheet__to")
        assert left > 19.9
        assert right <= 110
        assert top >= 45
        assert bottom <= 92
        assert place(".sheet__code")[1] > 99
        assert place(".sheet__words")[1] > 99
        # Nothing lies over anything else, and all of it is on the paper.
        words, code, second = place(".sheet__words"), place(".sheet__code"), place(".sheet__words--second")
        assert words[2] <= code[0]
        assert code[2] <= 200
        assert words[3] <= second[1]
        assert code[3] <= second[1]
        assert second[3] <= 290
        inside = sheet.locator(".sheet__to").evaluate("e => e.scrollHeight <= e.clientHeight + 1")
        assert inside, "the address does not fit into the window"


def test_a_slip_is_one_page(staff, here, street, now: datetime):
    resident = settle(here, number="109", name="柳九", phone="", at=now)
    visit = staff(width=1280)
    visit.open(f"/desk/people/{resident.pk}/letters/")
    visit.page.check("#slip-document")
    visit.press("form[action$='/slip/'] button")
    address = scanned(visit.page.locator(".qr"))
    assert address.startswith(f"{visit.url}/l/")
    assert pages(visit.page.pdf()) == 1


@pytest.mark.slow
def test_two_hundred_letters_are_one_page_to_print(staff, here, street, now: datetime):
    for building in here.buildings.all():
        building.name = f"老 {building.name}"
        building.save()
    crowd(here, buildings=5, dwellings=22, at=now)
    visit = staff(width=1280)
    print_all(visit)
    assert visit.page.locator(".sheet").count() == batches.AT_ONCE
    assert pages(visit.page.pdf(prefer_css_page_size=True)) == batches.AT_ONCE
    visit.press("header a.button")
    assert "28" in visit.page.inner_text("main .lead")
