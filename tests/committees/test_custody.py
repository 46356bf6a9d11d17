"""Who keeps the keys is data: taken, seen by another, passed on; and no handover passes over who has left (obligation 46)."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction

from committees import custody, handing_over
from committees.handing_over import HandoverRefused
from committees.models import KeyCustody, Term
from residents.ages import today_in
from residents.models import User
from tests.cast import staff
from tests.committees.signed import Kind, Role, refused, secretary
from tests.committees.test_handing_over import LINES, checked


@pytest.fixture
def second(here, now) -> User:
    return secretary(here, at=now)


@pytest.fixture
def of_residents(here, now) -> User:
    return staff(here, username="of-residents", kind=Kind.RESIDENTS, role=Role.CHAIR, at=now)


@pytest.mark.obligation("46")
def test_it_waits_while_a_key_is_with_who_has_left(here, chair, second, of_residents, now):
    kept = custody.take(neighborhood=here, thing="half_1", by=chair, at=now)
    custody.witness(custody=kept, by=second, at=now)
    Term.objects.filter(user=chair).update(ends=today_in(here, now))
    found = handing_over.open_(term=Term.objects.get(user=chair), by=None, at=now)
    found = handing_over.seal(handover=found, lines=LINES, by=chair, at=now)
    checked(found, second, now)
    assert [each.holder for each in custody.left(neighborhood=here, at=now)] == [chair]
    with pytest.raises(HandoverRefused, match="custody"):
        handing_over.countersign(handover=found, by=second, at=now)
    sql = "UPDATE committees_handover SET countersigned_by_id = %s, countersigned_at = now()"
    assert refused(sql, second.pk) == "LM199"

    taken = custody.take(neighborhood=here, thing="half_1", by=of_residents, at=now)
    custody.witness(custody=taken, by=chair, at=now)
    assert custody.left(neighborhood=here, at=now) == []
    handing_over.countersign(handover=found, by=second, at=now)


@pytest.mark.obligation("46")
def test_or_somebody_says_why_not(here, chair, second, now):
    kept = custody.take(neighborhood=here, thing="half_2", by=chair, at=now)
    custody.witness(custody=kept, by=second, at=now)
    Term.objects.filter(user=chair).update(ends=today_in(here, now))
    found = handing_over.open_(term=Term.objects.get(user=chair), by=None, at=now)
    found = handing_over.seal(handover=found, lines=LINES, by=second, at=now)
    receiver = staff(here, username="third", kind=Kind.OWNERS, role=Role.CLERK, at=now)
    checked(found, receiver, now)
    done = handing_over.countersign(handover=found, by=receiver, at=now, custody_left="信封在银行，周一取")
    assert done.custody_left


@pytest.mark.obligation("46")
def test_it_counts_once_another_has_seen_it_and_the_one_before_has_it_no_more(here, chair, second, now):
    first = custody.take(neighborhood=here, thing="backup", by=chair, at=now)
    assert not custody.held(here).exists()
    with pytest.raises(custody.CustodyRefused, match="same_person"):
        custody.witness(custody=first, by=chair, at=now)
    custody.witness(custody=first, by=second, at=now)
    assert custody.held(here).get() == first
    then = custody.take(neighborhood=here, thing="backup", by=second, at=now)
    custody.witness(custody=then, by=chair, at=now)
    assert custody.held(here).get() == then
    with pytest.raises(custody.CustodyRefused, match="not_waiting"):
        custody.witness(custody=then, by=chair, at=now)


@pytest.mark.obligation("46")
def test_two_halves_are_kept_by_two_people(here, chair, second, now):
    one = custody.take(neighborhood=here, thing="half_1", by=chair, at=now)
    custody.witness(custody=one, by=second, at=now)
    with pytest.raises(custody.CustodyRefused, match="both_halves"):
        custody.take(neighborhood=here, thing="half_2", by=chair, at=now)
    with pytest.raises(DatabaseError) as said, transaction.atomic():
        KeyCustody.objects.create(neighborhood=here, thing="half_2", holder=chair, taken_at=now)
    assert said.value.__cause__.sqlstate == "LM199"


@pytest.mark.parametrize("who", ["auditor", "outsider", "resident"])
def test_only_somebody_at_work_here_keeps_one(request, here, chair, now, who):
    by = request.getfixturevalue(who)
    by = by if isinstance(by, User) else by.user
    with pytest.raises(custody.CustodyRefused, match="office"):
        custody.take(neighborhood=here, thing="half_1", by=by, at=now)
    with pytest.raises(DatabaseError) as said, transaction.atomic():
        KeyCustody.objects.create(neighborhood=here, thing="half_1", holder=by, taken_at=now)
    assert said.value.__cause__.sqlstate == "LM199"
    one = custody.take(neighborhood=here, thing="half_1", by=chair, at=now)
    with pytest.raises(custody.CustodyRefused, match="office"):
        custody.witness(custody=one, by=by, at=now)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE committees_keycustody SET ended_at = now()",
        "UPDATE committees_keycustody SET thing = 'half_2'",
        "UPDATE committees_keycustody SET witnessed_at = NULL, witnessed_by_id = NULL",
        "DELETE FROM committees_keycustody",
    ],
)
def test_raw_sql_changes_none(here, chair, second, now, change):
    one = custody.take(neighborhood=here, thing="half_1", by=chair, at=now)
    custody.witness(custody=one, by=second, at=now)
    assert refused(change) == "LM199"


def test_said_twice_it_is_said_once(here, chair, now):
    one = custody.take(neighborhood=here, thing="half_1", by=chair, at=now)
    assert custody.take(neighborhood=here, thing="half_1", by=chair, at=now) == one
