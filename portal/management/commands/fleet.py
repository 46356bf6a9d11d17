"""Many simulated gates against a live site: `manage.py fleet --gates 200 --minutes 3`."""

from __future__ import annotations

import json
import logging
import math
import os
import socket
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from portal import places, processes
from portal.fleet import community, faults
from portal.fleet.running import Plan, run
from portal.tether import Tether

START_SECONDS = 60.0


class Command(BaseCommand):
    help = (
        "Pairs many real agents with a site and lets days go by while lines, disks and clocks fail; compares what the gates"
        " wrote down with the database, and exits with 1 if a promise broke. Never in production."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--gates", type=int, default=200)
        parser.add_argument("--minutes", type=float, default=3.0)
        parser.add_argument("--faults", default="all", help=f"all, none, or some of {','.join(faults.KINDS)}")
        parser.add_argument("--url", help="a site on this very database; without it one is started")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--poll-seconds", type=int, help="of the site that is started")
        parser.add_argument("--report", type=Path, help="write the report there, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "A fleet makes people up. It is for the demo and for tests, never for production."
            )
        if options["gates"] < 1 or options["minutes"] <= 0:
            raise CommandError("At least one gate, and some time.")
        for quiet in ("httpx", "gate"):  # what goes wrong on the way is the point, and is counted
            logging.getLogger(quiet).setLevel(logging.CRITICAL)
        kinds = _kinds(options["faults"])
        gates = options["gates"]
        poll = options["poll_seconds"] or max(2, gates // 20)
        with _site(options["url"], poll=poll) as url:
            plan = Plan(
                url=url,
                folder=settings.VAR / "fleet",
                gates=gates,
                seconds=options["minutes"] * 60,
                faults=kinds,
                seed=options["seed"],
                passers_a_second=min(20.0, max(2.0, gates / 20)),
                drop_every=_drop_every(gates, options["minutes"] * 60),
            )
            report = run(plan, say=self.stdout.write)
        connections.close_all()
        if options["report"]:
            options["report"].write_text(json.dumps(report.as_dict(), indent=1, ensure_ascii=False) + "\n")
        self.stdout.write("\n".join(report.lines()))
        if not report.kept:
            sys.exit(1)


def _drop_every(gates: int, seconds: float) -> float:
    """Seconds, so that there is something to take away until the end."""
    takeable = math.ceil(gates / community.GATES_EACH) * community.PEOPLE_EACH
    return max(1.0, seconds / takeable)


def _kinds(said: str) -> frozenset[str]:
    if said in ("all", "none"):
        return frozenset(faults.KINDS if said == "all" else ())
    kinds = frozenset(said.split(","))
    if unknown := kinds - set(faults.KINDS):
        raise CommandError(f"No such fault: {', '.join(sorted(unknown))}.")
    return kinds


@contextmanager
def _site(url: str | None, *, poll: int) -> Iterator[str]:
    """The one that is named; or a gates' server of our own, which ends with us however we end."""
    if url is not None:
        yield url.rstrip("/")
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log_folder = settings.VAR / "log"
    log_folder.mkdir(parents=True, exist_ok=True)
    tether = Tether()
    try:
        env = {**os.environ, "GATE_POLL_SECONDS": str(poll), "OMP_NUM_THREADS": "1"}
        with (log_folder / "fleet-site.log").open("wb") as log:
            child = tether.start(processes.gates(port=port), log=log, env=env, cwd=places.BASE)
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_SECONDS
        while not _answers(url):
            if child.poll() is not None or time.monotonic() > deadline:
                raise CommandError(f"The site did not start: see {log_folder / 'fleet-site.log'}.")
            time.sleep(0.2)
        yield url
        tether.end(child)
    finally:
        tether.release()


def _answers(url: str) -> bool:
    try:
        httpx.get(f"{url}/healthz/", timeout=10, trust_env=False)
    except httpx.TransportError:
        return False
    return True
