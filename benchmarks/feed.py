"""What one change costs to read among 1,000, 10,000 and 100,000 residents, and what a whole snapshot costs.

One gate that every resident may pass, with a card each, in a neighborhood that grows. A poll that brings one change is measured as
a device sees it, over HTTP from the gates' own server, signed and checked; every round asks at all sizes.

A snapshot of 10,000 credentials is read page by page, as a device reads it, against a hand-written stream of the same rows as
JSON (one statement, one cursor, json.dumps, no signature) from the same server.

Limits: a poll among the most residents costs at most GROWS times one among the fewest, and rows of the snapshot come at at least
HALF the rate of the stream.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg

from benchmarks import report
from benchmarks.ledger import VAR, put_aside, scratch
from benchmarks.polling import serving

SIZES = tuple(int(each) for each in os.environ.get("BENCH_RESIDENTS", "1000,10000,100000").split(","))
SNAPSHOT = int(os.environ.get("BENCH_SNAPSHOT", "10000"))
ROUNDS = int(os.environ.get("BENCH_FEED_ROUNDS", "100"))
SNAPSHOT_ROUNDS = 7
GROWS, HALF = 1.3, 0.5
TABLES = ("residents_resident", "access_credential", "access_feedrow")
# As many residents as are said, each with a card that the gate knows.
FILL = (
    """
    INSERT INTO residents_resident ({columns}) SELECT {values} FROM residents_resident r, generate_series(1, %(count)s) n
    WHERE r.id = %(like)s
    """,
    """
    INSERT INTO access_credential ({columns}) SELECT {values} FROM access_credential c
    JOIN residents_resident r ON r.neighborhood_id = c.neighborhood_id AND r.id <> c.resident_id
    WHERE c.id = %(card)s
    """,
    """
    INSERT INTO access_feedrow (neighborhood_id, gate_id, credential_id, version, present, body, changed_at)
    SELECT c.neighborhood_id, %(gate)s, c.id, 1000 + row_number() OVER (), true,
        jsonb_set(f.body, '{{digest}}', to_jsonb(encode(c.digest, 'hex'))), now()
    FROM access_credential c JOIN access_feedrow f ON f.credential_id = %(card)s
    WHERE c.neighborhood_id = %(here)s AND c.id <> %(card)s
    """,
)


@dataclass
class Place:
    """A gate, its device, and where that device has got to."""

    who: Any
    cursor: str
    gate: Any
    rows: int


def place(size: int, session: psycopg.Connection) -> Place:
    """A neighborhood of so many: one resident made as ever, and the others like that one."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from django.utils import timezone

    from access import cards, gates, rules
    from access.cursor import Cursor
    from access.devices import find
    from access.models import Device, FeedRow
    from access.signing import server_key
    from gate.client import Identity
    from residents.models import Building, Neighborhood, Unit
    from residents.register import move_in, register

    at = timezone.now()
    here = Neighborhood.objects.create(name=f"基准 {size}")
    home = Unit.objects.create(
        neighborhood=here, building=Building.objects.create(neighborhood=here, name="1"), number="1"
    )
    one = register(neighborhood=here, name="住户")
    move_in(resident=one, unit=home, since=at.date(), until=None, at=at)
    door = gates.put_up(neighborhood=here, name="门", at=at)
    rules.add(gate=door, unit=home, at=at)
    card = cards.issue(resident=one, number=f"{size:08}", at=at)
    key = Ed25519PrivateKey.generate()
    device = Device.objects.create(
        neighborhood=here,
        gate=door,
        public_key=key.public_key().public_bytes_raw(),
        sealing_key=os.urandom(32),
        paired_at=at,
    )
    about = {"count": size - 1, "like": one.pk, "card": card.pk, "gate": door.pk, "here": here.pk}
    with put_aside(session, *TABLES):
        for statement, table, changed in zip(
            FILL,
            TABLES,
            (
                {"id": "gen_random_uuid()"},
                {"id": "gen_random_uuid()", "resident_id": "r.id", "digest": "sha256(uuid_send(r.id))"},
                {},
            ),
            strict=True,
        ):
            if not changed:
                session.execute(statement.format(), about)
                continue
            short = "r" if table == TABLES[0] else "c"
            columns = [
                name
                for (name,) in session.execute(
                    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
                    " AND NOT attisdropped AND attgenerated = ''",
                    [table],
                )
            ]
            values = ", ".join(changed.get(name, f'{short}."{name}"') for name in columns)
            names = ", ".join(f'"{name}"' for name in columns)
            session.execute(statement.format(columns=names, values=values), about)
        session.execute(
            "UPDATE access_feedcounter SET last = (SELECT max(version) FROM access_feedrow WHERE gate_id = %(gate)s)"
            " WHERE neighborhood_id = %(here)s",
            about,
        )
    for table in TABLES:
        session.execute(f"VACUUM (ANALYZE) {table}")
    rows = FeedRow.objects.filter(gate=door).count()
    assert rows == size
    caller = find(device.pk)
    assert caller is not None
    who = Identity(device=str(device.pk), key=key, server_key=server_key().public_key())
    return Place(who, Cursor(caller.newest).written(device.pk), door, rows)


