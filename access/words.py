"""Why a card was not issued or a gate not changed, in words: the same at every desk."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from access import cards, changing, ordering

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

METHODS: dict[str, Promise] = {
    "card": gettext_lazy("card"),
    "pin": gettext_lazy("PIN"),
    "qr": gettext_lazy("QR code"),
    "face": gettext_lazy("face"),
    "fingerprint": gettext_lazy("fingerprint"),
}
CHANGE_REFUSED: dict[str, Promise] = {
    "never_served": gettext_lazy(
        "This gate has not been in service yet: what it opens by is set in the full lists."
    ),
    "no_card": gettext_lazy("Every gate opens by card. That is never given up."),
    "same": gettext_lazy("The gate opens by just these already."),
    "not_here": gettext_lazy("A gate may open by face only where everybody passes."),
    "face_alone": gettext_lazy(
        "A face alone opens no door of high risk. Let the gate ask for a card or a PIN as well, and plan it then."
    ),
    "why": gettext_lazy("Say why. The residents read it."),
    "too_soon": gettext_lazy(
        "The day is too near: fourteen days lie between the announcement and the day. Call it off and plan a later one."
    ),
    "open_already": gettext_lazy(
        "There is a plan for this gate already. It is carried out or called off first."
    ),
    "closed": gettext_lazy("Somebody was faster: this plan is not open any more."),
    "not_now": gettext_lazy("Something has changed meanwhile. Look at the gate again."),
    "same_person": gettext_lazy("Whoever planned it does not announce it. Ask a second person."),
    "left_without": gettext_lazy(
        "Some who pass here would be left without a way in. Give each of them a card first; they are listed here."
    ),
}

ORDER_REFUSED: dict[str, Promise] = {
    "closed": gettext_lazy("Somebody was faster, or it is over. Look at it again."),
    "same_person": gettext_lazy("This takes two people. Ask another of the staff."),
    "too_late": gettext_lazy("It was asked for more than a quarter of an hour ago. Ask for it anew."),
    "one_at_a_time": gettext_lazy(
        "One stands, or waits for a second person. The next one takes two people when it is over."
    ),
    "locked_down": gettext_lazy(
        "In a lock-down nothing is opened from afar. Open it by hand, or lift the lock-down."
    ),
    "day_has_come": gettext_lazy(
        "A special day is entered, changed and taken out before it comes: at the latest the day before."
    ),
    "day_taken": gettext_lazy("This day stands in the calendar already."),
    "too_long": gettext_lazy("That is too long."),
    "not_in_service": gettext_lazy("This gate is not in service. Open it by hand."),
}


def of_order(refused: ordering.OrderRefused) -> str:
    return str(ORDER_REFUSED[refused.code])


def of_change(refused: changing.ChangeRefused) -> str:
    return str(CHANGE_REFUSED[refused.code])


def of_card(refused: cards.CardRefused) -> str:
    return next((str(words) for kind, words in CARD_REFUSED if isinstance(refused, kind)), "")
