"""Who and what a list speaks of, and the single changes that a plan is made of.

Whatever is made has its opaque id before it is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID, uuid5

from residents.importing.dwellings import Address


def made_id(source: UUID, line: int, what: str) -> UUID:
    """The same at every try, so that a batch that died is done again and not done twice."""
    return uuid5(source, f"{line}|{what}")


@dataclass(eq=False)
class Dwelling:
    id: UUID
    address: Address
    building: UUID
    area: Decimal | None


@dataclass
class Home:
    id: UUID
    tenure: str
    since: date
    open: bool


@dataclass(eq=False)
class Person:
    id: UUID
    key: str  # of the name
    phone: bytes | None  # its index
    born: date | None
    left: bool = False  # lives nowhere here any more
    account: bool = False  # opened their own
    with_a_yes: bool = False  # one of theirs stands
    homes: dict[UUID, Home] = field(default_factory=dict)  # by dwelling
    owns: dict[UUID, bool] = field(default_factory=dict)  # by dwelling: whether still


@dataclass(frozen=True)
class MakeBuilding:
    id: UUID
    name: str


@dataclass(frozen=True)
class MakeDwelling:
    dwelling: Dwelling


@dataclass(frozen=True)
class SetArea:
    dwelling: Dwelling
    before: Decimal | None
    after: Decimal


@dataclass(frozen=True)
class MakePerson:
    person: Person
    contact_key: UUID
    name: str
    phone: str


@dataclass(frozen=True)
class SetPhone:
    person: UUID
    phone: str
    index: bytes


@dataclass(frozen=True)
class SetBorn:
    person: UUID
    before: date | None
    after: date


@dataclass(frozen=True)
class MakeHome:
    person: UUID
    dwelling: UUID
    home: Home


@dataclass(frozen=True)
class SetHome:
    """As what somebody lives there. Since when is never rewritten (law 13)."""

    id: UUID
    person: UUID
    dwelling: UUID
    before: str
    tenure: str


@dataclass(frozen=True)
class MakeOwner:
    id: UUID
    person: UUID
    dwelling: UUID
    since: date


@dataclass(frozen=True)
class GiveCard:
    id: UUID
    person: UUID
    number: str
    digest: bytes


@dataclass(frozen=True)
class OpenGate:
    """For whoever lives in a dwelling; or for one person, who owns here, lives elsewhere and has a card in the pocket."""

    id: UUID
    of: UUID
    gate: UUID
    alone: bool = False


Step: TypeAlias = (
    MakeBuilding
    | MakeDwelling
    | SetArea
    | MakePerson
    | SetPhone
    | SetBorn
    | MakeHome
    | SetHome
    | MakeOwner
    | GiveCard
    | OpenGate
)
