"""Devices: found when they call, noted when they poll, revoked when they are lost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Greatest

from access.models import Device, Gate, SealedCopy
from residents.erasure import mark_lost
from residents.models import Neighborhood

# An idle device polls every few seconds, or waits for a minute at a time: that it did is written down less often.
POLL_NOTED_EVERY = timedelta(seconds=60)

# All that an idle poll needs to know, in one read: who calls, its gate, whether it is revoked, and whether there is anything
# that it was not told. The newest number of the gate is the last entry of an index, however many rows there are.
_FIND = """
SELECT {columns},
    COALESCE((SELECT c.last FROM access_feedcounter c WHERE c.neighborhood_id = d.neighborhood_id), 0),
    COALESCE((SELECT max(r.version) FROM access_feedrow r WHERE r.gate_id = d.gate_id), 0),
    EXISTS (SELECT FROM access_sealedcopy s WHERE s.device_id = d.id AND NOT s.acknowledged),
    EXISTS (SELECT FROM access_sign s WHERE s.device_id = d.id AND s.taken_down_at IS NULL)
FROM access_device d
JOIN access_gate g ON g.id = d.gate_id
JOIN residents_neighborhood n ON n.id = d.neighborhood_id
WHERE d.id = ANY (%s)
"""


@dataclass(frozen=True, eq=False)
class Caller:
    """A device that calls, with its gate and neighborhood, as one query found them."""

    device: Device
    last_version: int  # of its neighborhood's feed
    newest: int  # of its own gate's rows
    owes_acknowledgement: bool  # of a sealed copy sent to it
    signed: bool  # a sign hangs beside it


def find(device: UUID) -> Caller | None:
    """One query; revoked devices too, so that they can be told."""
    with connection.cursor() as cursor:
        cursor.execute(statement(), [[device]])
        row = cursor.fetchone()
    return None if row is None else as_caller(row)


@lru_cache(maxsize=1)
def statement() -> str:
    """Takes a list of devices. Whoever has no Django connection (`access.api.holding`) runs it on its own."""
    columns = [
        f'{table}."{field.column}"' + ("::text" if isinstance(field, models.JSONField) else "")
        for table, model in _TABLES
        for field in model._meta.concrete_fields
    ]
    return _FIND.format(columns=", ".join(columns))


def as_caller(row: Sequence[Any]) -> Caller:
    """Of what `statement` answers. Every column of the three is there, so whatever a gate learns to be is there too."""
    read = list(row)
    for place in _written_as_json():  # two drivers read it in two ways
        read[place] = json.loads(read[place])
    device, gate, neighborhood = (
        model.from_db("default", names, read[at:to]) for model, names, at, to in _cut()
    )
    device.gate, device.neighborhood, gate.neighborhood = gate, neighborhood, neighborhood
    return Caller(device, *row[-4:])


ID_AT = 0  # in a row: the device's own id, the first column of the first table

_TABLES: tuple[tuple[str, type[models.Model]], ...] = (("d", Device), ("g", Gate), ("n", Neighborhood))


@lru_cache(maxsize=1)
def _cut() -> list[tuple[type[Any], list[str], int, int]]:
    """Where in a row each of the three begins and ends."""
    cut, at = [], 0
    for _, model in _TABLES:
        names = [field.attname for field in model._meta.concrete_fields]
        cut.append((model, names, at, at + len(names)))
        at += len(names)
    return cut


@lru_cache(maxsize=1)
def _written_as_json() -> list[int]:
    fields = [field for _, model in _TABLES for field in model._meta.concrete_fields]
    return [place for place, field in enumerate(fields) if isinstance(field, models.JSONField)]


def is_noted(*, caller: Caller, holds: int | None, at: datetime) -> bool:
    """Whether there is nothing to write of this poll."""
    device = caller.device
    return not (
        (holds is not None and (holds > device.acknowledged or caller.owes_acknowledgement))
        or device.last_poll_at is None
        or device.last_poll_at < at - POLL_NOTED_EVERY
    )


def note_poll(*, caller: Caller, holds: int | None, at: datetime) -> None:
    """The device called; `holds` is the version up to which it says it holds everything. Nothing is written twice."""
    if is_noted(caller=caller, holds=holds, at=at):
        return
    device = caller.device
    version = device.acknowledged if holds is None else holds
    Device.objects.filter(pk=device.pk).filter(
        Q(acknowledged__lt=version) | Q(last_poll_at=None) | Q(last_poll_at__lt=at - POLL_NOTED_EVERY)
    ).update(acknowledged=Greatest("acknowledged", version), last_poll_at=at)
    if holds is not None and caller.owes_acknowledgement:
        SealedCopy.objects.filter(device=device, acknowledged=False, version__lte=holds).update(
            acknowledged=True
        )


@transaction.atomic
def revoke(*, device: Device, at: datetime) -> bool:
    """The device is lost or taken down. It is refused from now on and told to erase itself, should it call.

    What it had not confirmed as erased is shown as lost, never as gone (law 12). False if it was revoked before.
    """
    revoked = Device.objects.trusted().filter(pk=device.pk).update(revoked_at=at)
    if revoked:
        mark_lost(device=device.pk, at=at)
    return bool(revoked)
