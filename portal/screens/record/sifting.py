"""Which part of the record: of what kind, and of which month or days. Plain forms that are read from the address."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access import entries
from access.models import Gate
from portal.screens.record.paging import Span
from portal.screens.record.sources import ENTRIES, Kind, Source
from residents.models import Resident

# Of any other century there is nothing, and the ends of the calendar have no day before or after.
YEARS = range(2000, 2100)
MONTH = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})月?")
TYPED = ("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日")
NO_DAY = gettext_lazy("That is no day. Write it as 2026-11-28.")


class MonthField(forms.CharField):
    """The first day of the month that is meant, or None."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Month"),
            help_text=gettext_lazy("Year and month, such as 2026-11."),
            required=False,
            widget=forms.TextInput(attrs={"type": "month"}),
        )

    def clean(self, value: Any) -> Any:
        written = unicodedata.normalize("NFKC", super().clean(value)).replace(" ", "")
        if not written:
            return None
        parts = MONTH.fullmatch(written)
        if parts and int(parts[1]) in YEARS and 1 <= int(parts[2]) <= 12:
            return date(int(parts[1]), int(parts[2]), 1)
        raise forms.ValidationError(_("That is no month. Write it as 2026-11."))


class DayField(forms.DateField):
    def __init__(self, label: Any) -> None:
        super().__init__(
            label=label,
            required=False,
            input_formats=TYPED,
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            error_messages={"invalid": NO_DAY},
        )

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is not None and day.year not in YEARS:
            raise forms.ValidationError(NO_DAY)
        return day


class SiftForm(forms.Form):
    """Bound to the address, whatever stands in it: an empty one asks for everything."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What"),
        choices=[("", gettext_lazy("Everything")), *Kind.choices],
        required=False,
        error_messages={"invalid_choice": gettext_lazy("There is no such part. Choose one of these.")},
    )
    month = MonthField()
    since = DayField(gettext_lazy("Or from day"))
    until = DayField(gettext_lazy("Until day"))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if given.get("month") and (since or until):
            self.add_error("month", _("Choose a month or days, not both."))
        elif since and until and until < since:
            self.add_error("until", _("The last day must not be before the first."))
        return given

    def kinds(self) -> list[str]:
        return [self.cleaned_data["kind"]] if self.cleaned_data["kind"] else list(Kind)

    def span(self) -> Span:
        given = self.cleaned_data
        if given["month"]:
            return of_month(given["month"])
        after = given["until"] + timedelta(days=1) if given["until"] else None
        return Span(_midnight(given["since"]), _midnight(after))


class GateField(forms.ModelChoiceField[Gate]):
    def to_python(self, value: Any) -> Gate | None:
        """What is no key is no gate either, and is answered in the same words."""
        try:
            return super().to_python(value)
        except forms.ValidationError:
            raise forms.ValidationError(self.error_messages["invalid_choice"]) from None

    def label_from_instance(self, obj: Gate) -> str:
        return obj.display_name


class EntriesForm(forms.Form):
    gate = GateField(
        Gate.objects.none(),
        label=gettext_lazy("Gate"),
        required=False,
        empty_label=gettext_lazy("Every gate"),
        error_messages={"invalid_choice": gettext_lazy("There is no such gate. Choose one of these.")},
    )
    month = MonthField()

    def __init__(self, *args: Any, resident: Resident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["gate"]
        assert isinstance(choice, GateField)
        choice.queryset = entries.gates(resident=resident)

    def source(self) -> Source:
        gate = self.cleaned_data["gate"]
        if gate is None:
            return ENTRIES
        return replace(ENTRIES, rows=lambda resident: ENTRIES.rows(resident).filter(gate=gate))

    def span(self) -> Span:
        month = self.cleaned_data["month"]
        return of_month(month) if month else Span()


def of_month(first: date) -> Span:
    return Span(_midnight(first), _midnight((first + timedelta(days=31)).replace(day=1)))


def _midnight(day: date | None) -> datetime | None:
    """As the clocks at the gates show it."""
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None
