"""A form at the desk: the cursor stands where something is to be typed, and after a mistake where it was made."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from residents.models import DeskAct

TYPED: dict[str, Any] = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
_KnownBy = DeskAct.KnownBy


class DeskForm(forms.Form):
    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in self.fields.values():
            each.label = capfirst(str(each.label))
        self._stand_at(next(iter(self.fields), ""))

    def full_clean(self) -> None:
        super().full_clean()
        self._stand_at_the_first_mistake()

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        self._stand_at_the_first_mistake()

    def _stand_at_the_first_mistake(self) -> None:
        wrong = next((name for name in self.fields if name in self.errors), "")
        if wrong:
            self._stand_at(wrong)

    def _stand_at(self, name: str) -> None:
        for each, field in self.fields.items():
            field.widget.attrs.pop("autofocus", None)
            if each == name:
                field.widget.attrs["autofocus"] = True


def known_by_field(*offered: DeskAct.KnownBy) -> forms.ChoiceField:
    """Nothing is chosen beforehand: who it is is looked at, not passed over."""
    return forms.ChoiceField(
        label=_("How do you know who it is?"),
        help_text=_(
            "The resident reads in their record what you choose. Write no number of a document down."
        ),
        choices=[(each.value, each.label) for each in offered],
        widget=forms.RadioSelect,
    )


def card_field(*, label: Any, help_text: Any = "", required: bool = False) -> forms.CharField:
    """A desk reader types the number and presses Enter."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=64,
        widget=forms.TextInput(attrs={**TYPED, "inputmode": "text"}),
    )
