"""What must be public is on one list, with where it is and what is missing, and nothing more is."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from committees import audience, counting, made_public, publishing
from committees.made_public import Duty
from committees.models import Committee, Notice, Term
from tests.committees import signed, voting
from tests.committees.notices import published


def found(resident, at) -> dict[Duty, made_public.Item]:
    readable = audience.reader(resident=resident, at=at).readable()
    listed = made_public.items(neighborhood=resident.neighborhood, readable=readable, at=at)
    return {each.duty: each for each in listed}


def missing(resident, at) -> set[Duty]:
    return {duty for duty, each in found(resident, at).items() if each.missing}


def document(here, by, sort: str, *, at) -> Notice:
    return published(here, by, at=at, kind="document", sort=sort)


@pytest.mark.obligation("31")
def test_what_was_never_published_is_missing(here, chair, resident, now):
    assert missing(resident, now) == {Duty.BODIES, Duty.RULES, Duty.MINUTES, Duty.ACCOUNTS}
    for sort, duty in (("rules", Duty.RULES), ("minutes", Duty.MINUTES), ("accounts", Duty.ACCOUNTS)):
        made = document(here, chair, sort, at=now)
        assert found(resident, now)[duty].notice == made
        assert duty not in missing(resident, now)
        newer = document(here, chair, sort, at=now)
        assert found(resident, now)[duty].notice == newer
        publishing.take_down(notice=newer, by=chair, at=now)
        assert found(resident, now)[duty].notice == made
    assert missing(resident, now) == {Duty.BODIES}


@pytest.mark.obligation("31")
def test_of_a_body_its_members_are_named_and_it_can_be_reached(here, chair, resident, now):
    Committee.objects.filter(neighborhood=here).update(office="1 幢底层")
    assert Duty.BODIES in missing(resident, now)
    Term.objects.filter(user=chair).update(public_name="柳主任")
    assert Duty.BODIES not in missing(resident, now)
    Committee.objects.create(
        neighborhood=here, kind=Committee.Kind.PROPERTY, name="物业", phone="0571 8800 1001"
    )
    assert Duty.BODIES in missing(resident, now)  # nobody is in office there


@pytest.mark.obligation("30", "31")
def test_a_contract_is_missing_where_a_company_works_under_one(here, chair, clerk, resident, now):
    assert Duty.CONTRACT not in missing(resident, now)
    signed.contract(here, chair, signed.secretary(here, at=now), at=now)
    assert Duty.CONTRACT in missing(resident, now)
    document(here, clerk, "contract", at=now)
    assert Duty.CONTRACT not in missing(resident, now)


@pytest.mark.obligation("31", "43")
def test_a_vote_that_is_over_and_not_counted_is_missing(here, resident, now):
    assert Duty.RESULTS not in missing(resident, now)
    of = voting.assembly(here, [("88.00", [0]), ("66.00", [1])], at=now)
    voting.measured(here)
    made = voting.running(of, (voting.ORDINARY, False), at=now)
    assert Duty.RESULTS not in missing(resident, now)
    over = voting.is_over(made, at=now)
    assert Duty.RESULTS in missing(resident, now)
    counting.count(meeting=over, minutes="无人到会。", by=of.clerk, at=now)
    assert Duty.RESULTS not in missing(resident, now)


def test_it_costs_the_same_however_much_there_is(here, chair, clerk, resident, now):
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            found(resident, now)
        return len(seen)

    few = cost()
    for _ in range(5):
        for sort in Notice.Sort.values:
            document(here, chair, sort, at=now)
    assert cost() <= few  # with a contract published nobody asks whether there is one
