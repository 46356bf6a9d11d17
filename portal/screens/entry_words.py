"""What a gate says of an entry, in words: at the desk, and to whoever passed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from access.models import EntryEvent
from gate.decide import Reason

OUTCOMES: Mapping[str, Promise] = {
    "opened": gettext_lazy("opened"),
    "refused": gettext_lazy("stayed shut"),
    "would_open": gettext_lazy("would have opened; the old controller decides"),
}
KINDS: Mapping[str, Promise] = {
    "card": gettext_lazy("card"),
    "face": gettext_lazy("face"),
    "pin": gettext_lazy("PIN"),
    "qr": gettext_lazy("QR code"),
    "pass": gettext_lazy("visitor pass"),
    "remote": gettext_lazy("opened by the staff from afar"),
    "emergency": gettext_lazy("emergency opening"),
}
REASONS: Mapping[str, Promise] = {
    Reason.UNKNOWN_CARD: gettext_lazy("no such card is known here"),
    Reason.UNREADABLE_CARD: gettext_lazy("the card could not be read"),
    Reason.OUTSIDE_HOURS: gettext_lazy("outside its hours"),
    Reason.NOT_YET_VALID: gettext_lazy("not valid yet"),
    Reason.NO_LONGER_VALID: gettext_lazy("not valid any more"),
    Reason.WRONG_PIN: gettext_lazy("wrong number or PIN"),
    Reason.KEYPAD_WAITS: gettext_lazy("too many wrong PINs; the keypad waits a little"),
    Reason.UNKNOWN_CODE: gettext_lazy("the code is not for this gate, or was ended"),
    Reason.CODE_RAN_OUT: gettext_lazy("the code ran out"),
    Reason.CODE_NOT_YET: gettext_lazy("the code begins later"),
    Reason.CODE_USED: gettext_lazy("the code was used before"),
    Reason.TOO_LONG_OFFLINE: gettext_lazy("the gate was cut off for too long to take codes"),
    Reason.UNKNOWN_FACE: gettext_lazy("no face that is known here"),
    Reason.AMBIGUOUS_FACE: gettext_lazy("two people look alike; asked for a card or a PIN"),
    Reason.SECOND_FACTOR: gettext_lazy("asked for a card or a PIN as well"),
    Reason.LOCKED_DOWN: gettext_lazy("a lock-down stops visitors’ passes"),
}


@dataclass(frozen=True)
class Words:
    way: str
    outcome: str
    opened: bool
    reason: str  # why it stayed shut


def of(event: EntryEvent) -> Words:
    """A word that is not known here is shown as the gate said it: it is a code, never a name (F3)."""
    return Words(
        way=str(KINDS.get(event.kind, event.kind)),
        outcome=str(OUTCOMES.get(event.outcome, event.outcome)),
        opened=event.outcome == "opened",
        reason=str(REASONS.get(event.reason, "")) if event.outcome == "refused" else "",
    )
