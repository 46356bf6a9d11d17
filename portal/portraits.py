"""Portraits drawn by code: nobody's face, so that the demo and the public tests have faces to enrol.

Ellipses, shading and soft edges, enough for a detector of faces and an encoder to treat them as people. The same
(person, take) is the same picture wherever Pillow is the same; another take of one person has another light, angle,
expression and background. PEOPLE are seeds searched for so that the encoder holds them apart (tests assert it).
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw, ImageFilter

PEOPLE: tuple[int, ...] = (0, 6, 47, 62, 64, 125, 135, 160)

WIDTH, HEIGHT = 480, 600
DAPPLE = 16
DAPPLE_DEPTH = 0.02
_DETAIL = 2  # drawn twice as large, then reduced: edges soften as a lens would soften them
_SKINS = ((244, 208, 177), (232, 190, 155), (216, 170, 132), (190, 138, 100), (148, 100, 70), (250, 222, 200))
_HAIRS = ((28, 24, 22), (60, 40, 28), (110, 78, 48), (150, 150, 150), (205, 200, 195), (88, 48, 30))
_CLOTHES = ((52, 74, 102), (120, 52, 48), (60, 96, 74), (92, 92, 98), (140, 118, 78), (36, 36, 44))
_WALLS = ((206, 210, 214), (188, 200, 190), (214, 202, 186), (176, 188, 204), (224, 220, 210))

Colour = tuple[int, int, int]
Point = tuple[float, float]


@dataclass(frozen=True)
class _Person:
    """Proportions as shares of the head's width, and colours."""

    head: float
    jaw: float
    skin: Colour
    hair: Colour
    hair_line: float
    hair_sides: float
    long_hair: bool
    eye_gap: float
    eye_width: float
    eye_height: float
    eye_tilt: float
    brow_lift: float
    brow_weight: float
    brow_tilt: float
    nose_length: float
    nose_width: float
    mouth_drop: float
    mouth_width: float
    lips: float
    beard: float
    glasses: bool
    clothes: Colour


@dataclass(frozen=True)
class _Take:
    """What differs between two pictures of one person."""

    shift: tuple[float, float]
    size: float
    tilt: float
    turn: float
    smile: float
    mouth_open: float
    brows: float
    lids: float
    gaze: float
    light: float
    warmth: float
    wall: Colour
    noise: int


def portrait(person: int, take: int = 0) -> bytes:
    """A JPEG of 480 x 600. `person` indexes PEOPLE, `take` any number from 0."""
    who = _person(PEOPLE[person])
    how = _take(PEOPLE[person], take)
    canvas = _draw(who, how)
    return _develop(canvas, how)


def _person(seed: int) -> _Person:
    dice = np.random.default_rng([7, seed])

    def between(low: float, high: float) -> float:
        return float(dice.uniform(low, high))

    def one_of(colours: tuple[Colour, ...]) -> Colour:
        return colours[int(dice.integers(len(colours)))]

    return _Person(
        head=between(1.16, 1.58),
        jaw=between(0.62, 0.98),
        skin=one_of(_SKINS),
        hair=one_of(_HAIRS),
        hair_line=between(0.16, 0.36),
        hair_sides=between(0.0, 0.10),
        long_hair=bool(dice.random() < 0.45),
        eye_gap=between(0.37, 0.54),
        eye_width=between(0.15, 0.23),
        eye_height=between(0.34, 0.62),
        eye_tilt=between(-0.12, 0.12),
        brow_lift=between(0.10, 0.17),
        brow_weight=between(0.022, 0.06),
        brow_tilt=between(-0.2, 0.2),
        nose_length=between(0.24, 0.43),
        nose_width=between(0.17, 0.29),
        mouth_drop=between(0.14, 0.22),
        mouth_width=between(0.27, 0.52),
        lips=between(0.05, 0.12),
        beard=max(0.0, between(-1.2, 1.0)),
        glasses=bool(dice.random() < 0.25),
        clothes=one_of(_CLOTHES),
    )


def _take(seed: int, take: int) -> _Take:
    dice = np.random.default_rng([11, seed, take])

    def between(low: float, high: float) -> float:
        return float(dice.uniform(low, high))

    side = 1 if take % 2 else -1
    return _Take(
        shift=(between(-14, 14), between(-10, 10)),
        size=between(0.94, 1.06),
        tilt=between(-0.07, 0.07),
        turn=side * between(0.03, 0.06),
        smile=between(-0.03, 0.06),
        mouth_open=between(0.0, 0.05),
        brows=between(-0.03, 0.02),
        lids=between(0.78, 1.15),
        gaze=side * between(0.3, 0.7),
        light=side * between(0.15, 0.4),
        warmth=between(-6, 6),
        wall=_WALLS[int(dice.integers(len(_WALLS)))],
        noise=int(dice.integers(2**31)),
    )


