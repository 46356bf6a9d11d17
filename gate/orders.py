"""What the site orders of a door: opened once by the staff, or held open in an emergency. Each is known by its number.

An order comes with a signed page that answers this device's own request, so nobody can send one again; its number is
spent on the disk before the door opens, so no page, restart or second poll opens it twice. It ends by the door's clock.
"""

import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from gate.decide import Reason
from gate.facts import LONGEST_ORDER_SECONDS, Facts, Order
from gate.store import Store

log = logging.getLogger(__name__)

REMOTE, EMERGENCY = "remote", "emergency"


@dataclass(frozen=True)
class Carried:
    """An order that is carried out now, for the first time."""

    kind: str
    order: str
    reason: Reason
    until: datetime


def held_open(facts: Facts, now: datetime) -> bool:
    """For everybody, whatever they carry. A gate that is cut off closes at the end that was said with it."""
    return facts.held_open is not None and now < facts.held_open.until


def new(store: Store, facts: Facts, now: datetime) -> Iterator[Carried]:
    """Spent one by one as they are taken from here: what is not asked for stays to be done."""
    held = facts.held_open if held_open(facts, now) else None
    if held is not None and _is_first(store, held, EMERGENCY, now):
        yield Carried(EMERGENCY, held.order, Reason.EMERGENCY, held.until)
    once = facts.open_once
    if once is None or not now < once.until <= now + timedelta(seconds=LONGEST_ORDER_SECONDS):
        return
    if facts.locked_down_until is not None and now < facts.locked_down_until:
        return
    if _is_first(store, once, REMOTE, now):
        yield Carried(REMOTE, once.order, Reason.OPENED_BY_STAFF, once.until)


def _is_first(store: Store, order: Order, kind: str, now: datetime) -> bool:
    try:
        return store.spend(f"{kind}:{order.order}", until=order.until, now=now)
    except (sqlite3.Error, OSError) as error:
        # An opening that cannot be spent could open twice. An emergency holds the door open without being noted here.
        log.error("an order could not be noted: %r", error)
        return False
