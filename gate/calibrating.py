"""How often a threshold would be wrong for the people of one place: measured with photos that volunteers lend for an hour.

Run on the office's own station, from a folder with one folder for each volunteer, who agreed to this in writing. Photos are
read and never written or copied; encodings live in this process and are wiped from it; what comes out are counts and distances
of nobody (law 10). Each photo against each of the same person is a genuine try, against each of another an impostor's.

Tries that share a person are not independent, so the true uncertainty is wider than what is said here; the more people, the
better. Where nothing went wrong, the upper end follows the rule of three and its exact form.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gate import face_models
from gate.photos import FILE_LIMIT, PhotoRefused

SUFFIXES = {".jpg", ".jpeg", ".png", ".heic", ".webp"}
STEPS = tuple(round(0.30 + 0.025 * step, 3) for step in range(13))  # 0.30 to 0.60
Z = 1.959963984540054  # 95 of a hundred
LEAST_PEOPLE = 2


class CannotCalibrate(Exception):
    """Too few people or photos to say anything."""


@dataclass(frozen=True)
class Distances:
    genuine: tuple[float, ...]
    impostor: tuple[float, ...]
    people: int
    photos: int
    refused: int  # photos in which no single face was found


@dataclass(frozen=True)
class Rate:
    """`wrong` of `tries`, and between what the truth lies with 95 of a hundred."""

    wrong: int
    tries: int
    low: float
    high: float

    @property
    def share(self) -> float:
        return self.wrong / self.tries if self.tries else 0.0


@dataclass(frozen=True)
class At:
    threshold: float
    accepts: Rate  # impostors who would be let in
    refuses: Rate  # people who would not be known


def rate(wrong: int, tries: int) -> Rate:
    """Wilson's interval; where none or all went wrong, its closed end by the exact one-sided bound (the rule of three)."""
    if tries == 0:
        return Rate(0, 0, 0.0, 1.0)
    share = wrong / tries
    middle = (share + Z * Z / (2 * tries)) / (1 + Z * Z / tries)
    half = Z * math.sqrt(share * (1 - share) / tries + Z * Z / (4 * tries * tries)) / (1 + Z * Z / tries)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    if wrong == 0:
        low, high = 0.0, 1 - 0.05 ** (1 / tries)
    if wrong == tries:
        low, high = 0.05 ** (1 / tries), 1.0
    return Rate(wrong, tries, low, high)


def measure(folder: Path) -> Distances:
    """Raises: CannotCalibrate"""
    from gate import faces  # loads dlib

    people: list[list[Any]] = []
    refused = 0
    for person in sorted(each for each in folder.iterdir() if each.is_dir()):
        found = []
        for photo in sorted(each for each in person.iterdir() if each.suffix.lower() in SUFFIXES):
            try:
                found.append(faces.at_the_door(_read(photo)))
            except PhotoRefused:
                refused += 1
        if found:
            people.append(found)
    try:
        return distances_of(people, refused=refused)
    finally:
        for encoding in itertools.chain.from_iterable(people):
            encoding.fill(0)  # nothing of anybody stays in memory


def distances_of(people: Sequence[Sequence[Any]], *, refused: int = 0) -> Distances:
    """Of encodings, by person. Raises: CannotCalibrate"""
    if len(people) < LEAST_PEOPLE or not any(len(each) > 1 for each in people):
        raise CannotCalibrate(
            f"at least {LEAST_PEOPLE} people are needed, and of one of them two photos that show one face"
        )
    genuine = [_apart(one, other) for each in people for one, other in itertools.combinations(each, 2)]
    impostor = [
        _apart(one, other)
        for first, second in itertools.combinations(people, 2)
        for one in first
        for other in second
    ]
    # In order, so that not even the order of the volunteers is in what is kept.
    photos = sum(map(len, people))
    return Distances(tuple(sorted(genuine)), tuple(sorted(impostor)), len(people), photos, refused)


def table(found: Distances, steps: Iterable[float] = STEPS) -> list[At]:
    return [
        At(
            step,
            accepts=rate(sum(each < step for each in found.impostor), len(found.impostor)),
            refuses=rate(sum(each >= step for each in found.genuine), len(found.genuine)),
        )
        for step in steps
    ]


def suggest(rows: Sequence[At], *, most: float = face_models.CURRENT.threshold) -> At | None:
    """The widest step at which nobody else was let in, one step inside it, and never beyond what the model is held to: a
    refused resident shows a card, an impostor walks in. None if even the narrowest let somebody in."""
    clean: list[At] = []
    for row in sorted(rows, key=lambda row: row.threshold):
        if row.accepts.wrong:
            break
        clean.append(row)
    if not clean:
        return None
    inside = clean[:-1] if len(clean) > 1 and len(clean) < len(rows) else clean
    allowed = [row for row in inside if row.threshold <= most]
    return allowed[-1] if allowed else inside[0]


def report(found: Distances, rows: Sequence[At], suggested: At | None) -> dict[str, Any]:
    """What may be kept: counts and rates. No name, no folder, no template, not even single distances."""
    return {
        "model": {"number": face_models.CURRENT.number, "name": face_models.CURRENT.name},
        "people": found.people,
        "photos": found.photos,
        "photos_without_one_face": found.refused,
        "genuine_tries": len(found.genuine),
        "impostor_tries": len(found.impostor),
        "threshold_in_use": face_models.CURRENT.threshold,
        "threshold_suggested": None if suggested is None else suggested.threshold,
        "rows": [
            {"threshold": row.threshold, "accepts": _numbers(row.accepts), "refuses": _numbers(row.refuses)}
            for row in rows
        ],
    }


def lines(found: Distances, rows: Sequence[At], suggested: At | None) -> list[str]:
    said = [
        f"{found.people} people, {found.photos} photos ({found.refused} more showed no single face)",
        f"{len(found.genuine)} genuine tries, {len(found.impostor)} impostor tries; 95 of a hundred in brackets",
        "threshold  lets others in            does not know its own",
    ]
    for row in rows:
        mark = " in use" if row.threshold == face_models.CURRENT.threshold else ""
        said.append(f"{row.threshold:9.3f}  {_words(row.accepts):24}  {_words(row.refuses):24}{mark}")
    if suggested is None:
        said.append("No threshold here kept others out: do not use faces with these people.")
    else:
        said.append(f"suggested: {suggested.threshold:.3f} (in use: {face_models.CURRENT.threshold})")
    said.append("Tries of one person hang together: the truth may lie further out than the brackets say.")
    return said


def write(file: Path, said: dict[str, Any]) -> None:
    file.write_text(json.dumps(said, indent=1) + "\n", encoding="ascii")


def _read(photo: Path) -> bytes:
    with photo.open("rb") as file:
        return file.read(FILE_LIMIT + 1)


def _apart(one: Any, other: Any) -> float:
    return float(np.linalg.norm(np.asarray(one, np.float64) - np.asarray(other, np.float64)))


def _numbers(found: Rate) -> dict[str, float]:
    return {
        "wrong": found.wrong,
        "tries": found.tries,
        "share": round(found.share, 6),
        "low": round(found.low, 6),
        "high": round(found.high, 6),
    }


def _words(found: Rate) -> str:
    return f"{100 * found.share:6.2f}% ({100 * found.low:.2f}-{100 * found.high:.2f}%)"
