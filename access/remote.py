"""Opening a gate once from afar: with a kind of reason, which residents read. It reaches the gate within seconds or not at all.

The gate spends the order's number before it opens, and its report of that is what closes the order here.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from access.models import Device, Gate, RemoteOpening
from access.ordering import OrderRefused, in_codes, insist, note, told_to_gates
from residents.models import User

KIND = "remote"


def open_once(*, gate: Gate, why: RemoteOpening.Why, by: User, at: datetime) -> RemoteOpening:
    """Raises: OrderRefused, PermissionDenied"""
    insist(by, gate.neighborhood, at)
    if not gate.in_service:
        raise OrderRefused("not_in_service")
    with told_to_gates(gate.neighborhood_id), in_codes():
        asked = RemoteOpening.objects.create(
            neighborhood_id=gate.neighborhood_id, gate=gate, why=why, asked_by=by, asked_at=at, until=at
        )
        note("opened_from_afar", gate.neighborhood_id, order=asked.pk, gate=gate.pk, why=why, by=by.pk)
    asked.refresh_from_db()
    return asked


def heard(*, device: Device, orders: Collection[tuple[UUID, str]], at: datetime) -> None:
    """The gate reports what became of them; one of its own orders, the first time."""
    for order, outcome in orders:
        done = RemoteOpening.Outcome.OPENED if outcome == "opened" else RemoteOpening.Outcome.REFUSED
        RemoteOpening.objects.filter(pk=order, gate=device.gate_id, heard_at=None).update(
            heard_at=at, outcome=done
        )
