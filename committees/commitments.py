"""A ballot of a secret vote: a commitment that says nothing, a proof that it holds yes or no, and the running sums in the urn.

What was chosen and the random number beside it live as long as the call: only their sums are kept, sealed, and the sums are
all that is ever opened (`docs/adr/0058`). The arithmetic is that of `recount`, which everybody may run at home.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from committees.recount import G, H, N, Point, add, challenge, negative, read, spelled, times


@dataclass(frozen=True)
class Committed:
    point: str  # hexadecimal
    parts: tuple[int, int, int, int]

    @property
    def proof(self) -> str:
        return "".join(f"{each:064x}" for each in self.parts)


@dataclass(frozen=True)
class Sums:
    """Of one topic: how many said yes and with how much area, and what opens the sums of the commitments to that."""

    yes_heads: int = 0
    yes_area: int = 0
    blind_heads: int = 0
    blind_area: int = 0

    def with_one(self, *, yes: bool, area: int, blind: int) -> Sums:
        return Sums(
            self.yes_heads + yes,
            self.yes_area + yes * area,
            (self.blind_heads + blind) % N,
            (self.blind_area + area * blind) % N,
        )


def commit(*, yes: bool, context: str) -> tuple[Committed, int]:
    """The ballot, and the random number that goes into the sums and nowhere else."""
    blind = _random()
    point = add(G if yes else None, times(blind, H))
    return Committed(spelled(point), _prove(point, blind, yes, context)), blind


def opens(*, points: list[tuple[str, int]], sums: Sums) -> bool:
    """Whether these commitments, each with its area, are what the sums were made of."""
    heads: Point = None
    area: Point = None
    for text, weight in points:
        point = read(text)
        heads, area = add(heads, point), add(area, times(weight, point))
    return spelled(heads) == _opening(sums.yes_heads, sums.blind_heads) and spelled(area) == _opening(
        sums.yes_area, sums.blind_area
    )


def _opening(yes: int, blind: int) -> str:
    return spelled(add(times(yes, G), times(blind, H)))


def _prove(point: Point, blind: int, yes: bool, context: str) -> tuple[int, int, int, int]:
    """The branch that is true is proved, the other one made up; both look alike."""
    other = point if yes else add(point, negative(G))
    fake_c, fake_z, hidden = _random(), _random(), _random()
    made_up = add(times(fake_z, H), negative(times(fake_c, other)))
    honest = times(hidden, H)
    asked = challenge(context, point, *((made_up, honest) if yes else (honest, made_up)))
    true_c = (asked - fake_c) % N
    true_z = (hidden + true_c * blind) % N
    return (fake_c, fake_z, true_c, true_z) if yes else (true_c, true_z, fake_c, fake_z)


def _random() -> int:
    return secrets.randbelow(N - 1) + 1
