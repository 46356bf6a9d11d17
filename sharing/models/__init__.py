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
from sharing.models.parties import ALLOWED, HOME, Contract, Field, Kind, Recipient, SubProcessor

__all__ = [
    "ALLOWED",
    "FEWEST_COUNTED",
    "HOME",
    "Answer",
    "Contract",
    "Copy",
    "Count",
    "DisclosedRow",
    "Disclosure",
    "Field",
    "GivenValues",
    "Kind",
    "Piece",
    "Recipient",
    "RecipientKey",
    "Request",
    "Review",
    "Sheet",
    "SubProcessor",
    "Tally",
]
