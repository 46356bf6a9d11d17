"""Whom a request is about: the database's rule against plain Python, and everywhere it counts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from residents.ages import today_in, years_before
from residents.models import Building, Occupancy, Ownership, Resident, Unit
from sharing import answering, audience, disclosing, requesting
from sharing.models import Answer, DisclosedRow, Request
from sharing.tallies import freeze
from tests import make
from tests.minors.conftest import family
from tests.sharing.passing import its_time_passes
from tests.sharing.test_requesting import draft

AGES = sorted(audience.AGES)
ROLES = sorted(Occupancy.Tenure.values)
BORN = (None, 13, 14, 17)


def plainly(said: dict, born: int | None, ties: list[tuple[str, str]]) -> bool:
    """The rule again, in ten lines that know nothing of SQL."""
    band = "adult" if born is None else "from_14" if born >= 14 else "under_14"
    if "ages" in said and band not in said["ages"]:
        return False
    if not {"buildings", "roles"} & set(said):
        return True
    return any(
        ("buildings" not in said or building in said["buildings"])
        and ("roles" not in said or role in said["roles"])
        for building, role in ties
    )


def some(of: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(of), min_size=1, unique=True)


RULES = st.fixed_dictionaries(
    {}, optional={"buildings": some(["A", "B"]), "ages": some(AGES), "roles": some(ROLES)}
)
PEOPLE = st.tuples(
    st.sampled_from(BORN),
    st.lists(
        st.tuples(st.sampled_from("AB"), st.sampled_from(ROLES)), max_size=2, unique_by=lambda each: each[0]
    ),
    st.none() | st.sampled_from("AB"),
)


@pytest.mark.obligation("28")
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, *HealthCheck]
)
@given(said=RULES, person=PEOPLE)
def test_the_database_says_what_plain_python_says(here, recipient, clerk, now, said, person):
    born, ties, owned = person
    with transaction.atomic():
        buildings = {name: Building.objects.create(neighborhood=here, name=f"{name} 幢") for name in "AB"}
        named = {**said, "buildings": [str(buildings[each].pk) for each in said.get("buildings", [])]}
        request = draft(recipient, clerk, now, about=named)
        today = today_in(here, now)
        who = Resident.objects.create(
            neighborhood=here, name="柳", born=None if born is None else years_before(today, born)
        )
        units = {
            name: Unit.objects.create(neighborhood=here, building=building, number="1")
            for name, building in buildings.items()
        }
        for building, role in ties:
            dwells = {"neighborhood": here, "resident": who, "unit": units[building], "tenure": role}
            Occupancy.objects.create(**dwells, since=today - timedelta(days=3))
        if owned:
            Ownership.objects.create(
                neighborhood=here, resident=who, unit=units[owned], since=date(2020, 1, 1)
            )
        all_ties = [*ties, *([(owned, "owner")] if owned else [])]
        assert audience.includes(request, who) == plainly(said, born, all_ties)
        transaction.set_rollback(True)


@pytest.fixture
def drafted(recipient, resident, clerk, now) -> Request:
    """Only about those of the building that the resident lives in, as what they live there."""
    return draft(recipient, clerk, now, about={"roles": ["tenant"]})


@pytest.fixture
def tenant(neighbor) -> Resident:
    Occupancy.objects.filter(resident=neighbor).update(tenure="tenant")
    return neighbor


def test_who_is_not_meant_is_not_asked_not_told_and_may_not_say_yes(asked, resident, tenant, says, now):
    assert answering.waiting(resident=resident, at=now) == []
    assert answering.waiting(resident=tenant, at=now) == [(asked, tenant)]
    for yes in (True, False):
        with pytest.raises(PermissionDenied):
            says(resident, yes)
    says(tenant, True)
    assert [each.resident for each in answering.standing(request=asked, at=now)] == [tenant]


@pytest.mark.obligation("28")
def test_raw_sql_takes_no_yes_of_somebody_who_is_not_meant(asked, resident, tenant):
    said = {
        "neighborhood": asked.neighborhood,
        "request": asked,
        "resident": resident,
        "actor": resident.user,
    }
    with pytest.raises(DatabaseError, match="not asked about them"), transaction.atomic():
        Answer.objects.create(yes=True, fields=["name"], **said)
    Answer.objects.create(yes=False, **said)


@pytest.mark.obligation("28")
def test_who_is_meant_no_more_is_in_no_file_and_can_still_say_no(asked, tenant, says, chair, afterwards, now):
    yes = says(tenant, True)
    Occupancy.objects.filter(resident=tenant).update(tenure="owner")
    assert answering.standing(request=asked, at=now) == []
    its_time_passes(asked)
    order = disclosing.release(request=asked, by=chair, at=afterwards)
    with pytest.raises(DatabaseError, match="not asked about them"), transaction.atomic():
        DisclosedRow.objects.create(disclosure=order, resident=tenant, answer=yes, fields=["name"])
    says(tenant, False)


def test_a_child_is_meant_by_its_own_age(recipient, here, clerk, chair, now):
    fam = family(here, clerk, at=now)
    wish = draft(recipient, clerk, now, about={"ages": ["under_14"]})
    asked = requesting.put_to_residents(request=make.read_by_two(wish, at=now), by=chair, at=now)
    assert answering.waiting(resident=fam.mother, at=now) == [(asked, fam.child)]


def test_the_count_is_of_those_who_were_meant(recipient, here, clerk, chair, now):
    people = [make.resident(here, at=now) for _ in range(16)]
    Occupancy.objects.filter(resident__in=people[:8]).update(tenure="tenant")
    wish = draft(recipient, clerk, now, about={"roles": ["tenant"]})
    asked = requesting.put_to_residents(request=make.read_by_two(wish, at=now), by=chair, at=now)
    for each in people[:5]:
        answering.answer(request=asked, resident=each, fields=["name"], actor=each.user, at=now)
    its_time_passes(asked)
    # Five of eight: what is left of those who were meant is three, and would point at somebody.
    assert freeze(request=asked.pk).shown is None


@pytest.mark.obligation("28")
@pytest.mark.parametrize(
    "said",
    [
        "[]",
        '"all"',
        '{"ages": []}',
        '{"ages": "adult"}',
        '{"ages": ["old"]}',
        '{"roles": ["landlord"]}',
        '{"names": ["柳"]}',
        '{"buildings": ["1"]}',
        '{"buildings": [1]}',
        '{"buildings": ["7d0f5c1e-2b64-4d8e-9a3f-0c5b6e7f8a91"]}',
    ],
)
def test_raw_sql_takes_no_rule_that_means_nobody(drafted, said):
    with pytest.raises(DatabaseError, match="of whom"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE sharing_request SET audience = %s::jsonb", [said])


def test_another_neighborhoods_building_is_none(recipient, elsewhere, clerk, now):
    theirs = Building.objects.create(neighborhood=elsewhere, name="9")
    with pytest.raises(requesting.RequestRefused, match="audience"):
        draft(recipient, clerk, now, about={"buildings": [str(theirs.pk)]})


def test_it_is_said_in_words(drafted, here, recipient, clerk, now):
    building = Building.objects.filter(neighborhood=here).first()
    wish = draft(recipient, clerk, now, about={"buildings": [str(building.pk)], "ages": ["adult"]})
    with translation.override("en"):
        assert audience.in_words(wish) == f"building {building.name}; of age"
        assert audience.in_words(drafted) == "tenant"
