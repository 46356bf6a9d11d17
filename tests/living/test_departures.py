"""Ending somebody else's residence: their word, or a document, two of the staff and seven full days (law 13)."""

from __future__ import annotations

import threading
from datetime import timedelta

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connections, transaction

from access.models import Credential, Template
from consent.models import Standing
from portal import sweeps
from residents import departures, moving
from residents.departures import DepartureRefused
from residents.models import Departure, MoveOut, Occupancy, Ownership, Resident
from tests import make
from tests.living.conftest import opens

pytestmark = pytest.mark.django_db
State = Departure.State


@pytest.fixture(autouse=True)
def _no_messages(monkeypatch, settings, tmp_path) -> None:
    settings.PHOTOS = tmp_path / "photos"
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)


@pytest.fixture
def opened(resident, card, clerk, now) -> Departure:
    return departures.open_(
        occupancy=resident.occupancies.get(), by=clerk, words="the landlord says so", at=now
    )


def documented(departure, by, now) -> Departure:
    return departures.bring_document(
        departure=departure, document="lease", kept_where="folder 12", by=by, at=now
    )


@pytest.fixture
def running(opened, clerk, second_clerk, now) -> Departure:
    documented(opened, clerk, now)
    departures.second(departure=opened, by=second_clerk, at=now)
    return departures.deliver(departure=opened, by=clerk, at=now)


@pytest.fixture
def landlord(here, home, now, today):
    """Owns the dwelling, and lives elsewhere."""
    who = make.resident(here, at=now)
    Ownership.objects.create(neighborhood=here, resident=who, unit=home, since=today - timedelta(days=900))
    return who


def ask(who, by, now):
    return departures.ask(occupancy=who.occupancies.get(), by=by, words="has gone", at=now)


def lives(who, today) -> bool:
    return Occupancy.objects.current(today).filter(resident=who).exists()


# --- Asking is asking


def test_who_asks_has_no_power_beyond_asking(resident, card, landlord, flatmate, today, now):
    for by in (landlord, flatmate):
        asked = ask(resident, by, now)
        assert asked.state == State.ASKED
        assert opens(resident)
        assert lives(resident, today)
        for act in (
            lambda d=asked, u=by.user: departures.take_up(departure=d, by=u, at=now),
            lambda d=asked, u=by.user: departures.confirm(departure=d, by=u, at=now, paper="x"),
            lambda d=asked, u=by.user: documented(d, u, now),
            lambda d=asked, u=by.user: departures.second(departure=d, by=u, at=now),
            lambda d=asked, u=by.user: departures.deliver(departure=d, by=u, at=now),
            lambda d=asked, u=by.user: departures.dispute(departure=d, by=u, at=now),
        ):
            with pytest.raises(PermissionDenied):
                act()
        Departure.objects.filter(pk=asked.pk).update(state=State.DROPPED, closed_at=now)


def test_neighbors_and_strangers_do_not_even_ask(resident, neighbor, stranger, now):
    for by in (neighbor, stranger):
        with pytest.raises(PermissionDenied):
            ask(resident, by, now)


def test_nobody_asks_about_themself_twice_or_of_who_is_gone(resident, flatmate, card, today, now):
    with pytest.raises(DepartureRefused, match="own"):
        ask(resident, resident, now)
    ask(resident, flatmate, now)
    with pytest.raises(DepartureRefused, match="open_already"):
        ask(resident, flatmate, now)
    moving.move_out(resident=flatmate, on=today, by=flatmate.user, at=now)
    with pytest.raises(DepartureRefused, match="lives_not_there"):
        ask(flatmate, resident, now)


# --- The person's own word


@pytest.mark.obligation("9")
def test_the_person_confirms_with_one_press(resident, opened, today, now):
    departures.confirm(departure=opened, by=resident.user, at=now)
    assert MoveOut.objects.get().route == "self"
    assert not lives(resident, today)
    assert not opens(resident)
    with pytest.raises(DepartureRefused, match="closed"):
        departures.confirm(departure=opened, by=resident.user, at=now)


def test_or_by_a_signature_that_the_staff_keep(resident, opened, clerk, today, now):
    with pytest.raises(DepartureRefused, match="words"):
        departures.confirm(departure=opened, by=clerk, at=now)
    departures.confirm(departure=opened, by=clerk, at=now, paper="folder 12")
    assert MoveOut.objects.get().route == "desk"
    assert not lives(resident, today)


def test_moving_out_by_oneself_closes_what_was_said(resident, running, today, now):
    departures.dispute(departure=running, by=resident.user, at=now)
    moving.move_out(resident=resident, on=today, by=resident.user, at=now)
    running.refresh_from_db()
    assert running.state == State.DROPPED


# --- A document, two of the staff, seven full days


