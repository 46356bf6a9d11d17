"""A visit: within the host's own rights, seen by the host alone, gone with the host, and nothing of the visitor."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from access import passes, rules
from access.models import Credential, EntryEvent, FeedRow, Pass, PassGate
from access.signing import server_key
from consent.models import Purpose
from consent.voices import own
from consent.withdrawal import withdraw
from gate import keypad, tokens
from gate.decide import Contact, Ticket, Window, decide_code
from portal import sweeps
from residents import moving
from residents.ages import today_in
from tests import make

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def doors(here, now):
    return [make.gate(here, at=now, by_qr=True, by_pin=True) for _ in range(2)]


@pytest.fixture
def host(resident, doors, now):
    for door in doors:
        make.rule(door, resident, at=now)
    make.card(resident, at=now)
    return resident


@pytest.fixture
def visit(host, doors, now):
    return visiting(host, doors, now)


def visiting(host, doors, now, **also):
    asked = {"valid_from": now, "valid_until": now + 3 * HOUR} | also
    return passes.make(resident=host, gates=doors, at=now, **asked)


def told(visit):
    rows = FeedRow.objects.filter(credential=visit.credential, present=True)
    return {row.gate_id: row.body for row in rows}


def move_out(who, at, until=None):
    moving.move_out(resident=who, on=until or today_in(who.neighborhood, at), by=who.user, at=at)


@pytest.mark.obligation("F2")
def test_a_gate_hears_of_a_visit_what_it_must_and_no_more(visit, doors, now):
    assert set(told(visit)) == {door.pk for door in doors}
    body = told(visit)[doors[0].pk]
    assert set(body) == {"kind", "windows", "number", "verifier"}
    assert body["windows"][0]["valid_until"] == (now + 3 * HOUR).isoformat()


@pytest.mark.obligation("F3", "2")
def test_nothing_of_a_visitor_has_a_column():
    fields = {field.name for field in Pass._meta.get_fields()} | {
        field.name for field in PassGate._meta.get_fields()
    }
    assert fields == {
        *("id", "neighborhood", "credential", "gates", "valid_from", "valid_until", "once"),
        *("label", "made_by", "made_at", "places", "visit", "gate"),
    }


def test_it_is_shown_as_often_as_the_host_likes(visit):
    first, again = passes.show(visit), passes.show(visit)
    assert first.pin == again.pin
    assert keypad.is_right(visit.credential.verifier, first.pin)
    assert keypad.read_entry(first.number + first.pin)
    token = tokens.read(first.text, key=server_key().public_key())
    assert (token.kind, token.credential) == ("pass", str(visit.credential_id))
    assert visit.credential.verifier not in first.text


def test_it_says_no_pin_that_would_not_open(visit):
    Credential.objects.filter(pk=visit.credential_id).update(verifier=keypad.hash_pin("483920"))
    visit.refresh_from_db()
    assert passes.show(visit).pin == ""


def test_it_is_never_wider_than_the_hosts_own_hours(host, doors, now):
    visit = visiting(host, doors, now, valid_until=now + timedelta(days=5))
    tomorrow = today_in(host.neighborhood, now) + timedelta(days=1)
    move_out(host, now, until=tomorrow)
    ends = told(visit)[doors[0].pk]["windows"][0]["valid_until"]
    assert ends < (now + timedelta(days=2)).isoformat()


@pytest.mark.obligation("2")
def test_it_ends_the_moment_its_host_moves_out(host, visit, now):
    move_out(host, now)
    assert told(visit) == {}
    credential = Credential.objects.get(pk=visit.credential_id)
    assert (credential.ended_at, credential.ended_because) == (now, "moved_out")


def test_it_goes_with_the_rule_it_was_cut_out_of(host, visit, doors, now):
    for rule in doors[0].rules.all():
        rules.remove(rule=rule, at=now)
    assert set(told(visit)) == {doors[1].pk}


def test_a_host_ends_it_in_one_act(visit, now):
    assert passes.end(visit=visit, at=now)
    assert not passes.end(visit=visit, at=now)
    assert told(visit) == {}


def test_the_hosts_words_go_with_it_whoever_ends_it(host, doors, now):
    visit = visiting(host, doors, now, label="  外婆   来吃饭 ")
    assert visit.label == "外婆 来吃饭"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE access_credential SET ended_at = now() WHERE id = %s", [visit.credential_id])
    visit.refresh_from_db()
    assert visit.label == ""


@pytest.mark.parametrize(
    ("times", "refused"),
    [
        ((-2, -1), passes.InThePast),
        ((-2, 2), passes.InThePast),
        ((2, 1), passes.EndsBeforeItBegins),
        ((1, 1), passes.EndsBeforeItBegins),
        ((0, 24 * 30 + 1), passes.TooLong),
        ((0, 24 * 3650), passes.TooLong),
        ((24 * 30 + 1, 24 * 30 + 2), passes.TooFarAhead),
    ],
)
def test_it_is_not_in_the_past_nor_for_ten_years(host, doors, now, times, refused):
    begin, end = (now + each * HOUR for each in times)
    with pytest.raises(refused):
        visiting(host, doors, now, valid_from=begin, valid_until=end)
    assert not Pass.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        "made_at = valid_from + interval '1 second'",
        "valid_until = valid_from",
        "valid_until = valid_from + interval '31 days'",
        "valid_until = valid_until + interval '1 second'",
        "made_at = made_at - interval '31 days'",
        "once = true, valid_until = valid_from + interval '150 minutes'",
    ],
)
def test_nor_by_any_other_door(visit, change):
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE access_pass SET {change}")


def test_it_hangs_on_no_other_kind_of_credential(host, now):
    card = host.credentials.get(kind="card")
    with pytest.raises(IntegrityError, match="of that kind"), transaction.atomic():
        Pass.objects.create(
            neighborhood=host.neighborhood,
            credential=card,
            valid_from=now,
            valid_until=now + HOUR,
            made_at=now,
        )


def test_nobody_answers_for_more_than_twenty_at_a_time(host, doors, now):
    made = [visiting(host, doors, now) for _ in range(20)]
    with pytest.raises(passes.TooMany):
        visiting(host, doors, now)
    passes.end(visit=made[0], at=now)
    visiting(host, doors, now)


def test_the_database_counts_as_well(host, doors, now, monkeypatch):
    monkeypatch.setattr(passes, "MOST_AT_ONCE", 1000)
    for _ in range(20):
        visiting(host, doors, now)
    with pytest.raises(passes.TooMany):
        visiting(host, doors, now)


def test_only_through_gates_that_are_the_hosts_own_and_take_codes(host, doors, stranger, now):
    closed = make.gate(host.neighborhood, at=now, by_qr=True)
    cards_only = make.gate(host.neighborhood, at=now)
    make.rule(cards_only, host, at=now)
    theirs = make.gate(stranger.neighborhood, at=now, by_qr=True)
    for gate in (closed, cards_only, theirs):
        with pytest.raises(passes.GateNotTheirs):
            visiting(host, [*doors, gate], now)
    with pytest.raises(passes.NoGate):
        visiting(host, [], now)
    listed = passes.gates_for_visitors(resident=host, at=now)
    assert {gate.pk for gate in listed} == {door.pk for door in doors}


def test_no_gate_of_another_neighborhood_can_be_written_in(visit, stranger, now):
    theirs = make.gate(stranger.neighborhood, at=now, by_qr=True)
    with pytest.raises(DatabaseError, match="another neighborhood"), transaction.atomic():
        PassGate.objects.create(neighborhood=visit.neighborhood, visit=visit, gate=theirs)


def test_words_are_few_and_on_one_line(host, doors, now):
    for label in ("很" * 41, "a\x00b", "a\u202eb"):
        with pytest.raises(passes.LabelTooLong):
            visiting(host, doors, now, label=label)


def test_a_courier_gets_two_hours_and_one_trip(host, doors, now):
    trip = passes.one_trip(resident=host, gates=doors, at=now)
    assert trip.valid_until - trip.valid_from == 2 * HOUR
    assert told(trip)[doors[0].pk]["once"] is True
    assert tokens.read(passes.show(trip).text, key=server_key().public_key()).once
    with pytest.raises(passes.TooLong):
        visiting(host, doors, now, once=True, valid_until=now + 3 * HOUR)


def opened(visit, door, now, sequence):
    reader = make.device(door)
    EntryEvent.objects.create(
        neighborhood=visit.neighborhood,
        gate=door,
        device=reader.device,
        boot="00000000-0000-4000-8000-000000000001",
        sequence=sequence,
        kind="pass",
        credential=visit.credential_id,
        outcome="opened",
        device_time=now,
        received_at=now,
    )


def test_one_trip_is_over_when_every_gate_has_told_of_it(host, doors, now):
    trip = passes.one_trip(resident=host, gates=doors, at=now)
    plain = visiting(host, doors[:1], now)
    opened(trip, doors[0], now, 1)
    opened(plain, doors[0], now, 1)
    assert passes.end_over(at=now) == 0
    opened(trip, doors[1], now, 2)
    assert sweeps.sweep(at=now)
    assert Credential.objects.get(pk=trip.credential_id).ended_because == "ran_out"
    assert Credential.objects.get(pk=plain.credential_id).ended_at is None


def test_the_sweep_ends_what_is_over(host, visit, now):
    assert passes.end_over(at=now + 2 * HOUR) == 0
    assert passes.end_over(at=now + 3 * HOUR) == 1
    assert told(visit) == {}


def test_the_sweep_ends_what_a_residence_that_ran_out_left(host, doors, now):
    visit = visiting(host, doors, now, valid_until=now + timedelta(days=5))
    move_out(host, now, until=today_in(host.neighborhood, now) + timedelta(days=1))
    assert passes.end_over(at=now) == 0
    assert passes.end_over(at=now + timedelta(days=2)) == 1
    assert Credential.objects.get(pk=visit.credential_id).ended_because == "moved_out"


def test_the_desk_makes_one_for_who_has_no_phone_and_the_record_says_so(host, doors, clerk, now):
    visit = passes.one_trip(resident=host, gates=doors, at=now, on_behalf_by=clerk)
    assert visit.on_behalf
    assert list(Pass.objects.of(host)) == [visit]


def test_a_neighbor_and_a_stranger_see_none(visit, neighbor, stranger):
    assert not Pass.objects.of(neighbor).exists()
    assert not Pass.objects.of(stranger).exists()


@pytest.mark.obligation("2", "3")
def test_a_refuser_and_a_consenter_make_the_same_visits(host, neighbor, doors, now):
    for door in doors:
        make.rule(door, neighbor, at=now)
    make.face(neighbor, at=now)
    ones, others = (visiting(each, doors, now) for each in (host, neighbor))
    strip = {"number", "verifier"}
    assert [{k: v for k, v in body.items() if k not in strip} for body in told(ones).values()] == [
        {k: v for k, v in body.items() if k not in strip} for body in told(others).values()
    ]


@pytest.mark.obligation("3")
def test_a_host_who_stops_face_entry_keeps_their_visits(host, doors, now):
    make.face(host, at=now)
    visit = visiting(host, doors, now)
    before = told(visit)
    withdraw(
        resident=host,
        purpose=Purpose.FACE_AT_GATE,
        voice=own(host.user, "en"),
        at=now,
    )
    assert told(visit) == before != {}


def test_where_the_clocks_change_a_visit_ends_at_its_moment(host, doors, now):
    """Its times are moments, not hours on a clock; the host's hours are hours on the gate's clock."""
    berlin = ZoneInfo("Europe/Berlin")
    day_shift = Window(days=frozenset(range(1, 8)), since=time(1), until=time(4))
    for begin, end, opens in (
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 0, tzinfo=UTC), (True, False)),
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC), (True, False)),
    ):
        window = replace(day_shift, valid_from=begin, valid_until=end)
        for moment, may in ((end - timedelta(seconds=1), opens[0]), (end, opens[1])):
            ticket = Ticket("c", "pass", (window,))
            token = tokens.Token("pass", "c", begin, end + timedelta(days=1), b"12345678")
            decision = decide_code(
                token=token, ticket=ticket, now=moment, time_zone=berlin, contact=Contact(moment, 24)
            )
            assert decision.open == may
