"""A meeting of the owners is called: who may, how many days before, for how long, and what stands from then on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, ProgrammingError, connection, transaction

from committees import calling, roles
from committees.calling import CallingRefused
from committees.models import Committee, Head, HeadUnit, Meeting, Term, Topic, Urn
from committees.models.meetings import LONGEST_WINDOW, SHORTEST_WINDOW
from ledger.models import Entry
from residents import notifying
from residents.models import Ownership, Unit
from tests import make
from tests.cast import staff
from tests.committees.voting import (
    ELECTION,
    GRAVE,
    ORDINARY,
    Kind,
    assembly,
    called,
    drafted,
    head_of,
    is_over,
    owns,
    plan,
    refused,
    running,
)
from vault import keys

pytestmark = pytest.mark.django_db
TWO = [("89.50", [0]), ("120.01", [1])]


@pytest.fixture
def of(here, now):
    return assembly(here, TWO, at=now)


def reason(act) -> str:
    with pytest.raises(CallingRefused) as error:
        act()
    return error.value.reason


def notice(of, meeting, now):
    return calling.give_notice(meeting=meeting, by=of.chair, at=now)


def by_hand(meeting, by):
    """As raw SQL would give notice: nothing is asked before."""
    return Meeting.objects.filter(pk=meeting.pk).update(
        noticed_by=by, noticed_at="2020-01-01T00:00Z", roll_heads=1, roll_area=1
    )


@pytest.mark.obligation("44")
@pytest.mark.parametrize(("kind", "days"), [(Kind.REGULAR, 15), (Kind.INTERIM, 7)])
def test_notice_is_given_its_days_before_and_not_a_day_later(of, now, kind, days):
    assert Meeting.NOTICE_DAYS[kind] == days
    late = drafted(of, (ORDINARY, False), at=now, kind=kind, notice=days - 1)
    assert reason(lambda: notice(of, late, now)) == "too_soon"
    refused("LM183", lambda: by_hand(late, of.chair))
    in_time = drafted(of, (ORDINARY, False), at=now, kind=kind, notice=days)
    made = notice(of, in_time, now)
    assert made.noticed_at is not None
    assert abs(made.noticed_at - now) < timedelta(minutes=1)


@pytest.mark.obligation("44")
def test_a_vote_is_open_for_five_to_sixty_days(of, now):
    assert (SHORTEST_WINDOW, LONGEST_WINDOW) == (5, 60)
    for days in (4, 61):
        assert reason(lambda d=days: drafted(of, (ORDINARY, False), at=now, days=d)) == "window"
        made = drafted(of, (ORDINARY, False), at=now)
        Meeting.objects.filter(pk=made.pk).update(closes_on=made.opens_on + timedelta(days=days - 1))
        refused("LM183", lambda m=made: by_hand(m, of.chair))
    for days in (5, 60):
        assert notice(of, drafted(of, (ORDINARY, False), at=now, days=days), now).days == days


@pytest.mark.obligation("44")
def test_after_the_notice_nothing_is_added_or_changed(of, now):
    made = called(of, (ORDINARY, False), (GRAVE, False), at=now)
    also = {"item": 9, "title": "又", "text": "", "secret": False, "by": of.chair, "at": now}
    assert reason(lambda: calling.add_topic(meeting=made, **also)) == "noticed"
    assert reason(lambda: calling.drop_topic(meeting=made, number=1, by=of.chair, at=now)) == "noticed"
    other = replace(plan(of.here, at=now), title="另一件事")
    assert reason(lambda: calling.change(meeting=made, plan=other, by=of.chair, at=now)) == "noticed"
    topics = Topic.objects.filter(meeting=made)
    refused("LM184", lambda: topics.filter(number=1).update(title="改了"))
    refused("LM184", lambda: topics.filter(number=1).delete())
    refused(
        "LM184",
        lambda: Topic.objects.create(
            neighborhood=of.here, meeting=made, number=3, item=9, title="又", secret=False
        ),
    )
    mine = Meeting.objects.filter(pk=made.pk)
    for change in ({"title": "x"}, {"closes_on": made.closes_on + timedelta(days=1)}, {"kind": "regular"},
                   {"roll_area": 1}, {"proxies": 9}, {"noticed_at": None}):  # fmt: skip
        refused("LM183", lambda c=change: mine.update(**c))
    refused("LM183", lambda: mine._raw_delete("default"))


def test_a_draft_changes_loses_topics_and_goes(of, now):
    made = drafted(of, (ORDINARY, False), (GRAVE, False), (ORDINARY, False), at=now)
    calling.drop_topic(meeting=made, number=1, by=of.chair, at=now)
    assert list(made.topics.values_list("number", "item")) == [(1, GRAVE), (2, ORDINARY)]
    calling.change(meeting=made, plan=replace(plan(of.here, at=now), title="停车"), by=of.clerk, at=now)
    assert Meeting.objects.get().title == "停车"
    calling.drop(meeting=made, by=of.chair, at=now)
    assert not Meeting.objects.exists()
    assert not Topic.objects.exists()


@pytest.mark.obligation("44", "45")
def test_only_the_owners_own_committee_calls(of, now, stranger, outsider, clerk):
    made = drafted(of, (ORDINARY, False), at=now)
    for who in (of.beside, outsider, clerk, stranger.user):
        with pytest.raises(PermissionDenied):
            calling.give_notice(meeting=made, by=who, at=now)
        refused("LM183", lambda w=who: by_hand(made, w))
        with pytest.raises(PermissionDenied):
            calling.draft(committee=of.committee, plan=plan(of.here, at=now), by=who, at=now)
    company, _ = Committee.objects.get_or_create(
        neighborhood=of.here, kind="property", defaults={"name": "物业"}
    )
    refused(
        "LM183",
        lambda: Meeting.objects.create(
            neighborhood=of.here, committee=company, drafted_by=of.chair, drafted_at=now,
            **vars(plan(of.here, at=now)),
        ),
    )  # fmt: skip


@pytest.mark.obligation("43", "44")
def test_the_roll_weighs_each_owner_once_and_joint_owners_together(here, now):
    of = assembly(
        here,
        [
            ("89.50", [0]),
            ("10.25", [0]),
            ("120.01", [0, 1]),
            ("60.00", [1, 0]),
            ("55.55", [2]),
            ("40.00", []),
        ],
        at=now,
    )
    made = called(of, (ORDINARY, False), at=now)
    one, two, three = of.owners
    assert head_of(made, one).area == 997_500  # two dwellings, one head
    assert head_of(made, one, two).area == 1_800_100
    assert head_of(made, three).area == 555_500
    (nobodys,) = Head.objects.filter(meeting=made, owners=None)
    assert nobodys.area == 400_000
    assert (made.roll_heads, made.roll_area) == (4, 3_753_100)
    assert HeadUnit.objects.filter(head__meeting=made).count() == 6


@pytest.mark.obligation("43", "45")
def test_nobody_writes_a_roll_or_changes_one(of, now):
    made = called(of, (ORDINARY, False), at=now)
    head = Head.objects.filter(meeting=made).first()
    for act in (
        lambda: Head.objects.create(neighborhood=of.here, meeting=made, area=1),
        lambda: Head.objects.filter(pk=head.pk).update(area=head.area + 1),
        lambda: head.owners.create(neighborhood=of.here, resident=of.owners[1]),
        lambda: head.units.update(area=1),
    ):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            act()
    refused("LM185", head.owners.all().delete)
    refused("LM185", Head.objects.filter(pk=head.pk).delete)


@pytest.mark.obligation("43", "45")
def test_not_even_the_owner_of_the_tables_adds_to_a_roll(committed, now):
    from tests.make import neighborhood

    of = assembly(neighborhood(), TWO, at=now)
    made = called(of, (ORDINARY, False), at=now)
    import psycopg

    from portal import roles as database_roles

    at = connection.settings_dict
    with psycopg.connect(
        host=at["HOST"], port=at["PORT"], dbname=at["NAME"], user=database_roles.OWNER, autocommit=True
    ) as owner, pytest.raises(psycopg.DatabaseError) as error:  # fmt: skip
        owner.execute(
            "INSERT INTO committees_head (id, neighborhood_id, meeting_id, area) VALUES"
            " (gen_random_uuid(), %s, %s, 100)",
            [of.here.pk, made.pk],
        )
    assert error.value.sqlstate == "LM185"


def test_what_is_sold_later_does_not_change_the_roll(of, now):
    made = called(of, (ORDINARY, False), at=now)
    Ownership.objects.filter(resident=of.owners[0]).update(until=now.date())
    Unit.objects.filter(pk=of.units[0].pk).update(area=Decimal("1.00"))
    assert head_of(made, of.owners[0]).area == 895_000


def test_without_every_area_or_any_owner_or_a_question_no_notice_is_given(of, here, now):
    empty = drafted(of, at=now)
    assert reason(lambda: notice(of, empty, now)) == "no_topics"
    refused("LM183", lambda: by_hand(empty, of.chair))
    made = drafted(of, (ORDINARY, False), at=now)
    Unit.objects.filter(pk=of.units[0].pk).update(area=None)
    assert reason(lambda: notice(of, made, now)) == "no_area"
    refused("LM183", lambda: by_hand(made, of.chair))
    Unit.objects.filter(pk=of.units[0].pk).update(area=Decimal("89.50"))
    Ownership.objects.all().delete()
    assert reason(lambda: notice(of, made, now)) == "no_owners"
    refused("LM183", lambda: by_hand(made, of.chair))


def test_an_election_is_secret_and_among_few_no_vote_is(of, here, now):
    made = drafted(of, (ELECTION, False), at=now)
    assert made.topics.get().secret
    with pytest.raises(DatabaseError, match="elections_are_secret"), transaction.atomic():
        made.topics.update(secret=False)
    assert reason(lambda: notice(of, made, now)) == "too_few"
    refused("LM183", lambda: by_hand(made, of.chair))
    more = assembly(here, [("50.00", [number]) for number in range(3)], at=now)
    assert len(more.owners) + 2 == here.fewest_counted
    assert notice(of, made, now).roll_heads == 5


def test_the_record_says_that_notice_was_given(of, now):
    made = called(of, (ORDINARY, False), at=now)
    entry = Entry.objects.filter(kind="meeting.noticed").get()
    assert entry.opening.payload["meeting"] == str(made.pk)
    assert (entry.opening.payload["heads"], entry.opening.payload["area"]) == (2, 2_095_100)


def test_it_is_called_off_once_and_its_urn_goes(of, now, outsider):
    made = called(of, (ORDINARY, False), at=now)
    with pytest.raises(PermissionDenied):
        calling.call_off(meeting=made, by=outsider, at=now)
    calling.call_off(meeting=made, by=of.clerk, at=now)
    assert not Urn.objects.exists()
    assert reason(lambda: calling.call_off(meeting=made, by=of.clerk, at=now)) == "called_off"
    refused("LM183", lambda: Meeting.objects.filter(pk=made.pk).update(called_off_at=None))


def off_by_hand(meeting, **said):
    return Meeting.objects.filter(pk=meeting.pk).update(**said)


@pytest.mark.obligation("44")
def test_from_its_first_day_on_two_call_it_off(of, now):
    made = running(of, (ORDINARY, False), at=now)
    off = {"called_off_by": of.clerk, "called_off_at": now}
    refused("LM220", lambda: off_by_hand(made, **off))
    refused(
        "LM220", lambda: off_by_hand(made, **off, off_asked_by=of.chair, off_asked_at=now)
    )  # both at once
    for who in (of.beside, of.owners[0].user):
        refused("LM220", lambda w=who: off_by_hand(made, off_asked_by=w, off_asked_at=now))
    asked = calling.call_off(meeting=made, by=of.chair, at=now)
    assert (asked.called_off_at, asked.off_asked_by) == (None, of.chair)
    assert Urn.objects.exists()  # votes are taken in
    assert reason(lambda: calling.call_off(meeting=made, by=of.chair, at=now)) == "same"
    refused("LM220", lambda: off_by_hand(made, called_off_by=of.chair, called_off_at=now))
    for change in ({"off_asked_by": of.clerk}, {"off_asked_by": None, "off_asked_at": None}):
        refused("LM220", lambda c=change: off_by_hand(made, **c))
    done = calling.call_off(meeting=made, by=of.clerk, at=now)
    assert (done.called_off_by, done.off_asked_by) == (of.clerk, of.chair)
    assert not Urn.objects.exists()
    kinds = ("meeting.off_asked", "meeting.called_off")
    said = Entry.objects.filter(kind__in=kinds).order_by("pk")
    assert [(each.kind, each.opening.payload["by"]) for each in said] == [
        (kinds[0], str(of.chair.pk)), (kinds[1], str(of.clerk.pk))]  # fmt: skip


@pytest.mark.obligation("44")
def test_one_person_with_two_offices_is_not_two(of, now):
    made = running(of, (ORDINARY, False), at=now)
    calling.call_off(meeting=made, by=of.chair, at=now)
    make.one_person(of.here, of.chair, of.clerk, at=now)
    assert reason(lambda: calling.call_off(meeting=made, by=of.clerk, at=now)) == "same"
    refused("LM220", lambda: off_by_hand(made, called_off_by=of.clerk, called_off_at=now))


@pytest.mark.obligation("44")
def test_after_its_last_day_nobody_calls_it_off(of, now):
    """Whoever was asked of had heard by then how it went."""
    made = running(of, (ORDINARY, False), at=now)
    calling.call_off(meeting=made, by=of.chair, at=now)
    is_over(made, at=now)
    for who in (of.clerk, of.chair):
        assert reason(lambda w=who: calling.call_off(meeting=made, by=w, at=now)) == "over"
        refused("LM220", lambda w=who: off_by_hand(made, called_off_by=w, called_off_at=now))
    other = is_over(called(of, (ORDINARY, False), at=now), at=now)
    refused("LM220", lambda: off_by_hand(other, off_asked_by=of.chair, off_asked_at=now))


def test_nobody_asks_before_its_first_day_nor_of_a_draft(of, now):
    made, draft = called(of, (ORDINARY, False), at=now), drafted(of, (ORDINARY, False), at=now)
    asked = {"off_asked_by": of.chair, "off_asked_at": now}
    refused("LM220", lambda: off_by_hand(made, **asked))
    with pytest.raises(DatabaseError, match="meeting_off_asked_of_one_called"), transaction.atomic():
        off_by_hand(draft, **asked)


def test_everybody_is_told_that_it_was_called_off(of, now, monkeypatch):
    told = []
    made, other = called(of, (ORDINARY, False), at=now), running(of, (ORDINARY, False), at=now)
    monkeypatch.setattr(notifying, "tell_everybody", lambda **asked: told.append(asked["neighborhood"]))
    calling.call_off(meeting=made, by=of.clerk, at=now)
    assert told == [of.here]
    calling.call_off(meeting=other, by=of.clerk, at=now)
    assert told == [of.here]  # that somebody asks for it is the committee's own
    calling.call_off(meeting=other, by=of.chair, at=now)
    assert told == [of.here] * 2


def test_the_key_of_the_urn_is_the_meetings(of, now):
    made = called(of, (ORDINARY, False), at=now)
    assert keys.state(made.key) == keys.State.LIVE


def test_the_database_knows_the_same_offices_as_the_roles(of, now, clerk, auditor):
    """Whoever the roles let call and count, the database does, and nobody else."""
    everybody = {}
    for kind in Committee.Kind:
        for role in Term.Role:
            everybody[kind, role] = staff(of.here, username=f"{kind}-{role}", kind=kind, role=role, at=now)
    with connection.cursor() as cursor:
        for (kind, role), who in everybody.items():
            granted = roles.ROLE_PERMISSIONS[kind, role]
            cursor.execute("SELECT committees_counts_votes(%s, %s)", [who.pk, of.here.pk])
            assert cursor.fetchone() == ("count_votes" in granted,), (kind, role)
            own = Committee.objects.get(neighborhood=of.here, kind=kind)
            cursor.execute("SELECT committees_calls_meetings(%s, %s)", [who.pk, own.pk])
            assert cursor.fetchone() == ("call_meetings" in granted,), (kind, role)


def test_somebody_who_owns_twice_over_is_one_owner_of_it(here, now):
    """Bought in two shares: still one person."""
    of = assembly(here, [("89.50", [0]), ("50.00", [1])], at=now)
    Ownership.objects.filter(resident=of.owners[0]).update(until=now.date() + timedelta(days=90))
    owns(of.owners[0], of.units[0], at=now)
    made = called(of, (ORDINARY, False), at=now)
    assert made.roll_heads == 2
    assert head_of(made, of.owners[0]).owners.count() == 1
