"""A resident at a browser: signed in, with a card, gates that open to it, and forms to decide about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client

from access import cards, gates, rules
from access.models import Credential, Device, EntryEvent, Gate
from residents.models import Neighborhood, Resident, User
from sharing.models import Field, Recipient, Request
from sharing.requesting import draft, put_to_residents
from tests import make
from tests.screens.entering import passed

SignIn = Callable[[Resident | User], Client]


@pytest.fixture
def sign_in(db: None) -> SignIn:
    def signed_in(who: Resident | User) -> Client:
        user = who.user if isinstance(who, Resident) else who
        assert user is not None
        client = Client(headers={"accept-language": "en"})
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def anybody(db: None) -> Client:
    return Client(headers={"accept-language": "en"})


@pytest.fixture
def me(resident: Resident, sign_in: SignIn) -> Client:
    return sign_in(resident)


@pytest.fixture
def them(neighbor: Resident, sign_in: SignIn) -> Client:
    return sign_in(neighbor)


@pytest.fixture
def beside() -> list[dict[str, bool]]:
    """What each of the two gates takes beside cards and faces."""
    return [{}, {}]


@pytest.fixture
def doors(here: Neighborhood, resident: Resident, beside: list[dict[str, bool]], now: datetime) -> list[Gate]:
    """Two gates that open to the resident's dwelling, and a card."""
    made = [
        gates.put_up(neighborhood=here, name=name, name_en=english, by_face=True, at=now, **also)
        for (name, english), also in zip(
            (("南门", "South gate"), ("北门", "North gate")), beside, strict=True
        )
    ]
    make.enable(here, at=now)
    unit = resident.occupancies.get().unit
    for gate in made:
        rules.add(gate=gate, unit=unit, at=now)
    cards.issue(resident=resident, number="04A20001", at=now)
    return made


@pytest.fixture
def question(here: Neighborhood, clerk: User, chair: User, now: datetime) -> Request:
    """A request to share, put to the residents here."""
    recipient = Recipient.objects.create(neighborhood=here, name="Lifts Ltd", contact="0571 8800 0000")
    drafted = draft(
        recipient=recipient,
        kind="repair",
        purpose="电梯检修通知",
        purpose_en="Notice of the lift repair",
        fields=[Field.NAME, Field.PHONE],
        retention_days=30,
        deadline=now + timedelta(days=7),
        by=clerk,
        at=now,
    )
    return put_to_residents(request=make.read_by_two(drafted, at=now), by=chair, at=now)


# Somebody whom gates know.


@pytest.fixture
def card(doors: list[Gate], resident: Resident) -> Credential:
    return resident.credentials.get()


@pytest.fixture
def readers(doors: list[Gate], now: datetime) -> list[Device]:
    return [make.device(gate, at=now).device for gate in doors]


@pytest.fixture
def south(readers: list[Device]) -> Device:
    return readers[0]


@pytest.fixture
def entered(south: Device, card: Credential, now: datetime) -> EntryEvent:
    return passed(south, card, at=now - timedelta(hours=1))
