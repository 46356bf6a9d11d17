"""Asking for a repair and following it, in a real browser: on a phone and at a desk, in both languages, without scripts too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from committees.models import ServicePhoto, ServiceRequest
from residents import standing_by
from residents.models import Neighborhood, Resident
from tests.cast import settle
from tests.committees.service import Body, answers, asked, days_pass, done, picture
from tests.live import Live
from tests.screens import test_in_a_browser
from tests.screens.test_cards_in_a_browser import BOTH, enter, sign_in, tab_to, type_in

site = test_in_a_browser.site


@pytest.fixture
def tenant(live: Live, here: Neighborhood, clerk, now) -> Resident:
    Neighborhood.objects.filter(pk=here.pk).update(guard_phone="0571 8800 1234")
    answers(here, Body.OWNERS, at=now)
    return settle(here, number="101", name="柳一", phone="", at=now)


def lamp(name: str = "lamp.jpg", sent: bytes | None = None) -> dict[str, object]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": sent or picture(size=(300, 200))}


@BOTH
@pytest.mark.obligation("14")
def test_a_repair_is_asked_for_by_keyboard_and_followed(site, tenant, clerk, width, language, now):
    visit = site(width=width, language=language, axe=True)
    sign_in(visit, "r101", language)
    visit.look()
    tab_to(visit, "main a[href='/service/new/']")
    enter(visit)
    visit.look()
    tab_to(visit, "main a[href='/service/new/repair/']")
    enter(visit)
    visit.look()
    tab_to(visit, "[name=place]")
    type_in(visit, "楼道")
    tab_to(visit, "main form[enctype] button")
    enter(visit)
    visit.look()  # what is missing is said beside each
    assert visit.page.locator(".field--wrong").count() == 2
    assert visit.page.input_value("[name=place]") == "楼道"
    tab_to(visit, "[name=where]")
    visit.page.keyboard.press("Space")
    tab_to(visit, "[name=words]")
    type_in(visit, "灯不亮了")
    visit.page.set_input_files("[name=photo_1]", lamp())
    visit.page.set_input_files("[name=photo_2]", lamp("notes.jpg", b"%PDF-1.7"))
    visit.press("main form[enctype] button")
    visit.look()  # the second is no photo, and both are chosen again
    visit.page.set_input_files("[name=photo_1]", lamp())
    visit.press("main form[enctype] button")
    visit.look()
    made = ServiceRequest.objects.get()
    assert visit.path() == f"/service/{made.pk}/"
    assert visit.page.evaluate("document.querySelector('figure img').naturalWidth") == 300
    visit.fill(words="今晚也黑")
    visit.press("form[action$='/say/'] button")
    visit.look()
    done(made, clerk, at=timezone.now())
    visit.open(f"/service/{made.pk}/")
    visit.look()
    tab_to(visit, "form[action$='/reopen/'] textarea")
    type_in(visit, "还是不亮")
    tab_to(visit, "form[action$='/reopen/'] button")
    enter(visit)
    visit.look()
    days_pass(made, timedelta(days=4))
    for path in ("/service/", "/"):
        visit.open(path)
        visit.look()
    visit.open(f"/service/{made.pk}/")
    visit.press("form[action$='/call-off/'] button")
    visit.look()
    made.refresh_from_db()
    assert made.status == "called_off"


@BOTH
@pytest.mark.obligation("14")
def test_it_is_answered_at_the_desk(site, tenant, clerk, width, language, now):
    made = asked(tenant, at=now, pictures=[picture(size=(300, 200))])
    visit = site(width=width, language=language, axe=True)
    sign_in(visit, "clerk", language)
    visit.look()
    visit.press("main a[href='/desk/service/']")
    visit.look()
    visit.press(f"main a[href='/desk/service/{made.pk}/']")
    visit.look()
    tab_to(visit, "[name=status]")
    visit.page.keyboard.press("Space")
    tab_to(visit, "main form button")
    enter(visit)
    visit.look()  # a status alone is no answer
    visit.fill(words="明天来")
    visit.press("main form[autocomplete] button")
    visit.look()
    made.refresh_from_db()
    assert made.status == "replied"


@BOTH
@pytest.mark.obligation("14")
def test_a_helper_asks_in_their_name(site, tenant, here, clerk, width, language, now):
    other = settle(here, number="102", name="柳二", phone="", at=now)
    named = standing_by.name_helper(resident=other, helper=tenant, by=other.user, at=now)
    visit = site(width=width, language=language, axe=True)
    sign_in(visit, "r101", language)
    visit.open(f"/living/helping/{named.pk}/")
    visit.look()
    visit.press("main a[href$='/repair/']")
    visit.look()
    visit.page.check("[name=where][value=home]")
    visit.fill(words="水管漏了")
    visit.press("main form[enctype] button")
    visit.look()
    assert ServiceRequest.objects.get().resident == other


@pytest.mark.obligation("14")
def test_it_works_without_scripts(site, tenant, clerk, here, now):
    visit = site(language="en-US", scripts=False)
    sign_in(visit, "r101", "en-US")
    visit.open("/service/new/complaint/")
    visit.page.check("[name=body][value=owners]")
    visit.page.check("[name=where][value=elsewhere]")
    visit.fill(place="the office", words="No receipt is given.")
    visit.page.set_input_files("[name=photo_1]", lamp())
    visit.press("main form[enctype] button")
    made = ServiceRequest.objects.get()
    assert (visit.path(), made.body) == (f"/service/{made.pk}/", "owners")
    assert ServicePhoto.objects.count() == 1
    visit.press("form[action$='/call-off/'] button")
    made.refresh_from_db()
    assert made.status == "called_off"
