"""The feed follows the truth: who should be at which gate, and when."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from access import cards, feed, gates, rules
from access.models import Credential, FeedCounter, FeedRow, Gate
from consent.models import Purpose
from consent.voices import own
from consent.withdrawal import withdraw
from residents.models import Neighborhood
from tests import make

pytestmark = pytest.mark.django_db

DAWN, DUSK = time(6), time(22)


@pytest.fixture
def place() -> Neighborhood:
    return make.neighborhood()


@pytest.fixture
def door(place, now) -> Gate:
    return make.gate(place, at=now)


def row(door: Gate, credential: Credential) -> FeedRow:
    return FeedRow.objects.get(gate=door, credential=credential)


def stop(who, now) -> None:
    withdraw(
        resident=who,
        purpose=Purpose.FACE_AT_GATE,
        voice=own(who.user, "en"),
        at=now,
    )


def test_it_tells_a_gate_of_a_card_whose_owner_lives_where_the_rule_says(place, door, now):
    who = make.resident(place, at=now)
    card = make.card(who, at=now)
    assert not FeedRow.objects.exists()
    make.rule(door, who, at=now, days=[5, 1], hours=(DAWN, DUSK))
    found = row(door, card)
    assert found.present
    assert found.body["windows"] == [
        {"valid_from": None, "valid_until": None, "days": [1, 5], "from": "06:00", "to": "22:00"}
    ]


def test_it_tells_a_gate_of_a_card_by_a_rule_for_the_resident(place, door, now):
    who = make.resident(place, at=now)
    rules.add(gate=door, resident=who, at=now)
    card = make.card(who, at=now)
    assert row(door, card).body["windows"][0]["days"] == [1, 2, 3, 4, 5, 6, 7]
    assert row(door, card).body["windows"][0]["from"] == row(door, card).body["windows"][0]["to"] == "00:00"


@pytest.mark.obligation("F2", "19")
def test_it_holds_nothing_of_the_person(place, door, now):
    who = make.resident(place, at=now)
    make.rule(door, who, at=now)
    card, face = make.card(who, at=now, number="AB12 3456"), make.face(who, at=now)
    assert set(row(door, card).body) == {"kind", "digest", "windows"}
    assert set(row(door, face).body) == {"kind", "windows"}
    said = str(list(FeedRow.objects.values_list("body", flat=True)))
    for private in (who.name, str(who.pk), "AB123456", str(make.home(who).pk)):
        assert private not in said


@pytest.mark.obligation("F2", "21")
def test_it_cannot_be_made_to_hold_a_name_or_a_phone(place, door, now):
    who = make.resident(place, at=now)
    make.rule(door, who, at=now)
    there = row(door, make.card(who, at=now))
    for key in ("name", "phone", "photo"):
        with pytest.raises(IntegrityError, match="feed_row_says_no_more"), transaction.atomic():
            FeedRow.objects.filter(pk=there.pk).update(
                body={**there.body, key: "x"}, version=there.version + 1
            )


@pytest.mark.obligation("2", "A1", "A3", "3")
def test_it_gives_a_refuser_the_same_doors_and_hours_as_a_consenter(place, now):
    doors = [make.gate(place, at=now, by_face=by_face) for by_face in (True, True, False)]
    together = make.unit(place)
    refuser, consenter = (make.resident(place, at=now, lives_in=together) for _ in range(2))
    for door, hours in zip(doors, [None, (DAWN, DUSK), (DUSK, DAWN)], strict=True):
        rules.add(gate=door, unit=together, hours=hours, at=now)
    theirs = [make.card(who, at=now) for who in (refuser, consenter)]
    before = [[row(door, card).body["windows"] for door in doors] for card in theirs]
    assert before[0] == before[1]
    face = make.face(consenter, at=now)
    assert [[row(door, card).body["windows"] for door in doors] for card in theirs] == before
    ends = make.consent(consenter, at=now).expires_at
    for door in doors[:2]:
        by_face = row(door, face).body["windows"]
        assert [{**window, "valid_until": None} for window in by_face] == row(door, theirs[1]).body["windows"]
        assert {datetime.fromisoformat(window["valid_until"]) for window in by_face} == {ends}
    assert not FeedRow.objects.filter(credential=face, gate=doors[2]).exists()
    stop(consenter, now)
    assert [[row(door, card).body["windows"] for door in doors] for card in theirs] == before


def test_it_tells_nobody_elsewhere(place, door, now):
    who = make.resident(place, at=now)
    make.rule(door, who, at=now)
    elsewhere = make.neighborhood()
    stranger = make.resident(elsewhere, at=now)
    make.rule(make.gate(elsewhere, at=now), stranger, at=now)
    theirs = make.card(stranger, at=now)
    assert not FeedRow.objects.filter(gate=door, credential=theirs).exists()
    with pytest.raises(rules.RuleRefused):
        rules.add(gate=door, resident=stranger, at=now)


@pytest.mark.obligation("F7")
def test_a_tombstone_is_left_where_a_card_ends(place, door, now):
    who = make.resident(place, at=now)
    make.rule(door, who, at=now)
    card = make.card(who, at=now)
    before = row(door, card).version
    make.end(card, at=now)
    gone = row(door, card)
    assert (gone.present, gone.body) == (False, {})
    assert gone.version > before
    make.end(card, at=now)
    assert row(door, card).version == gone.version
    with pytest.raises(IntegrityError, match="feed_tombstone_is_bare"), transaction.atomic():
        FeedRow.objects.filter(pk=gone.pk).update(body={"kind": "card"}, version=gone.version + 1)


@pytest.mark.obligation("F7", "9")
def test_a_tombstone_is_left_for_a_face_at_each_gate_when_consent_ends(place, now):
    who = make.resident(place, at=now)
    doors = [make.gate(place, at=now) for _ in range(3)]
    for door in doors:
        make.rule(door, who, at=now)
    face = make.face(who, at=now)
    assert FeedRow.objects.filter(credential=face, present=True).count() == 3
    stop(who, now)
    assert FeedRow.objects.filter(credential=face, present=False).count() == 3


def test_a_face_goes_to_no_gate_that_does_not_take_faces_or_is_out_of_service(place, door, now):
    who = make.resident(place, at=now)
    make.rule(door, who, at=now)
    card, face = make.card(who, at=now), make.face(who, at=now)
    without = make.gate(place, at=now, by_face=False)
    make.rule(without, who, at=now)
    assert row(without, card).present
    assert not FeedRow.objects.filter(gate=without, credential=face).exists()
    for change, there in (
        ({"in_service": False}, False),
        ({"in_service": True}, True),
    ):
        for name, value in change.items():
            setattr(door, name, value)
        gates.save(gate=door, at=now)
        assert row(door, face).present is there
        assert row(door, card).present  # the card goes on, whatever becomes of faces


def test_it_lets_the_device_decide_by_the_calendar(place, door, now):
    zone = ZoneInfo(place.time_zone)
    today = now.astimezone(zone).date()
    coming, going = today + timedelta(days=3), today + timedelta(days=10)
    who = make.resident(place, at=now, since=coming, until=going)
    make.rule(door, who, at=now)
    card = make.card(who, at=now)
    [window] = row(door, card).body["windows"]
    assert datetime.fromisoformat(window["valid_from"]) == datetime(
        coming.year, coming.month, coming.day, tzinfo=zone
    )
    assert datetime.fromisoformat(window["valid_until"]) == datetime(
        going.year, going.month, going.day, tzinfo=zone
    )
    assert row(door, card).review_at == datetime.fromisoformat(window["valid_until"])
    after = datetime.fromisoformat(window["valid_until"])
    assert feed.review(at=after - timedelta(seconds=1)) == 0
    assert feed.review(at=after) == 1
    assert not row(door, card).present
    assert feed.review(at=after) == 0


def test_it_gives_what_any_of_several_rules_gives(place, door, now):
    who = make.resident(place, at=now)
    card = make.card(who, at=now)
    first = make.rule(door, who, at=now, hours=(DAWN, DUSK))
    rules.add(gate=door, resident=who, at=now, days=[7])
    assert len(row(door, card).body["windows"]) == 2
    rules.remove(rule=first, at=now)
    assert [window["days"] for window in row(door, card).body["windows"]] == [[7]]


def test_a_moved_rule_leaves_the_old_gate(place, door, now):
    who = make.resident(place, at=now)
    card = make.card(who, at=now)
    rule = make.rule(door, who, at=now)
    other = make.gate(place, at=now)
    rule.gate = other
    rules.save(rule=rule, at=now)
    assert not row(door, card).present
    assert row(other, card).present


def test_nothing_is_written_when_nothing_changed(place, door, now):
    who = make.resident(place, at=now)
    make.rule(door, who, at=now)
    make.card(who, at=now), make.face(who, at=now)
    last = FeedCounter.objects.get(pk=place.pk).last
    for scope in ({"neighborhood": place}, {"residents": [who]}, {"gate": door}):
        assert feed.refresh(**scope, at=now + timedelta(hours=1)) == 0
    assert FeedCounter.objects.get(pk=place.pk).last == last


def test_versions_only_grow_even_by_hand(place, door, now):
    who = make.resident(place, at=now)
    make.rule(door, who, at=now)
    there = row(door, make.card(who, at=now))
    for write in (
        lambda: FeedRow.objects.filter(pk=there.pk).update(version=there.version - 1),
        lambda: FeedRow.objects.filter(pk=there.pk).update(present=False, body={}, review_at=None),
        lambda: FeedCounter.objects.filter(pk=place.pk).update(last=0),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            write()


def test_a_card_given_to_another_is_taken_from_the_first_before(place, door, now):
    first, second = (make.resident(place, at=now) for _ in range(2))
    for who in (first, second):
        make.rule(door, who, at=now)
    card = make.card(first, at=now, number="7777 0001")
    with pytest.raises(cards.CardTaken):
        make.card(second, at=now, number="77770001")
    assert Credential.objects.active().filter(resident=second).count() == 0
    make.end(card, at=now)
    again = make.card(second, at=now, number="7777-0001")
    assert row(door, card).version < row(door, again).version


def test_it_costs_the_same_number_of_queries_for_few_and_for_many(place, door, now):
    def everyone() -> int:
        with CaptureQueriesContext(connection) as captured:
            feed.refresh(neighborhood=place, at=now)
        return len(captured)

    def fill(people: int) -> None:
        for _ in range(people):
            who = make.resident(place, at=now, account=False)
            rules.Rule.objects.create(neighborhood=place, gate=door, resident=who)
            Credential.objects.create(
                neighborhood=place, resident=who, kind="card", digest=who.pk.bytes, created_at=now
            )

    fill(3)
    few = everyone()
    fill(40)
    assert everyone() == few
    assert FeedRow.objects.filter(present=True).count() == 43
    assert few <= 12  # two of them open and close a savepoint here


def wanted() -> list[tuple[object, ...]]:
    rows = FeedRow.objects.filter(present=True).order_by("gate", "credential")
    return list(rows.values_list("gate", "credential", "body"))


def test_put_off_it_tells_the_gates_all_of_it_at_the_end_and_nothing_before(place, door, now):
    who = make.resident(place, at=now)
    with feed.put_off(at=now):
        make.rule(door, who, at=now)
        card = make.card(who, at=now)
        assert not FeedRow.objects.exists()
    assert row(door, card).present
    before = wanted()
    assert feed.refresh(neighborhood=place, at=now) == 0, (
        "what is there is what each act by itself would have left"
    )
    assert wanted() == before
    make.card(make.resident(place, lives_in=make.home(who), at=now), at=now)
    assert len(wanted()) == 2, "and afterwards each act tells them again"


def test_put_off_and_failed_it_leaves_nothing(place, door, now):
    who = make.resident(place, at=now)
    make.rule(door, who, at=now)

    def act() -> None:
        with feed.put_off(at=now):
            make.card(who, at=now)
            cards.issue(resident=who, number="?", at=now)

    with pytest.raises(cards.NumberRefused):
        act()
    assert not FeedRow.objects.exists()
    assert not Credential.objects.exists()
    make.card(who, at=now)
    assert FeedRow.objects.count() == 1


def test_put_off_it_asks_much_less_for_many(place, door, now):
    def queries(around) -> int:
        found = [make.resident(place, at=now) for _ in range(20)]
        with CaptureQueriesContext(connection) as seen, around:
            for who in found:
                cards.issue(resident=who, number=f"P{who.pk.hex[:12]}", at=now)
        return len(seen)

    assert queries(feed.put_off(at=now)) < queries(transaction.atomic()) * 2 / 3
