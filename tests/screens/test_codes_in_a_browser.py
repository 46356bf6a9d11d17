"""QR codes and visitors in a real browser: offline, by keyboard, on a phone and at a desk, in both languages."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from access import cards, gates, passes, qr, rules
from access.models import Credential, Pass
from residents.models import Neighborhood, Resident, User
from tests.cast import PASSWORD
from tests.screens.test_in_a_browser import Visit, site  # noqa: F401 - a fixture

pytestmark = pytest.mark.slow


@pytest.fixture
def host(here: Neighborhood, resident: Resident, now: datetime) -> Resident:
    unit = resident.occupancies.get().unit
    for name, english in (("南门", "South gate"), ("北门地下车库入口", "North gate, by the garage")):
        gate = gates.put_up(neighborhood=here, name=name, name_en=english, by_qr=True, by_pin=True, at=now)
        rules.add(gate=gate, unit=unit, at=now)
    cards.issue(resident=resident, number="04A20001", at=now)
    return resident


def sign_in(visit: Visit, who: Resident, language: str = "en") -> None:
    User.objects.filter(pk=who.user_id).update(language=language)
    visit.open("/sign-in/")
    visit.fill(username=who.user.username, password=PASSWORD)
    visit.press("main form button")
    assert visit.path() == "/"


@pytest.mark.obligation("14")
@pytest.mark.parametrize(("width", "language"), [(390, "zh-CN"), (1280, "en-US")])
def test_the_pages_read_and_fit(site, host, now, width, language):  # noqa: F811
    visit = site(width=width, language=language, axe=True)
    sign_in(visit, host, language="zh-hans" if width == 390 else "en")
    visit.open("/ways/qr/")
    visit.look()
    visit.press("main form button")
    visit.look()
    visit.open("/visitors/")
    visit.look()
    visit.press("a[href='/visitors/new/']")
    visit.look()
    visit.press("button[name=all]")  # nothing was said of when it ends
    visit.look()
    assert not Pass.objects.exists()
    passes.make(
        resident=host,
        gates=passes.gates_for_visitors(resident=host, at=now),
        valid_from=now,
        valid_until=now + timedelta(days=3),
        label="外婆和舅舅来吃饭",
        at=now,
    )
    visit.open("/visitors/")
    visit.look()
    visit.presses = 0
    visit.press("a[href='/visitors/one-trip/']")
    visit.look()
    visit.press("button[name=all]")
    assert visit.presses == 2
    assert Pass.objects.filter(once=True).count() == 1
    visit.look()
    visit.open("/")
    visit.look()


@pytest.mark.obligation("14")
def test_all_of_it_goes_by_keyboard(site, host):  # noqa: F811
    visit = site(language="en-US", scripts=False)
    sign_in(visit, host)
    visit.open("/visitors/one-trip/")
    visit.page.focus("input[name=gates]")
    visit.page.keyboard.press("Space")
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url(re.compile(r"/visitors/[0-9a-f-]{36}/$"))
    assert Pass.objects.get().gates.count() == 1
    visit.open("/visitors/")
    end = visit.page.get_by_role("button", name="End it now")
    end.focus()
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("text=The pass is ended.")
    assert Credential.objects.get(kind="pass").ended_because == "stopped"


@pytest.mark.parametrize("scripts", [False, True])
def test_without_network_the_last_code_is_still_there(site, host, now, scripts):  # noqa: F811
    qr.token_for(resident=host, at=now)
    visit = site(scripts=scripts, language="en-US")
    sign_in(visit, host)
    visit.open("/ways/qr/")
    drawn = visit.page.inner_html(".shown-code__frame")
    for _ in range(2):
        visit.page.context.set_offline(True)
        visit.page.goto("about:blank")
        visit.open("/ways/qr/")
        assert visit.page.inner_html(".shown-code__frame") == drawn
        assert "Works until" in visit.page.inner_text("#qr")
        visit.page.wait_for_timeout(300)
        assert visit.page.inner_html(".shown-code__frame") == drawn  # no error took its place
        visit.page.context.set_offline(False)
        visit.press("main form button")  # a fresh one, by hand
        assert visit.path() == "/ways/qr/"
        fresh = visit.page.inner_html(".shown-code__frame")
        assert fresh != drawn
        drawn = fresh


def test_with_scripts_a_code_from_the_cache_is_renewed_by_itself(site, host, now):  # noqa: F811
    qr.token_for(resident=host, at=now)
    visit = site(language="en-US")
    sign_in(visit, host)
    visit.open("/ways/qr/")
    drawn = visit.page.inner_html(".shown-code__frame")
    visit.page.goto("about:blank")
    visit.open("/ways/qr/")
    visit.page.wait_for_function(
        "before => document.querySelector('.shown-code__frame').innerHTML !== before", arg=drawn
    )
    renewed = visit.page.inner_html(".shown-code__frame")
    visit.page.context.set_offline(True)
    visit.page.goto("about:blank")
    visit.open("/ways/qr/")
    assert visit.page.inner_html(".shown-code__frame") == renewed  # the newest is the one that is kept


def test_an_answer_that_is_no_code_leaves_the_code(site, host, now):  # noqa: F811
    """The session ended, or the site is down: what somebody holds to the gate stays."""
    qr.token_for(resident=host, at=now)
    visit = site(language="en-US")
    sign_in(visit, host)
    visit.open("/ways/qr/")
    drawn = visit.page.inner_html(".shown-code__frame")
    for answer in (
        lambda route: route.fulfill(status=500, body="<h1>Sorry</h1>"),
        lambda route: route.fulfill(status=302, headers={"Location": "/sign-in/"}),
        lambda route: route.fulfill(status=200, body="<html>"),
        lambda route: route.abort(),
    ):
        visit.page.route("**/ways/qr/", answer)
        with visit.page.expect_request("**/ways/qr/"):  # else the site may answer, once the route is gone
            visit.page.evaluate(
                "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
            )
        visit.page.wait_for_timeout(400)
        assert visit.page.inner_html(".shown-code__frame") == drawn
        visit.page.unroute("**/ways/qr/")


def test_a_shared_computer_forgets_at_sign_out(site, host, now):  # noqa: F811
    qr.token_for(resident=host, at=now)
    visit = site(scripts=False, language="en-US")
    sign_in(visit, host)
    visit.open("/ways/qr/")
    visit.press("form[action='/sign-out/'] button")
    visit.open("/ways/qr/")
    assert visit.path().startswith("/sign-in/")
    visit.page.context.set_offline(True)
    with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
        visit.open("/ways/qr/")


def test_it_stays_black_on_white_in_the_dark(site, host, now):  # noqa: F811
    qr.token_for(resident=host, at=now)
    visit = site(language="en-US")
    visit.page.emulate_media(color_scheme="dark")
    sign_in(visit, host)
    visit.open("/ways/qr/")
    white = "getComputedStyle(document.querySelector('.shown-code__frame')).backgroundColor"
    assert visit.page.evaluate(white) == "rgb(255, 255, 255)"
    box = visit.page.locator(".shown-code__frame .qr").bounding_box()
    assert box["width"] > 330  # of 390


def test_times_typed_are_those_of_the_place(site, host):  # noqa: F811
    visit = site(language="en-US")
    sign_in(visit, host)
    visit.open("/visitors/new/")
    tomorrow = timezone.localtime() + timedelta(days=1)
    visit.page.fill("[name=valid_from]", f"{tomorrow:%Y-%m-%d}T08:00")
    visit.page.fill("[name=valid_until]", f"{tomorrow:%Y-%m-%d}T20:30")
    visit.press("button[name=all]")
    made = Pass.objects.get()
    assert f"{timezone.localtime(made.valid_until):%H:%M}" == "20:30"
    assert visit.path() == f"/visitors/{made.pk}/"


def keeps(visit: Visit) -> None:
    """The page without network is kept: the worker stands behind this very page."""
    visit.page.wait_for_function("() => navigator.serviceWorker.controller !== null")


def without_network(visit: Visit, path: str = "/") -> str:
    visit.page.context.set_offline(True)
    visit.open(path)
    visit.page.wait_for_timeout(300)
    return visit.page.inner_text("main")


def network_again(visit: Visit) -> None:
    """The page without network opens anew by itself as soon as there is one; until it has, nothing else can be opened."""
    with visit.page.expect_navigation():
        visit.page.context.set_offline(False)


@pytest.mark.obligation("14")
def test_without_network_the_first_page_shows_the_last_code(site, host, now):  # noqa: F811
    qr.token_for(resident=host, at=now)
    visit = site(language="en-US", axe=True)
    sign_in(visit, host)
    keeps(visit)
    said = without_network(visit)
    assert "Your card and your PIN open the gates as always." in said
    assert visit.page.locator(".qr").count() == 0  # none was opened so far
    network_again(visit)
    visit.open("/ways/qr/")
    drawn = visit.page.inner_html(".shown-code__frame")
    said = without_network(visit)
    assert "Works until" in said
    assert visit.page.inner_html(".shown-code__frame") == drawn
    visit.look()


def test_at_its_end_the_code_goes(site, host, now):  # noqa: F811
    qr.token_for(resident=host, at=now)
    visit = site(language="en-US")
    sign_in(visit, host)
    keeps(visit)
    visit.open("/ways/qr/")
    visit.page.clock.install(time=timezone.now() + timedelta(hours=13))
    without_network(visit)
    assert visit.page.locator(".qr").count() == 0
    assert visit.page.locator("#no-code").is_visible()


@pytest.mark.parametrize("act", ["/sign-out/", "/ways/qr/stop/"])
def test_signed_out_or_stopped_the_code_is_gone(site, host, now, act):  # noqa: F811
    qr.token_for(resident=host, at=now)
    visit = site(language="en-US")
    sign_in(visit, host)
    keeps(visit)
    visit.open("/ways/qr/")
    visit.press(f"form[action='{act}'] button")
    without_network(visit)
    assert visit.page.locator(".qr").count() == 0


def test_the_next_one_at_a_shared_phone_does_not_meet_it(site, host, neighbor, now):  # noqa: F811
    """Even where a browser knows nothing of clearing what it kept: the code lies under the cookies of who opened it."""
    qr.token_for(resident=host, at=now)
    visit = site(language="en-US")
    sign_in(visit, host)
    keeps(visit)
    visit.open("/ways/qr/")
    visit.page.context.clear_cookies(name="sessionid")
    without_network(visit)
    assert visit.page.locator(".qr").count() == 0
    network_again(visit)
    sign_in(visit, neighbor)
    without_network(visit)
    assert visit.page.locator(".qr").count() == 0
    kept = "caches.keys().then(async names => (await Promise.all(names.map(async name => (await (await caches.open(name)).keys()).map(each => new URL(each.url).pathname)))).flat())"
    assert {path for path in visit.page.evaluate(kept) if not path.startswith("/static/")} == {"/offline/"}
