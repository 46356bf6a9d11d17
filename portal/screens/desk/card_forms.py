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
from portal.screens.desk.forms import card_field
from residents.models import Neighborhood


class NumberForm(forms.Form):
    """One of the two: typed as it stands on the card, or tapped."""

    written = card_field(
        label=gettext_lazy("Number on the card"),
        help_text=gettext_lazy("Only if you have no reader: as it stands on the card or in the list."),
    )
    tapped = card_field(
        label=gettext_lazy("Hold the card to the desk reader"),
        help_text=gettext_lazy("Put the cursor here first. The number is not kept and not shown again."),
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
    written = card_field(
        label=gettext_lazy("1. The number, as it stands on the card or in the list"),
        required=True,
    )
    tapped = card_field(
        label=gettext_lazy("2. Now hold that very card to the desk reader"),
        help_text=gettext_lazy("The reader types its number here and sends it by itself."),
        required=True,
    )
    # What earlier cards left over, by code: no number is carried along.
    left = forms.CharField(required=False, max_length=20_000, widget=forms.HiddenInput)

    def clean_left(self) -> list[learning.Pair] | None:
        codes = str(self.cleaned_data["left"]).split()
        try:
            return [learning.pair_of(code) for code in codes] or None
        except (KeyError, ValueError):
            raise forms.ValidationError(_("Begin again with the first card.")) from None


def since(card: Credential) -> str:
    words = (
        _("A spare card, lent on %(day)s") if card.temporary else _("The card they have had since %(day)s")
    )
    return words % {"day": date_format(localtime(card.created_at), "DATE_FORMAT")}
