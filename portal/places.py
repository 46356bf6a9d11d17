"""Where things lie on this machine's disk: everything under one folder, `var/` unless LINMEN_VAR says otherwise."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent

# The kernel allows 107 bytes for a socket's path; PostgreSQL needs some for itself ("/pg/.s.PGSQL.5432.lock").
_SOCKET_ROOM = 107 - len("/redis/redis.sock") - 8
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")


class UnsafeFolder(Exception):
    """A folder that must be private is somebody else's, or a link."""


def var() -> Path:
    named = os.environ.get("LINMEN_VAR")
    return Path(named).expanduser().resolve() if named else BASE / "var"


def socket_folder(var: Path) -> Path:
    """Where the embedded servers listen: always the same for one `var`, short, and without odd characters."""
    inside = var / "run"
    if len(os.fsencode(inside)) <= _SOCKET_ROOM and _PLAIN.fullmatch(str(inside)):
        return inside
    mark = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    return Path(f"/tmp/linmen-{os.geteuid()}-{mark}")  # noqa: S108  (made private, and checked to be ours)


def make_private(folder: Path, *, mode: int = 0o700) -> Path:
    """Makes the folder if need be and insists that it is ours alone, however it came about."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=mode)
    except FileExistsError:
        pass
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise UnsafeFolder(f"{folder} is not a folder of this user; remove it and start again")
    if stat.S_IMODE(found.st_mode) != mode:
        folder.chmod(mode)
    return folder
