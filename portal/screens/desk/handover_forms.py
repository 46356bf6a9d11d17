"""What the pages of a handover ask: a password again at each signature, a line checked, a key taken."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from committees import handing_over
from committees.models import HandoverLine, KeyCustody
from committees.models.handovers import NAMED
from portal.handing_over import in_words
from portal.screens.again import PasswordForm

Checked = HandoverLine.Checked
LONGEST = 300
REFUSED = {
    "side": gettext_lazy("For this you must be of the side whose turn it is."),
    "holder": gettext_lazy("Before its last day whoever holds this term seals it, and nobody for them."),
    "same_person": gettext_lazy("That is for another person: two sides are two people."),
    "too_early": gettext_lazy("It is not over yet. Wait for its last day, or end it first."),
    "not_begun": gettext_lazy("This term has not begun."),
    "sealed": gettext_lazy("It was sealed before."),
    "not_sealed": gettext_lazy("It is not sealed yet: who leaves does that first."),
    "signed": gettext_lazy("It was countersigned before."),
    "unchecked": gettext_lazy("Some lines are not checked yet."),
    "words": gettext_lazy("Write what is missing or otherwise, or say that it is there."),
    "empty": gettext_lazy("There is nothing to hand over."),
    "custody": gettext_lazy(
        "A key is with somebody who has left. Let it be passed on first, or write why not."
    ),
    "on_record": gettext_lazy("This term began today: it can be ended from tomorrow on."),
    "office": gettext_lazy("A key is kept by somebody in office here, and seen by another."),
    "both_halves": gettext_lazy("Two halves are kept by two people: this person keeps the other one."),
    "not_waiting": gettext_lazy("That was seen before."),
}
_NOBODY = gettext_lazy("Write about the thing, and name nobody: no telephone number, no address.")


class WordsField(forms.CharField):
    """About things: it is printed, and goes from hand to hand."""

    def __init__(self, label: Any, help_text: Any = "") -> None:
        super().__init__(label=label, help_text=help_text, required=False, max_length=LONGEST)

    def clean(self, value: Any) -> str:
        words: str = super().clean(value)
        if re.search(NAMED, words):
            raise forms.ValidationError(_NOBODY)
        return words


class _Signature(PasswordForm):
    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in self.fields.values():
            each.label = capfirst(str(each.label))


class SealForm(_Signature):
    """`absent`: one of those who take over seals it, and says why nobody of the others does."""

    without_giver = WordsField(gettext_lazy("Why does nobody of those who leave seal it?"))
    field_order = ("without_giver", "password", "code")

    def __init__(self, *args: Any, absent: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["without_giver"].required = absent
        if not absent:
            del self.fields["without_giver"]


class CountersignForm(_Signature):
    """`left`: a key is with somebody who has left, so it takes a reason."""

    custody_left = WordsField(
        gettext_lazy("Why does a key stay with somebody who has left?"),
        gettext_lazy("Empty, and it waits until the key is passed on."),
    )
    field_order = ("custody_left", "password", "code")

    def __init__(self, *args: Any, left: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not left:
            del self.fields["custody_left"]


class TakeForm(_Signature):
    thing = forms.ChoiceField(
        label=gettext_lazy("What do you have now?"),
        choices=[(each.value, each.label) for each in KeyCustody.Thing],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one of them.")},
    )
    field_order = ("thing", "password", "code")


class WitnessForm(_Signature):
    """Nothing but the proof of who it is."""


class LinesForm(forms.Form):
    """Each line by itself; nothing is ticked beforehand, and what is left for later stays open."""

    use_required_attribute = False

    def __init__(self, *args: Any, lines: Sequence[HandoverLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            name = in_words(line.what, line.label)
            self.fields[f"is_{line.number}"] = forms.ChoiceField(
                label=name,
                choices=[(each.value, capfirst(str(each.label))) for each in Checked],
                widget=forms.RadioSelect,
                required=False,
                initial=line.checked,
            )
            self.fields[f"words_{line.number}"] = WordsField(
                _("What is missing or otherwise in line %(number)s?") % {"number": line.number}
            )
            self.fields[f"words_{line.number}"].initial = line.words

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for line in self.lines:
            disputed = given.get(f"is_{line.number}") == Checked.DISPUTED
            words = given.get(f"words_{line.number}")
            if disputed and not words and f"words_{line.number}" not in self.errors:
                self.add_error(f"words_{line.number}", str(REFUSED["words"]))
        return given

    def answers(self) -> dict[UUID, tuple[str, str]]:
        """Of those that were answered."""
        given = self.cleaned_data
        return {
            line.pk: (given[f"is_{line.number}"], given[f"words_{line.number}"])
            for line in self.lines
            if given.get(f"is_{line.number}")
        }

    def rows(self) -> list[dict[str, Any]]:
        """As the page shows them: a line with its two fields."""
        return [
            {"line": line, "is": self[f"is_{line.number}"], "words": self[f"words_{line.number}"]}
            for line in self.lines
        ]


def refuse(form: forms.Form, refused: handing_over.HandoverRefused | Any) -> None:
    form.add_error(None, str(REFUSED[refused.reason]))
