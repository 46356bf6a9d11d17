"""Why a paper was not handed out, taken in or read, in words that end with what can be done."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consent import deciding, guarding
from consent.papers import PaperRefused
from portal.screens.outcomes import OUTCOMES

REFUSED: dict[str, Promise] = {
    "card_first": _(
        "The card comes first: they have neither card nor PIN. Give them one today, then hand out the form."
    ),
    "guardian": _("Under fourteen a guardian signs, from fourteen on nobody but the young person."),
    "language": _("The form is not written in that language. Choose another one."),
    "own": _("It is your own, or your child's. Ask a colleague."),
    "interest": _("You own the dwelling or live there, so somebody else of the staff does this."),
    "same_clerk": _("You took this paper in yourself. Somebody else of the staff reads it."),
    "on_its_way": _(
        "A paper of theirs about this has come back already. To change anything, stop that one first."
    ),
    "same_day": _(
        "It was handed out today. A yes counts only if it went home for a night: take it in from tomorrow on. A no is taken in"
        " at once."
    ),
    "not_offered": _("It is not offered here at present, so nobody is asked. Stopping it works at any time."),
    "over": _("This paper is over. Hand out a new one, if they want it."),
    "not_now": _("This paper has come back already."),
}
CHANGED = _(
    "The form has changed since. What was signed counts for nothing; hand out the new one, if they want it."
)


def of_refusal(why: Exception) -> str:
    if isinstance(why, PaperRefused):
        return str(REFUSED[why.reason])
    if isinstance(why, deciding.FormChanged):
        return str(CHANGED)
    if isinstance(why, guarding.NoGuardian):
        return str(_("That guardian has no power over this child now. Choose again."))
    return str(_("They do not live here any more, so there is nothing to agree to."))


def of_picture(reason: str) -> str:
    words = OUTCOMES[reason]
    return f"{words.what} {words.next}"
