"""The whole way of a yes on paper in a real browser: without JavaScript, on a phone; and each page looked at."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access import cards
from consent import papers
from consent.models import Decision, Paper, Standing
from residents.models import Resident, User
from tests.cast import PASSWORD
from tests.consent.papers import FACE, KnownBy, days_pass, sheet
from tests.consent.papers import second_clerk as second_clerk
from tests.screens.test_in_a_browser import Visit, same_weight
from tests.screens.test_in_a_browser import site as site  # the fixture

PRINTED = os.environ.get("LINMEN_PRINTED")
pytestmark = pytest.mark.slow


@pytest.fixture
def someone(live, resident: Resident, now) -> Resident:
    cards.issue(resident=resident, number="04B20001", at=now)
    return resident


@pytest.fixture
def signed_in(site, clerk, second_clerk, someone) -> Callable[..., Visit]:
    def came(username: str, **how: object) -> Visit:
        language = "en" if str(how.get("language", "")).startswith("en") else "zh-hans"
        User.objects.update(language=language)
        visit: Visit = site(**how)
        visit.open("/sign-in/")
        visit.fill(username=username, password=PASSWORD)
        visit.press("main form button")
        visit.presses = 0
        return visit

    return came


def choose(visit: Visit, name: str, value: str) -> None:
    visit.presses += 1
    visit.page.check(f"[name={name}][value={value}]")


def photograph(visit: Visit) -> None:
    picture = {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": sheet()}
    visit.page.set_input_files("[name=scan]", picture)


def picture_of(visit: Visit, name: str) -> None:
    if PRINTED:
        width = (visit.page.viewport_size or {})["width"]
        language = visit.page.evaluate("document.documentElement.lang")
        visit.page.screenshot(path=str(Path(PRINTED) / f"{name}-{width}-{language}.png"), full_page=True)


@pytest.mark.obligation("6", "8", "F9")
def test_a_yes_goes_its_way_without_javascript_on_a_phone(signed_in, someone, clerk, second_clerk):
    desk = signed_in("clerk", scripts=False)
    desk.open(f"/desk/people/{someone.pk}/")
    desk.press(f"a[href='/desk/people/{someone.pk}/paper/']")
    choose(desk, "purpose", FACE)
    choose(desk, "known_by", "in_person")
    desk.press("main form button")
    paper = Paper.objects.get()
    assert desk.path() == f"/desk/paper/{paper.pk}/sheet/"
    yes, no = (desk.page.locator(".paper-page__answers li").nth(each) for each in (0, 1))
    same_weight(yes, no)
    desk.press(f"a[href='/desk/paper/{paper.pk}/']")
    choose(desk, "answer", "yes")
    choose(desk, "known_by", "in_person")
    photograph(desk)
    desk.press("form[enctype] button")
    assert desk.page.locator(".notice--error, [role=alert]").count() > 0  # it was handed out today
    assert Paper.objects.get().received_at is None

    days_pass(paper)
    desk.open("/desk/paper/")
    desk.fill(number=paper.number)
    desk.press("form[action$='/find/'] button")
    choose(desk, "answer", "yes")
    choose(desk, "known_by", "in_person")
    photograph(desk)
    desk.press("form[enctype] button")
    assert paper.number in desk.page.locator(".slip-page").inner_text()

    other = signed_in("clerk2", scripts=False)
    other.open("/desk/")
    other.press("a[href='/desk/paper/next/']")
    assert other.page.locator("img").bounding_box()["width"] <= 390
    choose(other, "reading", "yes")
    other.press("main form button")
    assert paper.number in other.page.locator(".slip-page").inner_text()

    theirs = signed_in("r101", scripts=False)
    theirs.open("/")
    assert theirs.page.locator(f"form[action$='/{paper.pk}/stop/'] button").count() == 1
    paper = days_pass(paper, 3)
    papers.take_effect(paper=paper.pk, at=datetime.now(UTC) + timedelta(seconds=2))
    assert Standing.objects.get().decision.paper == paper
    agreeing = desk.presses + other.presses

    desk.presses = 0
    desk.open(f"/desk/people/{someone.pk}/paper/")
    choose(desk, "purpose", FACE)
    choose(desk, "known_by", "in_person")
    desk.press("main form button")
    desk.press("a[href^='/desk/paper/'][href$='/']:not([href='/desk/paper/']):not([href$='sheet/'])")
    choose(desk, "answer", "no")
    choose(desk, "known_by", "in_person")
    desk.press("form[enctype] button")
    assert not Standing.objects.exists()
    assert desk.presses < agreeing
    assert [each.kind for each in Decision.objects.order_by("at")] == ["given", "withdrawn"]


@pytest.mark.obligation("8")
def test_stopping_at_home_is_one_press(signed_in, someone, forms, clerk, now):
    paper = days_pass(
        papers.hand_out(
            resident=someone, form=forms[FACE], language="en", known_by=KnownBy.IN_PERSON, by=clerk, at=now
        )
    )
    papers.receive_yes(paper=paper, picture=sheet(), known_by=KnownBy.IN_PERSON, by=clerk, at=now)
    theirs = signed_in("r101", scripts=False)
    theirs.open("/")
    theirs.press(f"form[action$='/{paper.pk}/stop/'] button")
    assert theirs.presses == 1
    assert Paper.objects.get().stopped_because == "resident"


@pytest.mark.obligation("14")
@pytest.mark.parametrize(
    ("width", "language"), [(390, "zh-CN"), (390, "en-US"), (1280, "zh-CN"), (1280, "en-US")]
)
def test_every_page_of_papers_reads_and_fits(
    signed_in, someone, forms, clerk, now, width: int, language: str
):
    desk = signed_in("clerk", width=width, language=language, axe=True)
    desk.open(f"/desk/people/{someone.pk}/paper/")
    desk.look()
    desk.press("main form button")
    desk.look()  # with its errors
    choose(desk, "purpose", FACE)
    choose(desk, "known_by", "in_person")
    picture_of(desk, "1-hand-out")
    desk.press("main form button")
    desk.look()
    picture_of(desk, "2-sheet")
    printed = desk.page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) <= 2  # one sheet, both sides
    if PRINTED:
        (Path(PRINTED) / f"sheet-{language}.pdf").write_bytes(printed)
    paper = days_pass(Paper.objects.get())
    for path in (f"/desk/paper/{paper.pk}/", f"/desk/people/{someone.pk}/paper/"):
        desk.open(path)
        desk.look()
    desk.open(f"/desk/paper/{paper.pk}/")
    choose(desk, "answer", "yes")
    desk.press("form[enctype] button")
    desk.look()  # with its errors
    picture_of(desk, "3-came-back")
    choose(desk, "answer", "yes")
    choose(desk, "known_by", "in_person")
    photograph(desk)
    desk.press("form[enctype] button")
    desk.look()
    picture_of(desk, "4-slip")
    desk.open(f"/desk/paper/{paper.pk}/")
    desk.look()
    desk.press("form[action$='/stop/'] button")
    desk.look()  # with its errors

    other = signed_in("clerk2", width=width, language=language, axe=True)
    for path in ("/desk/", "/desk/paper/", "/desk/paper/next/"):
        other.open(path)
        other.look()
        picture_of(other, "5" + path.replace("/", "-"))
    other.press("main form button")
    other.look()  # with its errors
    choose(other, "reading", "yes")
    other.press("main form button")
    other.look()
    picture_of(other, "6-slip")
    other.open("/desk/paper/")
    other.look()

    theirs = signed_in("r101", width=width, language=language, axe=True)
    theirs.open("/")
    theirs.look()
    picture_of(theirs, "7-home")
    theirs.press(f"form[action$='/{paper.pk}/stop/'] button")
    theirs.look()
    theirs.open("/record/")
    theirs.look()
    desk.open(f"/desk/paper/{paper.pk}/")
    desk.look()
    picture_of(desk, "8-done")
