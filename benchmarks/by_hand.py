"""The idle poll as one would write it by hand, with nothing around it: one read, one signature looked at, one made. It keeps no
nonces, knows no refusals but one, and holds nothing: the floor of what a signed answer costs on this server."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import re
import time
from typing import Any

import psycopg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

READ = """
SELECT d.public_key, d.revoked_at, g.id::text, g.by_card, g.by_pin, g.by_qr, g.by_face, g.in_service, g.beside_since, g.feed_floor,
    n.time_zone,
    COALESCE((SELECT c.last FROM access_feedcounter c WHERE c.neighborhood_id = d.neighborhood_id), 0),
    COALESCE((SELECT max(r.version) FROM access_feedrow r WHERE r.gate_id = d.gate_id), 0),
    EXISTS (SELECT FROM access_sealedcopy s WHERE s.device_id = d.id AND NOT s.acknowledged),
    EXISTS (SELECT FROM access_sign s WHERE s.device_id = d.id AND s.taken_down_at IS NULL)
FROM access_device d JOIN access_gate g ON g.id = d.gate_id JOIN residents_neighborhood n ON n.id = d.neighborhood_id
WHERE d.id = %s
"""
CONNECTIONS = 4
INPUT = re.compile(
    r'linmen=(?P<params>.*;created=(?P<created>\d+);keyid="(?P<keyid>[^"]+)";nonce="(?P<nonce>[^"]+)".*)'
)
key = load_pem_private_key(open(os.environ["BY_HAND_KEY"], "rb").read(), None)  # noqa: SIM115
assert isinstance(key, Ed25519PrivateKey)
_free: asyncio.Queue[psycopg.AsyncConnection] | None = None


async def application(scope: Any, receive: Any, send: Any) -> None:
    global _free
    if scope["type"] != "http":
        return
    if _free is None:
        _free = asyncio.Queue()
        for _ in range(CONNECTIONS):
            await _free.put(
                await psycopg.AsyncConnection.connect(os.environ["BY_HAND_DATABASE"], autocommit=True)
            )
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    said = INPUT.fullmatch(headers["signature-input"])
    assert said
    connection = await _free.get()
    try:
        row = await (await connection.execute(READ, [said["keyid"]])).fetchone()
    finally:
        _free.put_nowait(connection)
    assert row
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(b'').digest()).decode()}:"
    base = (
        f'"@method": GET\n"@path": {scope["path"]}\n"@query": ?{scope["query_string"].decode()}\n'
        f'"content-digest": {digest}\n"@signature-params": {said["params"]}'
    )
    status = 200
    try:
        Ed25519PublicKey.from_public_bytes(row[0]).verify(
            base64.b64decode(headers["signature"][8:-1]), base.encode()
        )
    except InvalidSignature:
        status = 401
    methods = [name for name, on in zip(("card", "pin", "qr", "face"), row[3:7], strict=True) if on]
    body = json.dumps(
        {
            "device": said["keyid"],
            "request": said["nonce"],
            "server_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "gate": row[2],
            "time_zone": row[10],
            "methods": methods,
            "offline_hours": 24,
            "cursor": f"f{row[12]}",
            "more": False,
            "poll_after": 10,
            "beside": row[8] is not None,
            "rows": [],
        }
    ).encode()
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    params = f'("@status" "content-digest");created={int(time.time())};keyid="server";alg="ed25519"'
    signature = key.sign(
        f'"@status": {status}\n"content-digest": {digest}\n"@signature-params": {params}'.encode()
    )
    answer = {
        "content-type": "application/json",
        "content-length": str(len(body)),
        "content-digest": digest,
        "signature-input": f"linmen={params}",
        "signature": f"linmen=:{base64.b64encode(signature).decode()}:",
    }
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(name.encode(), value.encode()) for name, value in answer.items()],
        }
    )
    await send({"type": "http.response.body", "body": body})
