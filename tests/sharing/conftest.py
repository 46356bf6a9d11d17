from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import pytest

from committees.models import Committee, Term
from residents.models import Resident, User
from sharing import answering, disclosing, requesting
from sharing.models import Copy, Disclosure, Order, Recipient, Request
from tests import make
from tests.cast import staff
from tests.sharing import ordering, receiving


@pytest.fixture
def recipient(here, chair, now) -> Recipient:
    recipient = Recipient.objects.create(neighborhood=here, name="青禾送水站", contact="柳岸路 3 号")
    receiving.key(recipient, by=chair, at=now)
    return recipient


@pytest.fixture
def chair_of_residents(here, now) -> User:
    kind, role = Committee.Kind.RESIDENTS, Term.Role.CHAIR
    return staff(here, username="chair-of-residents", kind=kind, role=role, at=now)


@pytest.fixture
def clerk_of_owners(here, now) -> User:
    return staff(here, username="clerk-of-owners", kind=Committee.Kind.OWNERS, role=Term.Role.CLERK, at=now)


@pytest.fixture
def drafted(recipient, clerk, now) -> Request:
    return requesting.draft(
        recipient=recipient,
        kind="delivery",
        purpose="送水到户",
        purpose_en="Delivering water to the door",
        fields=["dwelling", "name"],
        retention_days=30,
        deadline=now + timedelta(days=7),
        by=clerk,
        at=now,
    )


@pytest.fixture
def read(drafted, now) -> Request:
    """Two of the committees have read it, and said yes."""
    return make.read_by_two(drafted, at=now)


@pytest.fixture
def asked(read, chair, now) -> Request:
    return requesting.put_to_residents(request=read, by=chair, at=now)


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


@pytest.fixture
def authority(here, chair, now) -> Recipient:
    return ordering.authority(here, by=chair, at=now)


@pytest.fixture
def order(authority, resident, clerk, now) -> Order:
    return ordering.drafted(authority, resident, by=clerk, at=now)


@pytest.fixture
def silent(authority, resident, clerk, now) -> Order:
    """A law forbids telling for thirty days."""
    late = {"tell_on": now + timedelta(days=30), "forbidden_by": ordering.SILENCE}
    return ordering.drafted(authority, resident, by=clerk, at=now, **late)


@pytest.fixture
def readers(chair, chair_of_residents) -> tuple[User, User]:
    return chair, chair_of_residents
