"""All rows of a gate as lines of JSON, as one would stream them by hand: one statement, a cursor at the server, nothing signed."""

from __future__ import annotations

import json
import os
from typing import Any

import psycopg

READ = "SELECT credential_id::text, version, present, body FROM access_feedrow WHERE gate_id = %s ORDER BY version"
AT_ONCE = 500


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"application/x-ndjson")],
        }
    )
    gate = scope["query_string"].decode()
    async with (
        await psycopg.AsyncConnection.connect(os.environ["STREAM_DATABASE"]) as connection,
        connection.cursor(name="rows") as cursor,
    ):
        await cursor.execute(READ, [gate])
        while rows := await cursor.fetchmany(AT_ONCE):
            lines = [
                json.dumps({"credential": credential, "version": version, "present": present, **body})
                for credential, version, present, body in rows
            ]
            await send(
                {"type": "http.response.body", "body": ("\n".join(lines) + "\n").encode(), "more_body": True}
            )
    await send({"type": "http.response.body", "body": b""})
