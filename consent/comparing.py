"""What changed against the version in force, word by word and datum by datum, and what follows from it (ADR 20)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher

from django.utils import translation
from django.utils.text import capfirst

from consent import facts
from consent.content import changed_parts
from consent.models import IN_FORCE, Form, FormText, Standing

# A Chinese character is a word of its own here; so is each sign, and each run of spaces.
_WORD = re.compile(r"[A-Za-z0-9’'-]+|\s+|.", re.DOTALL)


@dataclass(frozen=True)
class Piece:
    """Words that stand in both, only in the one before, or only in the one after."""

    words: str
    gone: bool = False
    new: bool = False


@dataclass(frozen=True)
class Datum:
    label: str
    before: list[str]
    after: list[str]


@dataclass(frozen=True)
class Part:
    """One part of the notice in one language."""

    label: str
    pieces: list[Piece]


@dataclass(frozen=True)
class Page:
    """The form in one language, as a resident sees it, and what of its words changed."""

    sheet: facts.Sheet
    changed: list[Part]


@dataclass(frozen=True)
class Reading:
    """Everything a second reader decides on."""

    form: Form
    before: Form | None
    pages: list[Page]
    data: list[Datum]
    change: Form.Change
    standing: int  # yeses to what is in force now


def read(*, form: Form, before: Form | None, at: datetime) -> Reading:
    parts = changed_parts(before, form) if before else []
    return Reading(
        form=form,
        before=before,
        pages=[_page(form, before, language) for language in FormText.Language.values],
        data=_data(form, before, parts) if before else [],
        change=_change(form, before, parts),
        standing=Standing.objects.live(at)
        .filter(neighborhood=form.neighborhood_id, purpose=form.purpose, decision__form__state__in=IN_FORCE)
        .count(),
    )


def pieces(before: str, after: str) -> list[Piece]:
    """The two as one text, in which what went and what came is marked."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    found: list[Piece] = []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Piece("".join(old[i:j])))
            continue
        if i < j:
            found.append(Piece("".join(old[i:j]), gone=True))
        if k < m:
            found.append(Piece("".join(new[k:m]), new=True))
    return found


def _page(form: Form, before: Form | None, language: str) -> Page:
    with translation.override(language):
        changed = _changed(form.text(language), before.text(language)) if before else []
    return Page(facts.sheet(form, language), changed)


def _changed(text: FormText, old: FormText) -> list[Part]:
    fields = {field.name: field for field in FormText._meta.fields}
    return [
        Part(capfirst(str(fields[name].verbose_name)), pieces(getattr(old, name), getattr(text, name)))
        for name in FormText.NOTICE
        if getattr(old, name) != getattr(text, name)
    ]


def _data(form: Form, before: Form, parts: list[str]) -> list[Datum]:
    old = {fact.name: fact.lines for fact in facts.data(before)}
    return [Datum(fact.label, old[fact.name], fact.lines) for fact in facts.data(form) if fact.name in parts]


def _change(form: Form, before: Form | None, parts: list[str]) -> Form.Change:
    if before is None:
        return Form.Change.FIRST
    return Form.Change.EDITORIAL if form.only_words and not parts else Form.Change.MATERIAL
