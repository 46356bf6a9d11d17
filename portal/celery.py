"""The Celery application. The worker imports each room's `tasks.py`; beat sweeps for whatever is due."""

from __future__ import annotations

import os
import time
from typing import Any

from celery import Celery, bootsteps
from celery.signals import beat_init, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("linmen")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def refuse_if_unsafe(**kwargs: Any) -> None:
    from portal import checks, memory  # not before Django is set up

    memory.keep_out_of_core_files()
    checks.refuse_if_unsafe()


@beat_init.connect
def sweep_at_once(**kwargs: Any) -> None:
    """Beat waits a whole interval before its first sweep; what fell due while it was away has waited enough."""
    app.send_task("portal.sweeps.sweep", expires=60)
    app.send_task("portal.retention.sweep", expires=60)


class Pulse(bootsteps.StartStopStep):
    """Tells `/healthz/` every few seconds that the worker's main process is turning, and looks now and then, by its own clock
    and whether or not beat lives, for deletion that is late and for gates that say nothing."""

    requires = ("celery.worker.components:Timer",)

    def start(self, worker: Any) -> None:
        from django.conf import settings

        from portal.health import WORKER_EVERY_SECONDS

        self.beat()
        self.timers = [
            worker.timer.call_repeatedly(WORKER_EVERY_SECONDS, self.beat),
            worker.timer.call_repeatedly(min(60.0, settings.RETENTION_SILENT_SECONDS), self.look),
        ]

    def stop(self, worker: Any) -> None:
        for timer in self.timers:
            timer.cancel()

    def beat(self) -> None:
        from django.core.cache import cache

        from portal.health import WORKER_KEY

        cache.set(WORKER_KEY, time.time(), timeout=600)

    def look(self) -> None:
        from django.db import connections
        from django.utils import timezone

        from access import silences
        from portal import lateness

        try:
            lateness.watch(at=timezone.now())
            silences.watch(at=timezone.now())
        finally:
            connections.close_all()  # no connection of this process is there to be inherited by its children


app.steps["worker"].add(Pulse)
