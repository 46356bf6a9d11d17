"""A draft is published at the moment that was named: not before it, once, and by somebody who may do it then."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from committees import appointing, attaching, publishing, scheduling
from committees.models import Committee, Notice, Term
from portal import sweeps
from residents.ages import today_in
from residents.models import User
from tests.access.test_enrolment_races import at_once
from tests.cast import staff
from tests.committees.notices import attached, bare_file, draft, happened_at, pdf, published
from tests.processes.crashing import die_before, points_of

HOUR = timedelta(hours=1)


def refused(state, act) -> None:
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        act()
    assert error.value.__cause__.sqlstate == state


def planned(here, by: User, at: datetime, **said) -> Notice:
    """For an hour from now on."""
    made = draft(here, by, at=at, **said)
    return scheduling.schedule(notice=made, publish_at=at + HOUR, by=by, at=at)


def comes(notice: Notice, at: datetime) -> datetime:
    """As if its moment had come a minute ago."""
    happened_at(notice, "publish_at", at - timedelta(minutes=1))
    return at


def run(at: datetime) -> list[bool]:
    found = list(scheduling.due(at=at).values_list("pk", flat=True))
    return [scheduling.publish_due(notice=each, at=at) for each in found]


@pytest.mark.obligation("27")
def test_it_is_published_when_its_moment_has_come_and_by_whoever_named_it(here, chair, now):
    made = planned(here, chair, now)
    assert run(now) == []
    assert not Notice.objects.published().exists()
    comes(made, now)
    assert run(now) == [True]
    assert run(now) == []
    made.refresh_from_db()
    assert made.published_by == chair
    assert made.published_at > made.publish_at


@pytest.mark.obligation("27")
def test_it_is_never_shown_before_its_moment_whoever_writes(here, chair, now):
    made = planned(here, chair, now)
    row = Notice.objects.filter(pk=made.pk)
    refused("LM207", lambda: row.update(published_by=chair, published_at=now))
    refused("LM207", lambda: row.update(publish_at=now, published_by=chair, published_at=now))
    refused("LM207", lambda: row.update(publish_at=now + 2 * HOUR))
    # A worker whose clock is ahead is refused as everybody is, and it stays as it is.
    with pytest.raises(DatabaseError), transaction.atomic():
        scheduling.publish_due(notice=made.pk, at=now + 2 * HOUR)
    assert Notice.objects.get(pk=made.pk).is_scheduled


@pytest.mark.obligation("27", "46")
def test_whose_term_has_ended_publishes_nothing_and_the_draft_says_so(here, chair, now):
    made = planned(here, chair, now)
    appointing.end(term=Term.objects.get(user=chair), by=None, at=now)
    comes(made, now)
    assert run(now) == [False]
    made.refresh_from_db()
    assert (made.published_at, made.publish_at) == (None, None)
    assert list(scheduling.unpublished(at=now)) == [made]
    assert run(now) == []  # not again, whatever becomes of their rights
    other = staff(here, username="secretary", kind=Committee.Kind.OWNERS, role=Term.Role.CLERK, at=now)
    publishing.publish(notice=made, by=other, at=now)
    assert not scheduling.unpublished(at=now).exists()


@pytest.mark.obligation("27", "46")
def test_nor_does_the_database_publish_for_them(here, chair, now):
    made = planned(here, chair, now)
    appointing.end(term=Term.objects.get(user=chair), by=None, at=now)
    comes(made, now)
    row = Notice.objects.filter(pk=made.pk)
    refused("LM087", lambda: row.update(published_by=chair, published_at=now))


@pytest.mark.obligation("31")
def test_what_it_must_not_say_by_then_holds_it_back(here, chair, clerk, now):
    office = Committee.objects.filter(neighborhood=here, kind=Committee.Kind.PROPERTY)
    office.update(phone="0571 8800 1001")
    made = planned(here, chair, now, text="请致电 0571 8800 1001")
    office.update(phone="0571 8800 1009")
    comes(made, now)
    assert run(now) == [False]
    assert list(scheduling.unpublished(at=now)) == [made]
    with pytest.raises(publishing.SaysTooMuch):
        scheduling.schedule(notice=made, publish_at=now + HOUR, by=chair, at=now)


def test_what_counts_no_more_is_not_announced_by_a_sweep_that_comes_late(here, chair, now):
    made = planned(here, chair, now, until=today_in(here, now + HOUR))
    comes(made, now)
    assert not scheduling.publish_due(notice=made.pk, at=now + timedelta(days=3))
    assert list(scheduling.unpublished(at=now)) == [made]


@pytest.mark.obligation("27")
@pytest.mark.parametrize("who", ["clerk", "auditor", "outsider", "superuser"])
def test_nobody_of_another_body_names_a_moment_or_calls_one_off(request, here, chair, now, who):
    other = request.getfixturevalue(who)
    made = draft(here, chair, at=now)
    with pytest.raises(PermissionDenied):
        scheduling.schedule(notice=made, publish_at=now + HOUR, by=other, at=now)
    then = {"publish_at": now + HOUR, "scheduled_by": other}
    refused("LM207", lambda: Notice.objects.filter(pk=made.pk).update(**then))
    scheduling.schedule(notice=made, publish_at=now + HOUR, by=chair, at=now)
    with pytest.raises(PermissionDenied):
        scheduling.call_off(notice=made, by=other, at=now)


@pytest.mark.parametrize(
    ("said", "then", "why"),
    [
        ({}, -HOUR, "past"),
        ({}, timedelta(days=91), "far"),
        ({"until": 2}, timedelta(days=5), "over"),
        ({"meets": 2}, timedelta(days=3), "met"),
    ],
)
def test_a_moment_is_one_to_come_and_before_it_is_over(here, chair, now, said, then, why):
    words = {}
    if days := said.get("until"):
        words = {"until": today_in(here, now + timedelta(days=days))}
    if days := said.get("meets"):
        words = {"kind": "meeting", "meets_at": now + timedelta(days=days), "place": "1 幢底层"}
    made = draft(here, chair, at=now, **words)
    with pytest.raises(scheduling.WrongMoment) as wrong:
        scheduling.schedule(notice=made, publish_at=now + then, by=chair, at=now)
    assert wrong.value.reason == why
    if why in ("past", "far"):
        row = Notice.objects.filter(pk=made.pk)
        refused("LM207", lambda: row.update(publish_at=now + then, scheduled_by=chair))


def test_a_draft_is_there_when_its_moment_comes(here, chair, now):
    made = draft(here, chair, at=now - timedelta(days=350))
    with pytest.raises(scheduling.WrongMoment):
        scheduling.schedule(notice=made, publish_at=now + timedelta(days=20), by=chair, at=now)
    row = Notice.objects.filter(pk=made.pk)
    refused("LM207", lambda: row.update(publish_at=now + timedelta(days=20), scheduled_by=chair))


@pytest.mark.obligation("31")
@pytest.mark.parametrize(
    "changed", [{"text": "x"}, {"pinned": True}, {"audience": "owners"}, {"until": "2099-01-01"}]
)
def test_until_then_it_stands_as_it_was_when_the_moment_was_named(here, chair, now, changed):
    made = planned(here, chair, now)
    row = Notice.objects.filter(pk=made.pk)
    refused("LM207", lambda: row.update(**changed))
    comes(made, now)
    refused("LM207", lambda: row.update(published_by=chair, published_at=now, **changed))
    scheduling.call_off(notice=made, by=chair, at=now)
    assert row.update(**changed) == 1
    with pytest.raises(scheduling.NotScheduled):
        scheduling.call_off(notice=made, by=chair, at=now)


@pytest.mark.obligation("31")
def test_so_do_its_files(here, chair, now):
    made = draft(here, chair, at=now)
    attached(made, chair, at=now)
    scheduling.schedule(notice=made, publish_at=now + HOUR, by=chair, at=now)
    with pytest.raises(publishing.NotADraft):
        attached(made, chair, at=now, content=pdf(b"later"))
    with pytest.raises(publishing.NotADraft):
        attaching.detach(notice=made, number=1, by=chair, at=now)
    refused("LM207", lambda: made.files.all().delete())
    other = planned(here, chair, now)
    refused("LM207", lambda: bare_file(other, chair, at=now))


@pytest.mark.obligation("31")
def test_a_correction_that_loses_its_files_is_called_off(here, chair, now):
    wrong = draft(here, chair, at=now)
    attached(wrong, chair, at=now)
    publishing.publish(notice=wrong, by=chair, at=now)
    better = publishing.correct(notice=wrong, by=chair, at=now)
    scheduling.schedule(notice=better, publish_at=now + HOUR, by=chair, at=now)
    publishing.take_down(notice=wrong, by=chair, at=now)
    better.refresh_from_db()
    assert (better.is_plain_draft, better.files.count()) == (True, 0)


def test_what_it_puts_right_may_go_in_its_time(here, chair, now):
    wrong = published(here, chair, at=now)
    better = publishing.correct(notice=wrong, by=chair, at=now)
    scheduling.schedule(notice=better, publish_at=now + HOUR, by=chair, at=now)
    happened_at(wrong, "published_at", now - timedelta(days=5 * 365))
    wrong.delete()
    better.refresh_from_db()
    assert (better.is_scheduled, better.corrects) == (True, None)


def test_nothing_is_held_back_before_it_was_due(here, chair, now):
    made = draft(here, chair, at=now)
    row = Notice.objects.filter(pk=made.pk)
    refused("LM207", lambda: row.update(held_back_at=now))
    refused("LM207", lambda: draft(here, chair, at=now, held_back_at=now))
    refused("LM207", lambda: draft(here, chair, at=now, publish_at=now + HOUR, scheduled_by=chair))


def test_the_sweep_publishes_it(here, chair, now):
    made = planned(here, chair, now)
    comes(made, now)
    sweeps._publish(now)
    assert Notice.objects.published().get() == made


# --- Two workers, and one that dies


@pytest.mark.obligation("27")
def test_two_workers_publish_it_once(committed, here, chair, now):
    for _ in range(3):
        made = planned(here, chair, now)
        comes(made, now)
        said: list[bool] = []
        work = lambda n=made.pk, s=said: s.append(scheduling.publish_due(notice=n, at=now))  # noqa: E731
        assert at_once(*[work] * 3) == [None] * 3
        assert sorted(said) == [False, False, True]


@pytest.mark.slow
@pytest.mark.obligation("F16")
def test_killed_at_any_point_the_next_sweep_publishes_it_once(committed, here, chair, now):
    made = planned(here, chair, now)
    comes(made, now)

    def work() -> None:
        scheduling.publish_due(notice=made.pk, at=now)

    for number in range(1, len(points_of(work)) + 1):
        again = planned(here, chair, now)
        comes(again, now)
        die_before(number, lambda pk=again.pk: scheduling.publish_due(notice=pk, at=now))
        run(now)
        again.refresh_from_db()
        assert again.published_at is not None
        assert not scheduling.due(at=now).exists()
