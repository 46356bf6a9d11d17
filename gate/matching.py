"""One face against everybody's, in memory: all templates lie in one array, and one pass over it says who is near."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gate.sealing import ENCODING_LENGTH

# Squares in float32 are right to some millionths; whoever is within is measured again, exactly.
_SLACK = 1e-3
_WILD = 1e3


@dataclass(frozen=True)
class Index:
    """`credentials` and `versions` name the rows of `encodings` (n x 128, float32); `halves` are half their squared lengths."""

    credentials: Sequence[str]
    versions: Sequence[int]
    encodings: npt.NDArray[np.float32]
    halves: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.credentials)

    def within(self, encoding: npt.ArrayLike, distance: float) -> list[tuple[float, int]]:
        """Euclidean distance and row of each that is nearer than `distance`, nearest first."""
        face = np.asarray(encoding, dtype=np.float32)
        limit = ((distance + _SLACK) ** 2 - float(face @ face)) / 2
        rows = (self.halves - self.encodings @ face < limit).nonzero()[0]
        if not rows.size:
            return []
        apart = self.encodings[rows].astype(np.float64) - face
        exact = sorted(zip(np.sqrt((apart * apart).sum(axis=1)).tolist(), rows.tolist(), strict=True))
        return [each for each in exact if each[0] < distance]

    def wipe(self) -> None:
        """Nothing of it stays readable in memory. It is near nobody from then on."""
        self.encodings.fill(0)
        self.halves.fill(np.inf)


def index(rows: Sequence[tuple[str, int, npt.ArrayLike]]) -> Index:
    """Of credential, version and encoding."""
    encodings = np.zeros((len(rows), ENCODING_LENGTH), dtype=np.float32)
    for at, (_, _, encoding) in enumerate(rows):
        encodings[at] = encoding
    wild = (np.abs(encodings) > _WILD).any(axis=1)  # no face has such numbers: near nobody
    encodings[wild] = 0
    halves = np.einsum("ij,ij->i", encodings, encodings) / 2
    halves[wild] = np.inf
    return Index([row[0] for row in rows], [row[1] for row in rows], encodings, halves)
