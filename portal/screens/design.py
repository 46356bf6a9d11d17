"""The design system as it stands: made of the stylesheet's own tokens and of the very partials that the pages use.

For who works on this, in the demo and where DEBUG is on; in production there is no such page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from portal.screens.record.lines import Line
from portal.screens.ways import Way

STATIC = settings.BASE_DIR / "static"
TOKEN = re.compile(r"^\s*--([\w-]+): ([^;]+);", re.MULTILINE)
COLOUR = re.compile(r"#[0-9a-f]{6}")
SYMBOL = re.compile(r'<symbol id="([\w-]+)"')


class SampleForm(forms.Form):
    """One field of each kind, filled in wrong."""

    name = forms.CharField(
        label=gettext_lazy("User name"),
        help_text=gettext_lazy("Choose one; it need not be your real name."),
        max_length=64,
    )
    code = forms.CharField(label=gettext_lazy("Code on the letter"), required=False)
    when = forms.ChoiceField(
        label=gettext_lazy("When?"),
        choices=[("now", gettext_lazy("Today")), ("day", gettext_lazy("On a day that I choose"))],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=gettext_lazy("What do you know?"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


@dataclass(frozen=True)
class Said:
    """As a message is given to `partials/notices.html`."""

    level_tag: str
    words: str

    def __str__(self) -> str:
        return self.words


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    if not (settings.DEMO or settings.DEBUG):
        raise Http404
    return render(request, "design.html", {**_drawn(), **_said(), **_happened(timezone.now())})


def _drawn() -> dict[str, Any]:
    style = (STATIC / "linmen.css").read_text(encoding="utf-8")
    tokens = TOKEN.findall(style.partition("@media")[0])  # those of the light scheme name all of them
    return {
        "colours": [(name, value) for name, value in tokens if COLOUR.fullmatch(value)],
        "measures": [
            (name, value) for name, value in tokens if name.startswith(("step", "target", "column"))
        ],
        "icons": SYMBOL.findall((STATIC / "icons.svg").read_text(encoding="utf-8")),
    }


def _said() -> dict[str, Any]:
    return {
        "form": SampleForm({"name": "", "code": "7K3M", "words": ""}),
        "notices": [
            Said("info", _("You are signed out.")),
            Said("success", _("Your account is open.")),
            Said("warning", _("That needs your yes first. Nothing was kept.")),
            Said("error", _("The user name or the password is not right.")),
        ],
    }


def _happened(at: datetime) -> dict[str, Any]:
    return {
        "ways": [
            Way(
                icon="card", name=_("Card"), state=_("Works"), tone="on", detail=_("All gates, at all hours.")
            ),
            Way(icon="pin", name=_("PIN"), state=_("No keypad yet"), tone="off"),
            Way(icon="card", name=_("Card, lent"), state=_("No gate yet"), tone="due"),
        ],
        "steps": [
            {"label": _("Photos are looked at"), "state": "done"},
            {"label": _("The gates are told"), "state": "now"},
            {"label": _("Ready"), "state": "todo"},
        ],
        "looks": [
            Line(
                icon="eye",
                at=at,
                head=_("property company: clerk"),
                notes=[_("phone number"), _("Reason given: %(reason)s") % {"reason": _("A parcel")}],
            ),
            Line(icon="pen", at=at, head=_("auditor"), notes=[_("name")]),
        ],
        "places": [
            {"icon": "row", "name": _("Our database"), "state": "gone", "at": at},
            {"icon": "device", "name": _("Reader at the gate"), "state": "open"},
            {"icon": "backup", "name": _("Backups"), "state": "ends"},
            {"icon": "device", "name": _("Reader that was lost"), "state": "lost"},
            {"icon": "key", "name": _("Kept because a law wants it"), "state": "held"},
        ],
    }
