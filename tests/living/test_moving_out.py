"""Moving out: one act of the person's own, after which every place is asked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction

from access import cards, devices, pins, reading, receipts, rules
from access.events import Seen, take
from access.models import Credential, Enrolment, EntryEvent, FeedRow, Rule, SealedCopy, Template
from consent import deciding
from consent.models import Decision, Purpose, Standing
from ledger.models import Entry
from portal import erasure, sweeps
from residents import claiming, contact, last_days, leaving, letters, moving
from residents.models import ErasureOrder, ErasurePlace, MoveOut, Occupancy, Ownership, Resident, User
from tests import long_ago, make
from tests.enrolling import agree
from tests.living.conftest import opens
from vault import keys, rewrite

pytestmark = pytest.mark.django_db
Kind, State = ErasurePlace.Kind, ErasurePlace.State


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings, monkeypatch) -> None:
    settings.PHOTOS = tmp_path / "photos"
    monkeypatch.setattr(rewrite, "rewrite", lambda **_: True)
    monkeypatch.setattr(rewrite, "rewrite_keys", lambda: True)


def move_out(who, on, now, **also):
    return moving.move_out(**{"resident": who, "on": on, "by": who.user, "at": now, **also})


@pytest.mark.obligation("9", "F4")
def test_it_ends_every_way_in_at_once(resident, home, gate, card, neighbor, today, now):
    pins.choose(resident=resident, pin="739154", at=now)
    rules.add(gate=gate, resident=resident, at=now)
    make.card(neighbor, at=now)
    move_out(resident, today, now)
    assert not opens(resident)
    ended = Credential.objects.filter(resident=resident)
    assert {(each.ended_at, each.ended_because) for each in ended} == {(now, "moved_out")}
    assert not Rule.objects.filter(resident=resident).exists()
    assert Rule.objects.filter(unit=home).exists()
    assert Credential.objects.active().filter(resident=neighbor).exists()


@pytest.mark.obligation("9", "F10", "F23")
def test_a_movers_face_is_gone_from_every_place_the_reader_included(resident, gate, card, today, now):
    """Keys, template, sealed copy, and the reader's own word; nothing is complete before."""
    reader = make.device(gate, at=now)
    face = make.face(resident, at=now)
    standing = Standing.objects.get(resident=resident)
    page = reading.read_page(caller=devices.find(reader.device.pk), cursor=None, limit=100, at=now)
    devices.note_poll(caller=devices.find(reader.device.pk), holds=page.cursor.version, at=now)
    move_out(resident, today, now)
    assert not Template.objects.exists()
    assert not SealedCopy.objects.exists()
    assert not Standing.objects.exists()
    decision = Decision.objects.filter(resident=resident).latest("at")
    assert (decision.kind, decision.actor, decision.capacity) == ("ended", None, "system")
    orders = {order.purpose: order for order in ErasureOrder.objects.filter(resident=resident)}
    assert orders.keys() == {Purpose.FACE_AT_GATE, leaving.WAYS_IN}
    for order in orders.values():
        assert order.cause == "moved_out"
        erasure.run(order=order.pk, at=now)
        assert [each.kind for each in order.places.exclude(state=State.GONE)] == [Kind.DEVICE]
    assert keys.state(standing.key) == keys.State.DESTROYED
    for credential in (face, card):
        version = FeedRow.objects.get(gate=gate, credential=credential).version
        receipts.take(device=reader.device, receipts=[receipts.Receipt(credential.pk, version, now)], at=now)
    assert ErasureOrder.objects.complete().count() == 2


def test_photos_on_their_way_go_too(resident, gate, card, forms, today, now):
    standings = agree(resident, forms, at=now)
    Enrolment.objects.create(
        neighborhood=resident.neighborhood,
        resident=resident,
        standing=standings[Purpose.FACE_AT_GATE],
        photo_standing=standings[Purpose.PHOTO_OVER_INTERNET],
        route="portal",
        created_at=now,
    )
    move_out(resident, today, now)
    assert not Enrolment.objects.exists()
    assert not Standing.objects.exists()


def test_an_open_letter_opens_nothing_any_more(here, home, gate, today, now, clerk):
    who = make.resident(here, at=now, lives_in=home, account=False)
    code = letters.write(resident=who, by=clerk, at=now).code
    moving.move_out(resident=who, on=today, by=clerk, paper="folder 3", at=now)
    with pytest.raises(claiming.ClaimRefused):
        claiming.check(code=code, address="::1", at=now)


