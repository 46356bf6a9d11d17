"""What came of a topic, exactly: fractions of whole heads and whole square centimetres, and no rounding anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from committees.models.meetings import TAKE_PART, Threshold


@dataclass(frozen=True)
class Weight:
    """So many heads, and so much area in square centimetres."""

    heads: int = 0
    area: int = 0

    def __add__(self, other: Weight) -> Weight:
        return Weight(self.heads + other.heads, self.area + other.area)

    def share_of(self, whole: Weight) -> tuple[Fraction, Fraction]:
        return Fraction(self.heads, whole.heads), Fraction(self.area, whole.area)


def enough_took_part(roll: Weight, took_part: Weight) -> bool:
    """Two thirds of the heads and two thirds of the area, both."""
    return all(each >= TAKE_PART for each in took_part.share_of(roll))


def sums_are_told(*, roll: Weight, took_part: Weight, fewest: int) -> bool:
    """Of a secret topic. Beside the areas of a few ballots exact sums say how each was cast; and where too few took part for
    anything to pass, they decide nothing."""
    return took_part.heads >= fewest and enough_took_part(roll, took_part)


@dataclass(frozen=True)
class Tally:
    """`agreed` is nobody's to know where a secret topic was not opened; then nothing has passed."""

    roll: Weight
    took_part: Weight
    agreed: Weight | None
    threshold: Threshold

    @property
    def enough_took_part(self) -> bool:
        return enough_took_part(self.roll, self.took_part)

    @property
    def enough_agreed(self) -> bool:
        """Of those who took part, by heads and by area, both."""
        if self.agreed is None or not (self.took_part.heads and self.took_part.area):
            return False
        shares = self.agreed.share_of(self.took_part)
        if self.threshold.reaches:
            return all(each >= self.threshold.share for each in shares)
        return all(each > self.threshold.share for each in shares)

    @property
    def passed(self) -> bool:
        return self.enough_took_part and self.enough_agreed
