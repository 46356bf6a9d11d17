"""The cast: who is who in the tests.

`here` is the neighborhood of most of them, `elsewhere` another one. `resident` lives here, `neighbor` lives next door, and
`stranger` lives elsewhere and should have access to nothing here. `chair`, `clerk` and `auditor` hold terms here, `outsider`
is staff elsewhere.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from committees.models import Committee, Term
from consent import publishing
from consent.drafting import ALWAYS, AS_BUILT
from consent.models import Form, FormText, Purpose
from residents.models import Building, Neighborhood, Resident, Unit, User
from residents.register import move_in, register

PASSWORD = "correct horse battery staple"


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def here(db: None) -> Neighborhood:
    return Neighborhood.objects.create(name="柳岸小区", name_en="Willow Bank")


@pytest.fixture
def elsewhere(db: None) -> Neighborhood:
    return Neighborhood.objects.create(name="远山苑", name_en="Far Hills")


def dwelling(neighborhood: Neighborhood, number: str) -> Unit:
    building, _ = Building.objects.get_or_create(neighborhood=neighborhood, name="1")
    return Unit.objects.create(neighborhood=neighborhood, building=building, number=number)


def settle(neighborhood: Neighborhood, *, number: str, name: str, phone: str, at: datetime) -> Resident:
    """A resident with an account and a dwelling."""
    resident = register(neighborhood=neighborhood, name=name, phone=phone)
    resident.user = User.objects.create_user(username=f"r{number}", password=PASSWORD)
    resident.save()
    move_in(
        resident=resident, unit=dwelling(neighborhood, number), since=at.date() - timedelta(days=30), at=at
    )
    return resident


@pytest.fixture
def resident(here: Neighborhood, now: datetime) -> Resident:
    return settle(here, number="101", name="柳一", phone="0571 8800 0101", at=now)


@pytest.fixture
def neighbor(here: Neighborhood, now: datetime) -> Resident:
    return settle(here, number="102", name="柳二", phone="0571 8800 0102", at=now)


@pytest.fixture
def stranger(elsewhere: Neighborhood, now: datetime) -> Resident:
    return settle(elsewhere, number="901", name="山一", phone="0571 8800 0901", at=now)


def staff(
    neighborhood: Neighborhood, *, username: str, kind: Committee.Kind, role: Term.Role, at: datetime
) -> User:
    from committees.appointing import appoint

    committee, _ = Committee.objects.get_or_create(
        neighborhood=neighborhood, kind=kind, defaults={"name": str(kind.label)}
    )
    user = User.objects.create_user(username=username, password=PASSWORD)
    appoint(
        committee=committee,
        user=user,
        role=role,
        starts=at.date() - timedelta(days=30),
        ends=at.date() + timedelta(days=335),
        by=None,
        at=at,
    )
    return User.objects.get(pk=user.pk)


@pytest.fixture
def chair(here: Neighborhood, now: datetime) -> User:
    return staff(here, username="chair", kind=Committee.Kind.OWNERS, role=Term.Role.CHAIR, at=now)


@pytest.fixture
def clerk(here: Neighborhood, now: datetime) -> User:
    return staff(here, username="clerk", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)


@pytest.fixture
def auditor(here: Neighborhood, now: datetime) -> User:
    return staff(here, username="auditor", kind=Committee.Kind.RESIDENTS, role=Term.Role.AUDITOR, at=now)


@pytest.fixture
def outsider(elsewhere: Neighborhood, now: datetime) -> User:
    return staff(elsewhere, username="outsider", kind=Committee.Kind.OWNERS, role=Term.Role.CHAIR, at=now)


@pytest.fixture
def superuser(db: None) -> User:
    return User.objects.create_superuser(username="root", password=PASSWORD)


def draft(neighborhood: Neighborhood, purpose: Purpose, *, version: int = 1) -> Form:
    """A form that says everything a notice must say."""
    form = Form.objects.create(
        neighborhood=neighborhood,
        purpose=purpose,
        version=version,
        controller_name="柳岸小区业委会",
        controller_kind=Form.Controller.OWNERS,
        controller_address="柳岸路 1 号",
        controller_contact="1 幢 101 室",
        retention_days=0,
        life_days=365,
        **AS_BUILT[purpose],
        **ALWAYS,
    )
    for language in FormText.Language.values:
        FormText.objects.create(
            form=form, language=language, **{part: f"{part} ({language})" for part in FormText.NOTICE}
        )
    return form


def publish(*, form: Form, by: User, at: datetime) -> Form:
    """Handed in by somebody, and put into force by a second reader."""
    from tests import make

    drafter, _ = User.objects.get_or_create(username=f"drafter-{form.neighborhood_id}")
    publishing.submit(form=form, by=drafter, at=at)
    make.assess_anew(form.neighborhood, at=at)
    return publishing.publish(form=form, by=by, at=at)


@pytest.fixture
def forms(here: Neighborhood, chair: User, now: datetime) -> dict[Purpose, Form]:
    """One published form for each purpose, here, where faces may be used."""
    from tests import make

    make.enable(here, at=now)
    return {purpose: publish(form=draft(here, purpose), by=chair, at=now) for purpose in Purpose}
