"""The committee's page and its notices, read in a real browser."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from committees import publishing
from committees.models import Committee, Term
from residents.models import User
from tests.cast import PASSWORD, staff
from tests.committees.notices import published
from tests.committees.test_names import named
from tests.screens.test_in_a_browser import Visit, site  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow
# Where somebody wants to look at the pages: PNGs are put there.
SHOTS = os.environ.get("NOTICES_SHOTS")


def look(visit: Visit, name: str) -> None:
    """On a phone and at a desk."""
    for width in (1280, 390):
        visit.page.set_viewport_size({"width": width, "height": 844})
        visit.look()
        if SHOTS:
            language = visit.page.evaluate("document.documentElement.lang")
            visit.page.screenshot(path=Path(SHOTS) / f"{name}-{width}-{language}.png", full_page=True)


@pytest.fixture
def spoken(live, here, resident, chair, clerk, auditor, now) -> None:
    """Three bodies, two of them named; a meeting, a document, a correction, and more than a page of the rest."""
    for kind, name in (
        ("owners", "柳岸小区业主委员会"),
        ("residents", "柳岸社区居民委员会"),
        ("property", "青禾物业服务公司"),
    ):
        Committee.objects.filter(neighborhood=here, kind=kind).update(
            name=name,
            office="1 幢底层 · ground floor of building 1",
            hours="每天 8:00–20:00 · every day 8:00–20:00",
            phone="0571 8800 1001",
            night_phone="0571 8800 1000" if kind == "property" else "",
        )
    staff(here, username="secretary", kind=Committee.Kind.OWNERS, role=Term.Role.CLERK, at=now)
    named(chair, at=now)
    named(clerk, "廖敏", agreed=True, at=now)
    for number in range(22):
        published(here, clerk, at=now, title=f"第 {number} 周保洁安排", text="照常。")
    wrong = published(
        here, clerk, at=now, title="周三停水", title_en="No water on Wednesday", text_en="Fill a bucket."
    )
    right = publishing.correct(notice=wrong, by=clerk, at=now)
    publishing.publish(notice=right, by=clerk, at=now)
    published(
        here,
        chair,
        at=now,
        kind="meeting",
        title="业主大会：河边门改造和明年维修资金使用计划",
        title_en="Owners’ meeting: Riverside Gate, and what the repair fund pays for next year",
        text="议题两项。\n\n不能到场的，可以书面委托。",
        text_en="Two questions.\n\nWho cannot come may send somebody.",
        meets_at=now + timedelta(days=9),
        place="2 幢底层活动室",
        pinned=True,
    )
    published(here, chair, at=now, kind="document", title="会议纪要", text="到会 5 人。")


@pytest.mark.obligation("31")
@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_from_home_to_a_notice_and_to_who_is_in_office(site, spoken, resident, language):  # noqa: F811
    english = language.startswith("en")
    User.objects.filter(pk=resident.user_id).update(language="en" if english else "zh-hans")
    visit = site(language=language, axe=True)
    visit.open("/sign-in/")
    visit.fill(username="r101", password=PASSWORD)
    visit.press("main form button")
    look(visit, "home")
    visit.press("main a[href='/committee/']")
    text = visit.page.inner_text("main")
    for said in ("何建国", "廖敏", "0571 8800 1000"):
        assert said in text
    assert "柳一" not in text
    look(visit, "committee")
    visit.press("main a[href='/notices/']")
    look(visit, "notices")
    visit.press("main a[href^='?before=']")
    assert "第 0 周保洁安排" in visit.page.inner_text("main")
    look(visit, "notices-older")
    visit.press("main a[href='/notices/']")
    visit.press("main .rows a")  # what is on top
    assert "2 幢底层活动室" in visit.page.inner_text("main")
    look(visit, "meeting")
    visit.open("/notices/")
    visit.page.get_by_text("No water on Wednesday" if english else "周三停水").last.click()
    visit.page.wait_for_load_state()
    look(visit, "put-right")


def test_all_of_it_is_read_without_scripts(site, spoken, resident):  # noqa: F811
    visit = site(scripts=False)
    visit.open("/sign-in/")
    visit.fill(username="r101", password=PASSWORD)
    visit.press("main form button")
    visit.press("main a[href='/committee/']")
    visit.press("main a[href='/notices/']")
    visit.press("main a[href^='?before=']")
    visit.press("main .rows a")
    assert "照常。" in visit.page.inner_text("main")
