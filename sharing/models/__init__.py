"""Tables of this room: with whom, what was asked, and what was given."""

from sharing.models.asking import (
    FEWEST_COUNTED,
    Answer,
    Count,
    Disclosure,
    Request,
    Review,
    Tally,
)
from sharing.models.copies import Copy, DisclosedRow, GivenValues, Piece, RecipientKey, Sheet
from sharing.models.leaks import Leak, LeakNotice, LeakPerson, LeakSource, LeakStep, LeakTold
from sharing.models.orders import LONGEST_SILENCE, Order, OrderPerson
from sharing.models.parties import ALLOWED, HOME, ORDER, Contract, Field, Kind, Recipient, SubProcessor
from sharing.models.receiving import Confirmation, Link, Recall, RecallLine, RecipientAccount

__all__ = [
    "ALLOWED",
    "FEWEST_COUNTED",
    "HOME",
    "LONGEST_SILENCE",
    "ORDER",
    "Answer",
    "Confirmation",
    "Contract",
    "Copy",
    "Count",
    "DisclosedRow",
    "Disclosure",
    "Field",
    "GivenValues",
    "Kind",
    "Leak",
    "LeakNotice",
    "LeakPerson",
    "LeakSource",
    "LeakStep",
    "LeakTold",
    "Link",
    "Order",
    "OrderPerson",
    "Piece",
    "Recall",
    "RecallLine",
    "Recipient",
    "RecipientAccount",
    "RecipientKey",
    "Request",
    "Review",
    "Sheet",
    "SubProcessor",
    "Tally",
]
