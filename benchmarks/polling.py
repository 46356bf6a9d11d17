"""What an idle poll costs: a gate asks, and nothing is new.

One neighborhood with GATES gates, 1,000 credentials and 200 of them granted to each. Ours is the gates' own server as it is
(`portal.asgi`): nonces kept, revocation seen. Rivals: the usual way (`benchmarks.usual`: a ModelViewSet, a token, guardian's
permissions on each object, a filter by `updated_at`, which finds nothing either) and the same poll by hand (`benchmarks.by_hand`:
the same read, one signature looked at, one made, and nothing else). Each has one worker of granian, the same database and the
same load from wrk, with requests that were signed beforehand; rounds in turn, medians of their throughputs.

Then HELD gates wait on ours for HELD_SECONDS: what that costs the server's process, by the hour.

Limits: at least USUAL times the throughput of the usual way, and at least BY_HAND times that of the poll by hand.
"""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks import report
from benchmarks.ledger import BASE, VAR, scratch

GATES, CREDENTIALS, GRANTS = 50, 1_000, 200
SECONDS = int(os.environ.get("BENCH_SECONDS", "10"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CONNECTIONS = 32
MOST_A_SECOND = 4_000  # so many requests are signed for each second
HELD = int(os.environ.get("BENCH_HELD", "1000"))
HELD_SECONDS = 60
USUAL, BY_HAND = 10.0, 0.8
PATH = "/api/gate/v1/feed"


@dataclass(frozen=True)
class Gate:
    device: str
    key: Any
    cursor: str


def gates(number: int) -> list[Gate]:
    """Each up to date. They share what they hold; none of it is ever sent."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from django.utils import timezone

    from access.devices import find
    from access.models import Credential, Device, FeedCounter, FeedRow
    from access.models import Gate as Door
    from residents.models import Neighborhood, Resident

    at = timezone.now()
    here = Neighborhood.objects.create(name=f"基准 {number}")
    FeedCounter.objects.create(neighborhood=here, last=CREDENTIALS)
    who = Resident.objects.create(neighborhood=here, name="住户")
    cards = Credential.objects.bulk_create(
        Credential(neighborhood=here, resident=who, kind="card", digest=os.urandom(32), created_at=at)
        for _ in range(CREDENTIALS)
    )
    doors = Door.objects.bulk_create(
        Door(neighborhood=here, name=f"门 {each}", in_service=True) for each in range(number)
    )
    keys = [Ed25519PrivateKey.generate() for _ in doors]
    devices = Device.objects.bulk_create(
        Device(
            neighborhood=here,
            gate=door,
            public_key=key.public_key().public_bytes_raw(),
            sealing_key=os.urandom(32),
            paired_at=at,
            last_poll_at=at,
            acknowledged=CREDENTIALS,
        )
        for door, key in zip(doors, keys, strict=True)
    )
    for door in doors[:GATES]:
        FeedRow.objects.bulk_create(
            FeedRow(
                neighborhood=here,
                gate=door,
                credential=card,
                version=CREDENTIALS - GRANTS + version,
                present=True,
                body={"kind": "card", "digest": bytes(card.digest).hex(), "windows": []},
                changed_at=at,
            )
            for version, card in enumerate(cards[:GRANTS], start=1)
        )
    return [
        Gate(str(device.pk), key, cursor_of(find(device.pk)))
        for device, key in zip(devices, keys, strict=True)
    ]


def cursor_of(caller: Any) -> str:
    from access.api import polling
    from access.api.authentication import Signer
    from access.cursor import Cursor

    poll = polling.read_poll(signer=Signer(caller, ""), asked=polling.Asked())
    return Cursor(CREDENTIALS, told=poll.said.name).written(caller.device.pk)


def signed(gate: Gate, *, wait: int = 0) -> tuple[str, Mapping[str, str]]:
    """Path and headers of one poll."""
    from gate import wire

    query = urlencode({"cursor": gate.cursor, "limit": 500} | ({"wait": wait} if wait else {}))
    headers = wire.sign_request(
        key=gate.key,
        method="GET",
        path=PATH,
        query=query,
        body=b"",
        created=int(time.time()),
        keyid=gate.device,
        nonce=wire.new_nonce(),
    )
    return f"{PATH}?{query}", headers


def usual() -> tuple[str, Mapping[str, str]]:
    """The usual way's tables, and a poll of it: made by Django in a process that has its settings."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "benchmarks.usual.settings"}
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.polling", "usual"],
        cwd=BASE,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stderr
    token, since = said.stdout.split()
    return f"/ways/?{urlencode({'updated_at': since})}", {"Authorization": f"Token {token}"}


def make_usual() -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone
    from guardian.shortcuts import assign_perm
    from rest_framework.authtoken.models import Token

    from benchmarks.usual.models import Way
    from residents.models import User

    call_command("migrate", run_syncdb=True, verbosity=0, interactive=False, skip_checks=True)
    device = User.objects.create(username="device")
    ways = Way.objects.bulk_create(Way(digest=os.urandom(32).hex()) for _ in range(CREDENTIALS))
    for way in ways[:GRANTS]:
        assign_perm("usual.view_way", device, way)
    token = Token.objects.create(user=device)
    sys.stdout.write(f"{token.key} {timezone.now().isoformat()}\n")


def servers(settings: Any) -> dict[str, tuple[list[str], dict[str, str]]]:
    """How each is started, on a port."""
    from portal import embedded, processes, roles

    granian = [sys.executable, "-m", "granian", "--no-ws", "--host", "127.0.0.1", "--workers", "1"]
    database = embedded.database_url(VAR, embedded.DATABASES["default"], role=roles.APP)
    by_hand = {"BY_HAND_KEY": settings.SERVER_KEY_FILE, "BY_HAND_DATABASE": database}
    return {
        "ours": (processes.gates(port=0), {}),
        "the usual way": (
            [*granian, "--interface", "wsgi", "--blocking-threads", "4", "benchmarks.usual.wsgi:application"],
            {"DJANGO_SETTINGS_MODULE": "benchmarks.usual.settings"},
        ),
        "by hand": ([*granian, "--interface", "asgi", "benchmarks.by_hand:application"], by_hand),
    }


@contextmanager
def serving(name: str, command: list[str], also: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """Its port and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*command]
    if "--port" in command:
        command[command.index("--port") + 1] = str(port)
    else:
        command[-1:] = ["--port", str(port), command[-1]]
    path = VAR / f"{name.replace(' ', '-')}.log"
    with path.open("wb") as log:
        child = subprocess.Popen(command, cwd=BASE, env={**os.environ, **also}, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while True:
            assert child.poll() is None, path.read_text()
            assert time.monotonic() < deadline, path.read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port, child.pid
    finally:
        child.terminate()
        child.wait(30)


def loaded(port: int, requests: list[tuple[str, Mapping[str, str]]], seconds: int) -> tuple[float, float]:
    """Answers a second, and the median wait in milliseconds. Every answer was a 200."""
    file = VAR / "requests.txt"
    with file.open("w") as out:
        for path, headers in requests:
            out.write("\t".join([path, *(part for pair in headers.items() for part in pair)]) + "\n")
    said = subprocess.run(
        [
            *("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", "benchmarks/wrk.lua"),
            f"http://127.0.0.1:{port}",
            "--",
            str(file),
        ],
        cwd=BASE,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    answers, micros, failed, median = map(int, said.rpartition("RESULT ")[2].split())
    assert failed == 0, said
    assert len(requests) == 1 or answers <= len(requests), "more requests must be signed"
    return answers / micros * 1e6, median / 1000


# --- Waiting


def used(process: int) -> tuple[float, int]:
    """CPU seconds and kB of a process and its children."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    cpu = (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")
    memory = int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    for child in children:
        more = used(int(child))
        cpu, memory = cpu + more[0], memory + more[1]
    return cpu, memory


async def wait_at(port: int, waiting: list[Gate], until: float, answered: list[int]) -> None:
    """Each asks again as soon as it is answered, as a gate does."""

    async def one(gate: Gate) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while time.monotonic() < until:
                path, headers = signed(gate, wait=60)
                lines = [
                    f"GET {path} HTTP/1.1",
                    "Host: 127.0.0.1",
                    *(f"{n}: {v}" for n, v in headers.items()),
                ]
                writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                assert head.startswith("http/1.1 200"), head
                await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r")[0]))
                answered.append(1)
        finally:
            writer.close()

    tasks = [asyncio.create_task(one(gate)) for gate in waiting]
    await asyncio.sleep(until - time.monotonic())
    for task in tasks:
        if task.done():
            task.result()
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def waited(port: int, process: int, waiting: list[Gate]) -> tuple[float, float]:
    """CPU seconds an hour, and kB, of one gate that waits."""
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2
    )
    before = used(process)
    asyncio.run(wait_at(port, waiting[:1], time.monotonic() + 1, []))
    answered: list[int] = []
    seen: list[tuple[float, int]] = []

    async def run() -> None:
        task = asyncio.create_task(wait_at(port, waiting, time.monotonic() + HELD_SECONDS + 10, answered))
        await asyncio.sleep(5)
        seen.append(used(process))  # all of them wait
        await asyncio.sleep(HELD_SECONDS)
        seen.append(used(process))
        await task

    asyncio.run(run())
    cpu = (seen[1][0] - seen[0][0]) * 3600 / HELD_SECONDS / len(waiting)
    return cpu, (seen[0][1] - before[1]) / len(waiting)


def main() -> int:
    if shutil.which("wrk") is None:
        sys.stdout.write(
            "BROKEN an idle poll is measured with wrk, which is not here (Debian: apt-get install wrk)\n"
        )
        return 1
    with scratch(), ExitStack() as stack:
        from django.conf import settings
        from django.db import connections

        polling = gates(GATES)
        waiting = gates(HELD)
        connections.close_all()
        common = usual()
        running = {
            name: stack.enter_context(serving(name, command, also))
            for name, (command, also) in servers(settings).items()
        }
        speeds: dict[str, list[float]] = {name: [] for name in running}
        waits: dict[str, list[float]] = {name: [] for name in running}
        for turn in range(ROUNDS + 1):
            for name, (port, _) in running.items():
                seconds = SECONDS if turn else 2  # the first is to get warm
                requests = [common]
                if name != "the usual way":
                    requests = [signed(polling[n % GATES]) for n in range(MOST_A_SECOND * seconds)]
                speed, wait = loaded(port, requests, seconds)
                if turn:
                    speeds[name].append(speed)
                    waits[name].append(wait)
        cpu, memory = waited(*running["ours"], waiting)
        middle = {name: statistics.median(each) for name, each in speeds.items()}
        sys.stdout.write(
            f"\n{CREDENTIALS:,} credentials, {GRANTS} granted; {CONNECTIONS} connections, medians of {ROUNDS} rounds\n"
        )
        for name, speed in middle.items():
            wait = statistics.median(waits[name])
            sys.stdout.write(f"{name:>15} {speed:>8,.0f} polls a second, half of them within {wait:.1f} ms\n")
        ours, common_way, hand = middle["ours"], middle["the usual way"], middle["by hand"]
        good = report.held(
            report.Result(
                "idle polls a second, beside the usual way",
                ours,
                common_way,
                ours / common_way,
                USUAL,
                report.AT_LEAST,
                "/s",
            ),
            report.Result(
                "idle polls a second, beside the same by hand",
                ours,
                hand,
                ours / hand,
                BY_HAND,
                report.AT_LEAST,
                "/s",
            ),
            report.Result(f"CPU of a gate that waits an hour, of {HELD:,}", cpu, None, None, None, unit="s"),
            report.Result(f"memory of a gate that waits, of {HELD:,}", memory, None, None, None, unit="kB"),
        )
        return 0 if good else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["usual"]:
        make_usual()
        sys.exit()
    sys.exit(main())
