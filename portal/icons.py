"""The icons of the site on a phone's first screen, drawn by code from the shapes of `static/mark.svg`."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

GREEN, PAPER = "#27685a", "#fbfaf5"
# As in mark.svg, on a square of 32: the round gate is a circle cut off at the ground, its two wings meet in the middle.
SIDE, CORNER = 32.0, 4.0
CENTRE, RADIUS, GROUND = (16.0, 19.985), 9.5, 28.0
SLIT = (15.2, 10.6, 16.8, 28.0)
# Systems cut what is "maskable" to a circle of 80 %: the gate must lie inside, and the ground reach every edge.
WITHIN = 0.85
FINER = 8  # drawn so much larger, then made small: smooth edges

# name -> (side in pixels, whether its ground fills the square, how large the gate stands in it)
EVERY = {
    "icon-180.png": (180, True, 1.0),
    "icon-192.png": (192, False, 1.0),
    "icon-512.png": (512, False, 1.0),
    "icon-maskable-512.png": (512, True, WITHIN),
}


def write(folder: Path) -> list[Path]:
    paths = []
    for name, (side, fills, scale) in EVERY.items():
        paths.append(folder / name)
        draw(side, fills=fills, scale=scale).save(paths[-1], "PNG", optimize=True)
    return paths


def draw(side: int, *, fills: bool, scale: float) -> Image.Image:
    large = side * FINER
    picture = Image.new("RGBA", (large, large))
    pen = ImageDraw.Draw(picture)
    unit = large / SIDE

    def at(x: float, y: float) -> tuple[float, float]:
        return tuple(((each - SIDE / 2) * scale + SIDE / 2) * unit for each in (x, y))  # type: ignore[return-value]

    pen.rounded_rectangle((0, 0, large, large), 0 if fills else CORNER * unit, fill=GREEN)
    x, y = CENTRE
    pen.ellipse((*at(x - RADIUS, y - RADIUS), *at(x + RADIUS, y + RADIUS)), fill=PAPER)
    pen.rectangle((*at(x - RADIUS, GROUND), *at(x + RADIUS, y + RADIUS + 1)), fill=GREEN)
    pen.rectangle((*at(SLIT[0], SLIT[1]), *at(SLIT[2], SLIT[3])), fill=GREEN)
    small = picture.resize((side, side), Image.Resampling.LANCZOS)
    return small.quantize(64, method=Image.Quantize.FASTOCTREE)
