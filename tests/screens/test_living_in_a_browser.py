"""Who lives here, walked in a real browser: a move-out, one that is disputed, and a death with its mistake."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from access import cards, gates, rules
from access.models import Credential
from committees.models import Committee, Term
from residents import departures, moving, standing_by
from residents.ages import today_in
from residents.models import Death, Departure, Helper, MoveOut, Occupancy, Resident, User
from residents.register import move_in, register
from tests.cast import PASSWORD, dwelling, staff
from tests.screens.test_in_a_browser import Visit, same_weight, site  # noqa: F401  (a fixture)

pytestmark = pytest.mark.slow
# Where somebody wants to look at the pages: PNGs are put there.
SHOTS = os.environ.get("LIVING_SHOTS")


def shot(visit: Visit, name: str) -> None:
    if SHOTS:
        size = visit.page.viewport_size or {}
        language = visit.page.evaluate("document.documentElement.lang")
        visit.page.screenshot(path=Path(SHOTS) / f"{name}-{size.get('width')}-{language}.png", full_page=True)


@pytest.fixture
def family(live, here, now) -> list[Resident]:
    """An owner, her daughter, a child, and a lodger, in one dwelling, with cards."""
    unit = dwelling(here, "101")
    gate = gates.put_up(neighborhood=here, name="南门", name_en="South gate", by_pin=True, at=now)
    rules.add(gate=gate, unit=unit, at=now)
    today = today_in(here, now)
    people = []
    for number, (name, tenure) in enumerate(
        [("林玉兰", "owner"), ("林小月", "family"), ("林苗", "family"), ("赵一鸣", "subtenant")]
    ):
        born = today - timedelta(days=2500) if name == "林苗" else None
        who = register(neighborhood=here, name=name, born=born)
        if born is None:
            who.user = User.objects.create_user(username=f"p{number}", password=PASSWORD)
            who.save()
        move_in(
            resident=who, unit=unit, since=today - timedelta(days=90), tenure=Occupancy.Tenure(tenure), at=now
        )
        cards.issue(resident=who, number=f"04A2 000{number}", at=now)
        people.append(who)
    return people


def sign_in(visit: Visit, name: str) -> None:
    visit.open("/sign-in/")
    visit.fill(username=name, password=PASSWORD)
    visit.press("main form button")


def speaks(people: list[Resident], language: str) -> None:
    users = User.objects.filter(resident__in=people)
    users.update(language="en" if language.startswith("en") else "zh-hans")


def look(visit: Visit, name: str) -> None:
    visit.look()
    shot(visit, name)


@pytest.mark.obligation("14")
@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1280, "en-US")])
def test_moving_out_from_the_first_look_to_the_last_page(site, family, here, now, width, language):  # noqa: F811
    owner, daughter, child, _lodger = family
    speaks(family, language)
    clerk = _clerk(here, now, "clerk")
    standing_by.verify_guardian(child=child, guardian=owner, verified="register", by=clerk, at=now)
    visit = site(width=width, language=language, axe=True)
    sign_in(visit, "p0")
    look(visit, "home")
    visit.press("main a[href='/living/']")
    text = visit.page.inner_text("main")
    assert "林小月" in text  # her family
    assert "赵一鸣" not in text  # a stranger who shares the flat
    assert "赵＊" in text
    visit.press("form[action='/living/helpers/'] button")
    look(visit, "living-wrong")  # with its error
    visit.fill(number=standing_by.number_of(daughter))
    visit.press("form[action='/living/helpers/'] button")
    assert Helper.objects.get().helper == daughter
    look(visit, "living")
    visit.press("a[href^='/living/ask/']")
    look(visit, "ask")
    visit.press("a[href='/living/']")
    visit.press("a[href='/living/leave/']")
    visit.press("main form button")
    look(visit, "leave-wrong")
    visit.page.check("[name=when][value=day]")
    visit.page.fill("[name=last_day]", str(today_in(here, now) + timedelta(days=10)))
    visit.press("main form button")
    look(visit, "living-planned")
    assert MoveOut.objects.planned().count() == 1
    visit.press("form[action$='/call-off/'] button")
    assert not MoveOut.objects.planned().exists()
    visit.open("/living/leave/")
    visit.page.check("[name=when][value=now]")
    visit.press("main form button")
    look(visit, "home-left")
    assert not Credential.objects.active().filter(resident=owner).exists()
    assert Credential.objects.active().filter(resident=daughter).exists()
    visit.open("/deletions/")
    visit.press("main a[href^='/deletions/']")
    look(visit, "deletion")


@pytest.mark.obligation("14")
@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1280, "en-US")])
def test_a_landlord_says_and_the_lodger_objects(site, family, here, now, width, language):  # noqa: F811
    owner, _daughter, _child, lodger = family
    speaks(family, language)
    one, two = _clerk(here, now, "clerk"), _clerk(here, now, "clerk2")
    asked = departures.ask(occupancy=lodger.occupancies.get(), by=owner, words="租约到期，已经搬走", at=now)
    visit = site(width=width, language=language, axe=True)
    sign_in(visit, "p3")
    look(visit, "home-said")
    departures.take_up(departure=asked, by=one, at=now)
    departures.bring_document(departure=asked, document="lease", kept_where="3", by=one, at=now)
    departures.second(departure=asked, by=two, at=now)
    departures.deliver(departure=asked, by=one, at=now)
    visit.open("/")
    visit.press(f"a.button[href='/living/notices/{asked.pk}/']")
    same_weight(visit.page.locator("[value=yes]"), visit.page.locator("[value=no]"))
    look(visit, "notice")
    if SHOTS:
        visit.page.emulate_media(media="print")
        shot(visit, "notice-print")
        visit.page.emulate_media(media="screen")
    # By keyboard alone.
    visit.page.locator("[value=no]").focus()
    with visit.page.expect_navigation():
        visit.page.keyboard.press("Enter")
    look(visit, "notice-disputed")
    asked.refresh_from_db()
    assert asked.state == Departure.State.DISPUTED
    assert Credential.objects.active().filter(resident=lodger).exists()


def test_a_death_and_its_mistake_at_the_desk(site, family, here, now):  # noqa: F811
    owner, daughter, *_others = family
    _clerk(here, now, "clerk")
    visit = site(width=1280, language="en-US")
    sign_in(visit, "clerk")
    person = f"/admin/residents/resident/{owner.pk}"
    visit.open(f"{person}/change/")
    shot(visit, "desk-person")
    visit.open(f"{person}/died/")
    visit.page.select_option("[name=document]", "certificate")
    visit.fill(kept_where="3")
    shot(visit, "desk-died")
    visit.press("#content-main input[type=submit]")
    death = Death.objects.get()
    assert Credential.objects.active().filter(resident=owner).exists()
    visit.open(f"/admin/residents/death/{death.pk}/household/")
    visit.fill(number=standing_by.number_of(daughter))
    visit.press("#content-main input[type=submit]")
    assert not Credential.objects.active().filter(resident=owner).exists()
    assert Credential.objects.active().filter(resident=daughter).exists()
    visit.open(f"/admin/residents/death/{death.pk}/change/")
    shot(visit, "desk-death")
    visit.open(f"/admin/residents/death/{death.pk}/undo/")
    visit.press("#content-main input[type=submit]")
    assert Credential.objects.active().filter(resident=owner).exists()
    assert moving.lives_here(owner, now)
    # And the slips: moving in, moving out, a notice.
    newcomer = register(neighborhood=here, name="新来")
    visit.open(f"/admin/residents/resident/{newcomer.pk}/move-in/")
    shot(visit, "desk-move-in")
    visit.fill(dwelling="1 101", since=str(today_in(here, now)))
    visit.page.select_option("[name=tenure]", "tenant")
    visit.press("#content-main input[type=submit]")
    shot(visit, "slip-moved-in")
    assert newcomer.credentials.get().number in visit.page.inner_text(".slip")
    visit.open(f"/admin/residents/resident/{newcomer.pk}/said-gone/")
    visit.fill(dwelling="1 101", words="has gone")
    visit.press("#content-main input[type=submit]")
    said = Departure.objects.get()
    visit.open(f"/admin/residents/departure/{said.pk}/change/")
    shot(visit, "desk-notice")
    visit.open(f"/admin/residents/departure/{said.pk}/print/")
    visit.press("#content-main input[type=submit]")
    visit.page.emulate_media(media="print")
    shot(visit, "slip-notice")
    visit.page.emulate_media(media="screen")
    visit.open(f"/admin/residents/resident/{newcomer.pk}/move-out/")
    visit.fill(paper="folder 3")
    visit.press("#content-main input[type=submit]")
    visit.page.emulate_media(media="print")
    shot(visit, "slip-moved-out")
    assert not Credential.objects.active().filter(resident=newcomer).exists()


def _clerk(here, now, name: str) -> User:

    return staff(here, username=name, kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