def test_one_of_the_staff_is_not_two(opened, clerk, second_clerk, now):
    with pytest.raises(DepartureRefused, match="document"):
        departures.second(departure=opened, by=second_clerk, at=now)
    documented(opened, clerk, now)
    with pytest.raises(DepartureRefused, match="same_person"):
        departures.second(departure=opened, by=clerk, at=now)
    with pytest.raises(DepartureRefused, match="document"):
        departures.deliver(departure=opened, by=clerk, at=now)


def test_staff_elsewhere_do_nothing_here(opened, outsider, auditor, now):
    for by in (outsider, auditor):
        with pytest.raises(PermissionDenied):
            documented(opened, by, now)
        with pytest.raises(PermissionDenied):
            departures.drop(departure=opened, by=by, at=now)


def test_while_it_runs_everything_stays(resident, running, gate, today, now):
    assert running.notice_until == today + timedelta(days=8)  # seven full days lie between
    assert opens(resident)
    sweeps.sweep(at=now)
    sweeps.sweep(at=now + timedelta(days=7))
    running.refresh_from_db()
    assert running.state == State.NOTICE
    assert lives(resident, today)
    assert resident.occupancies.get().until is None  # an offline gate has no end to go by


def test_after_seven_full_days_it_ends_and_not_before(committed, resident, running, days_pass, today, now):
    days_pass(running, 7)
    assert departures.end(departure=running, at=now) == []
    with pytest.raises(DatabaseError, match="seven full days"), transaction.atomic():
        Departure.objects.filter(pk=running.pk).update(state=State.ENDED, closed_at=now)
    days_pass(running, 1)
    assert sweeps.sweep(at=now)
    running.refresh_from_db()
    assert running.state == State.ENDED
    assert not lives(resident, today)
    assert not Credential.objects.active().filter(resident=resident).exists()
    assert MoveOut.objects.get().route == "notice"
    assert sweeps.sweep(at=now)
    assert MoveOut.objects.count() == 1


# --- Objecting


@pytest.mark.obligation("9")
def test_one_press_stops_it_and_nothing_is_erased(committed, resident, gate, running, days_pass, today, now):
    make.face(resident, at=now)
    departures.dispute(departure=running, by=resident.user, at=now)
    days_pass(running, 300)
    for _ in range(2):
        assert sweeps.sweep(at=now)
    assert lives(resident, today)
    assert opens(resident)
    assert Template.objects.filter(resident=resident).exists()
    assert Standing.objects.filter(resident=resident).exists()
    with pytest.raises(DatabaseError), transaction.atomic():
        Departure.objects.filter(pk=running.pk).update(state=State.ENDED, closed_at=now)


def test_on_paper_anybody_who_knows_the_register_writes_it_down(running, chair, now):
    departures.dispute(departure=running, by=chair, at=now, paper="a note")
    running.refresh_from_db()
    assert running.state == State.DISPUTED


def test_an_objection_is_not_lost_where_the_next_lease_is_written_down(
    resident, card, here, clerk, today, now
):
    """Up to its first day the present one goes on; the objection stands."""
    begins, rented = today + timedelta(days=20), make.unit(here)
    lease = moving.move_in(resident=resident, unit=rented, since=today, until=begins, at=now).occupancy
    moving.move_in(resident=resident, unit=rented, since=begins, at=now)
    said = departures.open_(occupancy=lease, by=clerk, words="the landlord says so", at=now)
    said = departures.dispute(departure=said, by=resident.user, at=now)
    assert said.state == State.DISPUTED
    days = resident.occupancies.filter(unit=rented).order_by("since").values_list("until", flat=True)
    assert list(days) == [begins, None]


def test_objecting_twice_is_objecting_once(running, resident, now):
    for _ in range(2):
        assert departures.dispute(departure=running, by=resident.user, at=now).state == State.DISPUTED


def test_the_staff_do_not_drop_a_dispute_nor_settle_it(running, resident, clerk, chair, settler, now):
    departures.dispute(departure=running, by=resident.user, at=now)
    with pytest.raises(DepartureRefused, match="not_now"):
        departures.drop(departure=running, by=clerk, at=now)
    for by in (clerk, chair):
        with pytest.raises(PermissionDenied):
            departures.find_that_they_live_here(departure=running, by=by, outcome="so", at=now)
    with pytest.raises(DepartureRefused, match="words"):
        departures.find_that_they_live_here(departure=running, by=settler, outcome=" ", at=now)
    departures.find_that_they_live_here(departure=running, by=settler, outcome="seen", at=now)
    running.refresh_from_db()
    assert (running.state, running.outcome) == (State.DROPPED, "seen")


