"""What is typed into a request about one's own data. Nothing is chosen beforehand, and no number of a document is taken."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from residents import contact, rights
from residents.importing.identity import has_identity
from residents.models import RightsRequest

LONGEST = 2000
About = RightsRequest.About
Kind = RightsRequest.Kind


def plain(words: str) -> str:
    """Raises: ValidationError when a number of an identity document stands in it (A4)"""
    if has_identity(words):
        raise forms.ValidationError(_("Leave out the number of the document. It is kept nowhere here."))
    return rights.said(words)


class AskForm(forms.Form):
    """`once` names this very page: sent twice, it is one request."""

    use_required_attribute = False
    once = forms.UUIDField(widget=forms.HiddenInput)
    words = forms.CharField(
        label=gettext_lazy("In your own words"),
        help_text=gettext_lazy("Whoever answers reads it, and nobody else. No reason is needed."),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def clean_words(self) -> str:
        words = plain(self.cleaned_data["words"])
        if not words and self.fields["words"].required:
            raise forms.ValidationError(_("Write what you ask for, in a few words."))
        return words

    def given(self) -> dict[str, Any]:
        return {
            name: self.cleaned_data[name]
            for name in ("once", "words", "about", "wanted")
            if name in self.fields
        }


class SeeForm(AskForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["words"]


class CorrectForm(AskForm):
    about = forms.ChoiceField(
        label=gettext_lazy("What is wrong?"),
        choices=About.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what is wrong.")},
    )
    wanted = forms.CharField(
        label=gettext_lazy("What should it say?"),
        help_text=gettext_lazy("Written as you want it to stand. It is kept sealed."),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Write what it should say.")},
    )
    field_order = ("once", "about", "wanted", "words")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = self.fields["words"]
        words.required, words.label = False, gettext_lazy("Anything else that helps (you may leave it empty)")

    def clean_wanted(self) -> str:
        wanted = plain(self.cleaned_data["wanted"])
        if not wanted:
            raise forms.ValidationError(_("Write what it should say."))
        about = self.cleaned_data.get("about")
        if about == About.PHONE:
            try:
                return contact.normalise(wanted)
            except contact.PhoneRefused as refused:
                raise forms.ValidationError(str(refused)) from None
        if about == About.NAME and (len(wanted) > 100 or not wanted.isprintable()):
            raise forms.ValidationError(_("Write the name."))
        return " ".join(wanted.split()) if about == About.NAME else wanted


FORMS: dict[Kind, type[AskForm]] = {
    Kind.SEE: SeeForm,
    Kind.CORRECT: CorrectForm,
    Kind.DELETE: AskForm,
    Kind.EXPLAIN: AskForm,
    Kind.RESTRICT: AskForm,
}
