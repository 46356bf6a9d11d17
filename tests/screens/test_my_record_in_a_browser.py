"""My record in a real browser, without scripts: read, sifted, my own entries after my password, and on paper."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from access import cards, gates, rules
from access.models import EntryEvent
from consent import deciding, voices
from consent.models import Purpose
from residents.lookups import look_up
from residents.models import LookUp, Resident, User
from sharing import answering
from tests import make
from tests.cast import PASSWORD, settle
from tests.screens.entering import event
from tests.screens.test_in_a_browser import Visit, asked, site  # noqa: F401  (fixtures)

pytestmark = pytest.mark.slow
# Where somebody wants to look at the pages: PNGs are put there.
SHOTS = os.environ.get("RECORD_SHOTS")
FOUR = pytest.mark.parametrize(
    ("width", "language"), [(390, "zh-CN"), (390, "en-US"), (1280, "zh-CN"), (1280, "en-US")]
)


@pytest.fixture
def lived(live, here, forms, asked, clerk: User, now) -> Resident:  # noqa: F811
    """Somebody of whom there is more than one page."""
    who = settle(here, number="101", name="柳一", phone="", at=now)
    assert who.user is not None
    gate = gates.put_up(neighborhood=here, name="南门", name_en="South gate", at=now)
    rules.add(gate=gate, unit=who.occupancies.get().unit, at=now)
    card = cards.issue(resident=who, number="04A20001", at=now)
    reader = make.device(gate, at=now).device
    EntryEvent.objects.bulk_create(
        [
            event(reader, card, at=now - timedelta(hours=7 * each), outcome="refused", reason="outside_hours")
            if each % 9 == 4
            else event(reader, card, at=now - timedelta(hours=7 * each))
            for each in range(60)
        ]
    )
    for reason in ("水管漏水，要和您约时间", "A parcel lies at the desk"):
        look_up(resident=who, by=clerk, reason=reason, capacity="property.clerk", at=now)
    LookUp.objects.bulk_create(
        [
            LookUp(
                neighborhood=here, resident=who, by=clerk, capacity="property.clerk", reason="电梯检修前通知",
                at=now - timedelta(days=each), until=now - timedelta(days=each, minutes=-15),
            )
            for each in range(1, 60)
        ]
    )  # fmt: skip
    form = forms[Purpose.FACE_AT_GATE]
    voice = voices.own(who.user, "zh-hans")
    deciding.refuse(resident=who, purpose=Purpose.FACE_AT_GATE, form=form, voice=voice, at=now)
    answering.answer(request=asked, resident=who, fields=[], actor=who.user, at=now)
    return who


def sign_in(visit: Visit, language: str) -> None:
    User.objects.filter(username="r101").update(language="en" if language == "en-US" else "zh-hans")
    visit.open("/sign-in/")
    visit.fill(username="r101", password=PASSWORD)
    visit.press("main form button")


def look(visit: Visit, name: str) -> None:
    visit.look()
    if SHOTS:
        size, spoken = visit.page.viewport_size or {}, visit.page.get_attribute("html", "lang")
        path = Path(SHOTS) / f"{name}-{size.get('width')}-{spoken}.png"
        visit.page.screenshot(path=path, full_page=True)


def heights(visit: Visit) -> float:
    """How many screens of a phone long."""
    return float(visit.page.evaluate("document.documentElement.scrollHeight / innerHeight"))


@FOUR
@pytest.mark.obligation("14")
def test_the_record_is_read_sifted_and_taken(site, lived: Resident, width: int, language: str):  # noqa: F811
    with_axe = site(width=width, language=language, axe=True)
    plain = site(width=width, language=language, scripts=False)
    for visit in (with_axe, plain):
        sign_in(visit, language)
        visit.press("nav a[href='/record/']")
        look(visit, "record")
        assert heights(visit) < 9
        visit.press("a[href='/record/all/?kind=viewed']")
        assert visit.page.locator("main .rows > li").count() == 50
        visit.press("a[rel=next]")
        assert visit.page.locator("main .rows > li").count() == 11
        look(visit, "all-further")
        visit.open("/record/all/")
        visit.page.select_option("[name=kind]", "decided")
        visit.press("main form[method=get] button")
        assert visit.page.locator("main .rows > li").count() == 2
        assert "kind=decided" in visit.path()
        look(visit, "all-decided")
        visit.open("/record/all/?month=2026-13&since=x&kind=entries&after=x")
        assert visit.page.locator(".field--wrong").count() == 3
        look(visit, "all-wrong")
        visit.open("/record/all/?after=x")
        look(visit, "all-lost")
        visit.open("/record/")
        visit.press("main a[href='/record/export.json']")  # a file only for who gives the password again
        visit.fill(password=PASSWORD)
        visit.press("main form button")
        assert visit.path() == "/record/#take"
        with visit.page.expect_download():
            visit.page.click("a[href='/record/export.json']")
        visit.open("/record/print/")
        look(visit, "print")
        visit.page.emulate_media(media="print")
        assert not visit.page.locator("a[rel=next]").is_visible()
        assert not visit.page.locator(".masthead").is_visible()
        assert visit.page.locator(".table").is_visible()
        look(visit, "print-paper")
        visit.page.emulate_media(media="screen")


@FOUR
@pytest.mark.obligation("14")
def test_my_own_entries_open_with_my_password_and_close(site, lived, width: int, language: str):  # noqa: F811
    with_axe = site(width=width, language=language, axe=True)
    plain = site(width=width, language=language, scripts=False)
    for visit in (with_axe, plain):
        sign_in(visit, language)
        visit.open("/record/")
        visit.press("main a[href='/record/entries/']")
        assert visit.path().startswith("/record/again/?next=")
        look(visit, "again")
        visit.fill(password="wrong")
        visit.press("main form button")
        assert visit.page.locator(".field--wrong .errorlist").count() == 1
        look(visit, "again-wrong")
        visit.fill(password=PASSWORD)
        visit.press("main form button")
        assert visit.path() == "/record/entries/"
        assert visit.page.locator("main .rows > li").count() == 50
        look(visit, "entries")
        visit.page.select_option("[name=gate]", index=1)
        visit.page.fill("[name=month]", timezone.localtime().strftime("%Y-%m"))
        visit.press("main form[method=get] button")
        assert visit.page.locator("main .rows > li").count() > 0
        visit.open("/record/print/")
        look(visit, "print-with-entries")
        visit.open("/record/entries/")
        with visit.page.expect_download() as coming:
            visit.page.click("a[href='/record/export.json']")
        assert coming.value.suggested_filename.startswith("linmen-record-")
        visit.press("form[action='/record/entries/close/'] button")
        assert visit.path() == "/record/"
        visit.open("/record/entries/")
        assert visit.path().startswith("/record/again/")


@pytest.mark.obligation("14")
def test_the_keyboard_alone_opens_them(site, lived):  # noqa: F811
    visit = site(width=1280, language="en-US")
    sign_in(visit, "en-US")
    visit.open("/record/again/")
    reached = []
    for _ in range(40):
        visit.page.keyboard.press("Tab")
        reached.append(visit.page.evaluate("document.activeElement.id || document.activeElement.innerText"))
        if reached[-1] == "id_password":
            break
    assert reached[-1] == "id_password"
    visit.page.keyboard.type(PASSWORD)
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url("**/record/entries/")


@pytest.mark.obligation("14")
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_it_reads_in_the_dark_and_in_large_letters(site, lived, scheme: str):  # noqa: F811
    visit = site(width=390, language="zh-CN", axe=True)
    sign_in(visit, "zh-CN")
    visit.page.context.add_cookies([{"name": "text", "value": "large", "url": visit.url}])
    visit.page.emulate_media(color_scheme=scheme)
    visit.open("/record/again/")
    look(visit, f"again-{scheme}")
    visit.fill(password=PASSWORD)
    visit.press("main form button")
    for path in ("/record/", "/record/all/?month=x", "/record/entries/", "/record/print/"):
        visit.open(path)
        look(visit, f"{path.strip('/').replace('/', '-').partition('?')[0]}-{scheme}-large")
