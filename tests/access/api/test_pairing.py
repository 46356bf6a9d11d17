"""A one-time code becomes a device's identity, once."""

from __future__ import annotations

import base64
import threading
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.db import connections

from access import cards, devices, pairing
from access.models import Device, PairingCode
from access.signing import server_key
from gate import sealing, wire
from tests import make
from tests.access.api.test_signing_in import problem


class Newcomer(make.Reader):
    """A device without an identity yet."""

    def __init__(self) -> None:
        super().__init__(Device(), Ed25519PrivateKey.generate(), X25519PrivateKey.generate())

    def pair(self, code: str, body: dict | None = None, **bent):
        keys = {
            "public_key": wire.encode_key(self.key.public_key()),
            "sealing_key": wire.encode_key(self.sealing_key.public_key()),
        }
        said = {"code": code, **keys, **(body or {})}
        return self.ask("POST", "pair", **{"body": said, "keyid": "pairing"} | bent)


@pytest.fixture
def code(door, now) -> str:
    return pairing.make_code(gate=door, by=None, at=now)


def test_it_gives_a_device_its_name_its_gate_and_what_it_needs(door, code):
    newcomer = Newcomer()
    response = newcomer.pair(code, nonce="p" * 24)
    body = response.json()
    device = Device.objects.get()
    assert (body["device"], body["gate"], body["request"]) == (str(device.pk), str(door.pk), "p" * 24)
    assert body["server_key"] == wire.encode_key(server_key().public_key())
    assert make.is_signed(response)
    card_key = sealing.open_card_key(
        sealed=base64.b64decode(body["card_key"]), key=newcomer.sealing_key, device=body["device"]
    )
    assert card_key == cards.card_key(door.neighborhood_id)
    newcomer.device = device
    assert newcomer.feed().status_code == 200


def test_a_code_is_read_as_people_say_it(door, now):
    code = pairing.make_code(gate=door, by=None, at=now)
    spoken = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert Newcomer().pair(f" {spoken} ").status_code == 200


def test_a_code_is_kept_as_a_digest_only(code):
    kept = bytes(PairingCode.objects.get().digest)
    assert code.encode() not in kept
    assert code.replace("-", "").encode() not in kept


@pytest.mark.obligation("F20")
def test_it_refuses_a_wrong_code(code):
    problem(Newcomer().pair("AAAAA-AAAAA"), "pairing-code-wrong", 403)
    assert not Device.objects.exists()


def test_it_refuses_a_used_code(code):
    assert Newcomer().pair(code).status_code == 200
    problem(Newcomer().pair(code), "pairing-code-used", 403)
    assert Device.objects.count() == 1


def test_it_refuses_a_code_that_is_an_hour_old(door, now):
    old = pairing.make_code(gate=door, by=None, at=now - pairing.LIFE)
    problem(Newcomer().pair(old), "pairing-code-expired", 403)
    young = pairing.make_code(gate=door, by=None, at=now - pairing.LIFE + timedelta(minutes=1))
    assert Newcomer().pair(young).status_code == 200


def test_a_device_that_lost_the_answer_asks_again(code):
    newcomer = Newcomer()
    first, again = newcomer.pair(code).json(), newcomer.pair(code).json()
    assert first["device"] == again["device"]
    assert Device.objects.count() == 1


def test_a_key_that_is_in_use_does_not_spend_the_code(door, code, now):
    known = make.device(door)
    newcomer = Newcomer()
    newcomer.key = known.key
    problem(newcomer.pair(code), "pairing-key-in-use", 403)
    assert Newcomer().pair(code).status_code == 200


def test_a_revoked_device_cannot_come_back_by_its_old_code(code, now):
    newcomer = Newcomer()
    newcomer.pair(code)
    devices.revoke(device=Device.objects.get(), at=now)
    problem(newcomer.pair(code), "pairing-code-used", 403)


@pytest.mark.obligation("F20")
def test_it_refuses_whoever_cannot_sign_with_the_key_they_bring(code):
    newcomer = Newcomer()
    problem(newcomer.pair(code, key=Ed25519PrivateKey.generate()), "signature-wrong", 401)
    problem(newcomer.pair(code, keyid="server"), "signature-wrong", 401)
    assert newcomer.pair(code).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"public_key": "AAAA"},
        {"public_key": 7},
        {"sealing_key": base64.b64encode(bytes(32)).decode()},  # a point of low order
        {"sealing_key": "not base64"},
        {"code": None},
        {"code": ["A"]},
        {"code": "A" * 500},
    ],
)
def test_it_refuses_keys_that_are_none(code, body):
    said = problem(Newcomer().pair(code, body), "malformed", 400)
    assert set(said["errors"]) == set(body)
    assert PairingCode.objects.get().used_at is None


def test_it_slows_down_whoever_guesses(code):
    for _ in range(20):
        problem(Newcomer().pair("AAAAA-AAAAA"), "pairing-code-wrong", 403)
    response = Newcomer().pair(code)
    problem(response, "too-many-attempts", 429)
    assert int(response["Retry-After"]) > 0


def test_of_two_devices_that_race_for_one_code_one_wins(committed, now):
    door = make.gate(make.neighborhood(), at=now)
    code = pairing.make_code(gate=door, by=None, at=now)
    outcomes: list[str] = []
    start = threading.Barrier(4)

    def race() -> None:
        newcomer = Newcomer()
        start.wait()
        try:
            pairing.pair(
                code=code,
                public_key=make.raw(newcomer.key.public_key()),
                sealing_key=newcomer.sealing_key.public_key().public_bytes_raw(),
                at=now,
            )
            outcomes.append("paired")
        except pairing.CodeUsed:
            outcomes.append("used")
        finally:
            connections.close_all()

    racers = [threading.Thread(target=race) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(outcomes) == ["paired", "used", "used", "used"]
    assert Device.objects.count() == 1
