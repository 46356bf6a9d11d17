"""One face against 1,000, 10,000 and 100,000 templates, against `face_recognition.compare_faces` and FAISS's `IndexFlatL2`.

All three answer the same question, who is within FACE_DISTANCE, of the same numbers, one face at a time, on one thread, as a gate
asks it. Each round asks all three in turn; medians of the rounds. Templates are drawn at random, spread as dlib's encodings of
different people are; who is asked for is one of them, a little changed, and every answer is looked at.

Limits: at least FASTER times as fast as `compare_faces`, and at most SLOWER times as slow as FAISS.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import faiss
import numpy as np

from benchmarks.report import AT_LEAST, Result, held
from gate.decide import FACE_DISTANCE
from gate.matching import index

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 30
FASTER, SLOWER = 10.0, 2.0
SPREAD = 0.05  # of one number: two people are about 0.8 apart


def rivals(size: int) -> tuple[np.ndarray, dict[str, Callable[[np.ndarray], set[int]]]]:
    from face_recognition import compare_faces

    drawn = np.random.default_rng(size).normal(0, SPREAD, (size, 128)).astype(np.float32)
    ours = index([(str(at), 1, one) for at, one in enumerate(drawn)])
    listed = [one.astype(np.float64) for one in drawn]  # as the library hands them out
    flat = faiss.IndexFlatL2(128)
    flat.add(drawn)
    faiss.omp_set_num_threads(1)

    def by_faiss(face: np.ndarray) -> set[int]:
        squares, rows = flat.search(face[None], 2)  # who, and whether another is as near
        return {int(at) for square, at in zip(squares[0], rows[0], strict=True) if square < FACE_DISTANCE**2}

    def by_library(face: np.ndarray) -> set[int]:
        return {at for at, same in enumerate(compare_faces(listed, face, tolerance=FACE_DISTANCE)) if same}

    return drawn, {
        "ours": lambda face: {at for _, at in ours.within(face, FACE_DISTANCE)},
        "compare_faces": by_library,
        "IndexFlatL2": by_faiss,
    }


def measured(size: int) -> dict[str, float]:
    """Seconds a face, by each."""
    drawn, ways = rivals(size)
    numbers = np.random.default_rng(1)
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS):
        at = int(numbers.integers(size))
        face = drawn[at] + numbers.normal(0, 0.01, 128).astype(np.float32)
        for name in [*ways][turn % 3 :] + [*ways][: turn % 3]:
            began = time.perf_counter()
            found = ways[name](face)
            taken[name].append(time.perf_counter() - began)
            assert found == {at}, (name, found)
    return {name: statistics.median(each) for name, each in taken.items()}


def main() -> int:
    results: list[Result] = []
    for size in SIZES:
        took = measured(size)
        faster, slower = took["compare_faces"] / took["ours"], took["ours"] / took["IndexFlatL2"]
        each = ", ".join(f"{name} {seconds * 1000:.3f} ms" for name, seconds in took.items())
        sys.stdout.write(f"\n{size:,} templates: {each}\n")
        results += [
            Result(
                f"one face against {size:,}, beside compare_faces",
                took["ours"],
                took["compare_faces"],
                faster,
                FASTER,
                AT_LEAST,
            ),
            Result(
                f"one face against {size:,}, beside IndexFlatL2",
                took["ours"],
                took["IndexFlatL2"],
                slower,
                SLOWER,
            ),
        ]
    return 0 if held(*results) else 1


if __name__ == "__main__":
    sys.exit(main())
