from __future__ import annotations

from datetime import datetime

import pytest

from committees.models import ServiceRequest, Term
from residents.models import Neighborhood, Resident, User
from tests.cast import staff
from tests.committees import service


@pytest.fixture
def owners(here: Neighborhood, now: datetime) -> User:
    """A clerk of the owners' committee."""
    return service.answers(here, service.Body.OWNERS, at=now)


@pytest.fixture
def request_(resident: Resident, clerk: User, now: datetime) -> ServiceRequest:
    """A lamp, asked of the property company, whose clerk is in office."""
    return service.asked(resident, at=now)


@pytest.fixture
def second(here: Neighborhood, clerk: User, now: datetime) -> User:
    """Another clerk of the property company."""
    return staff(here, username="second", kind=service.Body.PROPERTY, role=Term.Role.CLERK, at=now)


@pytest.fixture
def chair_of_company(here: Neighborhood, clerk: User, now: datetime) -> User:
    return staff(here, username="heads", kind=service.Body.PROPERTY, role=Term.Role.CHAIR, at=now)
