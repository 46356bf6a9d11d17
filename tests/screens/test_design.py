"""`/design/`, and the stylesheet that it shows: nothing in it that no page uses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client, override_settings

from portal.places import BASE
from portal.screens import design

STYLE = BASE / "static" / "linmen.css"
CLASS = re.compile(r"\.([a-z][\w-]*)")
BY_DJANGO = {"errorlist"}  # written by forms
ROOMS = ("access", "committees", "consent", "ledger", "portal", "residents", "sharing")


def classes(style: Path) -> set[str]:
    text = re.sub(r"/\*.*?\*/", "", style.read_text(encoding="utf-8"), flags=re.DOTALL)
    return {name for selector in re.findall(r"([^{}]+)\{", text) for name in CLASS.findall(selector)}


@pytest.fixture(scope="module")
def written() -> str:
    """Every template, script and screen."""
    paths = [*(BASE / "templates").rglob("*.*"), *(BASE / "static").glob("*.js")]
    paths += [path for room in ROOMS for path in (BASE / room).rglob("*.py")]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def is_used(name: str, written: str) -> bool:
    """As it stands, or put together in a template: `tag--{{ way.tone }}`, where the last part stands somewhere too."""
    if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", written):
        return True
    made = re.fullmatch(r"(.+(?:--|__))([\w]+)", name)
    return bool(made) and f"{made[1]}{{{{" in written and f'"{made[2]}"' in written


def test_every_class_of_the_stylesheet_is_worn(written):
    assert {name for name in classes(STYLE) if not is_used(name, written)} - BY_DJANGO == set()


def test_a_class_that_nobody_wears_is_found(written):
    assert not is_used("carousel", written)
    assert not is_used("tag--carousel", written)


def test_every_icon_is_on_some_page(written):
    icons = design.SYMBOL.findall((BASE / "static" / "icons.svg").read_text(encoding="utf-8"))
    assert len(icons) > 20
    assert [name for name in icons if f'"{name}"' not in written] == []


@pytest.mark.django_db
def test_it_is_for_who_works_on_it():
    assert Client().get("/design/").status_code == 404
    for on in ({"DEMO": True}, {"DEBUG": True}):
        with override_settings(**on):
            assert Client().get("/design/").status_code == 200


@pytest.mark.django_db
def test_it_is_made_of_the_tokens_and_partials_that_the_pages_use():
    with override_settings(DEMO=True):
        answer = Client(headers={"accept-language": "en"}).get("/design/")
    used = {template.name for template in answer.templates}
    parts = (
        "errors",
        "field",
        "options",
        "notices",
        "way",
        "record_line",
        "place",
        "steps",
        "icon",
        "moment",
    )
    assert {f"partials/{part}.html" for part in parts} <= used
    said = answer.content.decode()
    for name, value in answer.context["colours"]:
        assert f'fill="var(--{name})"' in said
        assert value in STYLE.read_text(encoding="utf-8")
    assert len(answer.context["colours"]) > 10
    assert all(f"icons.svg#{name}" in said for name in answer.context["icons"])
