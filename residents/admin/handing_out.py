"""On a hold's page: a court wants what is kept. One asks, a second agrees; whoever runs the system then makes the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents import handing_out, holds
from residents.acts import Act, Refused, Words
from residents.admin.living import account
from residents.desk import moment
from residents.models import HandOut, Hold

REFUSED: dict[str, Words] = {
    "words": _("Fill in every field."),
    "key": _("That is no age key. It begins with age1 and has 62 characters."),
    "open_already": _("Something is to be handed out already. It is made first, or not handed out."),
    "closed": _("That step is not open now. See the state."),
    "own": _("Nobody decides about themself here."),
    "same_person": _("Somebody else must do this: one of the staff is not two."),
}


class HandOutForm(forms.Form):
    to = forms.CharField(
        label=_("to which court or authority"), max_length=200, help_text=_("The person reads this.")
    )
    order = forms.CharField(
        label=_("number of its order, and where the paper is kept"),
        max_length=200,
        help_text=_("The person reads this."),
    )
    key = forms.CharField(
        label=_("their age key"),
        max_length=80,
        help_text=_(
            "Have it read out to you on a telephone number that you knew before, and not on one from the letter."
        ),
    )


def _act(run: Callable[..., Any]) -> Callable[[HttpRequest, Hold, dict[str, Any]], None]:
    def acted(request: HttpRequest, hold: Hold, given: dict[str, Any]) -> None:
        try:
            run(hold=hold, by=account(request), at=moment(request), **given)
        except (handing_out.HandOutRefused, holds.HoldRefused) as refused:
            raise Refused(REFUSED[refused.reason]) from refused

    return acted


def _open(hold: Hold) -> HandOut | None:
    return HandOut.objects.open().filter(hold=hold).first()


def _stands(hold: Hold) -> bool:
    return hold.held_until is not None and hold.ended_at is None


ACTS: tuple[Act[Hold], ...] = (
    Act(slug="hand-out", label=_("A court wants what is kept"), perms=(holds.PERM,), form=HandOutForm,
        run=_act(handing_out.ask),
        explained=_("You have the order of a court or an authority in your hand. A second of the staff reads it as well and hears the key. Then whoever runs the system makes one file, which only its recipient opens. The person is told. Face data is never in it."),
        when=lambda hold: _stands(hold) and _open(hold) is None),
    Act(slug="hand-out-agree", label=_("I have read the court’s order too"), perms=(holds.PERM,), run=_act(handing_out.agree),
        explained=_("You are the second, have read the order, and heard the same key: compare it with the one on the hold’s page."),
        when=lambda hold: (found := _open(hold)) is not None and found.agreed_by_id is None),
    Act(slug="hand-out-drop", label=_("It is not to be handed out"), perms=(holds.PERM,), run=_act(handing_out.drop),
        explained=_("As long as the file was not made. What the hold keeps stays as it is."),
        when=lambda hold: _open(hold) is not None),
)  # fmt: skip


def handed_out_in_words(found: HandOut) -> str:
    said = [found.to, found.order, found.key]
    if found.handed_at:
        said.append(
            gettext("handed out on %(day)s; copies: %(count)s")
            % {"day": date_format(localtime(found.handed_at), "DATE_FORMAT"), "count": found.rows}
        )
        said.append(f"SHA-256 {found.sha256}")
    elif found.agreed_by_id:
        said.append(
            gettext("agreed: whoever runs the system makes it with the number %(number)s")
            % {"number": found.pk}
        )
    else:
        said.append(gettext("a second is asked to agree"))
    return " · ".join(said)


def lines(hold: Hold) -> str:
    every = HandOut.objects.filter(hold=hold).order_by("asked_at")
    return "\n".join(handed_out_in_words(each) for each in every) or "–"
