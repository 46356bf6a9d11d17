"""Ways round the laws of who lives here, each tried by somebody with a reason to: a landlord, a clerk, a neighbor, a reader
that was off."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, connections, transaction
from django.urls import reverse

from access import cards, losing, pins, rules, tapping
from access.models import Credential, Rule, TapRequest
from committees.appointing import appoint
from committees.models import Committee, Term
from residents import deaths, departures, last_days, leaving, moving
from residents.ages import today_in
from residents.deaths import DeathRefused
from residents.departures import DepartureRefused
from residents.lookups import masked_name
from residents.models import Death, Departure, ErasurePlace, MoveOut, Occupancy, Ownership, Resident, User
from residents.register import move_in, register
from tests import make
from tests.cast import PASSWORD, staff
from tests.living.conftest import opens

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_messages(monkeypatch, settings, tmp_path) -> None:
    settings.PHOTOS = tmp_path / "photos"
    monkeypatch.setattr("portal.tasks.nudge", lambda task, target: None)


# --- Nobody is left without a way in, tomorrow either (laws 1 and 2)


def _end_now(card: Credential, now) -> None:
    Credential.objects.filter(pk=card.pk).update(ended_at=now)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.obligation("1", "2")
def test_who_moves_in_tomorrow_keeps_the_card_they_were_given_today(here, gate, now, today):
    who = register(neighborhood=here, name="柳五")
    dwelling = make.unit(here)
    rules.add(gate=gate, unit=dwelling, at=now)
    move_in(resident=who, unit=dwelling, since=today + timedelta(days=1), at=now)
    card = cards.issue(resident=who, number="04A20009", at=now)
    with pytest.raises(cards.LastCard):
        cards.end(card=card, at=now)
    with pytest.raises(DatabaseError, match="without a way in"), transaction.atomic():
        _end_now(card, now)


@pytest.mark.obligation("2")
def test_a_card_in_a_pocket_is_not_rewritten(card, committed, app_sql):
    with pytest.raises(psycopg.Error, match="never rewritten"):
        app_sql().execute("UPDATE access_credential SET digest = 'x' WHERE id = %s", (card.pk,))


@pytest.mark.obligation("2")
@pytest.mark.parametrize("keypad", [False])
def test_a_death_undone_late_is_not_refused_for_want_of_a_keypad(
    resident, card, gate, clerk, second_clerk, now
):
    death = deaths.report(resident=resident, document="police", kept_where="3", by=clerk, at=now)
    deaths.confirm(death=death, by=second_clerk, at=now)
    make.swept("access.card_numbers", at=now + timedelta(days=31))
    back = deaths.undo(death=death, by=clerk, at=now + timedelta(days=40))
    assert back.pin
    resident.refresh_from_db()
    assert resident.left_at is None


@pytest.mark.obligation("20")
def test_a_death_undone_moves_nobody_back_in_who_had_moved_out_before(
    resident, card, gate, clerk, second_clerk, now, today
):
    moving.move_out(resident=resident, on=today, by=resident.user, at=now)
    later = now + timedelta(hours=1)
    death = deaths.report(resident=resident, document="police", kept_where="3", by=clerk, at=later)
    deaths.confirm(death=death, by=second_clerk, at=later)
    deaths.undo(death=death, by=clerk, at=later)
    resident.refresh_from_db()
    assert (resident.left_at, resident.left_because) == (now, "moved_out")
    assert not Credential.objects.active().filter(resident=resident).exists()


# --- One of the staff is not two (law 13)


def in_office(who: Resident, at) -> User:
    """Somebody who lives here, or owns here, and is a clerk as well."""
    committee, _ = Committee.objects.get_or_create(
        neighborhood=who.neighborhood, kind=Committee.Kind.PROPERTY, defaults={"name": "物业"}
    )
    appoint(
        committee=committee,
        user=who.user,
        role=Term.Role.CLERK,
        starts=at.date() - timedelta(days=30),
        ends=at.date() + timedelta(days=300),
        by=None,
        at=at,
    )
    return User.objects.get(pk=who.user_id)


@pytest.fixture
def landlord(neighbor, home, today, now) -> Resident:
    """Owns the dwelling that somebody else lives in, and works at the desk."""
    Ownership.objects.create(
        neighborhood=neighbor.neighborhood, resident=neighbor, unit=home, since=today - timedelta(days=9)
    )
    neighbor.user = in_office(neighbor, now)
    return neighbor


def test_a_clerk_does_not_record_a_death_in_their_own_household_alone(resident, flatmate, card, now):
    by = in_office(flatmate, now)
    death = deaths.report(resident=resident, document="police", kept_where="3", by=by, at=now)
    with pytest.raises(DeathRefused, match="same_person"):
        deaths.confirm(death=death, by=by, told_by=flatmate, at=now)
    with pytest.raises(DatabaseError, match="not two"), transaction.atomic():
        Death.objects.filter(pk=death.pk).update(confirmed_at=now, confirmed_by=by, told_by=flatmate)
    assert opens(resident)


@pytest.mark.parametrize("asks", [True, False])
def test_a_landlord_who_is_a_clerk_brings_no_document_and_writes_no_slip(
    resident, card, landlord, second_clerk, now, today, asks
):
    lived = resident.occupancies.get()
    if asks:
        said = departures.ask(occupancy=lived, by=landlord, words="走了", at=now)
        said = departures.take_up(departure=said, by=second_clerk, at=now)
    else:
        said = departures.open_(occupancy=lived, by=landlord.user, words="走了", at=now)
    document = {"document": Departure.Document.LEASE, "kept_where": "3", "at": now}
    with pytest.raises(DepartureRefused, match="own"):
        departures.bring_document(departure=said, by=landlord.user, **document)
    with pytest.raises(DepartureRefused, match="own"):
        departures.confirm(departure=said, by=landlord.user, paper="folder 3", at=now)
    with pytest.raises(PermissionDenied):
        moving.move_out(resident=resident, on=today, by=landlord.user, paper="folder 3", at=now)
    said = departures.bring_document(departure=said, by=second_clerk, **document)
    with pytest.raises(DepartureRefused, match="own"):
        departures.second(departure=said, by=landlord.user, at=now)
    with pytest.raises(DatabaseError, match="has an interest"), transaction.atomic():
        Departure.objects.filter(pk=said.pk).update(seconded_by=landlord.user)
    with pytest.raises(DatabaseError, match="has an interest"), transaction.atomic():
        MoveOut.objects.create(
            neighborhood=resident.neighborhood,
            resident=resident,
            occupancy=lived,
            on=today,
            route="desk",
            paper="folder 3",
            by=landlord.user,
            written_at=now,
        )
    assert opens(resident)


@pytest.mark.obligation("20")
def test_a_day_on_a_lease_ends_nothing_that_is_disputed(here, home, gate, clerk, now, today):
    who = register(neighborhood=here, name="柳六")
    who.user = User.objects.create_user(username="r6", password=PASSWORD)
    who.save()
    until = today + timedelta(days=3)
    moving.move_in(resident=who, unit=home, since=today, until=until, card="04A20006", at=now)
    said = departures.open_(occupancy=who.occupancies.get(), by=clerk, words="到期", at=now)
    departures.dispute(departure=said, by=who.user, at=now)
    later = now + timedelta(days=40)
    assert last_days.due(at=later) == []
    assert not last_days.carry_out(resident=who, at=later)
    assert leaving.due_for_erasure(at=later + timedelta(days=40)) == []
    assert opens(who)


def test_their_own_word_about_leaving_stays_though_they_object_to_anothers(resident, card, clerk, now, today):
    on = today + timedelta(days=9)
    moving.move_out(resident=resident, on=on, by=resident.user, at=now)
    said = departures.open_(occupancy=resident.occupancies.get(), by=clerk, words="走了", at=now)
    departures.dispute(departure=said, by=resident.user, at=now)
    assert resident.occupancies.get().until == on


# --- "Unknown" never becomes "complete" (law 12), and nothing is left (law 8)


@pytest.mark.obligation("20")
def test_a_reader_that_was_off_when_a_gate_was_taken_from_them_is_asked_as_well(
    resident, card, gate, home, now, today
):
    reader = make.device(gate, at=now)
    cursor = reader.feed().json()["cursor"]
    rules.remove(rule=Rule.objects.get(unit=home), at=now)
    moving.move_out(resident=resident, on=today, by=resident.user, at=now)
    place = ErasurePlace.objects.get(kind="device", target=card.pk)
    assert place.state == "waiting"
    gone = [row for row in reader.feed(cursor).json()["rows"] if row["credential"] == str(card.pk)]
    reader.receipts(make.receipt(card, gone[-1]["version"], at=now))
    place.refresh_from_db()
    assert place.state == "gone"


@pytest.mark.obligation("20")
def test_a_reader_that_was_off_when_a_pin_was_changed_is_asked_for_the_old_one(
    resident, card, gate, now, today
):
    old = pins.choose(resident=resident, pin="739154", at=now)
    reader = make.device(gate, at=now)
    reader.feed()
    pins.choose(resident=resident, pin="739155", at=now)
    moving.move_out(resident=resident, on=today, by=resident.user, at=now)
    assert ErasurePlace.objects.filter(kind="device", target=old.pk, state="waiting").exists()


def test_a_reader_that_has_said_so_is_not_asked_again(resident, card, gate, home, now, today):
    reader = make.device(gate, at=now)
    rules.remove(rule=Rule.objects.get(unit=home), at=now)
    reader.feed(reader.feed().json()["cursor"])
    moving.move_out(resident=resident, on=today, by=resident.user, at=now)
    assert not ErasurePlace.objects.filter(kind="device").exists()


@pytest.mark.obligation("20")
def test_of_the_erased_it_is_not_kept_when_they_stood_at_a_gate(resident, card, gate, clerk, now, forms):
    make.device(gate, at=now)
    tapping.ask(gate=gate, resident=resident, present=True, by=clerk, capacity="物业", at=now)
    make.tombstone(resident, at=now)
    assert not TapRequest.objects.filter(resident=resident).exists()


# --- What is seen, and what is pressed


def test_who_comes_later_does_not_see_today_who_lives_there(resident, home, here, gate, now, today, client):
    who = register(neighborhood=here, name="杨七")
    who.user = User.objects.create_user(username="r7", password=PASSWORD)
    who.save()
    moving.move_in(resident=who, unit=home, since=today + timedelta(days=100), card="04A20007", at=now)
    client.force_login(who.user)
    assert masked_name(resident) not in client.get(reverse("household")).content.decode()
    lived = resident.occupancies.get()
    assert client.get(reverse("ask_departure", args=[lived.pk])).status_code == 404


def test_who_has_moved_out_is_told_so_where_they_ask_for_a_code(resident, card, now, today, client):
    moving.move_out(resident=resident, on=today, by=resident.user, at=now)
    client.force_login(User.objects.get(pk=resident.user_id))
    assert client.post(reverse("new_qr")).status_code == 302
    assert not Credential.objects.active().filter(resident=resident).exists()


def test_a_household_that_moves_and_one_of_them_at_the_desk_do_not_wait_for_each_other(committed, now):
    place = make.neighborhood()
    gate = make.gate(place, at=now)
    clerk = staff(place, username="clerk", kind=Committee.Kind.PROPERTY, role=Term.Role.CLERK, at=now)
    for _round in range(6):
        home, to = make.unit(place), make.unit(place)
        both = sorted((make.resident(place, at=now, lives_in=home) for _ in range(2)), key=lambda who: who.pk)
        rules.add(gate=gate, unit=home, at=now)
        for who in both:
            make.card(who, at=now)
        start = threading.Barrier(2)

        def at_once(act, start=start) -> None:
            try:
                start.wait()
                act()
            finally:
                connections.close_all()

        def move(both=both, to=to) -> None:
            moving.move_within(
                people=both,
                to=to,
                on=today_in(place, now),
                by=clerk,
                at=now,
                tenure=Occupancy.Tenure.FAMILY,
                paper="3",
            )

        acts = [move, lambda who=both[1]: losing.report_lost(resident=who, by=None, at=now)]
        with ThreadPoolExecutor(2) as desks:
            list(desks.map(at_once, acts))  # raises what they raised
