"""What is asked of every page that a resident may open, of the census in `portal/screens/census.py`."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import NoReverseMatch, reverse

from portal import shots
from portal.screens import census
from portal.screens.census import ACTS, FILES, PAGES, Open, Page
from tests.cast import PASSWORD
from tests.screens import markup
from tests.screens.everything import Everything, everything

LANGUAGES = ("zh-hans", "en")
WEIGHT = 100_000  # before pictures: the page, its stylesheet and its scripts, as they are served
NIGHT = "tel:057188001000"
SOME_ID = "8f7c1b8e-0d3f-4a55-9c0e-7f3f8a2d1b10"

pytestmark = pytest.mark.django_db


@pytest.fixture
def _private_photos(settings, tmp_path: Path) -> None:
    settings.PHOTOS = tmp_path / "photos"


@pytest.fixture
def lived(_private_photos, here, forms, question, clerk, now) -> Everything:
    return everything(here, forms, question, clerk, at=now)


def address(page: Page, lived: Everything) -> str:
    return lived.addresses.get(page.name) or reverse(page.name)


def visitor(page: Page, lived: Everything, language: str) -> Client:
    client = Client()
    if page.open_to is Open.RESIDENT:
        assert lived.me.user is not None
        client.force_login(lived.me.user)
        client.post("/record/again/", {"password": PASSWORD})  # for their entries
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    if page.name == "sign_in_code":
        client.post("/sign-in/", {"username": lived.with_codes.username, "password": PASSWORD})
    return client


def own_files(read: markup.Page) -> dict[str, int]:
    """Stylesheets and scripts that the page brings along, with their weight as files."""
    named = [each.attributes.get("src") for each in read.every("script")]
    named += [
        each.attributes.get("href")
        for each in read.every("link")
        if each.attributes.get("rel") == "stylesheet"
    ]
    files = {}
    for address in named:
        assert address, "a script without an address would be inline"
        found = finders.find(address.removeprefix(settings.STATIC_URL))
        assert isinstance(found, str), address
        files[Path(found).name] = Path(found).stat().st_size
    return files


def test_the_census_names_every_address_once():
    listed = [page.name for page in PAGES]
    assert len(listed) == len(set(listed))
    assert set(listed) | ACTS | FILES == census.names()
    assert not set(listed) & ACTS
    assert not FILES & (ACTS | set(listed))


def test_every_page_is_photographed():
    """Or it is said why the demo has nothing to show on it."""
    listed = {page.name for page in PAGES}
    assert set(shots.WAYS) | set(shots.NOT_IN_THE_DEMO) == listed
    assert not set(shots.WAYS) & set(shots.NOT_IN_THE_DEMO)
    # Signed out, or as somebody: as the census has it.
    anybody = {page.name for page in PAGES if page.open_to is Open.ANYBODY}
    assert {name for name, way in shots.WAYS.items() if way.account is None} == anybody & set(shots.WAYS)


def test_what_the_census_calls_an_act_shows_no_page(lived, sign_in):
    client = sign_in(lived.me)
    for name in sorted(ACTS):
        answer = client.get(_somewhere(name))
        assert answer.status_code in (302, 404, 405), name


def _somewhere(name: str) -> str:
    for arguments in ([], [SOME_ID], ["face_at_gate"], [SOME_ID, "face_at_gate"], [SOME_ID, SOME_ID], ["x"]):
        try:
            return reverse(name, args=arguments)
        except NoReverseMatch:
            continue
    pytest.fail(f"{name} takes arguments that this test does not know")


@pytest.mark.obligation("14")
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_valid_html_and_light(lived, settings, language):
    settings.DEMO = True  # the page of the design system too
    settings.PASSKEY_HOST = "testserver"
    faults, weights = {}, {}
    for page in PAGES:
        answer = visitor(page, lived, language).get(address(page, lived))
        assert answer.status_code == 200, (page.name, answer.status_code, answer.headers.get("Location"))
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8", page.name
        read = markup.Page(answer.content.decode())
        if found := [*read.faults, *_frame(page, read, language)]:
            faults[page.name] = found
        weights[page.name] = len(answer.content) + sum(own_files(read).values())
    assert faults == {}
    assert {name: weight for name, weight in weights.items() if weight >= WEIGHT} == {}


def _frame(page: Page, read: markup.Page, language: str) -> list[str]:
    """What is wrong with what every page has."""
    styles = [name for name in own_files(read) if name.endswith(".css")]
    spoken = [each.attributes.get("lang") for each in read.every("html")]
    skips = [each for each in read.every("a") if each.attributes.get("class") == "skip"]
    links = [each for each in read.elements if each.name in ("a", "button", "input") and not _hidden(each)]
    bilingual = page.name == "offline"
    wanted = {
        "one h1": len(read.every("h1")) == 1,
        "a title of its own": len(read.title.partition(" · ")[0].strip()) > 1,
        "the language": spoken == (["zh-Hans"] if bilingual else [language]),
        "one main part": len(read.every("main")) == 1,
        "one stylesheet": styles == ["linmen.css", *(["sheets.css"] if page.is_sheet else [])],
        "the way past the head first": bilingual or (len(skips) == 1 and links[0] is skips[0]),
        "the number to call at night": bilingual
        or any(each.attributes.get("href") == NIGHT for each in links),
        "headings without a step left out": not _steps_left_out(read),
    }
    return [f"it lacks {what}" for what, is_there in wanted.items() if not is_there]


def _hidden(element: markup.Element) -> bool:
    return element.attributes.get("type") == "hidden"


def _steps_left_out(read: markup.Page) -> list[str]:
    levels = [int(each.name[1]) for each in read.elements if re.fullmatch("h[1-6]", each.name)]
    return [f"h{after} after h{before}" for before, after in itertools.pairwise(levels) if after > before + 1]


def test_a_fault_is_found():
    """What the reading of pages is good for."""
    for wrong in (
        "<p><div></div></p>",
        "<ul><a href='/'>x</a></ul>",
        "<b><i></b></i>",
        "<div>",
        "<img src='/x.png'>",
        "<label for='nowhere'>x</label>",
        "<i id='a'></i><i id='a'></i>",
        "<section aria-labelledby='nowhere'></section>",
        "<a href='#nowhere'>x</a>",
        "<input name='x'>",
        "<p style='color: red'></p>",
        "<button><a href='/'>x</a></button>",
    ):
        assert markup.Page(f"<!doctype html><html><body>{wrong}</body></html>").faults, wrong
    assert markup.Page("<!doctype html><html><body><p>x</p></body></html>").faults == []


@pytest.mark.usefixtures("elsewhere")
def test_where_several_neighborhoods_are_served_the_number_to_call_at_night_is_that_of_home(lived, settings):
    """On what is about the account alone, and what is open to anybody, too: whoever is signed in lives somewhere."""
    settings.PASSKEY_HOST = "testserver"
    me = visitor(Page("home"), lived, "en")
    answers = {page.name: me.get(address(page, lived)) for page in PAGES if not page.is_ours}
    led_on = {name for name, answer in answers.items() if answer.status_code == 302}
    assert led_on == {"sign_in", "sign_in_code", "sign_in_passkey", "claim", "recover", "faces"}
    read = {name: answer.content.decode() for name, answer in answers.items() if answer.status_code == 200}
    assert set(read) == set(answers) - led_on
    assert [name for name, page in read.items() if name != "offline" and f'href="{NIGHT}"' not in page] == []
