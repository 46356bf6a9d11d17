"""A company's contract: written by one, confirmed by another, and its staff's rights end with it (obligations 27, 30, 46)."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, transaction

from committees import appointing, contracts, public, roles, service
from committees.models import CompanyContract, NeighborhoodPermission, ServiceStep, Suspension, Term
from ledger.models import Entry
from residents.ages import today_in
from residents.models import Neighborhood, User
from residents.scope import scope
from tests.asking import EVERY_PERMISSION, may
from tests.cast import staff
from tests.committees import service as asking
from tests.committees.signed import PAPER, Kind, Role, company, contract, ended, refused, secretary


@pytest.fixture
def second(here, now) -> User:
    return secretary(here, at=now)


@pytest.fixture
def signed(here, clerk, chair, second, now) -> CompanyContract:
    return contract(here, chair, second, at=now)


def midnight(here: Neighborhood, day) -> datetime:
    return datetime.combine(day, datetime.min.time(), ZoneInfo(here.time_zone))


@pytest.mark.obligation("27", "30", "46")
def test_rights_are_dead_at_its_midnight_though_the_term_and_every_row_are_left(here, clerk, signed):
    over = midnight(here, signed.ends)

    assert Term.objects.get(user=clerk).ends > signed.ends
    assert may(clerk, "look_up", here, over - timedelta(seconds=1))
    assert not any(may(clerk, perm, here, over) for perm in EVERY_PERMISSION)
    assert NeighborhoodPermission.objects.filter(user=clerk).exists()


@pytest.mark.obligation("30")
def test_rights_have_not_begun_before_its_first_day(here, clerk, chair, second, now):
    tomorrow = today_in(here, now) + timedelta(days=1)
    contract(here, chair, second, at=now, starts=tomorrow, ends=tomorrow + timedelta(days=300))
    assert not may(clerk, "look_up", here, now)
    assert may(clerk, "look_up", here, now + timedelta(days=1))


@pytest.mark.obligation("30", "46")
def test_ended_by_two_today_it_is_dead_in_every_answer_of_roles(here, clerk, chair, second, signed, now):
    assert roles.offices(user=clerk, neighborhood=here, at=now) == ["property.clerk"]
    ended(signed, chair, second, at=now, ends=today_in(here, now))

    assert roles.offices(user=clerk, neighborhood=here, at=now) == []
    assert not roles.holders(neighborhood=here, perm="look_up", at=now).exists()
    assert not roles.bodies(user=clerk, perm="publish_notices", at=now).exists()
    assert roles.capacity(user=clerk, neighborhood=here, perm="look_up", at=now) == roles.OPERATOR
    assert roles.capacities(user=clerk, neighborhood=here, perm="answer_service", at=now) == {}
    assert Kind.PROPERTY not in roles.in_office(neighborhood=here, perm="answer_service", at=now)
    assert not clerk.has_perm("residents.look_up", here)
    assert may(chair, "view_register", here, now)


@pytest.mark.obligation("30", "46")
def test_nobody_of_the_company_is_named_in_public_after_it(here, clerk, chair, second, signed, now):
    def named() -> list[str]:
        shown = public.bodies(neighborhood=here, at=now)
        return [
            member.post for body in shown if body.committee.kind == Kind.PROPERTY for member in body.members
        ]

    assert named()
    ended(signed, chair, second, at=now, ends=today_in(here, now))
    assert not named()


@pytest.mark.obligation("30", "46")
def test_the_database_asks_for_it_too(here, clerk, chair, second, signed, resident, now):
    request = asking.asked(resident, at=now)
    ended(signed, chair, second, at=now, ends=today_in(here, now))

    with pytest.raises(service.ServiceRefused):
        service.answer(
            request=request,
            status=service.Status.REPLIED,
            words="好",
            seen=1,
            token=uuid4(),
            by=clerk,
            at=now,
        )
    with pytest.raises(DatabaseError) as said, transaction.atomic():
        ServiceStep.objects.create(
            neighborhood=here,
            request=request,
            number=2,
            status="replied",
            by=clerk,
            capacity="property.clerk",
            token=uuid4(),
            at=now,
        )
    assert said.value.__cause__.sqlstate == "LM092"


@pytest.mark.obligation("30")
def test_it_counts_once_another_has_confirmed_it(here, clerk, chair, second, now):
    made = contracts.write(
        committee=company(here),
        starts=now.date() - timedelta(days=90),
        ends=now.date() - timedelta(days=1),
        paper=PAPER,
        by=chair,
        at=now,
    )
    assert may(clerk, "look_up", here, now)
    with pytest.raises(contracts.ContractRefused, match="same_person"):
        contracts.confirm(contract=made, by=chair, at=now)
    contracts.confirm(contract=made, by=second, at=now)
    assert not may(clerk, "look_up", here, now)
    with pytest.raises(contracts.ContractRefused, match="not_waiting"):
        contracts.confirm(contract=made, by=second, at=now)


@pytest.mark.obligation("30")
@pytest.mark.parametrize("who", ["clerk", "auditor", "outsider", "resident"])
def test_only_the_committees_here_keep_it(request, here, chair, clerk, second, signed, now, who):
    by = request.getfixturevalue(who)
    by = by if isinstance(by, User) else by.user
    with pytest.raises(contracts.ContractRefused, match="office"):
        contracts.write(
            committee=company(here),
            starts=now.date(),
            ends=now.date() + timedelta(days=9),
            paper=PAPER,
            by=by,
            at=now,
        )
    with pytest.raises(contracts.ContractRefused, match="office"):
        contracts.change(contract=signed, ends=now.date() + timedelta(days=99), paper=PAPER, by=by, at=now)
    waiting = contracts.change(
        contract=signed, ends=now.date() + timedelta(days=99), paper=PAPER, by=chair, at=now
    )
    with pytest.raises(contracts.ContractRefused, match="office"):
        contracts.confirm(contract=waiting, by=by, at=now)
    assert (
        refused(
            "UPDATE committees_companycontract SET confirmed_by_id = %s, confirmed_at = now() WHERE id = %s",
            by.pk,
            waiting.pk,
        )
        == "LM193"
    )


@pytest.mark.obligation("30")
def test_extended_by_two_it_lasts_longer_and_what_it_was_stays(here, clerk, chair, second, signed, now):
    later = now.date() + timedelta(days=200)
    waiting = contracts.change(contract=signed, ends=later, paper=PAPER, by=second, at=now)
    beyond = midnight(here, signed.ends)
    assert not may(clerk, "look_up", here, beyond)
    contracts.confirm(contract=waiting, by=chair, at=now)
    assert may(clerk, "look_up", here, beyond)

    signed.refresh_from_db()
    assert signed.superseded_at is not None
    with pytest.raises(contracts.ContractRefused, match="over"):
        contracts.change(contract=signed, ends=later, paper=PAPER, by=chair, at=now)
    assert [entry.kind for entry in Entry.objects.filter(subject=waiting.pk).order_by("pk")] == [
        "contract.written",
        "contract.confirmed",
    ]


@pytest.mark.obligation("30", "46")
def test_what_is_over_is_not_brought_back(here, clerk, chair, second, signed, now):
    waiting = contracts.change(
        contract=signed, ends=signed.ends + timedelta(days=9), paper=PAPER, by=chair, at=now
    )
    gone = ended(signed, second, chair, at=now, ends=today_in(here, now))
    with pytest.raises(contracts.ContractRefused, match="over"):
        contracts.confirm(contract=waiting, by=second, at=now)
    with pytest.raises(contracts.ContractRefused, match="over"):
        contracts.change(contract=gone, ends=now.date() + timedelta(days=9), paper=PAPER, by=chair, at=now)
    assert not may(clerk, "look_up", here, now)


@pytest.mark.obligation("30")
def test_a_company_works_under_one_at_a_time(here, clerk, chair, second, signed, now):
    beside = contracts.write(
        committee=company(here),
        starts=now.date(),
        ends=now.date() + timedelta(days=700),
        paper=PAPER,
        by=chair,
        at=now,
    )
    with pytest.raises(contracts.ContractRefused, match="another"):
        contracts.confirm(contract=beside, by=second, at=now)
    sql = "UPDATE committees_companycontract SET confirmed_by_id = %s, confirmed_at = now() WHERE id = %s"
    assert refused(sql, second.pk, beside.pk) == "LM193"


def test_sent_twice_it_is_one(here, chair, now):
    said = {
        "starts": now.date(),
        "ends": now.date() + timedelta(days=9),
        "paper": PAPER,
        "by": chair,
        "at": now,
    }
    one = contracts.write(committee=company(here), **said)
    assert contracts.write(committee=company(here), **said) == one
    assert CompanyContract.objects.count() == 1


def test_called_off_it_is_confirmed_by_nobody(here, chair, second, now):
    made = contracts.write(
        committee=company(here),
        starts=now.date(),
        ends=now.date() + timedelta(days=9),
        paper=PAPER,
        by=chair,
        at=now,
    )
    contracts.call_off(contract=made, by=second, at=now)
    with pytest.raises(contracts.ContractRefused, match="not_waiting"):
        contracts.confirm(contract=made, by=second, at=now)
    sql = "UPDATE committees_companycontract SET confirmed_by_id = %s, confirmed_at = now() WHERE id = %s"
    assert refused(sql, second.pk, made.pk) == "LM193"


def test_a_committee_has_none(here, chair, now):
    with pytest.raises(contracts.ContractRefused, match="not_a_company"):
        contracts.write(
            committee=Term.objects.get(user=chair).committee,
            starts=now.date(),
            ends=now.date() + timedelta(days=9),
            paper=PAPER,
            by=chair,
            at=now,
        )


def test_who_runs_the_system_may_be_one_of_the_two_where_there_is_no_committee(here, superuser, clerk, now):
    made = contracts.write(
        committee=company(here),
        starts=now.date(),
        ends=now.date() + timedelta(days=9),
        paper=PAPER,
        by=superuser,
        at=now,
    )
    with pytest.raises(contracts.ContractRefused, match="same_person"):
        contracts.confirm(contract=made, by=superuser, at=now)
    other = User.objects.create_superuser(username="root2")
    assert contracts.confirm(contract=made, by=other, at=now).is_current


@pytest.mark.obligation("30", "46")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE committees_companycontract SET ends = ends + 100",
        "UPDATE committees_companycontract SET starts = starts - 1",
        "UPDATE committees_companycontract SET paper = 'x'",
        "UPDATE committees_companycontract SET superseded_at = now()",
        "UPDATE committees_companycontract SET confirmed_at = NULL, confirmed_by_id = NULL",
        "DELETE FROM committees_companycontract",
    ],
)
def test_raw_sql_changes_none(signed, change):
    assert refused(change) == "LM193"


@pytest.mark.obligation("30")
def test_raw_sql_writes_none_that_counts_at_once(here, chair, second, now):
    with pytest.raises(DatabaseError) as said, transaction.atomic():
        CompanyContract.objects.create(
            neighborhood=here,
            committee=company(here),
            starts=now.date(),
            ends=now.date() + timedelta(days=9),
            paper=PAPER,
            written_by=chair,
            written_at=now,
            confirmed_by=second,
            confirmed_at=now,
        )
    assert said.value.__cause__.sqlstate == "LM193"


def test_one_of_another_neighborhood_is_no_ground_here(here, elsewhere, clerk, chair, second, signed, now):
    there = company(elsewhere)
    with pytest.raises(DatabaseError) as said, transaction.atomic():
        CompanyContract.objects.create(
            neighborhood=here,
            committee=there,
            starts=now.date(),
            ends=now.date() + timedelta(days=9),
            paper=PAPER,
            written_by=chair,
            written_at=now,
        )
    assert said.value.__cause__.sqlstate in ("LM010", "LM193")


@pytest.mark.obligation("46")
def test_the_sweep_cuts_terms_to_it_and_tidies_up(here, clerk, chair, second, signed, now):
    later = staff(here, username="later", kind=Kind.PROPERTY, role=Role.CHAIR, at=now + timedelta(days=60))
    term = Term.objects.get(user=clerk)
    assert contracts.shorten_terms(at=now) == 0
    much_later = now + timedelta(days=11)
    assert contracts.shorten_terms(at=much_later) == 2
    assert contracts.shorten_terms(at=much_later) == 0
    term.refresh_from_db()
    assert term.ends == signed.ends
    assert not Term.objects.filter(user=later).exists()
    later.refresh_from_db()
    assert not later.is_staff
    assert appointing.forget_ended(at=much_later + timedelta(days=1)) == 1
    clerk.refresh_from_db()
    assert not clerk.is_staff


def test_a_company_of_which_none_was_confirmed_is_told_of(here, clerk, chair, second, now):
    assert contracts.without(neighborhood=here, at=now) == [company(here)]
    contract(here, chair, second, at=now)
    assert contracts.without(neighborhood=here, at=now) == []


def test_it_still_asks_one_query(here, clerk, chair, signed, now, django_assert_num_queries):
    with django_assert_num_queries(1):
        list(scope(clerk, "view_register", now))


@pytest.mark.obligation("30", "46")
def test_code_and_database_agree_on_what_is_in_force(here, clerk, chair, second, auditor, signed, now):
    """Day by day, around each of the days on which something begins or ends."""
    today = today_in(here, now)
    term = Term.objects.get(user=second)
    Suspension.objects.create(
        neighborhood=here,
        term=term,
        since=today + timedelta(days=3),
        until=today + timedelta(days=5),
        because="absence",
        paper=PAPER,
        imposed_by=chair,
        imposed_at=now,
    )
    for days in range(-35, 340):
        at = midnight(here, today + timedelta(days=days)) + timedelta(hours=12)
        here_says = set(Term.objects.in_force(at).values_list("pk", flat=True))
        with connection.cursor() as cursor:
            cursor.execute("SELECT t.id FROM committees_term t WHERE committees_in_force(t, %s)", [at.date()])
            assert here_says == {row[0] for row in cursor.fetchall()}, days
