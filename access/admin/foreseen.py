"""What a rule would do, in words, for the pages that ask before they save."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.formats import time_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access import foreseeing
from access.foreseeing import Foreseen, Hours, Line
from access.models import Rule

# More dwellings than these are counted.
NAMED = 30


class SeenForm(forms.Form):
    """The mark of what was shown goes back with the act. What has changed meanwhile is shown first, and asked again."""

    foreseen = forms.CharField(widget=forms.HiddenInput, required=False)
    outdated = False

    def clean(self) -> dict[str, Any]:
        if self.outdated:
            raise ValidationError(gettext_lazy("Look at what would change first, and then press again."))
        return self.cleaned_data


def fill(form: forms.Form, rule: Rule) -> None:
    assert isinstance(form, SeenForm)
    mark = foreseeing.of(rule=rule, at=timezone.now(), gone=True).mark
    form.fields["foreseen"].initial = mark
    if form.is_bound and form.data.get("foreseen") != mark:
        form.outdated = True
        form.data = form.data.copy()  # type: ignore[attr-defined]
        form.data["foreseen"] = mark  # type: ignore[index]


def beside(rule: Rule) -> SafeString:
    """Without this rule."""
    return in_words(foreseeing.of(rule=rule, at=timezone.now(), gone=True))


def in_words(foreseen: Foreseen) -> SafeString:
    return render_to_string("admin/foreseen_lines.html", {"foreseen": shown(foreseen)})


def shown(foreseen: Foreseen) -> dict[str, Any]:
    return {
        "lines": [_line(each) for each in foreseen.lines],
        "without": foreseen.without,
        "mark": foreseen.mark,
    }


def given(request: HttpRequest) -> list[tuple[str, str]]:
    """What was filled in, to be carried over to the next press."""
    left_out = {"csrfmiddlewaretoken", "foreseen"}
    return [
        (name, str(value))
        for name in request.POST
        if name not in left_out
        for value in request.POST.getlist(name)
    ]


def _line(line: Line) -> dict[str, Any]:
    homes = list(line.dwellings[:NAMED])
    if more := len(line.dwellings) - NAMED:
        homes += [_("and %(count)s more") % {"count": more}] if more > 0 else []
    return {
        "lost": line.lost,
        "people": line.people,
        "gate": line.gate,
        "when": _("; ").join(_when(each) for each in line.hours),
        "homes": _(", ").join(homes),
    }


def _when(hours: Hours) -> str:
    every_day = len(hours.days) == len(WEEKDAYS)
    days = _("every day") if every_day else _(", ").join(str(WEEKDAYS[day - 1]) for day in hours.days)
    if hours.spans == ((time.min, time.min),):
        return _("%(days)s, all day") % {"days": days}
    spans = _(", ").join(
        f"{time_format(since, 'H:i')}–{time_format(until, 'H:i')}" for since, until in hours.spans
    )
    return f"{days} {spans}"
