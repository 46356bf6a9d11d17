"""What beat looks for, every SWEEP_SECONDS: whatever is due and not yet done, for whatever reason (law 4).

What is deleted because its time is over is not on this list: see `portal/retention.py`.

Jobs are rows first, so this list is what makes a lost message or a killed worker a delay and nothing worse. Each part
stands for itself: one that fails is logged and does not keep the others from their turn. The time of the last sweep moves
only when all of them went through, and `/healthz/` sounds the alarm when it does not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.core.cache import cache

from access import another_model, changing, enrolment, feed, passes, photos, silences, storage, tapping
from access.models import Enrolment
from committees import appointing, contracts, handing_over, scheduling, urn
from consent import coming_of_age, enabling, papers
from consent.models import Paper
from ledger import checkpoints, sequencing
from portal import backups, erasure, journalling, practice
from portal.demo import assessing
from portal.health import SWEEP_KEY
from residents import (
    archives,
    auditing,
    carriers,
    closing,
    departures,
    effects,
    holds,
    last_days,
    leaving,
    outbox,
    reminding,
)
from residents.erasure import due
from residents.importing import running
from sharing import copying, counting, leak_notices, reaching, recalls, tallies, telling
from vault import rotation

log = logging.getLogger(__name__)

# So many of a kind in one sweep; the rest waits for the next.
AT_ONCE = 200
Item = TypeVar("Item")


class NotAll(Exception):
    """Some of them failed; each was logged."""


def sweep(*, at: datetime) -> bool:
    """True if every part went through."""
    parts: list[tuple[str, Callable[[], object]]] = [
        ("the ledger", lambda: _sequence(at)),
        ("the erasure journal", lambda: journalling.sweep(at=at)),
        ("backups whose time is up", lambda: backups.end(at=at)),
        ("notices that ran their course", lambda: _end_notices(at)),
        ("fourteenth birthdays", lambda: coming_of_age.tell(at=at)),
        ("last days", lambda: _carry_out(at)),
        ("orphaned photos", lambda: _delete_orphans(at)),
        ("waiting enrolments", lambda: _nudge(at)),
        ("papers that lapse", lambda: _lapse(at)),
        ("papers whose days are over", lambda: _count(at)),
        ("who is to be told of a hold", lambda: holds.tell_due(at=at)),
        ("days of grace", lambda: _erase_people(at)),
        ("erasure orders", lambda: _erase(at)),
        ("places that will not answer", lambda: closing.close_known(at=at)),
        ("wrapping epochs", rotation.turn),
        ("faces that another model made", lambda: _ask_anew(at)),
        ("delivered templates", lambda: storage.drop_delivered_templates(at=at)),
        ("gates on the day of their change", lambda: _change_gates(at)),
        ("visits that are over", lambda: passes.end_over(at=at)),
        ("feed rows past a date", lambda: feed.review(at=at)),
        ("readers that say nothing", lambda: silences.look(at=at)),
        ("cards awaited in vain", lambda: tapping.close_old(at=at)),
        ("disclosures", lambda: _disclose(at)),
        ("who is told of an order", lambda: _tell_of_orders(at)),
        ("what recipients are to delete", lambda: _ask_back(at)),
        ("recipients that are late", lambda: recalls.ring(at=at)),
        ("who is to be told of a leak", _tell_of_leaks),
        ("tallies", lambda: _tally(at)),
        ("numbers", _numbers),
        ("practice", lambda: practice.put_back_nightly(at=at)),
        ("waiting imports", lambda: _bring_in(at)),
        ("archives that are waited for", lambda: _make_archives(at)),
        ("answers that are due", lambda: _remind(at)),
        ("messages that wait", lambda: _send(at)),
        ("messages as files", lambda: carriers.forget_files(at=at)),
        ("yearly audits of minors’ data", lambda: _audit_minors(at)),
        ("assessments that are over", lambda: enabling.lapse(at=at)),
        ("notices whose moment has come", lambda: _publish(at)),
        ("urns that were counted", lambda: urn.forget(at=at)),
        ("terms that outlive their contract", lambda: contracts.shorten_terms(at=at)),
        ("what is to be handed over", lambda: handing_over.open_due(at=at)),
        ("ended terms", lambda: appointing.forget_ended(at=at)),
        ("new rights of roles", lambda: appointing.grant_new(at=at)),
    ]
    if settings.DEMO:
        parts.append(("signs of the demo", lambda: assessing.hang_signs(at=at)))
    went = [_went_through(name, part) for name, part in parts]
    if all(went):
        cache.set(SWEEP_KEY, at.timestamp(), timeout=None)
    return all(went)


def _sequence(at: datetime) -> None:
    """Entries take their places in the tree, and what it has become is signed, once the journal holds it."""
    sequencing.run()
    checkpoints.make(
        before=lambda size, note: journalling.keep_leaves(size=size, note=note, at=at),
    )


def _end_notices(at: datetime) -> None:
    _each(departures.due(at=at), lambda departure: departures.end(departure=departure, at=at))


def _carry_out(at: datetime) -> None:
    _each(last_days.due(at=at, limit=AT_ONCE), lambda resident: last_days.carry_out(resident=resident, at=at))


def _change_gates(at: datetime) -> None:
    """One that is held up waits for the desk, and is looked at again with each sweep: no failure."""
    _each(changing.due(at=at), lambda change: changing.carry_out(change=change, at=at))


def _ask_anew(at: datetime) -> None:
    _each(another_model.due(at=at)[:AT_ONCE], lambda each: another_model.end(standing=each, at=at))


def _erase_people(at: datetime) -> None:
    _each(
        leaving.due_for_erasure(at=at, limit=AT_ONCE),
        lambda resident: leaving.erase(resident=resident, at=at),
    )


def _lapse(at: datetime) -> None:
    found = Paper.objects.overdue(at).order_by("handed_out_at").values_list("pk", flat=True)[:AT_ONCE]
    _each(found, lambda paper: papers.lapse(paper=paper, at=at))


def _count(at: datetime) -> None:
    _each(papers.due(at=at)[:AT_ONCE], lambda paper: papers.take_effect(paper=paper, at=at))


def _delete_orphans(at: datetime) -> None:
    def delete(folder: photos.Folder) -> None:
        photos.delete(standing=folder.standing, enrolment=folder.enrolment)

    _each(enrolment.orphans(at=at), delete)


def _nudge(at: datetime) -> None:
    """Enrolments that nobody works on. Their message may just be on its way: two do no harm, a thousand would."""
    waiting = Enrolment.objects.due(at).order_by("created_at").values_list("pk", flat=True)[:AT_ONCE]
    for each in waiting:
        if cache.add(f"nudged:{each}", 1, timeout=3 * settings.SWEEP_SECONDS):
            effects.call("enrol_soon", enrolment=each)


def _erase(at: datetime) -> None:
    erasure.run_all(orders=due(at=at)[:AT_ONCE], at=at)


def _disclose(at: datetime) -> None:
    """Releases of which no copy is made, nudged once in a while as enrolments are."""
    for each in copying.due(at=at)[:AT_ONCE]:
        if cache.add(f"nudged:{each}", 1, timeout=3 * settings.SWEEP_SECONDS):
            effects.call("disclose_soon", disclosure=each)


def _tell_of_orders(at: datetime) -> None:
    found = telling.due(at=at).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    _each(list(found), lambda order: telling.by_order(order=order, at=at))


def _ask_back(at: datetime) -> None:
    _each(reaching.contracts_over(at=at), lambda contract: reaching.end_of_contract(contract=contract, at=at))
    found = recalls.over(at=at).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    _each(found, lambda copy: recalls.period_over(copy=copy, at=at))


def _tell_of_leaks() -> None:
    """Notices that stopped half-way, or for whom somebody has come to be affected; nudged once in a while."""
    for each in leak_notices.due()[:AT_ONCE]:
        if cache.add(f"nudged:{each}", 1, timeout=3 * settings.SWEEP_SECONDS):
            effects.call("tell_soon", notice=each)


def _tally(at: datetime) -> None:
    _each(tallies.due(at=at)[:AT_ONCE], lambda request: tallies.freeze(request=request))


def _numbers() -> None:
    _each(counting.due()[:AT_ONCE], lambda wanted: counting.count(neighborhood=wanted[0], cut=wanted[1]))


def _make_archives(at: datetime) -> None:
    """Those that nobody works on, nudged once in a while as enrolments are."""
    for each in archives.due(at=at)[:AT_ONCE]:
        if cache.add(f"nudged:{each}", 1, timeout=3 * settings.SWEEP_SECONDS):
            effects.call("archive_soon", archive=each)


def _remind(at: datetime) -> None:
    found = list(reminding.due(at).values_list("pk", flat=True)[:AT_ONCE])
    _each(found, lambda request: reminding.remind(request=request, at=at))


def _bring_in(at: datetime) -> None:
    """Imports that nobody works on, nudged once in a while as enrolments are."""
    for each in running.waiting(at=at)[:AT_ONCE]:
        if cache.add(f"nudged:{each}", 1, timeout=3 * settings.SWEEP_SECONDS):
            effects.call("import_soon", imported=each)


def _publish(at: datetime) -> None:
    found = list(scheduling.due(at=at).values_list("pk", flat=True)[:AT_ONCE])
    _each(found, lambda notice: scheduling.publish_due(notice=notice, at=at))


def _audit_minors(at: datetime) -> None:
    auditing.open_due(at=at)
    auditing.ring(at=at)


def _send(at: datetime) -> None:
    """One nudge for all that is due, or is to be dropped."""
    found = outbox.due(at=at)
    if found is not None and cache.add("nudged:outbox", 1, timeout=settings.SWEEP_SECONDS):
        effects.call("send_soon", message=found)


def _each(found: Iterable[Item], act: Callable[[Item], object]) -> None:
    """Each gets its turn, whatever happens to the others; raises `NotAll` afterwards."""
    failed = sum(not _went_through(str(each), partial(act, each)) for each in found)
    if failed:
        raise NotAll(failed)


def _went_through(name: str, part: Callable[[], object]) -> bool:
    try:
        part()
    except Exception as error:  # noqa: BLE001  (the next sweep tries again, and health shows that it must)
        # By name only: the message of a database error can hold the row.
        log.error("sweep of %s: %s", name, type(error).__name__)
        return False
    return True
