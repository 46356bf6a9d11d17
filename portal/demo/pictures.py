"""Pictures drawn by code: portraits, where visitors and the simulated gates find them, and a lamp. Nobody's face."""

from __future__ import annotations

import io
from pathlib import Path

from django.conf import settings
from PIL import Image, ImageDraw

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


def lamp() -> bytes:
    """A stairwell with a lamp that is out."""
    drawn = Image.new("RGB", (900, 1200), "#3a3f44")
    pen = ImageDraw.Draw(drawn)
    for step in range(7):
        pen.rectangle((60 * step, 1130 - 90 * step, 900, 1200 - 90 * step), fill=(72 + 9 * step,) * 3)
    pen.line((450, 0, 450, 170), fill="#15181a", width=10)
    pen.ellipse((370, 160, 530, 320), fill="#7d8278", outline="#15181a", width=8)
    out = io.BytesIO()
    drawn.save(out, format="JPEG", quality=85)
    return out.getvalue()


def lamp_socket() -> bytes:
    """The socket of that lamp, taken off."""
    drawn = Image.new("RGB", (900, 700), "#c9c4b8")
    pen = ImageDraw.Draw(drawn)
    pen.ellipse((250, 150, 650, 550), fill="#e9e5da", outline="#6c675b", width=10)
    pen.ellipse((370, 270, 530, 430), fill="#35322c")
    pen.line((450, 350, 700, 60), fill="#8f2f22", width=14)
    pen.line((450, 350, 760, 110), fill="#23466b", width=14)
    out = io.BytesIO()
    drawn.save(out, format="JPEG", quality=85)
    return out.getvalue()


def folder() -> Path:
    return places.make_private(places.make_private(settings.VAR / "demo") / "photos")
