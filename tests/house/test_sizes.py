"""Files are short enough to be read in one go; whatever is longer is named here, with the reason."""

from __future__ import annotations

from pathlib import Path

from portal.places import BASE

# Lines, by what a file is. Migrations are left out: what one of them does is never cut in two.
LIMITS = {".py": 400, ".html": 150}
TOO_LONG = {
    "ledger/verify.py": "people take it home and read it: it stands alone, and is one file on purpose",
}
NOT_OURS = {"var", "locale", "static"}


def written() -> list[Path]:
    """Folders that are not ours are not walked at all: in `var/` others come and go meanwhile."""
    ours = [each for each in BASE.iterdir() if each.name not in NOT_OURS and not each.name.startswith(".")]
    found = [path for each in ours for path in ([each] if each.is_file() else each.rglob("*"))]
    return [path for path in found if path.suffix in LIMITS and "migrations" not in path.parts]


def test_no_file_is_longer_than_a_reader_takes_in():
    long = {
        path.relative_to(BASE).as_posix(): lines
        for path in written()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LIMITS[path.suffix]
    }
    assert {name: lines for name, lines in long.items() if name not in TOO_LONG} == {}
    # What is short by now is no exception any more.
    assert set(TOO_LONG) - set(long) == set()


def test_it_sees_every_room():
    rooms = {path.relative_to(BASE).parts[0] for path in written()}
    assert {"access", "consent", "gate", "ledger", "portal", "residents", "templates", "tests"} <= rooms
