"""Why was this card refused: one line about the card and the gate, and never a word about the person."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.formats import date_format

from access import beside, cards, gates, losing, refused, rules
from access.models import CardFormat, Credential, Device, FeedRow
from access.refused import WORDS, Code, why
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def place(db):
    return make.neighborhood()


@pytest.fixture
def door(place, now):
    return make.gate(place, at=now)


@pytest.fixture
def reader(door, now):
    found = make.device(door)
    Device.objects.filter(pk=found.device.pk).update(last_poll_at=now, acknowledged=10_000)
    return found


@pytest.fixture
def who(place, door, now):
    found = make.resident(place, at=now)
    make.rule(door, found, at=now)
    return found


@pytest.fixture
def card(who, now):
    return make.card(who, at=now, number="5555 0001")


@pytest.fixture
def ask(place, door, now):
    def asked(number="5555 0001", **also):
        return why(**{"number": number, "neighborhood": place, "gate": door, "at": now} | also)

    return asked


def test_a_number_that_is_none(ask):
    assert ask("?").code == Code.UNREADABLE


def test_a_card_that_was_never_issued(ask):
    assert ask().code == Code.UNKNOWN


def test_a_card_of_another_neighborhood_without_saying_which(ask, now):
    elsewhere = make.neighborhood("远山苑")
    make.card(make.resident(elsewhere, at=now), at=now, number="5555 0001")
    found = ask()
    assert found.code == Code.ELSEWHERE
    assert "远山苑" not in found.words


def test_a_card_of_another_neighborhood_that_writes_numbers_in_its_own_way(ask, now):
    elsewhere = make.neighborhood()
    CardFormat.objects.create(
        neighborhood=elsewhere, written="decimal-32-straight", said="hex-32-straight", learned_at=now
    )
    make.card(make.resident(elsewhere, at=now), at=now, number="0040856634")
    assert ask("0040856634").code == Code.ELSEWHERE


def test_a_card_reported_lost_with_the_day(ask, who, card, now):
    losing.report_lost(resident=who, card=card, by=None, at=now)
    assert ask().code == Code.LOST
    with translation.override("en"):
        assert date_format(timezone.localtime(now), "DATE_FORMAT") in ask().words


def test_a_card_given_back_or_replaced(ask, who, card, now):
    other = cards.issue(resident=who, number="5555 0002", at=now)
    losing.give_back(card=card, by=None, at=now)
    assert ask().code == Code.RETURNED
    cards.replace(card=other, number="5555 0003", at=now)
    assert ask("5555 0002").code == Code.REPLACED


def test_a_lost_card_that_was_issued_anew_is_judged_by_its_new_life(ask, who, card, reader, now):
    losing.report_lost(resident=who, card=card, by=None, at=now)
    cards.issue(resident=who, number="5555 0001", at=now)
    assert ask().code == Code.WORKS


def test_a_card_without_a_rule_for_this_gate_or_for_any(ask, card, place, now):
    assert ask(gate=make.gate(place, at=now)).code == Code.NOT_THIS_GATE
    make.card(make.resident(place, at=now), at=now, number="5555 0009")
    assert ask("5555 0009", gate=None).code == Code.NO_GATE


def test_outside_the_hours_which_it_says(ask, who, place, now):
    door = make.gate(place, at=now)
    hours = (time(8), time(9))
    rules.add(gate=door, resident=who, hours=hours, days=[1, 2], at=now)
    make.card(who, at=now, number="5555 0001")
    sunday = datetime(2026, 11, 22, 4, tzinfo=UTC)
    found = ask(gate=door, at=sunday)
    assert found.code == Code.OUTSIDE_HOURS
    with translation.override("en"):
        assert "08:00–09:00" in found.words
        assert "Mon" in found.words


@pytest.mark.parametrize(("begins", "ends", "code"), [(5, None, Code.NOT_YET), (-9, -2, Code.NO_LONGER)])
def test_not_yet_and_no_longer_say_nothing_about_the_person(ask, place, door, now, begins, ends, code):
    who = make.resident(
        place,
        at=now,
        since=now.date() + timedelta(days=begins),
        until=now.date() + timedelta(days=ends) if ends else None,
    )
    make.rule(door, who, at=now)
    make.card(who, at=now, number="5555 0001")
    found = ask()
    assert found.code == code
    for language in ("en", "zh-hans"):
        with translation.override(language):
            assert who.name not in found.words
            assert "resident" not in found.words.lower()


def test_the_gate_has_no_reader_or_is_silent_or_behind_or_all_is_well(ask, card, door, now):
    assert ask().code == Code.NO_READER
    device = make.device(door).device
    assert ask().code == Code.SILENT
    Device.objects.filter(pk=device.pk).update(last_poll_at=now)
    assert ask().code == Code.BEHIND
    Device.objects.filter(pk=device.pk).update(acknowledged=FeedRow.objects.get(credential=card).version)
    assert ask().code == Code.WORKS
    assert ask(at=now + timedelta(hours=1)).code == Code.SILENT


def test_a_gate_out_of_service_or_beside_the_old_controller(ask, card, door, now):
    door.in_service = False
    gates.save(gate=door, at=now)
    assert ask().code == Code.NOT_IN_SERVICE
    by = make.User.objects.create(username="c")
    assert ask(gate=beside.begin(gate=door, by=by, at=now)).code == Code.BESIDE


def test_it_finds_a_card_typed_as_written_or_tapped_as_said(ask, who, place, reader, now):
    CardFormat.objects.create(
        neighborhood=place, written="decimal-32-straight", said="hex-32-straight", learned_at=now
    )
    cards.issue(resident=who, number="0040856634", at=now)
    assert ask("0040856634").code == Code.WORKS
    assert ask("026F6C3A").code == Code.WORKS
    assert ask("111,27706").code == Code.UNREADABLE


def test_every_code_has_words_in_both_languages_and_they_can_be_filled():
    assert set(WORDS) == set(Code)
    at = datetime(2026, 5, 1, tzinfo=UTC)
    for language in ("en", "zh-hans"):
        with translation.override(language):
            for code in Code:
                words = refused.Why(code, at, ({"days": [1], "from": "08:00", "to": "09:00"},)).words
                assert words
                assert "%(" not in words
                if language == "zh-hans":
                    assert not words.isascii(), code


def test_it_asks_as_much_in_a_larger_neighborhood(ask, card, reader, place, now):
    ask()  # how numbers are written here is read once
    counts = []
    for more in (0, 12):
        for _ in range(more):
            someone = make.resident(place, at=now)
            rules.add(gate=make.gate(place, at=now), unit=make.home(someone), at=now)
            make.card(someone, at=now)
        with CaptureQueriesContext(connection) as seen:
            ask()
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert Credential.objects.count() == 13
