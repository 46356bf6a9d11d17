"""What scheduled deletion of 1,000,000 expired entries costs, against one raw `DELETE` of the same rows, while a gate polls.

A scratch cluster holds one neighborhood with gates, and entries that gates reported: those whose time is over, and as
many again by a tenth that must stay. Ours is the sweep that runs every night, in a process of its own: it claims, deletes and
counts batch by batch. The rival deletes them in one statement, in a process of its own as well. Meanwhile a device asks for its feed
over HTTP, signed and checked, from a real web process, as it does when nothing is deleted.

Limits: ours costs at most SWEEP_LIMIT times the raw `DELETE`, and a poll's median while ours runs stays below POLL_LIMIT times its
median when nothing runs. What the raw `DELETE` does to a poll is printed beside it.
"""

from __future__ import annotations

import logging
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg

from benchmarks.ledger import BASE, VAR, put_aside, scratch
from benchmarks.report import Result, held

EVENTS = int(os.environ.get("BENCH_EVENTS", "1000000"))
STAY = EVENTS // 10
ROUNDS = 3
GATES = 20
IDLE_POLLS = 200
BETWEEN_POLLS = 0.02
SWEEP_LIMIT = 1.5
POLL_LIMIT = 1.5
TABLE = "access_entryevent"
FILL = """
INSERT INTO access_entryevent
    (id, neighborhood_id, gate_id, device_id, boot, sequence, kind, credential, outcome, reason, device_time, received_at)
SELECT gen_random_uuid(), d.neighborhood_id, d.gate_id, d.id, gen_random_uuid(), n, 'card', gen_random_uuid(), 'opened', '',
    clock_timestamp() - %(age)s::interval - make_interval(secs => n), clock_timestamp() - %(age)s::interval - make_interval(secs => n)
FROM generate_series(1, %(count)s) n
JOIN LATERAL (SELECT d.id, d.gate_id, g.neighborhood_id, row_number() OVER (ORDER BY d.id) AS at
    FROM access_device d JOIN access_gate g ON g.id = d.gate_id) d ON d.at = 1 + n %% %(gates)s
"""
RAW = "DELETE FROM access_entryevent WHERE received_at <= now() - interval '30 days'"


