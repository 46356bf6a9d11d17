"""Cards: a number is turned into a digest and forgotten; one card, one holder at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from access import cards
from access.models import CardFormat, Credential, FeedRow
from gate import sealing
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def door(now):
    return make.gate(make.neighborhood(), at=now)


@pytest.fixture
def who(door, now):
    found = make.resident(door.neighborhood, at=now)
    make.rule(door, found, at=now)
    return found


def test_the_gate_recognises_the_number_and_the_server_forgot_it(who, now):
    card = make.card(who, at=now, number=" ab:12-34 56 ")
    key = cards.card_key(who.neighborhood_id)
    assert bytes(card.digest).hex() == sealing.card_digest(card_key=key, number="AB123456")
    assert b"AB123456" not in bytes(card.digest)


def test_one_card_has_another_digest_in_another_neighborhood(who, now):
    elsewhere = make.resident(make.neighborhood(), at=now)
    mine, theirs = (make.card(each, at=now, number="5555 0001") for each in (who, elsewhere))
    assert bytes(mine.digest) != bytes(theirs.digest)


@pytest.mark.parametrize("number", ["", "   ", "123", "A" * 33, "12_34", "１２", "卡片一号", "12\x0034"])
def test_it_refuses_what_is_no_number(who, now, number):
    with pytest.raises(cards.NumberRefused):
        cards.issue(resident=who, number=number, at=now)
    assert not Credential.objects.exists()


def test_it_refuses_a_card_that_opens_already_and_takes_it_once_it_ended(who, now):
    card = make.card(who, at=now, number="5555 0002")
    other = make.resident(who.neighborhood, at=now)
    with pytest.raises(cards.CardTaken):
        cards.issue(resident=other, number="55550002", at=now)
    make.end(card, at=now)
    assert cards.issue(resident=other, number="55550002", at=now).pk != card.pk


def test_replacing_leaves_nobody_without_a_card(who, now):
    card = make.card(who, at=now)
    with pytest.raises(cards.NumberRefused):
        cards.replace(card=card, number="?", at=now)
    assert Credential.objects.get(pk=card.pk).ended_at is None
    new = cards.replace(card=card, number="5555 0003", at=now)
    assert [row.credential_id for row in FeedRow.objects.filter(present=True)] == [new.pk]
    assert not FeedRow.objects.get(credential=card).present


def test_ending_a_card_never_ends_a_face(who, now):
    face = make.face(who, at=now)
    assert not cards.end(card=face, at=now)
    assert Credential.objects.get(pk=face.pk).ended_at is None


@pytest.mark.obligation("2")
def test_it_never_ends_the_last_card_not_even_from_two_desks(committed, request, now):
    who = request.getfixturevalue("who")
    both = [make.card(who, at=now) for _ in range(2)]

    def desk(card):
        try:
            return cards.end(card=card, at=now)
        except cards.LastCard:
            return False
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as desks:
        assert sorted(desks.map(desk, both)) == [False, True]
    assert who.credentials.active().count() == 1


# --- What was written becomes what the readers say


@pytest.fixture
def learned(who, now):
    return CardFormat.objects.create(
        neighborhood=who.neighborhood, written="decimal-32-straight", said="hex-32-turned", learned_at=now
    )


def test_with_nothing_learned_a_number_is_what_it_always_was(who):
    assert cards.canonical(" ab:12-34 56 ", who.neighborhood) == "AB123456"


def test_a_written_number_becomes_what_the_readers_say(who, learned, now):
    assert cards.canonical("1386022627", who.neighborhood) == "E3069D52"
    card = cards.issue(resident=who, number="１３８６０２２６２７", at=now)
    key = cards.card_key(who.neighborhood_id)
    assert bytes(card.digest).hex() == sealing.card_digest(card_key=key, number="E3 06 9D 52")


def test_a_tapped_number_is_what_the_readers_say(who, learned, now):
    assert cards.canonical("E3069D52", who.neighborhood, tapped=True) == "E3069D52"
    assert cards.canonical("E3069D52", who.neighborhood) == "E3069D52"  # nobody writes numbers so here


def test_a_number_that_can_be_read_both_ways_is_read_as_it_came(who, now):
    CardFormat.objects.create(
        neighborhood=who.neighborhood,
        written="decimal-32-straight",
        said="decimal-32-turned",
        learned_at=now,
    )
    assert cards.canonical("1386022627", who.neighborhood) == "3808861522"
    assert cards.canonical("3808861522", who.neighborhood, tapped=True) == "3808861522"
    assert len(cards.digests_of("1386022627", who.neighborhood)) == 2


def test_the_same_card_written_and_tapped_is_one_card(who, learned, now):
    cards.issue(resident=who, number="1386022627", at=now)
    with pytest.raises(cards.CardTaken):
        cards.issue(resident=who, number="E3069D52", tapped=True, at=now)


def test_a_number_written_in_another_way_is_refused_and_not_guessed(who, learned, now):
    for number in ("111,27706", "4294967296", "x"):
        with pytest.raises(cards.NotWrittenSo):
            cards.issue(resident=who, number=number, at=now)
    assert not Credential.objects.exists()


def test_a_number_whose_parity_does_not_fit_is_said_to_have_a_wrong_digit(who, now):
    CardFormat.objects.create(
        neighborhood=who.neighborhood,
        written="wiegand_hex-24-straight",
        said="pair-24-straight",
        learned_at=now,
    )
    assert cards.canonical("2E22F13", who.neighborhood) == "11306025"
    with pytest.raises(cards.DigitWrong):
        cards.canonical("2E22F12", who.neighborhood)


def test_another_neighborhood_writes_numbers_in_its_own_way(who, learned):
    assert cards.canonical("1386022627", make.neighborhood()) == "1386022627"
