"""Which guards a change touches: by the file that defines it, the tests that carry its ids, or its row in the table."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

from portal import carried, obligations
from tests.proving import absence

TABLE = obligations.TABLE.relative_to(absence.BASE).as_posix()
# Words that no guard hangs on: a better translation proves nothing anew.
TRANSLATED = ("words_zh", "source_zh")


class NoSuchCommit(Exception):
    """This clone does not know it."""


def since(
    ref: str, *, named: dict[str, list[str]], known: dict[str, obligations.Obligation]
) -> dict[str, list[str]]:
    """Guard -> the ids to prove it for: rows that changed first, then guards, then tests."""
    changed = set(_git("diff", "--name-only", ref).split()) | set(
        _git("ls-files", "--others", "--exclude-standard").split()
    )
    before = _rows(_git("show", f"{ref}:{TABLE}")) if TABLE in changed else None
    ranked: list[tuple[int, str, list[str]]] = []
    for guard, ids in named.items():
        if before is not None and (new := [id for id in ids if _row_changed(guard, id, before)]):
            ranked.append((0, guard, new))
        elif changed & defining(guard):
            ranked.append((1, guard, ids))
        elif by_tests := [id for id in ids if changed & {each.file for each in carried.by_id().get(id, ())}]:
            ranked.append((2, guard, by_tests))
    return {guard: ids for _, guard, ids in sorted(ranked, key=lambda each: each[0])}


def defining(guard: str) -> set[str]:
    """The files, from the root, that say what the guard is."""
    kind, name = guard.split(" ")
    if kind == "code":
        module, _ = absence.locate(name)
        path = Path(*module.split("."))
        return {f"{path}.py", f"{path}/__init__.py"}
    if kind == "screen":
        return {f"templates/{name}"}
    if kind == "restrict":
        # A foreign key has no name of its own: it is where its model is, and where that was migrated.
        app, _, model = name.partition(".")[0].partition("_")
        spoken = re.compile(rf'(class |name="){model}\b', re.IGNORECASE)
        return {
            path for path, text in _sources().items() if path.startswith(f"{app}/") and spoken.search(text)
        }
    return {path for path, text in _sources().items() if name in text}


def _sources() -> dict[str, str]:
    """Models and migrations: what databases are made of."""
    if not _read:
        # Nothing else is walked: what lies in `var/` comes and goes while tests run.
        for where in ("*/migrations/*.py", "*/models/*.py", "*/models.py"):
            for path in absence.BASE.glob(where):
                _read[path.relative_to(absence.BASE).as_posix()] = path.read_text(encoding="utf-8")
    return _read


_read: dict[str, str] = {}


def _row_changed(guard: str, id: str, before: dict[str, dict[str, Any]]) -> bool:
    row = before.get(id)
    if row is None or guard not in row["guards"]:
        return True
    now = _rows(obligations.TABLE.read_text(encoding="utf-8"))[id]
    return any(row.get(name) != now.get(name) for name in ("source", "words", "confidence"))


def _rows(text: str) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in tomllib.loads(text)["obligation"]}


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=absence.BASE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoSuchCommit(f"git {' '.join(arguments)}: {done.stderr.strip() or 'failed'}")
    return done.stdout
