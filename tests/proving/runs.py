"""One run of pytest for one guard that is away, on a copy of a cluster that was migrated once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from portal import carried, proofs
from portal.proofs import Proof
from tests import seed
from tests.proving import absence, plugin, touched

SECONDS = 600.0  # for one guard's tests; what is not held by then is not, and says so
GRACE = 300.0  # for the tests that run then to end, before the run is killed
DURATIONS = absence.BASE / "var" / "durations.json"


def prepare() -> Path:
    """A place for what runs leave, with the migrated cluster made that all copy. The caller removes it."""
    seed.made()
    place = Path(tempfile.mkdtemp(prefix="prove-", dir=seed.VAR))
    place.chmod(0o711)  # PostgreSQL's own user passes through
    return place


def without(
    guard: str, ids: list[str], place: Path, *, quick: bool = False, patience: float = SECONDS
) -> list[Proof]:
    files = sorted({each.file for id in ids for each in carried.by_id().get(id, ())})
    last = proofs.kept()
    held = [proof.by for id in ids if (proof := last.get((guard, id))) and proof.by]
    known = {"held": held, "words": _spoken(guard), "rooms": _rooms(guard), "quick": quick}
    came = _run(files, ids, place, known | {"patience": patience}, {absence.GUARD: guard})
    return [_proof(guard, id, came) for id in ids]


def _spoken(guard: str) -> list[str]:
    """What a test that is about it would name: the function, or the trigger, or its table."""
    kind, name = guard.split(" ")
    if kind in ("code", "restrict"):
        return [name.rpartition(".")[2]]
    return [name, "_".join(name.split("_")[:2])] if kind == "trigger" else [name]


def _rooms(guard: str) -> list[str]:
    return sorted(
        {part for path in touched.defining(guard) for part in Path(path).parent.parts} - {"migrations"}
    )


def passing(nodes: list[str], ids: set[str], place: Path) -> set[str]:
    """Those that pass with every guard in place."""
    came = _run(nodes, sorted(ids), place, {}, {})
    if came["crashed"]:
        raise RuntimeError(f"the tests could not be run again: {came['crashed']}")
    return set(came["passed"])


def _proof(guard: str, id: str, came: dict[str, Any]) -> Proof:
    if came["crashed"]:
        return Proof(
            guard=guard, id=id, settled=False, why=f"the run itself failed: {came['crashed'][-500:]}"
        )
    if held := came["held"].get(id):
        return Proof(guard=guard, id=id, by=held["by"], why=held["said"])
    tried = came["carrying"].get(id, 0)
    if not tried:
        return Proof(guard=guard, id=id, why="no test carries the id")
    why = f"all {tried} tests with the id get by without it"
    if came["hurried"]:
        why = f"none of the first {len(came['seconds'])} tests fell, and there was no time for the others"
    elif not came["passed"]:
        why = "none of its tests came far enough to say anything"
    if came["not_counted"]:
        why += "".join(f"\n      {test}: {said}" for test, said in list(came["not_counted"].items())[:4])
    return Proof(guard=guard, id=id, settled=bool(came["passed"]) and not came["hurried"], why=why)


def _run(
    tests: list[str], ids: list[str], place: Path, known: dict[str, Any], env: dict[str, str]
) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=place))
    report, told, log = folder / "report.json", folder / "known.json", folder / "log"
    seconds = json.loads(DURATIONS.read_text()) if DURATIONS.exists() else {}
    told.write_text(json.dumps(known | {"seconds": seconds}))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.proving.plugin",
        "-p",
        "no:cacheprovider",
        "-q",
        *tests,
    ]
    own = {
        plugin.IDS: ",".join(ids),
        plugin.REPORT: str(report),
        plugin.KNOWN: str(told),
    }
    with log.open("wb") as out:
        try:
            code = subprocess.run(
                command,
                env=_environment() | own | env,
                cwd=absence.BASE,
                stdout=out,
                stderr=out,
                timeout=SECONDS + GRACE,
            ).returncode
        except subprocess.TimeoutExpired:
            code = -1
    if not report.exists():
        return _crashed(f"it ended with {code}: {log.read_text(errors='replace')[-1500:]}")
    came: dict[str, Any] = json.loads(report.read_text())
    _remember(came["seconds"])
    return came


def _crashed(why: str) -> dict[str, Any]:
    return {
        "held": {},
        "carrying": {},
        "hurried": False,
        "seconds": {},
        "passed": [],
        "not_counted": {},
        "crashed": why,
    }


def _environment() -> dict[str, str]:
    """What a guard's absence needs in each process. `sitecustomize` lies in SITE."""
    path = os.pathsep.join([str(absence.SITE), str(absence.BASE)])
    # Without the settings' name: pytest-django would read them before tests/conftest.py has said where they are.
    ours = ("LINMEN_", "PYTEST_", "DJANGO_SETTINGS_MODULE")
    left = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return left | {"LINMEN_MODE": "test", "PYTHONPATH": path}


def _remember(seconds: dict[str, float]) -> None:
    """How long tests take, for the order of the next run. Two runs at once may forget each other's: no harm."""
    before = json.loads(DURATIONS.read_text()) if DURATIONS.exists() else {}
    proofs.write(DURATIONS, before | seconds)
