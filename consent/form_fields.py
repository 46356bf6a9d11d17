"""The fields of a draft on the desk: lists as boxes to tick, and nothing typed is lost to somebody else's saving."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from consent import publishing
from consent.facts import LISTS
from consent.models import Form, FormRecipient, FormText
from residents.desk import ScopedForm


class Boxes(forms.MultipleChoiceField):
    """Any of a list of codes, kept in the order of the list: the same choice is the same datum."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, name: str, **also: Any) -> None:
        self.codes = LISTS[name].values
        super().__init__(choices=LISTS[name].choices, required=False, **also)
        self.label = capfirst(self.label)  # lazy labels stay so

    def clean(self, value: Any) -> list[str]:
        ticked: list[str] = super().clean(value)
        return [code for code in self.codes if code in ticked]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return sorted(initial or []) != sorted(data or [])


class RecipientForm(ScopedForm):
    categories = Boxes("categories", label=gettext_lazy("kinds of data"))


class DraftForm(ScopedForm):
    """A draft. What stood in it when the page was opened comes back with the answer: two tabs are told apart."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    categories = Boxes("categories", label=gettext_lazy("kinds of data"))
    storage = Boxes("storage", label=gettext_lazy("where it is kept"))
    ways_in = Boxes("ways_in", label=gettext_lazy("ways in without it"))
    ways_out = Boxes("ways_out", label=gettext_lazy("ways to stop it"))

    def __init__(self, *args: Any, **also: Any) -> None:
        super().__init__(*args, **also)
        if "seen" not in self.fields:
            return
        if self.instance._state.adding:
            del self.fields["seen"]
        else:
            self.initial["seen"] = publishing.check_number(self.instance)

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if "seen" in self.fields and self.instance.pk:
            self._compare(given.get("seen", ""))
        return given

    def _compare(self, seen: str) -> None:
        """Raises: ValidationError, when the draft is not what this page was opened on."""
        draft = Form.objects.select_for_update().get(pk=self.instance.pk)
        if draft.state != Form.State.DRAFT:
            raise ValidationError(
                _(
                    "It is with a second reader by now, so nothing was saved. Send it back first; what you typed is below."
                )
            )
        stands = publishing.check_number(draft)
        if seen == stands:
            return
        # Pressed once more, knowing that, theirs is put in place of what stands.
        assert isinstance(self.data, QueryDict)
        self.data = self.data.copy()
        self.data["seen"] = stands
        raise ValidationError(
            format_html(
                '{} <a href="{}" target="_blank">{}</a>',
                _(
                    "Somebody saved this draft after you had opened it, so nothing was saved. What you typed is below:"
                    " to put it in place of what they saved, save once more."
                ),
                reverse("admin:consent_form_change", args=[draft.pk]),
                _("Look at what they saved"),
            )
        )


class NewForm(ScopedForm):
    """Which purpose, and where: the rest is drafted from there."""


class ReadForm(forms.Form):
    """The check number of what the second reader has before them."""

    read = forms.CharField(widget=forms.HiddenInput)


def typed(request: HttpRequest) -> list[tuple[str, str]]:
    """What somebody wrote who comes too late, by the names of the fields, to be copied."""
    found = []
    for key in request.POST:
        words = str(request.POST.get(key, ""))
        prefix, dash, name = key.rpartition("-")
        model = Form if not dash else FormText if prefix.startswith("texts-") else FormRecipient
        fields = {field.name: field for field in model._meta.fields}
        if words.strip() and name in fields and name not in ("id", "form", "language"):
            found.append((str(getattr(fields[name], "verbose_name", name)), words))
    return found
