"""Who puts their name under what is left, and when: before its last day whoever holds the term, and nobody for them (27, 46)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from committees import appointing, handing_over, suspending
from committees.handing_over import HandoverRefused
from committees.models import Suspension, Term
from residents.ages import today_in
from residents.models import User
from residents.scope import may
from tests.cast import staff
from tests.committees.signed import Kind, Role, refused, secretary
from tests.committees.test_handing_over import LINES, SEAL, raw_line


@pytest.fixture
def second(here, now) -> User:
    return secretary(here, at=now)


@pytest.fixture
def of_residents(here, now) -> User:
    return staff(here, username="of-residents", kind=Kind.RESIDENTS, role=Role.CHAIR, at=now)


def nearly_over(here, chair, now, *, days: int = 20) -> Term:
    Term.objects.filter(user=chair).update(ends=today_in(here, now) + timedelta(days=days))
    return Term.objects.get(user=chair)


@pytest.mark.obligation("27", "46")
def test_before_its_last_day_whoever_holds_the_term_seals_and_no_colleague(
    here, chair, second, of_residents, now
):
    """Else two colleagues ended a third's term a month early."""
    found = handing_over.open_(term=nearly_over(here, chair, now), by=second, at=now)
    with pytest.raises(HandoverRefused, match="holder"):
        handing_over.seal(handover=found, lines=LINES, by=second, at=now)
    assert handing_over.left_to_seal(user=second, at=now) == []
    raw_line(found)
    assert refused(SEAL, second.pk, found.pk) == "LM225"
    assert refused(SEAL, of_residents.pk, found.pk) == "LM197"
    assert may(chair, "view_register", here, now)
    assert handing_over.left_to_seal(user=chair, at=now) == [found]
    assert handing_over.seal(handover=found, lines=LINES, by=chair, at=now).sealed_by == chair


@pytest.mark.obligation("27", "46")
@pytest.mark.parametrize("ends", [0, 20])
def test_whoever_is_suspended_seals_nothing(here, chair, second, now, ends):
    term = nearly_over(here, chair, now)
    today = today_in(here, now)
    suspending.suspend(
        term=term, since=today, until=None, because="absence", paper="蓝木柜", by=second, at=now
    )
    term = nearly_over(here, chair, now, days=ends)
    with pytest.raises(HandoverRefused, match="side"):
        handing_over.open_(term=term, by=chair, at=now)
    found = handing_over.open_(term=term, by=second, at=now)
    with pytest.raises(HandoverRefused, match="side"):
        handing_over.seal(handover=found, lines=LINES, by=chair, at=now)
    raw_line(found)
    assert refused(SEAL, chair.pk, found.pk) == "LM197"
    suspension = Suspension.objects.get()
    suspending.lift(suspension=suspension, by=second, at=now)
    assert handing_over.seal(handover=found, lines=LINES, by=chair, at=now).sealed_by == chair


@pytest.mark.obligation("27", "46")
def test_nor_does_whoever_comes_next_before_they_are_in_office(here, chair, second, now):
    term, today = nearly_over(here, chair, now), today_in(here, now)
    new = User.objects.create_user(username="comes-next")
    appointing.appoint(
        committee=term.committee,
        user=new,
        role=Role.CLERK,
        starts=today + timedelta(days=5),
        ends=today + timedelta(days=300),
        by=None,
        at=now,
    )
    new.refresh_from_db()
    with pytest.raises(HandoverRefused, match="side"):
        handing_over.open_(term=term, by=new, at=now)
    found = handing_over.open_(term=term, by=second, at=now)
    with pytest.raises(HandoverRefused, match="side"):
        handing_over.seal(handover=found, lines=LINES, by=new, at=now)
    raw_line(found)
    assert refused(SEAL, new.pk, found.pk) == "LM197"


def test_code_and_database_agree_on_who_leaves(here, chair, clerk, auditor, second, of_residents, now):
    found = handing_over.open_(term=nearly_over(here, chair, now, days=0), by=None, at=now)
    suspending.suspend(
        term=Term.objects.get(user=second),
        since=today_in(here, now),
        until=None,
        because="absence",
        paper="蓝木柜",
        by=staff(here, username="third", kind=Kind.OWNERS, role=Role.CLERK, at=now),
        at=now,
    )
    said = set()
    for user in User.objects.all():
        gives = handing_over.gives(user=user, handover=found, at=now)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT committees_gives(%s, h) FROM committees_handover h WHERE h.id = %s",
                [user.pk, found.pk],
            )
            assert cursor.fetchone() == (gives,), user.username
        said |= {user.username} if gives else set()
    assert said == {"chair", "third"}
