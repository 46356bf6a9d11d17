"""What the desk asks for when a form goes home, and when it comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from consent.models import Form, Paper
from consent.papers import Reading
from portal.screens.desk.forms import DeskForm, known_by_field
from portal.screens.purposes import WORDS
from residents.lookups import masked_name
from residents.models import DeskAct, Guardianship, Resident

KnownBy = DeskAct.KnownBy


class HandOutForm(DeskForm):
    purpose = forms.ChoiceField(label=gettext_lazy("Which form do they ask for?"), widget=forms.RadioSelect)
    guardianship = forms.ChoiceField(label=gettext_lazy("Who signs for the child?"), widget=forms.RadioSelect)
    language = forms.ChoiceField(label=gettext_lazy("In which language?"), widget=forms.RadioSelect)
    known_by = known_by_field(KnownBy.IN_PERSON, KnownBy.HELPER)

    def __init__(
        self,
        *args: Any,
        published: Sequence[Form],
        signers: Sequence[Guardianship] | None,
        of: Resident,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.published = {form.purpose: form for form in published}
        self.signers = {str(each.pk): each for each in signers or ()}
        offered = [(purpose, WORDS[purpose].title) for purpose in WORDS if purpose in self.published]
        self.fields["purpose"].choices = offered  # type: ignore[attr-defined]
        if signers is None:
            del self.fields["guardianship"]
        else:
            names = [(pk, masked_name(each.guardian)) for pk, each in self.signers.items()]
            self.fields["guardianship"].choices = names  # type: ignore[attr-defined]
        self.speaks = of.user.language if of.user_id and of.user else ""
        if self.speaks:
            del self.fields["language"]  # they have said it themselves
        else:
            self.fields["language"].choices = settings.LANGUAGES  # type: ignore[attr-defined]

    @property
    def known_as(self) -> DeskAct.KnownBy:
        return KnownBy(self.cleaned_data["known_by"])

    @property
    def asked(self) -> dict[str, Any]:
        """As `papers.hand_out` takes it."""
        given = self.cleaned_data
        return {
            "form": self.published[given["purpose"]],
            "language": self.speaks or given["language"],
            "guardianship": self.signers.get(given.get("guardianship", "")),
        }


class BackForm(DeskForm):
    answer = forms.ChoiceField(
        label=gettext_lazy("Which box is ticked?"),
        help_text=gettext_lazy("Both, none, or not sure? Hand out a new sheet; this one says nothing."),
        choices=[(Paper.Answer.YES, gettext_lazy("Yes")), (Paper.Answer.NO, gettext_lazy("No"))],
        widget=forms.RadioSelect,
    )
    scan = forms.FileField(
        label=gettext_lazy("Picture of the signed page, if it is a yes"),
        help_text=gettext_lazy(
            "A scan or a photo, straight from above. It is encrypted, shown to a second of the staff and nobody else, and"
            " deleted with the yes. The paper itself goes back to the resident."
        ),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": "image/*"}),
    )
    known_by = known_by_field(KnownBy.IN_PERSON, KnownBy.HELPER, KnownBy.PAPER)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("answer") == Paper.Answer.YES and not given.get("scan") and "scan" not in self.errors:
            self.add_error("scan", _("For a yes, add a picture of the signed page."))
        return given

    def picture(self) -> bytes:
        return bytes(self.cleaned_data["scan"].read())

    def refuse_scan(self, words: str) -> None:
        self.errors.pop("scan", None)
        self.add_error("scan", words)


class ReadForm(DeskForm):
    reading = forms.ChoiceField(
        label=gettext_lazy("What does the sheet say?"),
        choices=[
            (Reading.YES, gettext_lazy("Yes is ticked, no is not, and it is signed")),
            (Reading.NO, gettext_lazy("No is ticked")),
            (Reading.UNCLEAR, gettext_lazy("I cannot tell, or it is another sheet, or it is not signed")),
        ],
        widget=forms.RadioSelect,
    )


class StopForm(DeskForm):
    prefix = "stop"
    known_by = known_by_field(
        KnownBy.IN_PERSON, KnownBy.RANG_BACK, KnownBy.VOICE, KnownBy.HELPER, KnownBy.UNSURE
    )
