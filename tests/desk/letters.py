"""What the tests of letters at the desk have in common: addresses, and people who have none yet."""

from __future__ import annotations

from uuid import uuid4

import pytest

from residents.models import Resident
from residents.register import move_in, register
from tests.cast import dwelling
from tests.crowd import crowd

OVERVIEW = "/desk/letters/"
PRINT = "/desk/letters/print/"
PAGES = ["", "choose/?where=all&who=no_letter", "people/"]


def person(who: Resident, act: str = "") -> str:
    return f"/desk/people/{who.pk}/letters/{act}"


def chosen(**changes: object) -> dict[str, object]:
    return {"where": "all", "who": "no_letter", "token": uuid4(), **changes}


@pytest.fixture
def people(here, now):
    return crowd(here, buildings=2, dwellings=2, at=now)


@pytest.fixture
def newcomer(here, now):
    found = register(neighborhood=here, name="柳三")
    move_in(resident=found, unit=dwelling(here, "103"), since=now.date(), at=now)
    return found
