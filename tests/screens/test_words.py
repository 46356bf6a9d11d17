"""Every word of the screens in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages import Catalog, pofile
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.utils.translation import override

from portal.labels import ROOMS

PO = settings.BASE_DIR / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
# As in `make messages`.
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    with PO.open("rb") as file:
        return pofile.read_po(file, locale="zh_Hans")


def test_no_word_is_left_untranslated(chinese: Catalog):
    with Path(settings.BASE_DIR / "babel.cfg").open() as file:
        mapping, options = parse_mapping_cfg(file)
    found = extract_from_dir(str(settings.BASE_DIR), mapping, options, keywords=KEYWORDS)
    missing = set()
    for file_name, _line, words, _comments, context in found:
        first = words if isinstance(words, str) else words[0]
        entry = chinese.get(first, context)
        if entry is None or not entry.string or entry.fuzzy:
            missing.add(f"{file_name}: {first}")
    assert not missing, "run `make messages` and translate what is empty in locale/"


def test_no_translation_loses_a_value(chinese: Catalog):
    assert [str(error) for entry in chinese for error in entry.check(chinese)] == []


def test_the_three_bodies_have_three_words(chinese: Catalog):
    bodies = ("owners' committee", "residents' committee", "property company")
    assert [chinese.get(body).string for body in bodies] == ["业委会", "居委会", "物业"]


def test_every_column_of_the_admin_has_a_chinese_word():
    english = re.compile(r"[\x00-\x7f]+")
    left = set()
    with override("zh-hans"):
        for model, page in admin.site._registry.items():
            if not model.__module__.startswith(ROOMS):
                continue
            shown = {*page.list_display, *page.readonly_fields} - {"__str__"}
            for name in shown:
                said = str(label_for_field(name, model, page))
                if english.fullmatch(said):
                    left.add(f"{model._meta.label}.{name}: {said}")
    assert left == set()
