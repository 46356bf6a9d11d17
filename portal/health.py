"""`GET /healthz/`: is every part alive? Counts and ages only; it is open to whoever can reach the site."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connections
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from access import silences
from access.models import Device, Silence
from ledger import checkpoints
from portal import backups, lateness, retention
from residents import backups as register
from residents import outbox
from residents.erasure import ANSWER_THEMSELVES
from residents.models import ErasurePlace, Lateness
from sharing import recalls, telling
from sharing.models import Recall
from vault import rotation

WORKER_KEY = "worker:last"
SWEEP_KEY = "sweep:last"
WORKER_EVERY_SECONDS = 5.0
WORKER_SILENT_SECONDS = 20.0
STUCK_ATTEMPTS = 13  # each waits twice as long as the one before: by then it is some three hours
LEDGER_LATE_SECONDS = 600.0  # a backlog of half a million entries takes as long

Part = dict[str, Any]


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    now = timezone.now()
    parts = report(now=now)
    if not parts["retention"]["ok"] or parts["retention"].get("told"):
        lateness.watch(at=now)  # the sweep may be dead, and the worker too: whoever asks here is alive
    if not parts["gates"]["ok"] or parts["gates"].get("told"):
        silences.watch(at=now)
    well = all(part["ok"] for part in parts.values())
    return JsonResponse({"ok": well, **parts}, status=200 if well else 503)


def report(*, now: datetime) -> dict[str, Part]:
    return {
        "database": _answered(lambda: _database("default")),
        "vault": _answered(lambda: _database("vault")),
        "redis": _answered(_redis),
        "worker": _answered(lambda: _age(WORKER_KEY, now=now, limit=WORKER_SILENT_SECONDS)),
        # A sweep is sent by beat and done by the worker: its age is that of the last one really done.
        "beat": _answered(lambda: _age(SWEEP_KEY, now=now, limit=3 * settings.SWEEP_SECONDS + 30)),
        "ledger": _answered(lambda: _ledger(now=now)),
        "retention": _answered(lambda: _retention(now=now)),
        "erasures": _answered(lambda: _erasures(now=now)),
        "epochs": _answered(lambda: _epochs(now=now)),
        "messages": _answered(lambda: _messages(now=now)),
        "recalls": _answered(lambda: _recalls(now=now)),
        "backups": _answered(lambda: _backups(now=now)),
        "restored": _answered(_restored),
        "orders": _answered(lambda: _orders(now=now)),
        "gates": _answered(lambda: _gates(now=now)),
    }


def _answered(ask: Callable[[], Part]) -> Part:
    try:
        return ask()
    except (DatabaseError, RedisError):
        return {"ok": False, "error": "no answer"}


def _database(alias: str) -> Part:
    began = time.monotonic()
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"ok": True, "milliseconds": round((time.monotonic() - began) * 1000, 1)}


def _redis() -> Part:
    cache.get(WORKER_KEY)
    return {"ok": True}


def _age(key: str, *, now: datetime, limit: float) -> Part:
    last = cache.get(key)
    if last is None:
        return {"ok": False, "age_seconds": None}
    age = now.timestamp() - last
    # One from times to come was written before the clock was set back: whoever wrote it may have died since.
    return {"ok": -limit <= age <= limit, "age_seconds": round(max(0.0, age), 1)}


def _retention(*, now: datetime) -> Part:
    """What should have been deleted long ago, by the rows; and when a sweep last went through, by its own account."""
    late = [rule.code for rule in retention.late(at=now)]
    swept = _age(retention.RETENTION_KEY, now=now, limit=3 * settings.SWEEP_SECONDS + 30)
    told = Lateness.objects.filter(over_at=None).exists()
    return {"ok": swept["ok"] and not late, "late": late, "age_seconds": swept["age_seconds"], "told": told}


def _erasures(*, now: datetime) -> Part:
    """By the rows: places of erasure orders that nobody tried, and those that were tried in vain for hours."""
    places = ErasurePlace.objects.filter(state=ErasurePlace.State.WAITING)
    late = Q(due_at__lte=now - timedelta(seconds=3 * settings.SWEEP_SECONDS + 30))
    found = places.exclude(kind__in=ANSWER_THEMSELVES).aggregate(
        untried=Count("pk", filter=late), stuck=Count("pk", filter=Q(attempts__gte=STUCK_ATTEMPTS))
    )
    return {"ok": not any(found.values()), **found}


def _ledger(*, now: datetime) -> Part:
    """By the rows, whoever should have seen to it: a sequencer that finds its lock taken fails at nothing, and says so of
    itself in every sweep, while what happened has no proof."""
    since = checkpoints.uncovered_since()
    age = max(0.0, (now - since).total_seconds()) if since else 0.0
    return {"ok": age <= LEDGER_LATE_SECONDS, "uncovered_seconds": round(age, 1)}


def _epochs(*, now: datetime) -> Part:
    """By the rows and the files: a wrapping key that should have been followed or destroyed, or a salt that is not in both
    its places. Until a person has seen to that nothing is opened and nothing is destroyed."""
    found = rotation.alarm(at=now)
    return {
        "ok": not found.late and not found.lacking,
        "living": found.living,
        "lacking": found.lacking,
        "late": found.late,
    }


def _messages(*, now: datetime) -> Part:
    """By the rows: something waits for a worker, and none came."""
    since = outbox.late_since(at=now)
    return {"ok": since is None, "late_seconds": round((now - since).total_seconds(), 1) if since else 0.0}


def _recalls(*, now: datetime) -> Part:
    """By the rows: what is to be asked back and nobody asked. That recipients are late is no fault of any part; it is counted,
    and staff see whose it is."""
    unasked = recalls.over(at=now - timedelta(seconds=3 * settings.SWEEP_SECONDS + 30)).count()
    return {"ok": not unasked, "unasked": unasked, "late": Recall.objects.late(now).count()}


def _orders(*, now: datetime) -> Part:
    """By the rows: people whose day it was to be told of an order, and nobody called them to it."""
    untold = telling.due(at=now - timedelta(seconds=3 * settings.SWEEP_SECONDS + 30)).count()
    return {"ok": not untold, "untold": untold}


def _backups(*, now: datetime) -> Part:
    """By the rows: sets whose time was up two days ago, and that nobody has seen gone. People were told the day."""
    overdue = backups.overdue(at=now - timedelta(days=2))
    return {"ok": not overdue, "overdue": overdue}


def _restored() -> Part:
    """A database that was put back serves when its restore is finished; a process may have been there before it."""
    try:
        register.insist_on_serving()
    except register.NotFinished:
        return {"ok": False}
    return {"ok": True}


def _gates(*, now: datetime) -> Part:
    """Devices of gates in service; one that has never polled counts from its pairing."""
    noticed = Exists(Silence.objects.standing().filter(device=OuterRef("pk")))
    readers = list(
        Device.objects.filter(revoked_at=None, gate__in_service=True).values_list(
            Coalesce("last_poll_at", "paired_at"), noticed
        )
    )
    seen = [(now - last).total_seconds() for last, _told in readers]
    silent = sum(age > settings.GATE_SILENT_SECONDS for age in seen)
    oldest = round(max(seen), 1) if seen else None
    return {
        "ok": not silent,
        "devices": len(seen),
        "silent": silent,
        "told": any(told for _last, told in readers),
        "oldest_poll_seconds": oldest,
    }
