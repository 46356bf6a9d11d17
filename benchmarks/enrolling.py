"""Judging and encoding a 12-megapixel photograph, against `face_recognition.face_encodings(load_image_file(…))` of the same file.

Drawn portraits, enlarged to what a phone takes and saved as it does. Each way runs in a process of its own, photograph by
photograph in turn with the other; both must find one face in each, and ours must know it again as the one in the small picture.

Limits: at least FASTER times as many photographs a second, and no more than MEMORY of the rival's peak memory.
"""

from __future__ import annotations

import io
import os
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable

from benchmarks.ledger import BASE
from benchmarks.report import AT_LEAST, Result, held

PEOPLE = 4
WIDTH = 3464  # square: 12 megapixels
FASTER, MEMORY = 8.0, 1.0


def photographs() -> list[bytes]:
    from PIL import Image

    from portal.portraits import portrait

    made = []
    for person in range(PEOPLE):
        picture = Image.open(io.BytesIO(portrait(person))).convert("RGB")
        large = picture.resize((WIDTH, WIDTH * picture.height // picture.width), Image.Resampling.BICUBIC)
        file = io.BytesIO()
        large.save(file, "JPEG", quality=92)
        made.append(file.getvalue())
    return made


def ours(data: bytes) -> list[float]:
    from gate import faces
    from gate.photos import read_photo

    return [float(each) for each in faces.judge(read_photo(data)).encoding]


def rival(data: bytes) -> list[float]:
    import face_recognition

    (encoding,) = face_recognition.face_encodings(face_recognition.load_image_file(io.BytesIO(data)))
    return [float(each) for each in encoding]


WAYS: dict[str, Callable[[bytes], list[float]]] = {"ours": ours, "face_encodings": rival}


def serve(name: str) -> None:
    """A photograph's number a line in; seconds, peak memory in kB and the encoding out."""
    warnings.simplefilter("ignore")
    data = photographs()
    WAYS[name](data[0])  # models are loaded
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        began = time.perf_counter()
        encoding = WAYS[name](data[int(line)])
        took = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sys.stdout.write(f"{took} {peak} {' '.join(map(str, encoding))}\n")
        sys.stdout.flush()


def started(name: str) -> subprocess.Popen[str]:
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.enrolling", name],
        cwd=BASE,
        env={**os.environ, **one_thread},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def asked(child: subprocess.Popen[str], person: int) -> tuple[float, int, list[float]]:
    assert child.stdin
    assert child.stdout
    child.stdin.write(f"{person}\n")
    child.stdin.flush()
    took, peak, *encoding = child.stdout.readline().split()
    return float(took), int(peak), [float(each) for each in encoding]


def main() -> int:
    from math import dist

    from gate.decide import FACE_DISTANCE
    from portal.portraits import portrait

    warnings.simplefilter("ignore")
    small = [ours(portrait(person)) for person in range(PEOPLE)]
    children = {name: started(name) for name in WAYS}
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    peaks: dict[str, int] = {}
    for child in children.values():
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
    for person in range(PEOPLE):
        for name, child in children.items():
            took, peaks[name], encoding = asked(child, person)
            seconds[name].append(took)
            assert dist(encoding, small[person]) < FACE_DISTANCE, (name, person)
    for child in children.values():
        child.communicate()
    took = {name: statistics.median(each) for name, each in seconds.items()}
    faster, memory = took["face_encodings"] / took["ours"], peaks["ours"] / peaks["face_encodings"]
    sys.stdout.write(f"\n{PEOPLE} photographs of {WIDTH} x {WIDTH}\n")
    for name in WAYS:
        sys.stdout.write(f"{name:>15} {took[name]:.3f} s a photograph, {peaks[name] // 1024} MB at most\n")
    good = held(
        Result(
            "seconds a photograph, beside face_encodings",
            took["ours"],
            took["face_encodings"],
            faster,
            FASTER,
            AT_LEAST,
        ),
        Result(
            "memory at most, beside face_encodings",
            peaks["ours"] / 1024,
            peaks["face_encodings"] / 1024,
            memory,
            MEMORY,
            unit="MB",
        ),
    )
    return 0 if good else 1


if __name__ == "__main__":
    if sys.argv[1:]:
        serve(sys.argv[1])
        sys.exit()
    sys.exit(main())
