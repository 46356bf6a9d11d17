"""How card numbers, refusals and outcomes are called on the desk, in words."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access import learning, tapping
from access.models import TapRequest
from access.notation import Notation, Order, Spelling

SPELLINGS: dict[Spelling, Promise] = {
    Spelling.HEX: gettext_lazy("hexadecimal, %(bits)s bits"),
    Spelling.DECIMAL: gettext_lazy("decimal with noughts in front, %(bits)s bits"),
    Spelling.PLAIN: gettext_lazy("decimal without noughts in front, %(bits)s bits"),
    Spelling.TEN_DIGITS: gettext_lazy("ten decimal digits of %(bits)s bits"),
    Spelling.PAIR: gettext_lazy("facility and number, %(bits)s bits"),
    Spelling.LONG_PAIR: gettext_lazy("facility of 8 bits and number of 24, %(bits)s bits"),
    Spelling.WIEGAND_BITS: gettext_lazy("Wiegand %(wiegand)s with parity, as noughts and ones"),
    Spelling.WIEGAND_HEX: gettext_lazy("Wiegand %(wiegand)s with parity, in hexadecimal"),
    Spelling.WIEGAND_DECIMAL: gettext_lazy("Wiegand %(wiegand)s with parity, in decimal"),
}
ORDERS: dict[Order, Promise] = {
    Order.STRAIGHT: gettext_lazy("usual byte order"),
    Order.TURNED: gettext_lazy("bytes turned round"),
    Order.SWAPPED: gettext_lazy("its bytes turned round"),
    Order.FRONT: gettext_lazy("the first bytes of the card"),
}
LEARNING: dict[type[learning.LearningRefused], Promise] = {
    learning.UnreadableWritten: gettext_lazy(
        "What you typed is a card number in no way of writing that we know. Compare it with the card once more."
    ),
    learning.UnreadableTapped: gettext_lazy(
        "What the reader sent is a card number in no way of writing that we know. Hold the card to it once more."
    ),
    learning.BitsMissing: gettext_lazy(
        "It may be the same card, but the list says less of it than the readers do: 24 bits cannot become 32."
        " Such cards are added by holding each to a reader once."
    ),
    learning.NotTheSameCard: gettext_lazy(
        "These two numbers cannot be the same card. Take one card, type its number, and tap that very card."
    ),
}
TAPPING: dict[type[tapping.TapRefused], Promise] = {
    tapping.NotPresent: gettext_lazy("Tick that the person is here, at the gate."),
    tapping.AnotherWaits: gettext_lazy(
        "Somebody else's card is awaited at this gate. Wait two minutes, or call that off."
    ),
    tapping.Elsewhere: gettext_lazy("This gate is not in this person's neighborhood."),
    tapping.GoneAway: gettext_lazy("This person does not live here any more. Let them move in first."),
    tapping.NoReader: gettext_lazy("No reader is paired with this gate. Add the card at the desk instead."),
}
OUTCOMES: dict[str, Promise] = {
    "": gettext_lazy("Waiting for the card"),
    TapRequest.Outcome.ADDED: gettext_lazy("The card is added"),
    TapRequest.Outcome.TAKEN: gettext_lazy("That card is somebody's already"),
    TapRequest.Outcome.OVER: gettext_lazy("No card was shown in time"),
    TapRequest.Outcome.CANCELLED: gettext_lazy("Called off"),
}


def of_notation(notation: Notation) -> str:
    bits = 8 * notation.width
    spelled = str(SPELLINGS[notation.spelling]) % {"bits": bits, "wiegand": bits + 2}
    return _("%(spelling)s; %(order)s") % {"spelling": spelled, "order": ORDERS[notation.order]}
