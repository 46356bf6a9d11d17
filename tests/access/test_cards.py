"""Cards: a number is turned into a digest and forgotten; one card, one holder at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from access import cards
from access.models import Credential, FeedRow
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
