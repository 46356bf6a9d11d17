"""A lost card: blocked, and a way in that needs no phone, in one act that is never refused (laws 1, 2 and 13)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from access import cards, gates, losing, pins, rules
from access.losing import NotTheirs, Route, give_back, loans, report_lost
from access.models import Credential, FeedRow
from gate import keypad
from ledger.models import Entry
from residents.ages import today_in
from residents.models import Neighborhood
from residents.moving import move_out
from tests import make

pytestmark = pytest.mark.django_db
Kind, Ended = Credential.Kind, Credential.Ended


@pytest.fixture
def place(db):
    found = make.neighborhood()
    Neighborhood.objects.filter(pk=found.pk).update(guard_phone="8800 1234")
    return found


@pytest.fixture
def door(place, now):
    return make.gate(place, at=now)


@pytest.fixture
def who(door, now):
    found = make.resident(door.neighborhood, at=now)
    make.rule(door, found, at=now)
    return found


def opens(card: Credential) -> bool:
    return FeedRow.objects.filter(credential=card, present=True).exists()


@pytest.mark.obligation("1", "2", "3")
def test_the_last_card_is_blocked_and_a_pin_lent_in_the_same_act(who, place, now):
    keypad_door = make.gate(place, at=now, by_pin=True)
    make.rule(keypad_door, who, at=now)
    card = make.card(who, at=now)
    lost = report_lost(resident=who, card=card, by=who.user, at=now)
    card.refresh_from_db()
    assert (card.ended_at, card.ended_because) == (now, Ended.LOST)
    assert not opens(card)
    assert lost.lent is not None
    assert lost.lent.credential.temporary
    assert keypad.is_right(lost.lent.credential.verifier, lost.lent.pin)
    row = FeedRow.objects.get(credential=lost.lent.credential, present=True)
    assert (row.gate, row.body["number"]) == (keypad_door, lost.lent.number)
    assert list(lost.blocked) == [card]
    assert not lost.remain


def test_it_says_where_the_pin_works_and_whom_to_ring_where_there_is_no_keypad(who, door, place, now):
    keypad_door = make.gate(place, at=now, by_pin=True)
    make.rule(keypad_door, who, at=now)
    elsewhere = make.gate(place, at=now, by_pin=True)  # no rule lets them through here
    lost = report_lost(resident=who, card=make.card(who, at=now), by=None, at=now)
    assert list(lost.keypads) == [keypad_door]
    assert list(lost.without_keypad) == [door]
    assert elsewhere not in [*lost.keypads, *lost.without_keypad]
    assert lost.guard_phone == "8800 1234"


def test_it_lends_nothing_where_another_card_is_left(who, now):
    first, second = make.card(who, at=now), make.card(who, at=now)
    lost = report_lost(resident=who, card=first, by=None, at=now)
    assert lost.lent is None
    assert list(lost.remain) == [second]
    assert opens(second)


def test_it_lends_nothing_where_they_have_a_pin_of_their_own(who, now):
    card = make.card(who, at=now)
    pin = pins.choose(resident=who, pin="480913", at=now)
    lost = report_lost(resident=who, card=card, by=None, at=now)
    assert lost.lent is None
    assert list(lost.remain) == [pin]


def test_all_cards_are_blocked_where_nobody_knows_which_one(who, now):
    both = [make.card(who, at=now), make.card(who, at=now)]
    lost = report_lost(resident=who, by=None, at=now)
    assert set(lost.blocked) == set(both)
    assert lost.lent is not None
    assert not any(opens(card) for card in both)


def test_a_spare_card_is_lent_and_then_no_pin_is_needed(who, now):
    card = make.card(who, at=now)
    lost = report_lost(resident=who, card=card, spare="SPARE 0001", by=None, at=now)
    assert lost.lent is None
    assert lost.spare is not None
    assert lost.spare.temporary
    assert opens(lost.spare)


@pytest.mark.obligation("2")
@pytest.mark.parametrize("spare", ["?", "TAKEN0001", "'; DROP TABLE access_credential; --"])
def test_a_spare_that_cannot_be_lent_is_answered_by_a_pin_and_never_refuses_the_report(who, now, spare):
    make.card(make.resident(who.neighborhood, at=now), at=now, number="TAKEN0001")
    card = make.card(who, at=now)
    lost = report_lost(resident=who, card=card, spare=spare, by=None, at=now)
    assert isinstance(lost.spare_refused, cards.CardRefused)
    assert lost.spare is None
    assert lost.lent is not None
    assert not opens(card)


def test_reporting_twice_blocks_once_and_takes_nothing_away(who, now):
    card = make.card(who, at=now)
    first = report_lost(resident=who, card=card, by=None, at=now)
    again = report_lost(resident=who, card=card, by=None, at=now + timedelta(minutes=1))
    assert not again.blocked
    assert again.lent is None
    assert [each.pk for each in again.remain] == [first.lent.credential.pk]
    card.refresh_from_db()
    assert card.ended_at == now


def test_another_residents_card_is_not_blocked(who, now):
    theirs = make.card(make.resident(who.neighborhood, at=now), at=now)
    strangers = make.card(make.resident(make.neighborhood(), at=now), at=now)
    for card in (theirs, strangers):
        with pytest.raises(NotTheirs):
            report_lost(resident=who, card=card, by=None, at=now)
        assert Credential.objects.get(pk=card.pk).ended_at is None


def test_a_face_or_a_pin_is_no_card_to_lose(who, now):
    make.card(who, at=now)
    for other in (make.face(who, at=now), pins.choose(resident=who, pin="480913", at=now)):
        with pytest.raises(NotTheirs):
            report_lost(resident=who, card=other, by=None, at=now)


@pytest.mark.obligation("3", "A1")
def test_a_face_is_left_as_it_is_and_counts_for_no_way_in(who, now):
    """Somebody with a face gets the same PIN as somebody without."""
    face = make.face(who, at=now)
    lost = report_lost(resident=who, card=make.card(who, at=now), by=None, at=now)
    assert lost.lent is not None
    assert Credential.objects.get(pk=face.pk).ended_at is None


def test_who_lived_here_until_last_week_is_lent_nothing_and_their_card_is_blocked(place, door, now):
    day = now.date()
    who = make.resident(place, at=now, since=day - timedelta(days=30), until=day - timedelta(days=7))
    card = make.card(who, at=now)
    lost = report_lost(resident=who, card=card, by=None, at=now)
    assert list(lost.blocked) == [card]
    assert lost.lent is None


def test_the_ledger_says_by_whom_and_how(who, now):
    card = make.card(who, at=now)
    report_lost(resident=who, card=card, by=who.user, route=Route.PHONE, at=now)
    payload = Entry.objects.get(kind="card.lost").opening.payload
    assert (payload["by"], payload["route"], payload["cards"]) == (str(who.user.pk), "phone", [str(card.pk)])


def test_a_gate_beside_the_old_controller_is_named_so_that_the_card_is_blocked_there_too(who, door, now):
    gates.put_beside(gate=door, at=now)
    lost = report_lost(resident=who, card=make.card(who, at=now), by=None, at=now)
    assert list(lost.beside) == [door]
    assert not lost.without_keypad


def test_a_found_card_stays_blocked_and_may_be_issued_anew(who, now):
    card = make.card(who, at=now, number="5555 0001")
    report_lost(resident=who, card=card, by=None, at=now)
    assert not give_back(card=card, by=None, at=now)
    card.refresh_from_db()
    assert card.ended_because == Ended.LOST
    anew = cards.issue(resident=who, number="5555 0001", at=now)
    assert opens(anew)
    assert not opens(card)


def test_a_card_of_their_own_ends_the_lent_pin_and_asks_the_spare_back(who, now):
    report_lost(resident=who, card=make.card(who, at=now), spare="SPARE0001", by=None, at=now)
    pin = pins.lend(resident=who, at=now)
    assert [loan.asked_back for loan in loans(who.neighborhood, at=now)] == [False, False]
    later = now + timedelta(days=3)
    cards.issue(resident=who, number="NEW00001", at=later)
    pin.credential.refresh_from_db()
    assert pin.credential.ended_because == Ended.REPLACED
    (loan,) = loans(who.neighborhood, at=later)
    assert (loan.credential.kind, loan.age, loan.asked_back) == (Kind.CARD, timedelta(days=3), True)
    assert give_back(card=loan.credential, by=None, at=later)
    assert loans(who.neighborhood, at=later) == []


def test_a_chosen_pin_survives_a_new_card(who, now):
    pin = pins.choose(resident=who, pin="480913", at=now)
    cards.issue(resident=who, number="NEW00001", at=now)
    assert Credential.objects.get(pk=pin.pk).ended_at is None


@pytest.mark.obligation("2")
def test_the_only_way_in_is_not_taken_back_over_the_counter(who, door, now):
    card = make.card(who, at=now)
    with pytest.raises(cards.LastCard):
        give_back(card=card, by=None, at=now)
    pins.choose(resident=who, pin="480913", at=now)
    with pytest.raises(cards.LastCard):  # no gate of theirs has a keypad
        give_back(card=card, by=None, at=now)
    make.rule(make.gate(who.neighborhood, at=now, by_pin=True), who, at=now)
    assert give_back(card=card, by=None, at=now)


def test_loans_of_another_neighborhood_are_not_listed_and_cost_one_query(
    who, place, now, django_assert_num_queries
):
    other = make.resident(make.neighborhood(), at=now)
    cards.issue(resident=other, number="SPARE0009", temporary=True, at=now)
    for count in (1, 6):
        for _ in range(count):
            someone = make.resident(place, at=now)
            report_lost(resident=someone, card=make.card(someone, at=now), by=None, at=now)
        with django_assert_num_queries(1):
            found = loans(place, at=now)
    assert len(found) == 7
    assert other.pk not in {loan.credential.resident_id for loan in found}


def test_it_asks_as_much_for_ten_cards_and_ten_gates_as_for_one(who, place, now):
    counts = []
    for more in (0, 9):
        someone = make.resident(place, at=now)
        for _ in range(more + 1):
            rules.add(gate=make.gate(place, at=now, by_pin=True), unit=make.home(someone), at=now)
            make.card(someone, at=now)
        with CaptureQueriesContext(connection) as seen:
            report_lost(resident=someone, by=None, at=now)
        counts.append(len(seen))
    assert counts[0] == counts[1]


@pytest.mark.obligation("2", "3")
def test_two_desks_that_block_two_cards_at_once_leave_nobody_with_nothing(committed, request, now):
    who = request.getfixturevalue("who")
    both = [make.card(who, at=now) for _ in range(2)]

    def desk(card):
        try:
            return report_lost(resident=who, card=card, by=None, at=now)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as desks:
        done = list(desks.map(desk, both))
    assert not Credential.objects.active().filter(resident=who, kind=Kind.CARD).exists()
    assert sorted(each.lent is not None for each in done) == [False, True]
    assert Credential.objects.active().plain().filter(resident=who).count() == 1


@pytest.mark.obligation("2")
def test_a_new_card_and_a_lost_one_at_once_leave_a_way_in(committed, request, now):
    who = request.getfixturevalue("who")
    report_lost(resident=who, card=make.card(who, at=now), spare="SPARE0001", by=None, at=now)

    def desk(act):
        try:
            return act()
        finally:
            connections.close_all()

    spare = Credential.objects.active().get(resident=who)
    acts = [
        lambda: cards.issue(resident=who, number="NEW00001", at=now),
        lambda: report_lost(resident=who, card=spare, by=None, at=now),
    ]
    with ThreadPoolExecutor(2) as desks:
        list(desks.map(desk, acts))
    assert Credential.objects.active().plain().filter(resident=who).exists()


WAYS_TO_END = {
    "one": "UPDATE access_credential SET ended_at = now() WHERE id = %(card)s",
    "all": "UPDATE access_credential SET ended_at = now() WHERE resident_id = %(who)s AND ended_at IS NULL",
    "gone": "DELETE FROM access_credential WHERE id = %(card)s",
}


def test_who_has_moved_out_gets_no_card_and_their_report_is_heard_all_the_same(who, now):
    card = make.card(who, at=now)
    move_out(resident=who, on=today_in(who.neighborhood, now), by=who.user, at=now)
    for act in (
        lambda: cards.issue(resident=who, number="NEW00001", at=now),
        lambda: cards.replace(card=card, number="NEW00001", at=now),
    ):
        with pytest.raises(cards.GoneAway):
            act()
    lost = report_lost(resident=who, card=card, spare="NEW00002", by=None, at=now)
    assert isinstance(lost.spare_refused, cards.GoneAway)
    assert (lost.spare, lost.lent) == (None, None)
    assert not Credential.objects.active().filter(resident=who).exists()


@pytest.mark.obligation("1", "2", "3")
@pytest.mark.parametrize("way", WAYS_TO_END)
@pytest.mark.parametrize("kind", ["card", "pin"])
def test_raw_sql_as_the_applications_role_takes_nobodys_last_way(committed, request, app_sql, now, way, kind):
    who = request.getfixturevalue("who")
    last = make.card(who, at=now) if kind == "card" else pins.lend(resident=who, at=now).credential
    session = app_sql(autocommit=False)
    session.execute("DELETE FROM access_feedrow WHERE credential_id = %s", [last.pk])
    session.execute(WAYS_TO_END[way], {"card": last.pk, "who": who.pk})
    with pytest.raises(psycopg.DatabaseError) as refused:
        session.commit()
    assert refused.value.sqlstate == "LM011"
    assert Credential.objects.get(pk=last.pk).ended_at is None


@pytest.mark.obligation("2")
def test_raw_sql_that_gives_another_in_the_same_transaction_passes(committed, request, app_sql, now):
    who = request.getfixturevalue("who")
    last = make.card(who, at=now)
    session = app_sql(autocommit=False)
    session.execute(WAYS_TO_END["one"], {"card": last.pk})
    session.execute(
        "INSERT INTO access_credential (id, neighborhood_id, resident_id, kind, digest, temporary, created_at,"
        " ended_because) VALUES (gen_random_uuid(), %s, %s, 'card', 'x', true, now(), '')",
        [who.neighborhood_id, who.pk],
    )
    session.commit()
    assert losing.loans(who.neighborhood, at=now)[0].credential.resident_id == who.pk
