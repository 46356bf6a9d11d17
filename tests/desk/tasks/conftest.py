"""A guard's hut: two gates, a few homes, somebody of the staff at the desk, and those who have no business there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from access import cards, gates, rules
from access.models import Credential, Gate
from committees.models import Committee, Term
from residents.models import Neighborhood, Resident, User
from tests.cast import staff
from tests.desk.conftest import Desk

CARD = "0471112222"
Nobody = Callable[..., None]


@pytest.fixture
def south(here: Neighborhood, now: datetime) -> Gate:
    return gates.put_up(neighborhood=here, name="南门", name_en="South Gate", by_pin=True, by_qr=True, at=now)


@pytest.fixture
def north(here: Neighborhood, now: datetime) -> Gate:
    return gates.put_up(neighborhood=here, name="北门", name_en="North Gate", at=now)


@pytest.fixture
def card(resident: Resident, south: Gate, north: Gate, now: datetime) -> Credential:
    """The resident's only one, for both gates."""
    for gate in (south, north):
        rules.add(gate=gate, unit=resident.occupancies.get().unit, at=now)
    return cards.issue(resident=resident, number=CARD, at=now)


@pytest.fixture
def hut(desk: Desk, clerk: User) -> Client:
    return desk(clerk)


@pytest.fixture
def ended(here: Neighborhood, now: datetime) -> User:
    """A clerk whose term ended yesterday."""
    user = staff(here, username="ended", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
    Term.objects.filter(user=user).update(ends=now.date() - timedelta(days=1))
    return user


@pytest.fixture
def strangers(
    desk: Desk, resident: Resident, outsider: User, auditor: User, ended: User
) -> Mapping[str, Client]:
    """Each signed in as they are: nobody here has a right at this desk."""
    assert resident.user is not None
    return {
        "a resident": desk(resident.user),
        "staff elsewhere": desk(outsider),
        "an auditor": desk(auditor),
        "staff whose term ended": desk(ended),
        "nobody in particular": Client(),
    }


@pytest.fixture
def nobody_else(strangers: Mapping[str, Client]) -> Nobody:
    """Tries an address as each stranger: it answers none of them with anything of this neighborhood."""

    def tried(path: str, data: dict[str, Any] | None = None) -> None:
        for who, client in strangers.items():
            if (who, path) == ("an auditor", "/desk/"):
                continue  # it is their first page, with what there is to audit
            response = client.get(path) if data is None else client.post(path, data)
            text = response.content.decode()
            assert "Willow Bank" not in text, f"{who} at {path}"
            assert response.status_code in (302, 404) or (who == "staff elsewhere" and "Far Hills" in text), (
                f"{who} at {path}: {response.status_code}"
            )
            if response.status_code == 302:
                assert response["Location"].startswith(("/sign-in/", "/admin/", "/desk/")), f"{who} at {path}"

    return tried
