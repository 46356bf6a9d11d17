"""The documents: they say what is there."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain

import pytest

from portal.places import BASE

PAGES = sorted(chain(BASE.glob("*.md"), (BASE / "docs").rglob("*.md")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(BASE)))
def test_it_links_to_what_exists(page):
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_it_names_every_variable_of_the_environment():
    settings = (BASE / "portal" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r'(?:env\.\w+|_database|keys\.given)\(\s*"([A-Z_]+)"', settings))
    named = set(re.findall(r"`([A-Z_]+)`", (BASE / "docs" / "deployment.md").read_text(encoding="utf-8")))
    assert len(read) > 20
    assert read - named - {"DEBUG"} == set()


def test_it_keeps_a_decision_on_one_page():
    for page in (BASE / "docs" / "adr").glob("0*.md"):
        lines = page.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 40, page.name
        assert [line for line in lines if line.startswith("## ")] == [
            "## Context",
            "## Decision",
            "## Consequences",
        ]


def test_it_says_the_same_in_both_languages():
    """As many parts, steps and points that a reader follows, and the same commands."""
    english, chinese = (
        (BASE / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md")
    )
    for told in (r"^## ", r"^\d+\. ", r"^ {4}make \w+", r"`(make \w+|/[a-z/]+/)`"):
        assert Counter(_found(told, english)) == Counter(_found(told, chinese)), told


def test_whoever_mounts_a_gate_reads_the_same_in_both_languages():
    """As many parts, points, rows and steps; the same commands, names of files and words of the configuration."""
    english, chinese = (
        (BASE / "docs" / name).read_text(encoding="utf-8")
        for name in ("installing-a-gate.md", "installing-a-gate.zh-CN.md")
    )
    for told in (r"^##+ ", r"^\d+\. ", r"^- ", r"^\|"):
        found = [len(re.findall(told, text, re.MULTILINE)) for text in (english, chinese)]
        assert found[0] == found[1] > 0, told
    for told in (r"```sh\n(.+?)```", r"`([^`\n]+)`"):
        assert Counter(re.findall(told, english, re.DOTALL)) == Counter(re.findall(told, chinese, re.DOTALL))


def _found(pattern: str, text: str) -> list[str]:
    upto = text.split("## Limits")[0].split("## 局限")[0]
    return re.findall(pattern, upto, re.MULTILINE)
