"""One place with one door and one reader on it, and somebody who may pass."""

from __future__ import annotations

import pytest

from access.models import Credential, Gate
from residents.models import Neighborhood, Resident
from tests import make


@pytest.fixture
def place(db) -> Neighborhood:
    return make.neighborhood()


@pytest.fixture
def door(place, now) -> Gate:
    return make.gate(place, at=now)


@pytest.fixture
def reader(door) -> make.Reader:
    return make.device(door)


@pytest.fixture
def who(place, door, now) -> Resident:
    found = make.resident(place, at=now)
    make.rule(door, found, at=now)
    return found


@pytest.fixture
def card(who, now) -> Credential:
    return make.card(who, at=now)