def change(where: Place) -> None:
    """One card's hours, as a writer would leave them."""
    from django.db import transaction
    from django.utils import timezone

    from access.feed import lock_counter
    from access.models import FeedCounter, FeedRow

    with transaction.atomic():
        last = lock_counter(where.gate.neighborhood_id)
        row = FeedRow.objects.filter(gate=where.gate).order_by("version")[:1].get()
        FeedRow.objects.filter(pk=row.pk).update(version=last + 1, changed_at=timezone.now())
        FeedCounter.objects.filter(pk=where.gate.neighborhood_id).update(last=last + 1)


def polled(client: Any, where: Place) -> float:
    change(where)
    began = time.perf_counter()
    page = client.get(where.who, "feed", {"cursor": where.cursor, "limit": "500"})
    took = time.perf_counter() - began
    assert len(page["rows"]) == 1
    where.cursor = page["cursor"]
    return took


def snapshot(client: Any, where: Place) -> float:
    """Rows a second."""
    began, rows, query = time.perf_counter(), 0, {"limit": "500"}
    while True:
        page = client.get(where.who, "feed", query)
        rows += len(page["rows"])
        query = {"limit": "500", "cursor": page["cursor"]}
        if not page["more"]:
            break
    assert rows == where.rows
    return rows / (time.perf_counter() - began)


def streamed(port: int, where: Place) -> float:
    began, lines = time.perf_counter(), 0
    with httpx.stream(
        "GET", f"http://127.0.0.1:{port}/?{where.gate.pk}", timeout=60, trust_env=False
    ) as answer:
        for line in answer.iter_lines():
            lines += "credential" in json.loads(line)
    assert lines == where.rows
    return lines / (time.perf_counter() - began)


def main() -> int:
    from gate.client import Client
    from portal import embedded, processes, roles

    with scratch(), ExitStack() as stack:
        import logging

        from django.db import connections

        logging.getLogger("httpx").setLevel(logging.WARNING)
        with embedded.connect(VAR, embedded.DATABASES["default"]) as session:
            places = {size: place(size, session) for size in sorted({*SIZES, SNAPSHOT})}
        connections.close_all()
        database = embedded.database_url(VAR, embedded.DATABASES["default"], role=roles.APP)
        port, _ = stack.enter_context(serving("ours", processes.gates(port=0), {}))
        granian = [sys.executable, "-m", "granian", "--no-ws", "--host", "127.0.0.1", "--workers", "1"]
        other, _ = stack.enter_context(
            serving(
                "stream",
                [*granian, "--interface", "asgi", "benchmarks.stream:application"],
                {"STREAM_DATABASE": database},
            )
        )
        client = Client(f"http://127.0.0.1:{port}")
        taken: dict[int, list[float]] = {size: [] for size in SIZES}
        for turn in range(ROUNDS + 5):
            for size in SIZES:
                took = polled(client, places[size])
                if turn >= 5:  # the first are to get warm
                    taken[size].append(took)
        rates: dict[str, list[float]] = {"ours": [], "stream": []}
        for turn in range(SNAPSHOT_ROUNDS + 1):
            ours, theirs = snapshot(client, places[SNAPSHOT]), streamed(other, places[SNAPSHOT])
            if turn:
                rates["ours"].append(ours)
                rates["stream"].append(theirs)
        client.close()
    middle = {size: statistics.median(each) for size, each in taken.items()}
    for size, seconds in middle.items():
        sys.stdout.write(f"among {size:>7,} residents a poll with one change takes {seconds * 1000:.2f} ms\n")
    few, many = middle[SIZES[0]], middle[SIZES[-1]]
    mine, theirs = (statistics.median(each) for each in rates.values())
    good = report.held(
        report.Result(
            f"a poll with one change among {SIZES[-1]:,} residents, beside {SIZES[0]:,}",
            many,
            few,
            many / few,
            GROWS,
        ),
        report.Result(
            f"rows a second of a snapshot of {SNAPSHOT:,}, beside a stream by hand",
            mine,
            theirs,
            mine / theirs,
            HALF,
            report.AT_LEAST,
            "/s",
        ),
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
