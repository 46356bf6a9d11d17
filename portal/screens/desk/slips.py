"""What is printed at the end of a task: large, dated, in the person's language or in both, and with nothing on it that
they do not need. A slip with a PIN names neither person nor dwelling: whoever finds it cannot tell whose it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _

from access import pins
from access.models import Gate
from portal.screens.desk.entrance import StaffRequest
from portal.screens.ways import listed
from residents.leaving import WayIn
from residents.models import Resident


@dataclass(frozen=True)
class Key:
    """Something to type or to say, set large."""

    label: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Slip:
    title: str
    done: list[str] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    next: list[str] = field(default_factory=list)
    picture: str = ""  # an SVG that is safe as it is


def show(
    request: StaffRequest,
    build: Callable[[], Slip],
    *,
    of: Resident | None = None,
    language: str = "",
    aside: str = "",
    further: Iterable[tuple[str, str]] = (),
    template: str = "desk/slip.html",
) -> HttpResponse:
    """`build` is called once for each language, in it: the one named, or those of `of`. `aside` is for the screen only; `further` are (words, address)."""
    sheets = []
    for each in [language] if language else languages(of):
        with translation.override(each):
            sheets.append({"language": each, "slip": build(), "whom": whom_to_ring(request)})
    context: dict[str, Any] = {"sheets": sheets, "aside": aside, "further": list(further), "of": of}
    return render(request, template, context)


def languages(of: Resident | None) -> list[str]:
    """Their own, where an account says it; else both."""
    if of is not None and of.user_id is not None and of.user is not None:
        return [of.user.language]
    return [code for code, _name in settings.LANGUAGES]


def whom_to_ring(request: StaffRequest) -> str:
    here = request.neighborhood
    if here.guard_phone:
        return _("Questions? Ring %(phone)s.") % {"phone": here.guard_phone}
    if here.office:
        return _("Questions? Come to the property office: %(office)s.") % {"office": here.office}
    return _("Questions? Come to the property office.")


def keys_of(lent: pins.Lent | WayIn) -> list[Key]:
    return [Key(_("First your keypad number"), lent.number), Key(_("then your PIN, and #"), lent.pin)]


def where_a_pin_opens(gates: Iterable[Gate], guard_phone: str) -> list[str]:
    """For each gate of theirs: a keypad, or whom to ring there."""
    gates = [gate for gate in gates if gate.in_service]
    found = []
    if with_keypad := [gate.display_name for gate in gates if gate.by_pin]:
        found.append(_("It opens: %(gates)s.") % {"gates": listed(with_keypad)})
    if without := [gate.display_name for gate in gates if not gate.by_pin]:
        words = (
            _("There is no keypad at %(gates)s: ring %(phone)s there, and the guard lets you in.")
            if guard_phone
            else _("There is no keypad at %(gates)s: ask the guard there, who lets you in.")
        )
        found.append(words % {"gates": listed(without), "phone": guard_phone})
    if not gates:
        found.append(
            _("No gate is open to this dwelling yet. The property office must put that right today.")
        )
    return found