def test_entry_events_lose_them_those_that_come_late_too(resident, gate, card, today, now):
    reader = make.device(gate, at=now)
    seen = [Seen(n, now, "card", card.pk, "opened", "") for n in (1, 2)]
    boot = make.neighborhood().pk
    take(device=reader.device, boot=boot, events=seen[:1], at=now)
    assert EntryEvent.objects.get().credential == card.pk
    move_out(resident, today, now)
    take(device=reader.device, boot=boot, events=seen[1:], at=now)
    assert set(EntryEvent.objects.values_list("credential", flat=True)) == {None}


def test_a_day_to_come_changes_nothing_before_it(resident, gate, card, today, now):
    plan = move_out(resident, today + timedelta(days=10), now)[0]
    assert opens(resident)
    assert FeedRow.objects.get(credential=card).body["windows"][0]["valid_until"] is not None
    assert moving.call_off(move_out=plan, by=resident.user, at=now)
    assert not moving.call_off(move_out=plan, by=resident.user, at=now)
    assert FeedRow.objects.get(credential=card).body["windows"][0]["valid_until"] is None
    assert resident.occupancies.get().until is None


@pytest.mark.obligation("2", "3")
def test_who_said_yes_and_who_said_no_are_told_alike_to_the_gates(
    resident, flatmate, gate, card, here, home, today, now
):
    """The same days for both, plan or no plan; the face of the one changes nothing."""

    def told(who) -> list:
        rows = FeedRow.objects.filter(credential__resident=who, credential__kind="card")
        return [(row.present, row.body.get("windows")) for row in rows]

    make.face(resident, at=now)
    assert told(resident) == told(flatmate) != []
    for who in (resident, flatmate):
        move_out(who, today + timedelta(days=9), now)
    assert told(resident) == told(flatmate)
    for who in (resident, flatmate):
        move_out(who, today, now)
    assert told(resident) == told(flatmate) == [(False, None)]


def test_another_day_replaces_the_day_before(resident, gate, card, today, now):
    move_out(resident, today + timedelta(days=10), now)
    move_out(resident, today + timedelta(days=20), now)
    assert resident.occupancies.get().until == today + timedelta(days=20)
    assert MoveOut.objects.planned().count() == 1
    with pytest.raises(moving.EndsAlready):
        move_out(resident, today + timedelta(days=20), now)


@pytest.mark.obligation("9", "F16")
def test_the_sweep_carries_out_what_a_plan_said(resident, gate, card, today, now):
    yesterday = now - timedelta(days=1)
    move_out(resident, today, yesterday)
    resident.refresh_from_db()
    assert resident.left_at is None
    assert sweeps.sweep(at=now)
    resident.refresh_from_db()
    assert resident.left_because == "moved_out"
    assert not opens(resident)
    count = Entry.objects.count()
    assert sweeps.sweep(at=now)  # twice does nothing twice
    assert Entry.objects.filter(kind="residence.left").count() == 1
    assert Entry.objects.count() == count


def test_a_lease_that_runs_out_ends_as_a_move_out_does(here, home, gate, today, now):
    who = make.resident(here, at=now, lives_in=home, until=today)
    make.card(who, at=now)
    assert last_days.due(at=now - timedelta(days=2)) == []
    assert last_days.due(at=now) == [who]
    sweeps.sweep(at=now)
    who.refresh_from_db()
    assert who.left_at is not None
    assert not Credential.objects.active().filter(resident=who).exists()


def test_a_day_on_a_lease_ends_nothing_that_its_person_does_not_want_to_end(here, home, gate, today, now):
    who = make.resident(here, at=now, lives_in=home, until=today + timedelta(days=2))
    make.card(who, at=now)
    moving.stay_on(occupancy=who.occupancies.get(), by=who.user, at=now)
    assert who.occupancies.get().until is None
    with pytest.raises(PermissionDenied):
        moving.stay_on(occupancy=who.occupancies.get(), by=make.resident(here, at=now).user, at=now)


def test_who_keeps_another_dwelling_keeps_every_way_in(resident, home, gate, card, here, today, now):
    other = make.unit(here)
    rules.add(gate=gate, unit=other, at=now)
    moving.move_in(resident=resident, unit=other, since=today, at=now)
    move_out(resident, today, now, units=[home])
    resident.refresh_from_db()
    assert resident.left_at is None
    card.refresh_from_db()
    assert card.ended_at is None
    assert opens(resident)


def test_part_of_a_household_moves_with_no_gap(resident, flatmate, home, gate, card, here, today, now):
    other = make.unit(here)
    rules.add(gate=gate, unit=other, at=now)
    moving.move_within(people=[resident], to=other, on=today, by=resident.user, at=now, tenure="tenant")
    lived = {(each.unit_id, each.since, each.until) for each in resident.occupancies.all()}
    assert {(unit, until) for unit, _since, until in lived} == {(home.pk, today), (other.pk, None)}
    assert opens(resident)
    assert opens(flatmate)
    card.refresh_from_db()
    assert card.ended_at is None


