"""Tables of this room: what was asked, and what was given."""

from sharing.models.asking import (
    FEWEST_COUNTED,
    Answer,
    Disclosure,
    Field,
    Recipient,
    Request,
    Tally,
)
from sharing.models.copies import Copy, DisclosedRow, GivenValues, Piece, RecipientKey, Sheet

__all__ = [
    "FEWEST_COUNTED",
    "Answer",
    "Copy",
    "DisclosedRow",
    "Disclosure",
    "Field",
    "GivenValues",
    "Piece",
    "Recipient",
    "RecipientKey",
    "Request",
    "Sheet",
    "Tally",
]
