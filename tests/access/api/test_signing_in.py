"""A request is taken from the device that signed this very request, just now, for the first time."""

from __future__ import annotations

import time
import uuid

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from redis.exceptions import ConnectionError as RedisGone

from access import devices
from access.models import Device
from gate import wire
from tests import make

pytestmark = pytest.mark.django_db


def problem(response, code: str, status: int) -> dict:
    body = response.json()
    assert response.status_code == status, body
    assert response["Content-Type"] == "application/problem+json"
    assert body["type"] == f"urn:linmen:problem:{code}"
    assert body["status"] == status
    assert all(body[part] for part in ("title", "detail", "server_time"))
    return body


def test_it_answers_its_device_under_the_servers_signature(reader):
    response = reader.feed(nonce="n" * 24)
    assert response.status_code == 200
    body = response.json()
    assert (body["device"], body["request"]) == (str(reader.device.pk), "n" * 24)
    assert make.is_signed(response)
    assert response["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response


@pytest.mark.obligation("F20")
def test_it_refuses_whoever_does_not_sign(reader):
    body = problem(Client().get("/api/gate/v1/feed"), "signature-missing", 401)
    assert "request" not in body


@pytest.mark.obligation("F20")
@pytest.mark.parametrize("where", ["feed", "receipts", "events"])
def test_it_refuses_a_serial_number_without_the_key(reader, where):
    method = "GET" if where == "feed" else "POST"
    response = reader.ask(method, where, key=Ed25519PrivateKey.generate())
    problem(response, "signature-wrong", 401)
    assert not make.is_signed(response)


@pytest.mark.obligation("F20")
def test_it_refuses_another_devices_signature(reader, door):
    other = make.device(door)
    problem(reader.ask("GET", "feed", keyid=str(other.device.pk)), "signature-wrong", 401)


@pytest.mark.parametrize(
    "keyid",
    [
        "7d0f5c1e-2b64-4d8e-9a3f-0c5b6e7f8a91",
        "pairing",
        "server",
        "42",
        "7d0f5c1e-2b64-4d8e-9a3f-0c5b6e7f8a91".upper(),
    ],
)
def test_it_refuses_a_device_it_does_not_know(reader, keyid):
    problem(reader.ask("GET", "feed", keyid=keyid), "device-unknown", 401)


def test_it_refuses_a_request_that_was_signed_for_something_else(reader):
    body = b'{"receipts":[]}'
    signed = wire.sign_request(
        key=reader.key,
        method="POST",
        path="/api/gate/v1/receipts",
        body=body,
        created=int(time.time()),
        keyid=str(reader.device.pk),
        nonce=wire.new_nonce(),
    )

    def post(path: str, content: bytes, method: str = "POST"):
        return Client().generic(
            method, f"/api/gate/v1/{path}", content, content_type="application/json", headers=signed
        )

    problem(post("events", body), "signature-wrong", 401)
    problem(post("receipts?x=1", body), "signature-wrong", 401)
    problem(post("receipts", body, "PUT"), "signature-wrong", 401)
    problem(post("receipts", b'{"receipts":[1]}'), "digest-mismatch", 400)
    assert post("receipts", body).status_code == 200


@pytest.mark.parametrize("name", ["Signature", "Signature-Input", "Content-Digest"])
def test_it_refuses_headers_in_another_form(reader, name):
    problem(reader.feed(headers={name: "linmen=:AAAA:"}), "signature-malformed", 400)
    problem(reader.feed(headers={name: "x" * 5000}), "signature-malformed", 400)


@pytest.mark.obligation("F20")
def test_it_takes_the_same_request_once(reader):
    nonce, created = wire.new_nonce(), int(time.time())
    assert reader.feed(nonce=nonce, created=created).status_code == 200
    problem(reader.feed(nonce=nonce, created=created), "replayed", 401)
    problem(reader.events(nonce=nonce, boot=str(uuid.uuid4())), "replayed", 401)


def test_a_stranger_cannot_spend_a_devices_nonce(reader):
    nonce = wire.new_nonce()
    problem(reader.feed(nonce=nonce, key=Ed25519PrivateKey.generate()), "signature-wrong", 401)
    assert reader.feed(nonce=nonce).status_code == 200


@pytest.mark.parametrize("seconds", [-301, 310, -31_536_000, 31_536_000])
def test_it_refuses_a_stale_request_and_says_what_time_it_is(reader, seconds):
    body = problem(reader.feed(created=int(time.time()) + seconds), "clock-skew", 401)
    assert body["server_time"]
    assert reader.feed(created=int(time.time()) + (290 if seconds > 0 else -290)).status_code == 200


@pytest.mark.parametrize("where", ["feed", "receipts", "events"])
def test_a_revoked_device_is_told_so_under_the_servers_signature(reader, now, where):
    assert devices.revoke(device=reader.device, at=now)
    assert not devices.revoke(device=reader.device, at=now)
    response = reader.ask("GET" if where == "feed" else "POST", where, nonce="r" * 24)
    body = problem(response, "device-revoked", 403)
    assert (body["device"], body["request"]) == (str(reader.device.pk), "r" * 24)
    assert make.is_signed(response)


def test_a_stranger_is_not_told_who_was_revoked(reader, now):
    devices.revoke(device=reader.device, at=now)
    problem(reader.feed(key=Ed25519PrivateKey.generate()), "signature-wrong", 401)


def test_a_signed_in_device_is_refused_under_the_servers_signature_too(reader):
    response = reader.feed(cursor="nonsense")
    assert problem(response, "cursor-malformed", 400)["request"]
    assert make.is_signed(response)


@pytest.mark.parametrize(
    ("method", "path", "code", "status"),
    [
        ("POST", "feed", "method-not-allowed", 405),
        ("OPTIONS", "feed", "method-not-allowed", 405),
        ("GET", "events", "method-not-allowed", 405),
        ("GET", "nowhere", "not-found", 404),
        ("GET", "feed/", "not-found", 404),
        ("POST", "", "not-found", 404),
    ],
)
def test_it_says_in_one_shape_what_is_not_there(reader, method, path, code, status):
    problem(reader.ask(method, path), code, status)


def test_it_says_so_when_it_cannot_tell_a_replay(reader, monkeypatch):
    def gone(*args, **kwargs):
        raise RedisGone

    monkeypatch.setattr(cache, "add", gone)
    response = reader.feed()
    problem(response, "unavailable", 503)
    assert response["Retry-After"]


def test_a_stranger_costs_one_query_and_a_malformed_request_none(reader):
    with CaptureQueriesContext(
        connection,
    ) as stranger:
        reader.feed(key=Ed25519PrivateKey.generate())
    with CaptureQueriesContext(connection) as malformed:
        reader.feed(headers={"Signature-Input": "linmen=()"})
    assert (len(stranger), len(malformed)) == (1, 0)


def test_it_keeps_no_secret_of_the_device(reader):
    kept = Device.objects.values_list("public_key", "sealing_key").get(pk=reader.device.pk)
    assert reader.key.private_bytes_raw() not in map(bytes, kept)
    assert reader.sealing_key.private_bytes_raw() not in map(bytes, kept)
