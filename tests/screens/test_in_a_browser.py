"""The resident's way through the site in a real browser: on a phone and at a desk, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Frame, Locator, Page

from access import cards, gates, rules
from access.models import Enrolment
from consent.models import Decision, Form, Purpose, Standing
from portal import erasure
from residents import letters
from residents.models import ErasureOrder, Neighborhood, Resident, User
from residents.register import move_in, register
from sharing.models import Recipient, Request
from sharing.requesting import draft, put_to_residents
from tests import make
from tests.cast import PASSWORD, dwelling
from tests.enrolling import two_portraits
from tests.live import Live

CONSENT = f"/decisions/{Purpose.FACE_AT_GATE}/"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Wider than the window, or sticking out of it, and not merely hidden from sight.
STICKING_OUT = """() => [...document.querySelectorAll('body *')].filter(e => {
    const r = e.getBoundingClientRect();
    return r.width > 1 && e.checkVisibility() && !e.closest('.skip') &&
        (r.width > innerWidth + 1 || r.right > innerWidth + 1 || r.left < -1);
}).map(e => e.outerHTML.slice(0, 120))"""
# Links within a sentence aside, whatever one presses is large enough for a thumb: a tick with its words, if within them.
TOO_SMALL = """() => [...document.querySelectorAll('button, .button, input:not([type=hidden], .unseen)')].filter(e => {
    const r = (e.closest('label') || e).getBoundingClientRect();
    return r.height > 0 && r.height < 43.5;
}).map(e => e.outerHTML.slice(0, 120))"""


@dataclass
class Visit:
    """One person at one browser. Counts what they press; looks at each screen they come to."""

    page: Page
    url: str
    with_axe: bool = False
    presses: int = 0
    seen: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(f"{self.url}{path}")

    def press(self, selector: str) -> None:
        self.presses += 1
        self.page.locator(selector).first.click()
        self.page.wait_for_load_state()

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.fill(f"[name={name}]", value)

    def path(self) -> str:
        return self.page.url.removeprefix(self.url)

    def look(self) -> None:
        """Nothing sticks out, all is large enough to press, and axe finds nothing."""
        where = f"{self.path()} at {self.page.viewport_size}"
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), where
        assert self.page.evaluate(STICKING_OUT) == [], where
        assert self.page.evaluate(TOO_SMALL) == [], where
        if self.with_axe:
            found = Axe().run(self.page, options={"runOnly": RULES, "resultTypes": ["violations"]})
            assert found.response["violations"] == [], f"{where}\n{found.generate_report()}"
        self.seen.append(self.path())


Newcomer = Callable[[str], tuple[Resident, str]]


@pytest.fixture
def newcomer(live: Live, here: Neighborhood, now: datetime) -> Newcomer:
    """Somebody with a dwelling, a card, and a letter not yet used."""
    gate = gates.put_up(neighborhood=here, name="南门", name_en="South gate", by_face=True, at=now)
    make.enable(here, at=now)

    def moved_in(number: str) -> tuple[Resident, str]:
        resident = register(neighborhood=here, name=f"住户{number}")
        unit = dwelling(here, number)
        move_in(resident=resident, unit=unit, since=now.date() - timedelta(days=1), at=now)
        rules.add(gate=gate, unit=unit, at=now)
        cards.issue(resident=resident, number=f"04A2 {number}", at=now)
        return resident, letters.write(resident=resident, by=None, at=now).code

    return moved_in


@pytest.fixture
def asked(here: Neighborhood, clerk: User, chair: User, now: datetime) -> Request:
    drafted = draft(
        recipient=Recipient.objects.create(neighborhood=here, name="Lifts Ltd", contact="0571 8800 0000"),
        kind="repair",
        purpose="电梯检修通知",
        purpose_en="Notice of the lift repair",
        fields=["name", "phone"],
        retention_days=30,
        deadline=now + timedelta(days=7),
        by=clerk,
        at=now,
    )
    return put_to_residents(request=make.read_by_two(drafted, at=now), by=chair, at=now)


@pytest.fixture
def site(live: Live, browser: Browser, forms: Mapping[Purpose, Form]) -> Iterator[Callable[..., Visit]]:
    """`site(width=390, language="en")`: somebody opens a browser. The site runs as a process of its own."""
    live.collect_static()
    live.web()
    contexts = []

    def visit(*, width: int = 390, language: str = "zh-CN", scripts: bool = True, axe: bool = False) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": 844}, locale=language, java_script_enabled=scripts
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        return Visit(context.new_page(), live.url, with_axe=axe)

    yield visit
    for context in contexts:
        context.close()


def claim(visit: Visit, code: str, username: str) -> None:
    visit.open("/")
    visit.press("a[href='/claim/']")
    visit.fill(code=code, username=username, password1=PASSWORD, password2=PASSWORD)
    visit.press("main form button")
    assert visit.path() == "/"


def send_photos(visit: Visit) -> None:
    for name, photo in zip(("photo_1", "photo_2"), two_portraits(), strict=True):
        visit.page.set_input_files(
            f"[name={name}]", {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo}
        )
    visit.press("form[enctype] button[type=submit]")


def same_weight(yes: Locator, no: Locator) -> None:
    """Refusing is as easy and as prominent as agreeing."""
    first, second = yes.bounding_box(), no.bounding_box()
    assert first is not None
    assert second is not None
    assert (first["width"], first["height"]) == pytest.approx((second["width"], second["height"]), abs=1)
    assert first["y"] == pytest.approx(second["y"], abs=1)
    style = "e => { const s = getComputedStyle(e); return [s.color, s.backgroundColor, s.fontSize, s.fontWeight] }"
    assert yes.evaluate(style) == no.evaluate(style)


@pytest.mark.slow
@pytest.mark.obligation("4", "8", "14")
@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1280, "en-US")])
def test_the_whole_way_works_reads_and_fits(
    site, newcomer: Newcomer, asked: Request, width: int, language: str
):
    resident, code = newcomer("201")
    visit = site(width=width, language=language, axe=True)
    for path in ("/", "/sign-in/", "/claim/", "/nowhere/"):
        visit.open(path)
        visit.look()
    visit.open("/claim/")
    visit.press("main form button")
    visit.look()  # with its errors
    claim(visit, code, "li")
    visit.look()
    visit.open(f"/sharing/{asked.pk}/")
    same_weight(visit.page.locator("[value=yes]"), visit.page.locator("[value=no]"))
    visit.look()
    visit.press("[value=no]")
    visit.look()
    visit.open(CONSENT)
    same_weight(visit.page.locator("[value=yes]"), visit.page.locator("[value=no]"))
    visit.look()
    visit.press("[value=yes]")
    visit.look()  # the office, or from here
    visit.press("main a.button")
    visit.press("[value=yes]")
    visit.look()
    send_photos(visit)
    visit.look()
    visit.press("form[action$='/cancel/'] button")
    assert not Enrolment.objects.exists()
    for path in ("/", "/decisions/", CONSENT):
        visit.open(path)
        visit.look()
    visit.press("form[action$='/stop/'] button")
    visit.look()
    order = ErasureOrder.objects.get(resident=resident)
    erasure.run(order=order.pk, at=order.opened_at + timedelta(minutes=1))
    visit.page.wait_for_selector("#progress:not([data-refresh])")  # it looked again by itself
    visit.look()
    for path in ("/deletions/", "/record/", "/"):
        visit.open(path)
        visit.look()


@pytest.mark.obligation("14")
def test_larger_text_and_the_other_pairs_fit_too(site, newcomer: Newcomer, asked: Request):
    _resident, code = newcomer("202")
    visit = site(width=390, language="en-US")
    claim(visit, code, "wang")
    for width, language in ((390, "en"), (320, "en"), (320, "zh-hans"), (1280, "zh-hans")):
        visit.page.set_viewport_size({"width": width, "height": 844})
        visit.press(f"button[name=language][value={language}]")
        for path in ("/", "/decisions/", CONSENT, f"/sharing/{asked.pk}/", "/record/", "/deletions/"):
            visit.open(path)
            visit.look()
        if width == 320 and language == "en":
            visit.press("button[name=size]")
            assert visit.page.evaluate("getComputedStyle(document.documentElement).fontSize") == "23px"


@dataclass
class Steps:
    """What it took from the first page to done."""

    presses: int
    pages: int


def steps_of(visit: Visit, purpose: Purpose, last: str) -> Steps:
    """From the first page by the links that are there to `last`, a button on the purpose's own page."""
    pages: list[str] = []
    visit.open("/")
    visit.presses = 0

    def count(frame: Frame) -> None:
        pages.append(frame.url)

    visit.page.on("framenavigated", count)
    here = f"main a[href='/decisions/{purpose}/']"
    if not visit.page.locator(here).count():
        visit.press("a[href='/decisions/']")
    visit.press(here)
    visit.press(last)
    visit.page.remove_listener("framenavigated", count)
    return Steps(visit.presses, len(pages))


