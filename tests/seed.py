"""The migrated cluster that every database of the tests is a copy of. Migrating takes the better part of a minute, so it is done
once for the models and migrations as they stand: the workers of a run, the houses of `live` and later runs all copy the same.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from portal import keys, locks, places
from vault.salts import SaltFiles

VAR = places.BASE / "var"
KEPT = 4  # the newest: another run may still copy from an older one
SECONDS = 900  # on a busy machine
# All that a migrated database can hang on.
STANDS_ON = (
    "requirements.txt",
    "*/migrations/*.py",
    "*/models.py",
    "*/models/*.py",
    "*/apps.py",
    "ledger/append_only.py",
    "portal/embedded.py",
    "portal/management/commands/migrate.py",
    "portal/owner.py",
    "portal/roles.py",
    "portal/settings.py",
    "residents/practising.py",
    "residents/same_neighborhood.py",
    "vault/canary.py",
    "vault/epochs.py",
    "vault/keys.py",
    "vault/rewrite.py",
    "vault/rotation.py",
    "vault/salts.py",
    "vault/wrapping.py",
)


def lend_keys(var: Path) -> None:
    """The copied vault knows its wrapping key: it must lie in `var` before the settings make another."""
    lender = VAR / "seed-keys"
    borrower = places.make_private(var / "keys")
    for name in keys.MADE:  # one by one: another run may be making its own just now
        shutil.copy2(keys.made(lender, name), borrower / name)
    _lend_salt(lender / "keys", borrower)


def _lend_salt(lender: Path, borrower: Path) -> None:
    """Of the one epoch that the copied vault is in. `epochs open` takes up a salt that is there already."""

    def at(keys: Path) -> SaltFiles:
        root = base64.b64decode((keys / "wrapping").read_text())
        return SaltFiles(folders=(keys / "epochs", keys / "epochs-copy"), root=root)

    with locks.locked(lender / "lock"):
        if not at(lender).names():
            at(lender).prepare()
            at(lender).make(known=())
    at(borrower).prepare()
    for folder in ("epochs", "epochs-copy"):
        shutil.copytree(lender / folder, borrower / folder, dirs_exist_ok=True)


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
    found = hashlib.sha256()
    for path in sorted({path for each in STANDS_ON for path in places.BASE.glob(each)}):
        found.update(f"{path.relative_to(places.BASE)} ".encode() + path.read_bytes())
    return found.hexdigest()[:16]


def _migrate(var: Path) -> None:
    """In a process of its own, from which no guard is away."""
    ours = ("LINMEN_", "PYTEST_", "PYTHONPATH", "DJANGO_SETTINGS_MODULE")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    for command in (["migrate", "--skip-checks", "--verbosity", "0"], ["epochs", "open"]):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            env=env | {"LINMEN_MODE": "test", "LINMEN_VAR": str(var)},
            cwd=places.BASE,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=SECONDS,
        )
