"""A resident's QR code: signed here, for some hours, without a secret in the database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from access import qr
from access.models import Credential, FeedRow
from access.signing import server_key
from gate import tokens
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def door(here, resident, now):
    door = make.gate(here, at=now, by_qr=True)
    make.rule(door, resident, at=now)
    return door


def test_the_first_one_makes_the_way_in_and_tells_the_gates(resident, door, now):
    shown = qr.token_for(resident=resident, at=now)
    (row,) = FeedRow.objects.filter(credential=shown.credential, present=True)
    assert (row.gate_id, set(row.body)) == (door.pk, {"kind", "windows"})
    token = tokens.read(shown.text, key=server_key().public_key())
    assert (token.kind, token.credential) == ("qr", str(shown.credential.pk))
    assert token.expires - token.issued == timedelta(hours=12)


def test_each_one_shown_has_a_serial_of_its_own_and_stands_for_the_same_way_in(resident, door, now):
    key = server_key().public_key()
    first, second = (qr.token_for(resident=resident, at=now) for _ in range(2))
    assert first.credential == second.credential
    assert tokens.read(first.text, key=key).serial != tokens.read(second.text, key=key).serial


def test_stopping_ends_all_that_were_shown(resident, door, now):
    shown = qr.token_for(resident=resident, at=now)
    assert qr.stop(resident=resident, at=now)
    assert not qr.stop(resident=resident, at=now)
    assert not FeedRow.objects.filter(credential=shown.credential, present=True).exists()
    assert qr.token_for(resident=resident, at=now).credential != shown.credential


def test_a_gate_that_takes_no_codes_is_told_of_none(resident, door, now):
    plain = make.gate(resident.neighborhood, at=now)
    make.rule(plain, resident, at=now)
    shown = qr.token_for(resident=resident, at=now)
    assert not FeedRow.objects.filter(credential=shown.credential, gate=plain).exists()


@pytest.mark.obligation("2", "3")
def test_a_refuser_and_a_consenter_get_the_same(resident, neighbor, door, now):
    make.rule(door, neighbor, at=now)
    make.face(neighbor, at=now)
    bodies = [
        FeedRow.objects.get(credential=qr.token_for(resident=who, at=now).credential).body
        for who in (resident, neighbor)
    ]
    assert bodies[0] == bodies[1]


def test_it_is_one_of_a_kind_and_holds_no_secret(resident, door, now):
    made = qr.token_for(resident=resident, at=now).credential
    assert (made.digest, made.number, made.verifier) == (None, None, None)
    assert Credential.objects.filter(resident=resident, kind="qr").count() == 1
