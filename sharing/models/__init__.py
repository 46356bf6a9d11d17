"""Tables of this room: with whom, and what was asked and given."""

from sharing.models.asking import (
    FEWEST_COUNTED,
    Answer,
    DisclosedRow,
    Disclosure,
    Request,
    Review,
    Tally,
)
from sharing.models.parties import ALLOWED, HOME, Contract, Field, Kind, Recipient, SubProcessor

__all__ = [
    "ALLOWED",
    "FEWEST_COUNTED",
    "HOME",
    "Answer",
    "Contract",
    "DisclosedRow",
    "Disclosure",
    "Field",
    "Kind",
    "Recipient",
    "Request",
    "Review",
    "SubProcessor",
    "Tally",
]