def test_a_court_goes_on_with_two_and_seven_days_once_more(
    committed, running, resident, settler, clerk, second_clerk, days_pass, today, now
):
    departures.dispute(departure=running, by=resident.user, at=now)
    with pytest.raises(DepartureRefused, match="words"):
        departures.go_by_the_court(departure=running, by=settler, outcome="o", kept_where="", at=now)
    departures.go_by_the_court(
        departure=running, by=settler, outcome="judgment of May", kept_where="folder 1", at=now
    )
    with pytest.raises(DepartureRefused, match="court"):
        departures.dispute(departure=running, by=resident.user, at=now)
    with pytest.raises(DepartureRefused, match="document"):
        departures.deliver(departure=running, by=clerk, at=now)
    with pytest.raises(DepartureRefused, match="same_person"):
        departures.second(departure=running, by=settler, at=now)
    departures.second(departure=running, by=second_clerk, at=now)
    running = departures.deliver(departure=running, by=clerk, at=now)
    assert lives(resident, today)
    days_pass(running, 8)
    assert departures.end(departure=running, at=now)
    assert not lives(resident, today)


# --- Raw SQL, as the application's own role


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE residents_departure SET state = 'ended', closed_at = now()",
        "UPDATE residents_departure SET state = 'notice', delivered_by_id = document_by_id",
        "UPDATE residents_departure SET state = 'notice', seconded_by_id = document_by_id, delivered_by_id = document_by_id",
        "UPDATE residents_departure SET seconded_by_id = document_by_id",
        "UPDATE residents_departure SET seconded_by_id = %(mate)s",
        "UPDATE residents_departure SET notice_until = '2020-01-01'",
        "UPDATE residents_departure SET court = true, document = 'court'",
        "UPDATE residents_departure SET state = 'confirmed', confirmed_by_id = %(clerk)s, closed_at = now()",
        "UPDATE residents_departure SET state = 'confirmed', confirmed_by_id = %(mate)s, paper = 'x', closed_at = now()",
        "UPDATE residents_departure SET resident_id = %(other)s",
        "DELETE FROM residents_departure",
        (
            "INSERT INTO residents_departure (id, neighborhood_id, resident_id, occupancy_id, state, words, opened_at, document,"
            " kept_where, court, outcome, paper, closed_at) SELECT gen_random_uuid(), neighborhood_id, resident_id, occupancy_id,"
            " 'ended', '', now(), '', '', false, '', '', now() FROM residents_departure"
        ),
    ],
)
def test_raw_sql_gets_round_nothing(committed, app_sql, opened, clerk, flatmate, now, statement):
    documented(opened, clerk, now)
    with pytest.raises(psycopg.Error) as refused:
        app_sql().execute(statement, {"clerk": clerk.pk, "mate": flatmate.user_id, "other": flatmate.pk})
    assert (refused.value.sqlstate or "").startswith(("LM", "23"))


def test_raw_sql_does_not_shorten_the_days_nor_end_a_dispute(committed, app_sql, running, resident, now):
    session = app_sql()
    for statement in (
        "UPDATE residents_departure SET notice_until = current_date, delivered_at = now() - interval '9 days'",
        "UPDATE residents_departure SET document = 'court'",
        "UPDATE residents_departure SET state = 'ended', closed_at = now()",
    ):
        with pytest.raises(psycopg.Error, match=r"(days|document)"):
            session.execute(statement)
    departures.dispute(departure=running, by=resident.user, at=now)
    for statement in (
        "UPDATE residents_departure SET state = 'ended', closed_at = now()",
        "UPDATE residents_departure SET state = 'notice'",
        "UPDATE residents_departure SET state = 'open'",
        "UPDATE residents_departure SET state = 'dropped', closed_at = now()",
    ):
        with pytest.raises(psycopg.Error):
            session.execute(statement)


# --- At once


def test_an_objection_and_the_end_at_once_leave_no_half(committed, resident, running, days_pass, today, now):
    days_pass(running, 8)
    start, told = threading.Barrier(2), []

    def run(act) -> None:
        start.wait(10)
        try:
            told.append(bool(act()))
        except DepartureRefused as refused:
            told.append(refused.reason)
        finally:
            connections.close_all()

    acts = (
        lambda: departures.end(departure=running, at=now),
        lambda: departures.dispute(departure=running, by=resident.user, at=now),
    )
    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    running.refresh_from_db()
    if running.state == State.DISPUTED:
        assert lives(resident, today)
        assert sorted(map(str, told)) == ["False", "True"]
    else:
        assert running.state == State.ENDED
        assert not lives(resident, today)
        assert Resident.objects.get(pk=resident.pk).left_at is not None
        assert sorted(map(str, told)) == ["True", "closed"]


def test_two_of_the_staff_open_it_once(committed, resident, card, clerk, second_clerk, now):
    start, told = threading.Barrier(2), []

    def run(by) -> None:
        start.wait(10)
        try:
            departures.open_(occupancy=resident.occupancies.get(), by=by, words="so", at=now)
            told.append("made")
        except DepartureRefused as refused:
            told.append(refused.reason)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(by,)) for by in (clerk, second_clerk)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(told) == ["made", "open_already"]
