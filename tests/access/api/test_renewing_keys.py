"""A device takes new keys: by the old one and the new one together, all at once, and never after it was revoked."""

from __future__ import annotations

import base64

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.db import DatabaseError, connection, transaction

from access import devices
from access.cards import card_key
from access.models import Device
from gate import sealing, wire
from tests import make
from tests.access.api.test_signing_in import problem

pytestmark = pytest.mark.django_db


def new_pair() -> tuple[Ed25519PrivateKey, X25519PrivateKey]:
    return Ed25519PrivateKey.generate(), X25519PrivateKey.generate()


def renewed(reader, key, sealing_key, *, proved_by=None, **bent):
    body = wire.new_keys(
        device=str(reader.device.pk), key=proved_by or key, sealing_key=sealing_key.public_key()
    )
    body["public_key"] = wire.encode_key(key.public_key())
    return reader.ask("POST", "keys", body=body, **bent)


def test_from_then_on_the_new_keys_count_and_the_old_ones_do_not(reader, who, now):
    key, sealing_key = new_pair()
    old = reader.key
    said = renewed(reader, key, sealing_key)
    assert said.status_code == 200
    assert make.is_signed(said)
    sealed = base64.b64decode(said.json()["card_key"])
    device = str(reader.device.pk)
    opened = sealing.open_card_key(sealed=sealed, key=sealing_key, device=device)
    assert opened == card_key(reader.device.neighborhood_id)
    problem(reader.feed(), "signature-wrong", 401)
    reader.key = key
    face = make.face(who, at=now, seed=3)
    [row] = [row for row in reader.feed().json()["rows"] if row["credential"] == str(face.pk)]
    about = {"device": device, "credential": str(face.pk), "version": row["version"]}
    template = base64.b64decode(row["template"])
    assert sealing.open_template(sealed=template, key=sealing_key, **about)
    with pytest.raises(sealing.CannotOpen):
        sealing.open_template(sealed=template, key=reader.sealing_key, **about)
    problem(reader.feed(key=old), "signature-wrong", 401)


def test_whoever_lost_the_answer_asks_again_under_the_new_key(reader):
    key, sealing_key = new_pair()
    renewed(reader, key, sealing_key)
    problem(renewed(reader, key, sealing_key), "signature-wrong", 401)  # under the old one
    reader.key = key
    assert renewed(reader, key, sealing_key).status_code == 200


@pytest.mark.obligation("F20")
@pytest.mark.parametrize("what", ["unproved", "of another device", "no key", "in use"])
def test_keys_that_are_not_its_own_are_refused(reader, door, what):
    key, sealing_key = new_pair()
    before = Device.objects.get(pk=reader.device.pk)
    if what == "unproved":
        said = renewed(reader, key, sealing_key, proved_by=reader.key)
        problem(said, "keys-unproven", 400)
    elif what == "of another device":
        body = wire.new_keys(
            device=str(make.device(door).device.pk), key=key, sealing_key=sealing_key.public_key()
        )
        problem(reader.ask("POST", "keys", body=body), "keys-unproven", 400)
    elif what == "no key":
        body = wire.new_keys(device=str(reader.device.pk), key=key, sealing_key=sealing_key.public_key())
        problem(reader.ask("POST", "keys", body=body | {"sealing_key": "AAAA"}), "malformed", 400)
    else:
        problem(renewed(reader, make.device(door).key, sealing_key), "pairing-key-in-use", 403)
    after = Device.objects.get(pk=reader.device.pk)
    assert (after.public_key, after.sealing_key) == (before.public_key, before.sealing_key)
    assert reader.feed().status_code == 200


@pytest.mark.obligation("F20")
def test_a_stranger_renews_nothing(reader, door):
    stranger = make.device(door)
    key, sealing_key = new_pair()
    said = renewed(reader, key, sealing_key, keyid=str(stranger.device.pk))
    problem(said, "signature-wrong", 401)


@pytest.mark.obligation("F20")
def test_a_revoked_device_renews_nothing(reader, now):
    devices.revoke(device=reader.device, at=now)
    key, sealing_key = new_pair()
    problem(renewed(reader, key, sealing_key), "device-revoked", 403)
    with pytest.raises(DatabaseError, match="not replaced") as refused, transaction.atomic():
        Device.objects.filter(pk=reader.device.pk).update(public_key=b"1" * 32, sealing_key=b"2" * 32)
    assert refused.value.__cause__.sqlstate == "LM165"


@pytest.mark.obligation("F20")
@pytest.mark.parametrize("column", ["public_key", "sealing_key"])
def test_the_database_replaces_both_or_none(reader, column):
    with pytest.raises(DatabaseError) as refused, transaction.atomic(), connection.cursor() as raw:
        raw.execute(f"UPDATE access_device SET {column} = %s WHERE id = %s", [b"1" * 32, reader.device.pk])
    assert isinstance(refused.value.__cause__, psycopg.Error)
    assert refused.value.__cause__.sqlstate == "LM166"