class _Canvas:
    """A drawing in units of the head's width, centred on the middle of the face and tilted with the head."""

    def __init__(self, how: _Take) -> None:
        self.image = Image.new("RGB", (WIDTH * _DETAIL, HEIGHT * _DETAIL), how.wall)
        self.unit = 210 * how.size * _DETAIL
        self.centre = ((WIDTH / 2 + how.shift[0]) * _DETAIL, (HEIGHT * 0.48 + how.shift[1]) * _DETAIL)
        self.cos, self.sin = math.cos(how.tilt), math.sin(how.tilt)
        self.clip: Image.Image | None = None

    def at(self, x: float, y: float) -> Point:
        x, y = x * self.cos - y * self.sin, x * self.sin + y * self.cos
        return self.centre[0] + x * self.unit, self.centre[1] + y * self.unit

    def polygon(self, points: Sequence[Point], colour: Colour, soft: float, alpha: float = 1.0) -> None:
        """`soft` is the blur of the edge, in units; `alpha` how much of what lies under it is covered."""
        box, mask = self._mask(points, soft, alpha)
        if self.clip is not None:
            mask = ImageChops.multiply(mask, self.clip.crop(box))
        self.image.paste(Image.new("RGB", mask.size, colour), box[:2], mask)

    def ellipse(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        colour: Colour,
        soft: float,
        *,
        alpha: float = 1.0,
        tilt: float = 0.0,
    ) -> None:
        self.polygon(_ellipse(x, y, rx, ry, tilt), colour, soft, alpha)

    def clip_to(self, points: Sequence[Point], soft: float) -> None:
        """What is drawn from here on stays inside this shape."""
        box, mask = self._mask(points, soft, 1.0)
        self.clip = Image.new("L", self.image.size, 0)
        self.clip.paste(mask, box[:2])

    def _mask(
        self, points: Sequence[Point], soft: float, alpha: float
    ) -> tuple[tuple[int, int, int, int], Image.Image]:
        """Only as large as the shape and its blur: a mask for the whole picture would take ten times as long."""
        placed = [self.at(*point) for point in points]
        blur = soft * self.unit
        margin = math.ceil(3 * blur) + 2
        left, top = (max(0, math.floor(min(p[axis] for p in placed)) - margin) for axis in (0, 1))
        right, bottom = (
            min(limit, math.ceil(max(p[axis] for p in placed)) + margin)
            for axis, limit in ((0, self.image.width), (1, self.image.height))
        )
        mask = Image.new("L", (max(1, right - left), max(1, bottom - top)), 0)
        ImageDraw.Draw(mask).polygon([(px - left, py - top) for px, py in placed], fill=round(255 * alpha))
        return (left, top, left + mask.width, top + mask.height), mask.filter(ImageFilter.GaussianBlur(blur))


def _ellipse(x: float, y: float, rx: float, ry: float, tilt: float) -> list[Point]:
    cos, sin = math.cos(tilt), math.sin(tilt)
    points = []
    for step in range(60):
        px, py = rx * math.cos(step * math.tau / 60), ry * math.sin(step * math.tau / 60)
        points.append((x + px * cos - py * sin, y + px * sin + py * cos))
    return points


def _shade(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255, max(0, round(part * factor))) for part in colour)
    return red, green, blue


def _outline(who: _Person, grow: float = 0.0) -> list[Point]:
    """The head: an ellipse above, narrowed towards the chin by `jaw`."""
    points = []
    for angle in np.linspace(0, 2 * np.pi, 120, endpoint=False):
        x, y = np.cos(angle), np.sin(angle)
        narrow = 1 - (1 - who.jaw) * max(0.0, y) ** 1.5 * 0.55
        points.append((float(x * narrow * (0.5 + grow)), float(y * (who.head / 2 + grow))))
    return points


def _draw(who: _Person, how: _Take) -> Image.Image:
    canvas = _Canvas(how)
    _draw_room(canvas, how)
    _draw_body_and_hair(canvas, who)
    canvas.polygon(_outline(who), who.skin, 0.012)
    canvas.clip_to(_outline(who, 0.01), 0.012)
    _draw_relief(canvas, who, how)
    canvas.clip = None
    _draw_fringe(canvas, who)
    _draw_eyes(canvas, who, how)
    _draw_nose_and_mouth(canvas, who, how)
    return canvas.image


