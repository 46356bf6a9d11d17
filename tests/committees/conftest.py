from __future__ import annotations

from datetime import datetime

import pytest

from committees.models import ServiceRequest
from residents.models import Neighborhood, Resident, User
from tests.committees import service


@pytest.fixture
def owners(here: Neighborhood, now: datetime) -> User:
    """A clerk of the owners' committee."""
    return service.answers(here, service.Body.OWNERS, at=now)


@pytest.fixture
def request_(resident: Resident, clerk: User, now: datetime) -> ServiceRequest:
    """A lamp, asked of the property company, whose clerk is in office."""
    return service.asked(resident, at=now)
