"""An auditor at their own pages, and those who have no business there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from residents.models import User


@pytest.fixture
def desk(db: None) -> Callable[[User], Client]:
    def sign_in(user: User) -> Client:
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def seat(desk: Callable[[User], Client], auditor: User) -> Client:
    return desk(auditor)
