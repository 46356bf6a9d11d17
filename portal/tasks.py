"""Celery's edge: read the clock, call once. Messages carry ids; what is to be done stands in the rows."""

from __future__ import annotations

import logging
import time
from uuid import UUID

from celery import Task, shared_task
from django.utils import timezone
from kombu.exceptions import OperationalError

from access import enrolment
from ledger import digest
from portal import archiving, erasure, retention, sweeps
from residents import outbox
from residents.importing import running
from sharing import copying, leak_notices

log = logging.getLogger(__name__)

# Below the time limit of a task, one slow mail server included.
SEND_SECONDS = 60


@shared_task(name="access.enrol")
def enrol(enrolment_id: str) -> None:
    enrolment.work(enrolment=UUID(enrolment_id), at=timezone.now())


@shared_task(name="portal.erase")
def erase(order_id: str) -> None:
    erasure.run(order=UUID(order_id), at=timezone.now())


@shared_task(name="sharing.copy")
def copy(disclosure_id: str) -> None:
    copying.work(disclosure=UUID(disclosure_id), at=timezone.now())


@shared_task(name="sharing.tell")
def tell(notice_id: str) -> None:
    leak_notices.work(notice=UUID(notice_id), at=timezone.now())


@shared_task(name="portal.archive")
def make_archive(archive_id: str) -> None:
    archiving.work(archive=UUID(archive_id), at=timezone.now())


@shared_task(name="residents.import")
def bring_in(import_id: str) -> None:
    running.work_to_end(imported=UUID(import_id), at=timezone.now())


@shared_task(name="residents.send")
def send(message_id: str) -> None:
    """All that is due, whichever message it was that somebody nudged for; for a while, then the next nudge goes on."""
    until = time.monotonic() + SEND_SECONDS
    with outbox.Post() as post:
        while time.monotonic() < until and post.send_next(at=timezone.now()):
            pass


@shared_task(name="portal.sweeps.sweep")
def sweep() -> None:
    sweeps.sweep(at=timezone.now())


@shared_task(name="portal.retention.sweep")
def forget() -> None:
    retention.sweep(at=timezone.now())


@shared_task(name="portal.log_digest")
def mail_checkpoint() -> None:
    digest.send()


def enrol_soon(*, enrolment: UUID) -> None:
    nudge(enrol, enrolment)


def erase_soon(*, order: UUID) -> None:
    nudge(erase, order)


def disclose_soon(*, disclosure: UUID) -> None:
    nudge(copy, disclosure)


def tell_soon(*, notice: UUID) -> None:
    nudge(tell, notice)


def archive_soon(*, archive: UUID) -> None:
    nudge(make_archive, archive)


def import_soon(*, imported: UUID) -> None:
    nudge(bring_in, imported)


def send_soon(*, message: UUID) -> None:
    nudge(send, message)


def nudge(task: Task[[str], None], target: UUID) -> None:
    """A message only saves waiting for the next sweep: where none can be sent, the work is late and not lost."""
    try:
        task.apply_async(args=(str(target),), retry=False)
    except OperationalError:
        log.warning("no message for %s %s; the sweep will find it", task.name, target)
