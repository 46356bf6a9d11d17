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

__all__ = [
    "ALLOWED",
    "FEWEST_COUNTED",
    "HOME",
    "Answer",
    "Contract",
    "Copy",
    "DisclosedRow",
    "Disclosure",
    "Field",
    "GivenValues",
    "Kind",
    "Leaves",
    "Piece",
    "Recipient",
    "RecipientKey",
    "Request",
    "Review",
    "SubProcessor",
    "Tally",
]
