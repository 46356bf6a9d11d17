"""`make reset`: forgets the demo. Refuses while it runs."""

from __future__ import annotations

import shutil
import sys
from contextlib import suppress
from pathlib import Path

from portal import locks, places

# By name, so that a LINMEN_VAR that points to the wrong folder loses nothing else.
MADE_HERE = (
    "pg",
    "redis",
    "run",
    "keys",
    "photos",
    "tmp",
    "gates",
    "journal",
    "backups",
    "demo",
    "static",
    "disclosures",
    "log",
    "check",
)


def reset(var: Path) -> bool:
    """False, and nothing touched, while any process runs the servers of this folder."""
    if not var.exists():
        return True
    for name in ("demo.parent", "embedded.parent"):
        if locks.try_lock(var / name) is None:
            return False
    with locks.locked(var / "embedded.watcher"):
        for name in MADE_HERE:
            with suppress(FileNotFoundError):
                shutil.rmtree(var / name)
        shutil.rmtree(places.socket_folder(var), ignore_errors=True)  # may lie outside, and outlive a kill
    return True


def main() -> int:
    done = reset(places.var())
    sys.stdout.write("The demo is forgotten.\n" if done else "The demo is running: stop it first.\n")
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
