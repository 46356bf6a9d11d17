"""Portraits drawn by code, where visitors and the simulated gates find them. Nobody's face."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from portal import places
from portal.portraits import portrait

# Two takes to enrol with and a third that comes to the gate, as in life.
ENROLMENT_TAKES = (0, 1)
GATE_TAKE = 2


def for_enrolment(person: int) -> tuple[bytes, bytes]:
    first, second = (portrait(person, take) for take in ENROLMENT_TAKES)
    return first, second


def at_the_gate(file: Path, *, person: int) -> None:
    file.write_bytes(portrait(person, GATE_TAKE))


def for_visitors(name: str, *, person: int) -> None:
    """`<name>-1.jpg` and `<name>-2.jpg`, to be chosen in a browser."""
    for number, picture in enumerate(for_enrolment(person), start=1):
        (folder() / f"{name}-{number}.jpg").write_bytes(picture)


def folder() -> Path:
    return places.make_private(places.make_private(settings.VAR / "demo") / "photos")
