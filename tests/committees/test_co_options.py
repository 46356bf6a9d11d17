"""Co-opting: a place that came free, for the rest of that term, by the committee's own decision and two members."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from committees import appointing, co_opting
from committees.models import CoOption, Term
from ledger.models import Entry
from residents.ages import today_in
from residents.models import User
from tests.asking import may
from tests.cast import staff
from tests.committees.signed import PAPER, Kind, Role, refused, secretary


@pytest.fixture
def second(here, now) -> User:
    return secretary(here, at=now)


@pytest.fixture
def place(here, chair, second, now) -> Term:
    """A third member went today; the term would have lasted the year."""
    gone = staff(here, username="gone", kind=Kind.OWNERS, role=Role.CLERK, at=now)
    term = Term.objects.get(user=gone)
    appointing.end(term=term, by=None, at=now)
    return Term.objects.get(pk=term.pk)


@pytest.fixture
def newcomer(db) -> User:
    return User.objects.create_user(username="newcomer")


def proposed(place: Term, user: User, by: User, at, **also) -> CoOption:
    today = today_in(place.neighborhood, at)
    said = {"starts": today, "decided_on": today, "paper": PAPER}
    return co_opting.propose(replaces=place, user=user, by=by, at=at, **said | also)


@pytest.mark.obligation("27", "46")
def test_it_is_for_the_rest_of_the_term_and_for_its_role_once_two_say_so(
    here, place, newcomer, chair, second, now
):
    found = proposed(place, newcomer, chair, now)
    assert not may(newcomer, "publish_forms", here, now)
    made = co_opting.confirm(co_option=found, by=second, at=now)
    assert may(newcomer, "publish_forms", here, now)
    assert (made.role, made.ends) == (place.role, place.planned_ends)
    assert made.ends > place.ends
    assert [each.kind for each in Entry.objects.filter(subject=newcomer.pk).order_by("pk")] == [
        "term.co_option_written",
        "term.appointed",
        "term.co_opted",
    ]


@pytest.mark.obligation("27", "46")
def test_neither_who_wrote_it_nor_who_comes_in_confirms_it(here, place, newcomer, chair, second, now):
    found = proposed(place, newcomer, chair, now)
    with pytest.raises(co_opting.CoOptionRefused, match="same_person"):
        co_opting.confirm(co_option=found, by=chair, at=now)
    with pytest.raises(co_opting.CoOptionRefused, match="own"):
        proposed(place, chair, chair, now)
    of_second = proposed(place, second, chair, now)
    with pytest.raises(co_opting.CoOptionRefused, match="own"):
        co_opting.confirm(co_option=of_second, by=second, at=now)
    sql = "UPDATE committees_cooption SET confirmed_by_id = %s, confirmed_at = now(), term_id = %s WHERE id = %s"
    assert refused(sql, chair.pk, place.pk, found.pk) == "LM195"


@pytest.mark.obligation("27")
@pytest.mark.parametrize("who", ["clerk", "auditor", "outsider", "superuser", "resident"])
def test_only_the_very_committee_co_opts(request, here, place, newcomer, chair, now, who):
    by = request.getfixturevalue(who)
    by = by if isinstance(by, User) else by.user
    with pytest.raises(co_opting.CoOptionRefused, match="office"):
        proposed(place, newcomer, by, now)
    found = proposed(place, newcomer, chair, now)
    with pytest.raises(co_opting.CoOptionRefused, match="office"):
        co_opting.confirm(co_option=found, by=by, at=now)
    with pytest.raises(DatabaseError) as said, transaction.atomic():
        CoOption.objects.create(
            neighborhood=here,
            committee=place.committee,
            replaces=place,
            user=newcomer,
            starts=today_in(here, now),
            decided_on=today_in(here, now),
            paper=PAPER,
            written_by=by,
            written_at=now,
        )
    assert said.value.__cause__.sqlstate == "LM195"


@pytest.mark.obligation("46")
def test_no_longer_than_that_term_and_not_before_it_is_free(here, place, newcomer, chair, second, now):
    for wrong in (
        {"starts": place.ends - timedelta(days=1)},
        {"starts": place.planned_ends},
        {"decided_on": today_in(here, now) + timedelta(days=1)},
        {"paper": " "},
    ):
        with pytest.raises(co_opting.CoOptionRefused, match="dates"):
            proposed(place, newcomer, chair, now, **wrong)
    with pytest.raises(co_opting.CoOptionRefused, match="held"):
        proposed(Term.objects.get(user=second), newcomer, chair, now)


@pytest.mark.obligation("46")
def test_raw_sql_gives_no_longer_term(here, place, newcomer, chair, second, now):
    found = proposed(place, newcomer, chair, now)
    longer = appointing.appoint(
        committee=place.committee,
        user=newcomer,
        role=place.role,
        starts=found.starts,
        ends=place.planned_ends + timedelta(days=1),
        by=None,
        at=now,
    )
    sql = "UPDATE committees_cooption SET confirmed_by_id = %s, confirmed_at = now(), term_id = %s"
    assert refused(sql, second.pk, longer.pk) == "LM195"


def test_a_place_is_filled_once(here, place, newcomer, chair, second, now):
    found = proposed(place, newcomer, chair, now)
    other = proposed(place, User.objects.create_user(username="another"), second, now)
    co_opting.confirm(co_option=found, by=second, at=now)
    with pytest.raises(co_opting.CoOptionRefused, match="taken"):
        co_opting.confirm(co_option=other, by=chair, at=now)
    with pytest.raises(co_opting.CoOptionRefused, match="not_waiting"):
        co_opting.confirm(co_option=found, by=second, at=now)


def test_called_off_it_is_no_term(here, place, newcomer, chair, second, now):
    found = proposed(place, newcomer, chair, now)
    assert proposed(place, newcomer, chair, now) == found
    co_opting.call_off(co_option=found, by=second, at=now)
    with pytest.raises(co_opting.CoOptionRefused, match="not_waiting"):
        co_opting.confirm(co_option=found, by=second, at=now)
    assert refused("DELETE FROM committees_cooption") == "LM195"
    assert refused("UPDATE committees_cooption SET called_off_at = NULL, called_off_by_id = NULL") == "LM195"


def test_a_company_co_opts_nobody(here, clerk, newcomer, now):
    manager = staff(here, username="manager", kind=Kind.PROPERTY, role=Role.CHAIR, at=now)
    term = Term.objects.get(user=clerk)
    appointing.end(term=term, by=None, at=now)
    with pytest.raises(co_opting.CoOptionRefused, match="company"):
        proposed(term, newcomer, manager, now)


@pytest.mark.obligation("46")
def test_what_a_term_was_planned_for_is_the_databases_own(place):
    assert (
        refused("UPDATE committees_term SET planned_ends = planned_ends + 1 WHERE id = %s", place.pk)
        == "LM006"
    )