def test_a_move_to_come_leaves_no_day_in_between(resident, home, gate, card, here, today, now):
    other, on = make.unit(here), today + timedelta(days=5)
    rules.add(gate=gate, unit=other, at=now)
    moving.move_within(people=[resident], to=other, on=on, by=resident.user, at=now, tenure="owner")
    windows = FeedRow.objects.get(credential=card).body["windows"]
    assert {window["valid_until"] for window in windows} - {None} == {
        window["valid_from"] for window in windows
    } - {None}


def test_nobody_moves_anybody_else_out(
    resident, flatmate, neighbor, stranger, clerk, chair, auditor, outsider, superuser, today, now
):
    """Not the household, not a neighbor, not the staff without a signature, nor those who run the system."""
    for by in (flatmate.user, neighbor.user, stranger.user, clerk, chair, auditor, outsider, superuser):
        with pytest.raises(PermissionDenied):
            moving.move_out(resident=resident, on=today, by=by, at=now)
    with pytest.raises(PermissionDenied):
        moving.move_out(resident=resident, on=today, by=outsider, paper="folder", at=now)
    assert Occupancy.objects.current(today).filter(resident=resident).exists()


@pytest.mark.parametrize("route", ["self", "desk", "guardian", "notice", "death"])
def test_raw_sql_moves_nobody_out(resident, clerk, flatmate, home, today, route):
    lived = resident.occupancies.get()
    for act in (
        lambda: Occupancy.objects.filter(pk=lived.pk).update(until=today),
        lambda: Occupancy.objects.filter(pk=lived.pk).update(until=today + timedelta(days=1)),
        lambda: Occupancy.objects.filter(pk=lived.pk).update(since=today + timedelta(days=9)),
        lambda: Occupancy.objects.filter(pk=lived.pk).update(unit=make.unit(resident.neighborhood)),
        lambda: Occupancy.objects.filter(pk=lived.pk)._raw_delete("default"),
        lambda: Resident.objects.filter(pk=resident.pk).update(left_at=lived.written_at, left_because="died"),
        lambda: MoveOut.objects.create(
            neighborhood=resident.neighborhood, resident=resident, occupancy=lived, on=today, route=route,
            by=flatmate.user if route == "self" else clerk, written_at=lived.written_at,
        ),
    ):  # fmt: skip
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            act()
        assert refused.value.__cause__.sqlstate.startswith("LM03")
    assert Occupancy.objects.current(today).filter(resident=resident).exists()


def test_a_past_end_stays(resident, card, today, now):
    move_out(resident, today, now)
    lived = resident.occupancies.get()
    for until in (None, today + timedelta(days=3)):
        with pytest.raises(DatabaseError, match="past end"), transaction.atomic():
            Occupancy.objects.filter(pk=lived.pk).update(until=until)


@pytest.mark.parametrize(("days", "refused"), [(-1, moving.InThePast), (800, moving.TooFar)])
def test_it_refuses_days_that_make_no_sense(resident, today, now, days, refused):
    with pytest.raises(refused):
        move_out(resident, today + timedelta(days=days), now)


def test_twice_is_told_that_it_is_done(resident, card, today, now):
    move_out(resident, today, now)
    with pytest.raises(moving.LivesNotThere):
        move_out(resident, today, now)


def test_what_has_not_begun_is_called_off_before_it_begins(here, home, today, now):
    who = make.resident(here, at=now, lives_in=home, since=today + timedelta(days=5))
    move_out(who, today, now)
    who.refresh_from_db()
    assert who.left_at is not None
    lived = who.occupancies.get()
    assert lived.since == lived.until


def test_who_a_slip_moved_out_puts_it_right_with_one_press(resident, gate, card, clerk, today, now):
    moving.move_out(resident=resident, on=today, by=clerk, paper="folder 3", at=now)
    assert not opens(resident)
    later = now + timedelta(days=2)
    resident.refresh_from_db()
    moving.put_right(resident=resident, by=resident.user, at=later)
    again = Credential.objects.active().get(resident=resident)
    assert bytes(again.digest) == bytes(card.digest)
    resident.refresh_from_db()
    assert resident.left_at is None
    assert Occupancy.objects.standing(today).filter(resident=resident).exists()
    with pytest.raises(moving.TooLate):
        moving.put_right(resident=resident, by=resident.user, at=later)


