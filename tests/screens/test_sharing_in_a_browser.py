"""Answering a request to share in a real browser: some of it, for a child, and no as near as yes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from residents.models import Neighborhood, Resident, User
from sharing import answering
from sharing.models import Recipient
from sharing.requesting import draft, put_to_residents
from tests import make
from tests.cast import PASSWORD
from tests.minors.conftest import family
from tests.screens.test_in_a_browser import Visit, same_weight, site  # noqa: F401  (a fixture)


@pytest.mark.slow
@pytest.mark.obligation("15", "28")
@pytest.mark.parametrize(("width", "language", "scripts"), [(390, "zh-CN", False), (1280, "en-US", True)])
def test_each_guardian_answers_for_themselves_and_for_the_child(
    site,  # noqa: F811
    here: Neighborhood,
    clerk: User,
    chair: User,
    width: int,
    language: str,
    scripts: bool,
):
    at = timezone.now()
    asked = draft(
        recipient=Recipient.objects.create(neighborhood=here, name="青禾送水站", contact="柳岸路 3 号"),
        kind="delivery",
        purpose="送水到户",
        purpose_en="Delivering water to the door",
        fields=["name", "dwelling", "phone"],
        retention_days=30,
        deadline=at + timedelta(days=7),
        by=clerk,
        at=at,
    )
    put_to_residents(request=make.read_by_two(asked, at=at), by=chair, at=at)
    fam = family(here, clerk, at=at)
    assert fam.mother.user is not None
    fam.mother.user.set_password(PASSWORD)
    fam.mother.user.save()
    visit: Visit = site(width=width, language=language, scripts=scripts)
    sign_in(visit, fam.mother)
    visit.press(f"button[name=language][value={'zh-hans' if language == 'zh-CN' else 'en'}]")
    for address, who in (
        (f"/sharing/{asked.pk}/", fam.mother),
        (f"/living/children/{fam.child.pk}/sharing/{asked.pk}/", fam.child),
    ):
        visit.open("/")
        visit.press(f"main a[href='{address}']")
        same_weight(visit.page.locator("[value=yes]"), visit.page.locator("[value=no]"))
        visit.look()
        visit.press("[value=some]")
        expect(visit.page.locator(".field--wrong .errorlist")).to_be_visible()
        visit.look()
        visit.page.locator("[name=fields_given][value=dwelling]").check()
        visit.press("[value=some]")
        expect(visit.page.locator("[name=fields_given]:checked")).to_have_count(1)
        visit.look()
        assert newest(who) == ["dwelling"]
        visit.press("main [value=no]")
        assert newest(who) == []
        visit.look()
    visit.open(f"/living/children/{fam.child.pk}/")
    visit.look()
    assert answering.standing(request=asked, at=timezone.now()) == []


def newest(who: Resident) -> list[str]:
    return list(who.sharing_answers.order_by("-id")[0].fields)


def sign_in(visit: Visit, who: Resident) -> None:
    assert who.user is not None
    visit.open("/sign-in/")
    visit.page.fill("[name=username]", who.user.username)
    visit.page.fill("[name=password]", PASSWORD)
    visit.press("main form button[type=submit]")
