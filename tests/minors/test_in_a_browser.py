"""A guardian, a helper and the desk in a real browser: on a phone and at a desk, in both languages, without JavaScript."""

from __future__ import annotations

import pytest

from access import cards
from consent.models import Purpose, Standing
from residents import approving, standing_by
from residents.models import Resident, User
from tests.cast import PASSWORD
from tests.minors.conftest import age, says
from tests.screens.test_in_a_browser import same_weight, site

pytestmark = pytest.mark.django_db
__all__ = ["site"]  # a fixture
FACE = Purpose.FACE_AT_GATE
EVERY = [(390, "zh-CN"), (390, "en-US"), (1280, "zh-CN"), (1280, "en-US")]


def sign_in(visit, user: User) -> None:
    user.set_password(PASSWORD)
    user.save()
    visit.open("/sign-in/")
    visit.fill(username=user.username, password=PASSWORD)
    visit.press("main form button")


@pytest.mark.obligation("15", "8")
@pytest.mark.parametrize(("width", "language"), EVERY)
def test_a_guardian_says_yes_and_stops_in_as_many_presses(live, fam, face, site, now, width, language):
    cards.issue(resident=fam.child, number="04A20009", at=now)
    says(True, fam.father, fam.by_father, face, at=now)
    says(False, fam.father, fam.by_father, face, at=now)
    visit = site(width=width, language=language, scripts=False)
    sign_in(visit, fam.mother.user)
    visit.open("/living/")
    visit.press(f"a[href='/living/children/{fam.child.pk}/']")
    visit.look()
    visit.press(f"a[href$='/decisions/{FACE}/']")
    visit.look()
    choice = visit.page.locator("button[name=choice]")
    same_weight(choice.nth(0), choice.nth(1))
    visit.press("button[name=choice][value=yes]")
    assert not Standing.objects.exists()  # the father's no holds
    visit.look()
    says(True, fam.father, fam.by_father, face, at=now)
    visit.open(f"/living/children/{fam.child.pk}/decisions/{FACE}/")
    visit.look()
    visit.presses = 0
    visit.press("button[name=choice][value=yes]")
    agreeing = visit.presses
    visit.look()
    visit.presses = 0
    visit.press("form[action$='/stop/'] button")
    assert visit.presses <= agreeing
    assert not Standing.objects.exists()
    visit.look()
    for path in ("lost/", "enrol/"):
        visit.open(f"/living/children/{fam.child.pk}/{path}")
        visit.look()


@pytest.mark.parametrize(("width", "language"), EVERY)
def test_a_helper_the_young_person_and_the_desk(
    live, fam, face, resident, clerk, manager, second_clerk, site, now, width, language
):
    visit = site(width=width, language=language, scripts=False)
    named = standing_by.name_helper(resident=resident, helper=fam.father, by=resident.user, at=now)
    sign_in(visit, fam.father.user)
    visit.open("/living/")
    visit.press(f"a[href='/living/helping/{named.pk}/']")
    visit.look()
    visit.press("form[action*='/no/'] button")
    visit.look()

    asked = approving.ask(
        resident=fam.child, by=clerk, reason="书包落在门口", capacity="property.clerk", at=now
    )
    standing_by.bar(guardianship=fam.by_father, paper="档案柜 3", by=clerk, at=now)
    desk = site(width=width, language=language, scripts=False)
    sign_in(desk, manager)
    for path in ("/desk/", "/desk/bars/", "/desk/approvals/"):
        desk.open(path)
        desk.look()
    desk.press("button[name=answer][value=yes]")
    desk.look()
    asked.refresh_from_db()
    assert asked.until is not None

    staff = site(width=width, language=language, scripts=False)
    sign_in(staff, clerk)
    staff.open(f"/desk/people/{fam.child.pk}/")
    staff.look()
    staff.press("form[action$='/look-up/'] button")
    staff.look()
    assert fam.child.name in staff.page.content()

    says(False, fam.mother, fam.by_mother, face, at=now)
    age(fam.child, 0, now)
    staff.open("/desk/fourteen/")
    staff.look()
    Resident.objects.filter(pk=fam.child.pk).update(user=User.objects.create(username="young"))
    young = site(width=width, language=language, scripts=False)
    sign_in(young, User.objects.get(username="young"))
    young.open("/decisions/for-me/")
    young.look()
