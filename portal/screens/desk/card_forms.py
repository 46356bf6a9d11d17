"""What the desk asks for when it sees to a card."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access import learning
from access.models import Credential, Gate
from portal.screens.desk.forms import known_by_field
from residents.models import DeskAct, Neighborhood

LONGEST = 64
QUIET = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}


class NumberForm(forms.Form):
    """One of the two: typed as it stands on the card, or tapped."""

    written = forms.CharField(
        label=gettext_lazy("Number on the card"),
        help_text=gettext_lazy("Only if you have no reader: as it stands on the card or in the list."),
        required=False,
        max_length=LONGEST,
        widget=forms.TextInput(attrs=QUIET),
    )
    tapped = forms.CharField(
        label=gettext_lazy("Hold the card to the desk reader"),
        help_text=gettext_lazy("Put the cursor here first. The number is not kept and not shown again."),
        required=False,
        max_length=LONGEST,
        widget=forms.TextInput(attrs=QUIET),
    )

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if bool(given.get("written")) == bool(given.get("tapped")):
            raise forms.ValidationError(_("Type the number or tap the card: one of the two."))
        return given

    @property
    def number(self) -> dict[str, Any]:
        """As `cards.issue` takes it."""
        tapped = str(self.cleaned_data["tapped"])
        return {"number": tapped or str(self.cleaned_data["written"]), "tapped": bool(tapped)}


class AddForm(NumberForm):
    lent = forms.BooleanField(
        label=gettext_lazy("It is a spare card, lent until they have their own"), required=False
    )
    field_order = ("lent", "written", "tapped")


class LostForm(forms.Form):
    """Nothing is chosen beforehand. A spare is lent by tapping it; without one a PIN is, where it is needed."""

    card = forms.ChoiceField(label=gettext_lazy("Which card is lost?"), widget=forms.RadioSelect)
    known_by = known_by_field(*DeskAct.KnownBy)
    spare = forms.CharField(
        label=gettext_lazy("A spare card to lend: hold it to the desk reader"),
        help_text=gettext_lazy("May stay empty: then a temporary PIN is lent if nothing else is left."),
        required=False,
        max_length=LONGEST,
        widget=forms.TextInput(attrs=QUIET),
    )

    def __init__(self, *args: Any, theirs: list[Credential], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.theirs = {str(card.pk): card for card in theirs}
        every = ("all", _("They do not know which: block them all"))
        offered = [(pk, since(card)) for pk, card in self.theirs.items()]
        self.fields["card"].choices = [*offered, every]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("spare") and given.get("known_by") not in (None, DeskAct.KnownBy.IN_PERSON):
            self.add_error("spare", _("A spare card is handed over in person. Leave this empty."))
        return given

    @property
    def lost(self) -> Credential | None:
        return self.theirs.get(self.cleaned_data["card"])


class LendForm(forms.Form):
    """A PIN is told to the person themself, and how they are known stands in their record."""

    known_by = known_by_field(*DeskAct.RECOGNISED)


class AwaitForm(forms.Form):
    gate = forms.ModelChoiceField(label=gettext_lazy("Gate"), queryset=Gate.objects.none())
    present = forms.BooleanField(
        label=gettext_lazy("The person is here, at the gate, and I know who they are"), required=False
    )

    def __init__(self, *args: Any, neighborhood: Neighborhood, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = Gate.objects.filter(neighborhood=neighborhood).order_by("name")
        self.fields["gate"].queryset = here  # type: ignore[attr-defined]


class LearnForm(forms.Form):
    written = forms.CharField(
        label=gettext_lazy("1. The number, as it stands on the card or in the list"),
        max_length=LONGEST,
        widget=forms.TextInput(attrs=QUIET),
    )
    tapped = forms.CharField(
        label=gettext_lazy("2. Now hold that very card to the desk reader"),
        help_text=gettext_lazy("The reader types its number here and sends it by itself."),
        max_length=LONGEST,
        widget=forms.TextInput(attrs=QUIET),
    )
    # What earlier cards left over, by code: no number is carried along.
    left = forms.CharField(required=False, max_length=20_000, widget=forms.HiddenInput)

    def clean_left(self) -> list[learning.Pair] | None:
        codes = str(self.cleaned_data["left"]).split()
        try:
            return [learning.pair_of(code) for code in codes] or None
        except (KeyError, ValueError):
            raise forms.ValidationError(_("Begin again with the first card.")) from None


class WhyForm(forms.Form):
    gate = forms.ModelChoiceField(
        label=gettext_lazy("At which gate?"),
        queryset=Gate.objects.none(),
        required=False,
        empty_label=gettext_lazy("At any"),
    )
    tapped = forms.CharField(
        label=gettext_lazy("Hold the card to the desk reader, or type its number"),
        max_length=LONGEST,
        widget=forms.TextInput(attrs={**QUIET, "autofocus": True}),
    )

    def __init__(self, *args: Any, neighborhood: Neighborhood, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = Gate.objects.filter(neighborhood=neighborhood).order_by("name")
        self.fields["gate"].queryset = here  # type: ignore[attr-defined]


def since(card: Credential) -> str:
    words = (
        _("A spare card, lent on %(day)s") if card.temporary else _("The card they have had since %(day)s")
    )
    return words % {"day": date_format(localtime(card.created_at), "DATE_FORMAT")}
