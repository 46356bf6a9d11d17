"""To give up face entry in a neighborhood, on the desk."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from access import changing, retiring, words
from residents.acts import Act, Refused
from residents.desk import add_act, moment
from residents.models import Neighborhood, User


class RetireForm(forms.Form):
    takes_effect_on = forms.DateField(
        label=_("from which day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_(
            "At least fourteen days after the announcement. It is announced by a second person, gate by gate."
        ),
    )
    why = forms.CharField(
        label=_("why"), max_length=300, help_text=_("The residents read it. Write nobody’s name.")
    )


def _retire_faces(request: HttpRequest, neighborhood: Neighborhood, given: dict[str, Any]) -> None:
    assert isinstance(request.user, User)
    try:
        retiring.retire_faces(
            neighborhood=neighborhood,
            takes_effect_on=given["takes_effect_on"],
            why=given["why"],
            by=request.user,
            at=moment(request),
        )
    except retiring.NothingToRetire as nothing:
        raise Refused(gettext("No gate here opens by face, and nobody is asked for one.")) from nothing
    except changing.ChangeRefused as refused:
        raise Refused(words.of_change(refused)) from refused


add_act(
    Neighborhood,
    Act(
        slug="retire-faces",
        label=_("Give up face entry"),
        perms=("publish_forms",),
        form=RetireForm,
        run=_retire_faces,
        explained=_(
            "A plan is made for each gate that takes faces; a second person announces it at the desk. From that day on no"
            " gate here opens by face. The forms that ask for it end, each person’s face data is erased everywhere, and"
            " they see where. Cards, PINs and rules stay as they are. To offer it again takes a plan and new forms;"
            " nobody’s yes comes back."
        ),
    ),
)