@pytest.mark.obligation("8")
def test_stopping_takes_no_more_presses_than_agreeing(site, newcomer: Newcomer):
    """Counted for each purpose, the last first: stopping the first stops the others too."""
    resident, code = newcomer("203")
    visit = site()
    claim(visit, code, "zhao")
    given = {purpose: steps_of(visit, purpose, "[value=yes]") for purpose in Purpose}
    assert Standing.objects.filter(resident=resident).count() == len(Purpose)
    stop = "form[action$='/stop/'] button"
    stopped = {purpose: steps_of(visit, purpose, stop) for purpose in reversed(Purpose)}
    assert not Standing.objects.filter(resident=resident).exists()
    for purpose in Purpose:
        assert stopped[purpose].presses <= given[purpose].presses
        assert stopped[purpose].pages <= given[purpose].pages


@pytest.mark.obligation("14")
def test_every_act_works_without_javascript(site, newcomer: Newcomer, asked: Request):
    resident, code = newcomer("204")
    visit = site(scripts=False, language="en-US")
    claim(visit, code, "zhou")
    visit.press(f"a.button[href='/sharing/{asked.pk}/']")
    visit.press("[value=yes]")
    assert resident.sharing_answers.get().yes
    visit.open("/")
    visit.press(f"main a[href='{CONSENT}']")
    visit.press("[value=yes]")
    visit.press("main a.button")
    visit.press("[value=yes]")
    send_photos(visit)
    enrolment = Enrolment.objects.get(resident=resident)
    assert visit.path() == f"/enrol/{enrolment.pk}/"
    visit.press(f"a.button[href='/enrol/{enrolment.pk}/']")  # look again
    visit.press("form[action$='/cancel/'] button")
    visit.press(f"main a[href='{CONSENT}']")
    visit.press("form[action$='/stop/'] button")
    order = ErasureOrder.objects.get(resident=resident)
    assert visit.path() == f"/deletions/{order.pk}/"
    erasure.run(order=order.pk, at=order.opened_at + timedelta(minutes=1))
    visit.press(f"a.button[href='/deletions/{order.pk}/']")
    assert "Deleted everywhere" in visit.page.inner_text("h1")
    visit.press("button[name=language][value=zh-hans]")
    visit.press("button[name=size]")
    visit.press("form[action='/sign-out/'] button")
    visit.press("a[href='/sign-in/']")
    visit.fill(username="zhou", password=PASSWORD)
    visit.press("main form button")
    assert visit.path() == "/"
    kinds = Decision.objects.filter(resident=resident).order_by("at").values_list("kind", flat=True)
    assert list(kinds) == ["given", "given", "withdrawn", "withdrawn"]
