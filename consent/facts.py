"""What a form says as data, in words: the table at its top, and what is compared for the second reader.

Everything is said in the language that is active, so that each page of a form is in one language.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from consent.content import structure
from consent.models import Category, Form, PlainWay, Storage, WayOut

LISTS: dict[str, type[TextChoices]] = {
    "categories": Category,
    "storage": Storage,
    "ways_in": PlainWay,
    "ways_out": WayOut,
}


@dataclass(frozen=True)
class Fact:
    name: str
    label: str
    lines: list[str]


@dataclass(frozen=True)
class Sheet:
    """A form in one of its languages, as it is signed: its data, then its words."""

    form: Form
    language: str
    title: str
    facts: list[Fact]
    parts: list[tuple[str, str]]


def sheet(form: Form, language: str) -> Sheet:
    """Raises: FormText.DoesNotExist"""
    text = form.text(language)
    with translation.override(language):
        parts = [(capfirst(heading), words) for heading, words in text.parts()]
        return Sheet(form, language, text.title, at_a_glance(form), parts)


def at_a_glance(form: Form) -> list[Fact]:
    """Who, what, how long, where, who else, how to get in without it, how to stop: before any sentence."""
    return [
        Fact("controller", _("Who is responsible"), _responsible(form)),
        Fact("categories", _("What is kept"), named("categories", form.categories)),
        Fact("method", _("How it is done"), [form.get_method_display()]),
        Fact("life_days", _("How long your yes is good for"), [_days(form.life_days)]),
        Fact("retention_days", _("When it ends"), [kept_for(form)]),
        Fact("storage", _("Where it is kept"), named("storage", form.storage)),
        Fact("recipients", _("Who else receives it"), recipients(form) or [_("Nobody else.")]),
        Fact("ways_in", _("Ways in without it"), named("ways_in", form.ways_in)),
        Fact("ways_out", _("How to stop it"), named("ways_out", form.ways_out)),
    ]


def data(form: Form) -> list[Fact]:
    """One for each field that counts as content, in the order of the model: what a change is computed from."""
    return [Fact(name, label_of(name), _lines(form, name)) for name in structure(form)]


def label_of(name: str) -> str:
    if name == "recipients":
        return capfirst(_("who else receives it"))
    field = Form._meta.get_field(name.removesuffix("_id"))
    return capfirst(str(getattr(field, "verbose_name", name)))


def named(name: str, values: list[str]) -> list[str]:
    """The words of a list of codes. A code that nobody knows stands as it is, and is seen."""
    labels = {code: str(label) for code, label in LISTS[name].choices}
    return [labels.get(value, str(value)) for value in values]


def kept_for(form: Form) -> str:
    if form.retention_days is None:
        return ""
    if form.retention_days == 0:
        return _("What was kept for it is deleted at once.")
    return ngettext(
        "What was kept for it is deleted within %(days)d day.",
        "What was kept for it is deleted within %(days)d days.",
        form.retention_days,
    ) % {"days": form.retention_days}


def recipients(form: Form) -> list[str]:
    return [
        _("%(name)s (%(contact)s). What for: %(purpose)s. How: %(method)s. Which data: %(data)s.")
        % {
            "name": each.name,
            "contact": each.contact,
            "purpose": each.what_for,
            "method": each.method,
            "data": _("; ").join(named("categories", each.categories)),
        }
        for each in form.recipients.order_by("name")
    ]


def _responsible(form: Form) -> list[str]:
    kind = form.get_controller_kind_display() if form.controller_kind else ""
    return [
        line
        for line in (form.controller_name, kind, form.controller_address, form.controller_contact)
        if line
    ]


def _days(number: int | None) -> str:
    return "" if number is None else ngettext("%(days)d day", "%(days)d days", number) % {"days": number}


def _lines(form: Form, name: str) -> list[str]:
    if name == "recipients":
        return recipients(form)
    if name in LISTS:
        return named(name, getattr(form, name))
    value = getattr(form, name)
    if isinstance(value, bool):
        return [_("Yes") if value else _("No")]
    if name in ("life_days", "retention_days"):
        return [_days(value)]
    display = getattr(form, f"get_{name}_display", None)
    said = str(display() if display else value)
    return [said] if said else []