def _draw_room(canvas: _Canvas, how: _Take) -> None:
    """A shelf out of focus: what stands behind a person is never twice the same."""
    dice = np.random.default_rng([how.noise, 1])
    pen = ImageDraw.Draw(canvas.image)
    for row in range(-1, 5):
        x, top = float(dice.uniform(-40, 0)), row * 280 + float(dice.uniform(0, 200))
        while x < canvas.image.width:
            width, height = float(dice.uniform(30, 90)), float(dice.uniform(150, 250))
            spine = _shade(how.wall, float(dice.uniform(0.45, 1.1)))
            pen.rectangle((x, top + 250 - height, x + width, top + 250), fill=spine)
            x += width
    canvas.image = canvas.image.filter(ImageFilter.GaussianBlur(5))


def _draw_body_and_hair(canvas: _Canvas, who: _Person) -> None:
    half = who.head / 2
    if who.long_hair:
        canvas.ellipse(0, 0.18, 0.64, half + 0.28, _shade(who.hair, 0.85), 0.02)
    canvas.ellipse(0, half + 1.05, 1.05, 1.0, who.clothes, 0.012)
    neck = [(-0.24, half * 0.5), (0.24, half * 0.5), (0.30, half + 0.22), (-0.30, half + 0.22)]
    canvas.polygon(neck, _shade(who.skin, 0.72), 0.02)
    for side in (-1, 1):
        canvas.ellipse(side * 0.50, 0.02, 0.06, 0.14, _shade(who.skin, 0.85), 0.01)
    canvas.ellipse(0, -0.12, 0.53 + who.hair_sides, half + 0.02, who.hair, 0.015)


def _draw_relief(canvas: _Canvas, who: _Person, how: _Take) -> None:
    """Cheeks, temples, sockets and chin: the large soft shadows that make an oval a head."""
    dark, pale = _shade(who.skin, 0.62), _shade(who.skin, 1.14)
    half = who.head / 2
    for side in (-1, 1):
        canvas.ellipse(side * 0.44, 0.10, 0.10, half * 0.8, dark, 0.05, alpha=0.55)
        canvas.ellipse(side * 0.24 + how.turn, 0.17, 0.12, 0.09, pale, 0.05, alpha=0.45)
        canvas.ellipse(side * who.eye_gap / 2 + how.turn, -0.09, 0.15, 0.10, dark, 0.035, alpha=0.50)
    canvas.ellipse(how.turn, -half * 0.55, 0.26, 0.12, pale, 0.07, alpha=0.5)
    canvas.ellipse(how.turn * 0.6, half * 0.93, 0.24, 0.06, dark, 0.04, alpha=0.55)
    if who.beard > 0:
        canvas.ellipse(
            how.turn * 0.7,
            half * 0.72,
            0.36,
            half * 0.34,
            _shade(who.hair, 1.1),
            0.05,
            alpha=0.75 * who.beard,
        )


def _draw_fringe(canvas: _Canvas, who: _Person) -> None:
    half = who.head / 2
    top = [point for point in _outline(who, 0.03) if point[1] < -half + who.hair_line + 0.10]
    low = -half + who.hair_line
    edge = [(0.46, low + 0.12), (0.30, low), (0.0, low - 0.04), (-0.30, low + 0.01), (-0.46, low + 0.12)]
    top.sort(key=lambda point: point[0])
    canvas.polygon([*top, *edge], who.hair, 0.02)


def _draw_eyes(canvas: _Canvas, who: _Person, how: _Take) -> None:
    y = -0.08
    for side in (-1, 1):
        x = side * who.eye_gap / 2 + how.turn
        width = who.eye_width / 2
        height = width * who.eye_height * how.lids
        tilt = side * who.eye_tilt
        canvas.ellipse(x, y, width * 1.12, height * 1.35, _shade(who.skin, 0.45), 0.012, alpha=0.8, tilt=tilt)
        canvas.ellipse(x, y, width, height, (238, 234, 228), 0.005, tilt=tilt)
        iris, pupil = x + how.gaze * width * 0.5, width * who.eye_height * 0.45
        canvas.ellipse(iris, y, pupil * 2, min(pupil * 2, height), (66, 44, 30), 0.004)
        canvas.ellipse(iris, y, pupil, min(pupil, height), (10, 8, 8), 0.003)
        canvas.ellipse(iris - 0.012, y - 0.014, 0.009, 0.009, (250, 250, 250), 0.002)
        lid = [(x - width * 1.1, y), (x, y - height * 1.25), (x + width * 1.1, y), (x, y - height * 0.75)]
        canvas.polygon(lid, _shade(who.skin, 0.28), 0.006, 0.9)
        brow = y - who.brow_lift + how.brows
        canvas.ellipse(
            x + side * 0.01,
            brow,
            width * 1.35,
            who.brow_weight / 2,
            _shade(who.hair, 0.8),
            0.01,
            alpha=0.9,
            tilt=side * who.brow_tilt,
        )
        if who.glasses:
            ring = [*_ellipse(x, y, 0.165, 0.125, 0), *_ellipse(x, y, 0.148, 0.108, 0)[::-1]]
            canvas.polygon(ring, (30, 30, 34), 0.004, 0.9)