def gates() -> tuple[Any, Any]:
    """A neighborhood with gates and a device on each: the neighborhood, and who polls."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from django.utils import timezone

    from access import gates
    from access.models import Device
    from access.signing import server_key
    from gate.client import Identity
    from residents.models import Neighborhood

    at = timezone.now()
    here = Neighborhood.objects.create(name="基准")
    keys = [Ed25519PrivateKey.generate() for _ in range(GATES)]
    devices = [
        Device.objects.create(
            neighborhood=here,
            gate=gates.put_up(neighborhood=here, name=f"门 {number}", at=at),
            public_key=key.public_key().public_bytes_raw(),
            sealing_key=os.urandom(32),
            paired_at=at,
        )
        for number, key in enumerate(keys)
    ]
    who = Identity(device=str(devices[0].pk), key=keys[0], server_key=server_key().public_key())
    return here, who


def fill(session: psycopg.Connection) -> None:
    """As the gates had reported them: what is over, and what must stay."""
    with put_aside(session, TABLE):
        session.execute(f"TRUNCATE {TABLE}")
        session.execute(FILL, {"age": "40 days", "count": EVENTS, "gates": GATES})
        session.execute(FILL, {"age": "1 day", "count": STAY, "gates": GATES})
    session.execute(f"VACUUM (FREEZE, ANALYZE) {TABLE}")
    session.execute("CHECKPOINT")


# --- What is measured, each in a process of its own


def ours() -> float:
    import django

    django.setup()
    from django.utils import timezone

    from access.retention import RULES
    from portal import retention

    rule = next(each for each in RULES if each.code == "access.entry_events")
    began = time.perf_counter()
    (turn,) = retention.sweep(at=timezone.now(), rules=[rule], seconds=3600)
    assert (turn.gone, turn.failed) == (EVENTS, 0)
    return time.perf_counter() - began


def rival() -> float:
    from portal import embedded, roles

    with embedded.connect(VAR, embedded.DATABASES["default"], role=roles.APP) as session:
        began = time.perf_counter()
        assert session.execute(RAW).rowcount == EVENTS
        return time.perf_counter() - began


MEASURED: dict[str, Callable[[], float]] = {"ours": ours, "raw DELETE": rival}


# --- Who asks meanwhile


@contextmanager
def web() -> Iterator[str]:
    from portal import processes

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with (VAR / "web.log").open("wb") as log:
        child = subprocess.Popen(
            processes.web(port=port), cwd=BASE, env=dict(os.environ), stdout=log, stderr=log
        )
    try:
        while not answers(url):
            assert child.poll() is None, (VAR / "web.log").read_text()
            time.sleep(0.2)
        yield url
    finally:
        child.terminate()
        child.wait(30)


def answers(url: str) -> bool:
    try:
        httpx.get(f"{url}/healthz/", timeout=10, trust_env=False)
    except httpx.TransportError:
        return False
    return True


def polls(url: str, who: Any, until: Callable[[int], bool]) -> list[float]:
    """Seconds of each poll: one device that asks for what is new, from where it has got to."""
    from gate.client import Client

    client = Client(url)
    cursor = client.get(who, "feed", {})["cursor"]
    taken: list[float] = []
    while not until(len(taken)):
        began = time.perf_counter()
        cursor = client.get(who, "feed", {"cursor": cursor})["cursor"]
        taken.append(time.perf_counter() - began)
        time.sleep(BETWEEN_POLLS)
    client.close()
    return taken


def measured(name: str, url: str, who: Any) -> tuple[float, float]:
    """The seconds that it took, and a poll's median meanwhile."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sweeping", name],
        cwd=BASE,
        env={**os.environ, "BENCH_VAR": str(VAR)},
        stdout=subprocess.PIPE,
        text=True,
    )
    taken = polls(url, who, lambda _: child.poll() is not None)
    assert child.returncode == 0
    assert child.stdout is not None
    return float(child.stdout.read()), statistics.median(taken)


def report(seconds: dict[str, list[float]], waits: dict[str, list[float]]) -> bool:
    say = sys.stdout.write
    took = {name: statistics.median(each) for name, each in seconds.items()}
    poll = {name: statistics.median(each) for name, each in waits.items()}
    say(f"\n{EVENTS:,} entries whose time is over, {STAY:,} that stay; medians of {ROUNDS} rounds\n")
    for name in MEASURED:
        said = f"{took[name]:>7.2f} s, a poll meanwhile {poll[name] * 1000:.1f} ms"
        say(f"{name:>10} {said} ({poll[name] / poll['idle']:.2f}x of {poll['idle'] * 1000:.1f} ms)\n")
    cost, wait = took["ours"] / took["raw DELETE"], poll["ours"] / poll["idle"]
    return held(
        Result(
            f"deleting {EVENTS:,} entries, beside one raw DELETE",
            took["ours"],
            took["raw DELETE"],
            cost,
            SWEEP_LIMIT,
        ),
        Result(
            "a poll meanwhile, beside one when all is quiet", poll["ours"], poll["idle"], wait, POLL_LIMIT
        ),
    )


def main() -> int:
    from django.db import connections

    from portal import embedded

    with scratch():
        logging.getLogger("httpx").setLevel(logging.WARNING)  # thousands of polls
        _, who = gates()
        connections.close_all()
        seconds: dict[str, list[float]] = {name: [] for name in MEASURED}
        waits: dict[str, list[float]] = {name: [] for name in ("idle", *MEASURED)}
        with embedded.connect(VAR, embedded.DATABASES["default"]) as session, web() as url:
            for _ in range(ROUNDS):
                for name in MEASURED:
                    fill(session)
                    waits["idle"].append(statistics.median(polls(url, who, lambda done: done >= IDLE_POLLS)))
                    took, wait = measured(name, url, who)
                    seconds[name].append(took)
                    waits[name].append(wait)
        return 0 if report(seconds, waits) else 1


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.stdout.write(str(MEASURED[sys.argv[1]]()))
        sys.exit()
    sys.exit(main())
