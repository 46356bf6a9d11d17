"""Tables of this room: with whom, and what was asked and given."""

from sharing.models.asking import (
    FEWEST_COUNTED,
    Answer,
    Request,
    Review,
    Tally,
)
from sharing.models.giving import Copy, DisclosedRow, Disclosure, GivenValues, Leaves, Piece
from sharing.models.parties import ALLOWED, HOME, Contract, Field, Kind, Recipient, RecipientKey, SubProcessor
from sharing.models.receiving import Confirmation, Link, Recall, RecallLine, RecipientAccount

__all__ = [
    "ALLOWED",
    "FEWEST_COUNTED",
    "HOME",
    "Answer",
    "Confirmation",
    "Contract",
    "Copy",
    "DisclosedRow",
    "Disclosure",
    "Field",
    "GivenValues",
    "Kind",
    "Leaves",
    "Link",
    "Piece",
    "Recall",
    "RecallLine",
    "Recipient",
    "RecipientAccount",
    "RecipientKey",
    "Request",
    "Review",
    "SubProcessor",
    "Tally",
]
