"""Why a card was not issued, replaced or taken back, in words: the same at every desk."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from access import cards

# The most special first: each is asked by `isinstance`.
CARD_REFUSED: tuple[tuple[type[cards.CardRefused], Promise], ...] = (
    (cards.DigitWrong, gettext_lazy("One digit of this number is wrong: its check does not fit.")),
    (
        cards.NotWrittenSo,
        gettext_lazy("Card numbers are not written so here. Hold the card to the desk reader instead."),
    ),
    (cards.NumberRefused, gettext_lazy("This is not a card number: 4 to 32 letters and digits.")),
    (
        cards.GoneAway,
        gettext_lazy(
            "This person does not live here any more. Let them move in first; then they get a card."
        ),
    ),
    (cards.CardTaken, gettext_lazy("This card opens gates here already. Look why at “Why was it refused?”.")),
    (
        cards.LastCard,
        gettext_lazy("This is their only way in. Give another card or lend a PIN first, and then take this."),
    ),
)
LAST_WAY = gettext_lazy(
    "Nobody who lives here is left without a way in, so nothing was changed. Give another card or lend a PIN first."
)


def of_card(refused: cards.CardRefused) -> str:
    return next((str(words) for kind, words in CARD_REFUSED if isinstance(refused, kind)), "")
