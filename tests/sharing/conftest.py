from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import pytest

from residents.models import Resident, User
from sharing import answering, disclosing, requesting
from sharing.models import Copy, Disclosure, Recipient, Request
from tests.sharing import receiving


@pytest.fixture
def recipient(here, chair, now) -> Recipient:
    recipient = Recipient.objects.create(neighborhood=here, name="青禾送水站", contact="柳岸路 3 号")
    receiving.key(recipient, by=chair, at=now)
    return recipient


@pytest.fixture
def drafted(recipient, clerk, now) -> Request:
    return requesting.draft(
        recipient=recipient,
        purpose="送水到户",
        purpose_en="Delivering water to the door",
        fields=["dwelling", "name"],
        retention_days=30,
        deadline=now + timedelta(days=7),
        by=clerk,
        at=now,
    )


@pytest.fixture
def asked(drafted, chair, now) -> Request:
    return requesting.put_to_residents(request=drafted, by=chair, at=now)


@pytest.fixture
def says(asked, now) -> Callable[[Resident, bool], object]:
    def say(resident: Resident, yes: bool | Collection[str], at: datetime | None = None) -> object:
        """To all that is asked, to these fields, or no."""
        fields = yes if isinstance(yes, list) else asked.fields if yes else []
        return answering.answer(
            request=asked, resident=resident, fields=fields, actor=resident.user, at=at or now
        )

    return say


@pytest.fixture
def afterwards(asked) -> datetime:
    """A minute after residents had their time to decide."""
    return asked.deadline + timedelta(minutes=1)


@pytest.fixture
def released(asked, chair, afterwards) -> Callable[[], Disclosure]:
    def act(by: User = chair) -> Disclosure:
        return disclosing.release(request=asked, by=by, at=afterwards)

    return act


@pytest.fixture
def give(released, afterwards) -> Callable[[], Copy]:
    """Released, made, and handed over."""

    def act() -> Copy:
        return receiving.handed(released(), at=afterwards)

    return act