def _draw_nose_and_mouth(canvas: _Canvas, who: _Person, how: _Take) -> None:
    tip, turn, wide = -0.08 + who.nose_length, how.turn, who.nose_width
    dark = _shade(who.skin, 0.55)
    side = 1 if how.light < 0 else -1
    shadow = [(turn + side * 0.03, -0.1), (turn * 1.9 + side * wide * 0.42, tip), (turn * 1.7, tip)]
    canvas.polygon(shadow, dark, 0.025, 0.55)
    canvas.ellipse(
        turn * 1.6, tip * 0.45, 0.025, who.nose_length * 0.42, _shade(who.skin, 1.18), 0.02, alpha=0.7
    )
    canvas.ellipse(turn * 1.9, tip - 0.02, wide * 0.32, 0.05, _shade(who.skin, 1.08), 0.02, alpha=0.7)
    for wing in (-1, 1):
        canvas.ellipse(turn * 1.8 + wing * wide * 0.40, tip, 0.035, 0.032, dark, 0.012, alpha=0.6)
        hole = turn * 1.8 + wing * wide * 0.22
        canvas.ellipse(hole, tip + 0.022, 0.026, 0.014, _shade(who.skin, 0.25), 0.007, alpha=0.9)
    _draw_mouth(canvas, who, how, tip + who.mouth_drop)


def _draw_mouth(canvas: _Canvas, who: _Person, how: _Take, y: float) -> None:
    x, half, smile, lips = how.turn * 1.4, who.mouth_width / 2, how.smile, who.lips
    colour = _shade((188, 92, 84), 0.6 + who.skin[0] / 500)
    canvas.ellipse(x, y + 0.10 + how.mouth_open, half * 0.6, 0.025, _shade(who.skin, 0.55), 0.02, alpha=0.5)
    upper = [
        (-half, -smile),
        (-half * 0.3, -lips * 0.6),
        (0, -lips * 0.45),
        (half * 0.3, -lips * 0.6),
        (half, -smile),
    ]
    drop = lips * 0.7 + how.mouth_open
    lower = [(half * 0.5, drop), (0, drop + lips * 0.2), (-half * 0.5, drop)]
    canvas.polygon([(x + dx, y + dy) for dx, dy in upper + lower], colour, 0.008)
    middle = smile * 0.6
    line = [(-half, -smile), (0, middle), (half, -smile), (0, middle + 0.02 + how.mouth_open)]
    canvas.polygon([(x + dx, y + dy) for dx, dy in line], _shade(colour, 0.4), 0.004)


def _develop(image: Image.Image, how: _Take) -> bytes:
    """Lights and grains the drawing as a camera would, and writes a JPEG."""
    image = image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    pixels: npt.NDArray[Any] = np.asarray(image).astype(np.float64)
    across = np.linspace(-0.5, 0.5, WIDTH)[None, :, None]
    pixels *= 1 + how.light * across
    pixels *= _dapples(how)[:, :, None]
    pixels += np.array([how.warmth, 0.0, -how.warmth])
    pixels += np.random.default_rng(how.noise).normal(0, 3.0, pixels.shape[:2])[:, :, None]
    out = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(out, "JPEG", quality=90)
    return out.getvalue()


def _dapples(how: _Take) -> npt.NDArray[Any]:
    """Light as it falls through leaves or a curtain: patches some 20 px wide, around 1."""
    dice = np.random.default_rng([how.noise, 2])
    coarse = dice.normal(0, 1, (HEIGHT // DAPPLE + 1, WIDTH // DAPPLE + 1)).astype(np.float32)
    smooth = np.asarray(Image.fromarray(coarse, "F").resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
    return 1 + DAPPLE_DEPTH * smooth