def test_who_has_left_gets_no_card_says_no_yes_and_is_given_to_nobody(resident, card, forms, today, now):
    move_out(resident, today, now)
    with pytest.raises(cards.GoneAway):
        cards.issue(resident=resident, number="04A2 0404", at=now)
    with pytest.raises(DatabaseError, match="no new way in"), transaction.atomic():
        pins.lend(resident=resident, at=now)
    resident.refresh_from_db()
    with pytest.raises(deciding.LivesNotHere):
        agree(resident, forms, Purpose.FACE_AT_GATE, at=now)


# --- The days of grace, and after


def left_long_ago(here, home, now, days: int) -> Resident:
    """Whose lease ended so long ago, and who was seen to then."""
    at = now - timedelta(days=days)
    who = make.resident(here, at=at, lives_in=home, until=at.date())
    contact.set_phone(who, "0571 8800 0000")
    who.save()
    make.card(who, at=at)
    assert last_days.carry_out(resident=who, at=now)
    who.refresh_from_db()
    long_ago.left_at(who, at)
    return who


@pytest.mark.obligation("9", "20", "F10", "F23")
def test_after_the_grace_a_tombstone_is_left(here, home, gate, now, resident):
    who = left_long_ago(here, home, now, 31)
    account, key = who.user, who.contact_key
    assert keys.state(key) == keys.State.LIVE
    assert sweeps.sweep(at=now)
    who.refresh_from_db()
    assert (who.name, who.phone_sealed, who.user, who.erased_at) == ("", None, None, now)
    account = User.objects.get(pk=account.pk)
    assert not account.is_active
    assert account.username == f"gone-{account.pk.hex}"
    for rows in (who.occupancies, who.move_outs, who.departures, who.letters):
        assert not rows.exists()
    order = ErasureOrder.objects.get(resident=who, purpose=leaving.PERSON)
    erasure.run(order=order.pk, at=now + timedelta(minutes=1))
    assert order.is_complete
    assert {place.kind for place in order.places.all()} == {Kind.ROWS, Kind.KEY, Kind.PAGES}
    assert keys.state(key) == keys.State.DESTROYED
    resident.refresh_from_db()
    assert resident.name


def test_a_day_before_the_grace_ends_nothing_goes(here, home, now):
    who = left_long_ago(here, home, now, 29)
    assert leaving.due_for_erasure(at=now) == []
    assert leaving.erase(resident=who, at=now) is None
    with pytest.raises(DatabaseError, match="days of grace"), transaction.atomic():
        Resident.objects.filter(pk=who.pk).update(
            name="", user=None, phone_sealed=None, phone_index=None, erased_at=now
        )


def test_who_owns_here_stays_on_the_register_as_its_owner(here, home, now, today):
    who = left_long_ago(here, home, now, 40)
    owns = Ownership.objects.create(
        neighborhood=here, resident=who, unit=home, since=today.replace(year=2020)
    )
    assert leaving.due_for_erasure(at=now) == []
    with pytest.raises(DatabaseError, match="owner stays"), transaction.atomic():
        Resident.objects.filter(pk=who.pk).update(
            name="", user=None, phone_sealed=None, phone_index=None, erased_at=now
        )
    Ownership.objects.filter(pk=owns.pk).update(until=today)
    assert leaving.due_for_erasure(at=now) == [who]


def test_the_account_of_one_of_the_staff_stays_for_work(here, home, now, clerk):
    who = left_long_ago(here, home, now, 31)
    Resident.objects.filter(pk=who.pk).update(user=clerk)
    assert leaving.erase(resident=who, at=now)
    clerk.refresh_from_db()
    assert clerk.is_active
    assert clerk.username == "clerk"


def test_erasing_twice_is_erasing_once(here, home, now):
    who = left_long_ago(here, home, now, 31)
    assert leaving.erase(resident=who, at=now)
    assert leaving.erase(resident=who, at=now) is None


def test_what_is_called_off_brings_back_no_days_that_are_taken(here, resident, today, now):
    """In from tomorrow, out again before, in from today: the first stays off."""
    other = make.unit(here)
    first = moving.move_in(resident=resident, unit=other, since=today + timedelta(days=1), at=now).occupancy
    plan = MoveOut.objects.get(pk=move_out(resident, today, now, units=[other])[0].pk)
    moving.move_in(resident=resident, unit=other, since=today, at=now)
    with pytest.raises(moving.LivesThereAlready):
        moving.call_off(move_out=plan, by=resident.user, at=now)
    with pytest.raises(moving.LivesThereAlready):
        moving.stay_on(occupancy=first, by=resident.user, at=now)
    assert resident.occupancies.filter(unit=other, until=None).count() == 1
