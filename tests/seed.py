"""The migrated cluster that every database of the tests is a copy of. Migrating takes the better part of a minute, so it is done
once for the code as it stands: the workers of a run, the houses of `live` and later runs all copy the same.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from portal import keys, locks, places

VAR = places.BASE / "var"
KEPT = 4  # the newest: another run may still copy from an older one
SECONDS = 900  # on a busy machine
ROOMS = ("access", "committees", "consent", "ledger", "portal", "residents", "sharing", "vault")


def lend_keys(var: Path) -> None:
    """The copied vault knows its wrapping key: it must lie in `var` before the settings make another."""
    lender = VAR / "seed-keys"
    for name in keys.MADE:
        keys.made(lender, name)
    shutil.copytree(lender / "keys", places.make_private(var / "keys"), dirs_exist_ok=True)


def copy(var: Path) -> None:
    """Puts a migrated cluster, at rest, into `var`."""
    seed = made()
    var.mkdir(parents=True, exist_ok=True)
    # As root the cluster belongs to another user: `cp -p` keeps that, shutil does not.
    subprocess.run(["cp", "-pR", str(seed / "pg"), str(var / "pg")], check=True)


def made() -> Path:
    """The one for this code. Whoever comes first makes it; the others wait."""
    var = VAR / f"seed-{_mark()}"
    VAR.mkdir(exist_ok=True)
    with locks.locked(VAR / "seed.lock"):
        if not (var / "whole").exists():
            shutil.rmtree(var, ignore_errors=True)
            lend_keys(var)
            _migrate(var)
            (var / "whole").touch()
        os.utime(var / "whole")
        marks = sorted(VAR.glob("seed-*/whole"), key=lambda mark: mark.stat().st_mtime)
        for old in marks[:-KEPT]:
            shutil.rmtree(old.parent, ignore_errors=True)
    return var


def _mark() -> str:
    """Of all code that migrations may call, and of what it stands on."""
    found = hashlib.sha256((places.BASE / "requirements.txt").read_bytes())
    for room in ROOMS:
        for path in sorted((places.BASE / room).rglob("*.py")):
            found.update(f"{path.relative_to(places.BASE)} ".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def _migrate(var: Path) -> None:
    """In a process of its own, from which no guard is away."""
    ours = ("LINMEN_", "PYTEST_", "PYTHONPATH", "DJANGO_SETTINGS_MODULE")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--skip-checks", "--verbosity", "0"],
        env=env | {"LINMEN_MODE": "test", "LINMEN_VAR": str(var)},
        cwd=places.BASE,
        check=True,
        timeout=SECONDS,
    )
