"""Gates, cards and rules of the demo, and the folders from which its simulated devices start."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from django.conf import settings

from access import cards, gates, pairing, rules
from access.models import Gate
from portal import places
from portal.demo import pictures
from portal.demo.community import Community, Door, Dwelling, card
from residents.models import Neighborhood, Resident, Unit


def put_up(
    plan: Community,
    *,
    neighborhood: Neighborhood,
    units: Mapping[Dwelling, Unit],
    residents: Mapping[str, Resident],
    at: datetime,
) -> None:
    for door in plan.doors:
        gate = gates.put_up(
            neighborhood=neighborhood,
            name=door.name,
            name_en=door.name_en,
            by_pin=True,
            by_qr=True,
            by_face=door.by_face,
            at=at,
        )
        for unit in units.values():
            rules.add(gate=gate, unit=unit, at=at)
        if door.folder:
            _furnish(door, gate, portraits=plan.portraits, at=at)
    for dwelling in units:
        for place, person in enumerate(dwelling.people, start=1):
            cards.issue(resident=residents[person.name], number=card(dwelling, place), at=at)


def renew_code(door: Door, *, neighborhood: Neighborhood, at: datetime) -> None:
    """Another pairing code, for a gate of ours on which no device was ever paired."""
    gate = Gate.objects.filter(neighborhood=neighborhood, name=door.name, devices=None).first()
    if gate and door.folder:
        _write_code(_folder(door), gate, at)


def _furnish(door: Door, gate: Gate, *, portraits: Mapping[str, int], at: datetime) -> None:
    """What `portal.processes.demo_gates` looks for, and the faces that come by."""
    folder = _folder(door)
    (folder / "script.json").write_text(json.dumps(door.day, ensure_ascii=False, indent=1), encoding="utf-8")
    for step in door.day:
        if photo := step.get("photo"):
            pictures.at_the_gate(folder / str(photo), person=portraits[Path(str(photo)).stem])
    _write_code(folder, gate, at)


def _write_code(folder: Path, gate: Gate, at: datetime) -> None:
    (folder / "code").write_text(pairing.make_code(gate=gate, by=None, at=at), encoding="ascii")


def _folder(door: Door) -> Path:
    return places.make_private(places.make_private(settings.VAR / "gates") / door.folder)
